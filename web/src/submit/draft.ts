import { emptyFacts } from "./empty_facts";
import type { Facts } from "./facts";
import type { View } from "../api/result";

/* What was typed survives a reload, and so do films that the browser keeps (send/kept.ts); others are recognised when chosen again.
 * Everything stays on this device, and goes when it was sent, cleared, or its account signs out. */

export interface Mark {
	name: string;
	size: number;
	modified: number;
	type?: string;
	print?: string; // send/fingerprint.ts, once it was taken
	kept?: string; // the copy's name
}

export interface Draft {
	facts: Facts;
	files: Partial<Record<View, Mark>>;
	owner?: string; // whose it is: nobody else shall see it
}

const stored = "gaitd.draft.1";

export function markOf(file: File): Mark {
	return { name: file.name, size: file.size, modified: file.lastModified, type: file.type };
}

/* By what is in them where both were looked into: a phone may give a film a new name and time whenever it is chosen. */
export function isSame(a: Mark | undefined, b: Mark | undefined): boolean {
	if (a === undefined || b === undefined || a.size !== b.size)
		return false;
	return a.print !== undefined && b.print !== undefined ? a.print === b.print : a.name === b.name && a.modified === b.modified;
}

export function loadDraft(storage: Storage = localStorage): Draft {
	try {
		const draft = JSON.parse(storage.getItem(stored) ?? "{}") as Partial<Draft>;
		return { facts: { ...emptyFacts, ...draft.facts, agreed: false }, files: draft.files ?? {}, ...(draft.owner ? { owner: draft.owner } : {}) };
	} catch {
		return { facts: emptyFacts, files: {} };
	}
}

export function saveDraft(change: Partial<Draft>, storage: Storage = localStorage): void {
	try {
		storage.setItem(stored, JSON.stringify({ ...loadDraft(storage), ...change }));
	} catch {
		// Private windows may have no room: then a reload loses the form, no more.
	}
}

/* Files that were chosen live as long as the page, so that going to another of the app's pages and back loses none. */
export const heldFiles: Record<View, File | null> = { front: null, side: null };

export function forgetDraft(storage: Storage = localStorage): void {
	storage.removeItem(stored);
	heldFiles.front = null;
	heldFiles.side = null;
}

/* Another account's draft is nobody's business. */
export function claimDraft(owner: string, storage: Storage = localStorage): void {
	const before = loadDraft(storage).owner;
	if (before !== undefined && before !== owner)
		forgetDraft(storage);
	saveDraft({ owner }, storage);
}

/* What became known of a film meanwhile, unless another one was chosen since. */
export function addToMark(view: View, of: Mark, more: Partial<Mark>, storage: Storage = localStorage): Mark | null {
	const { files } = loadDraft(storage);
	const mark = files[view];
	if (!mark || mark.name !== of.name || mark.size !== of.size || mark.modified !== of.modified)
		return null;
	const next = { ...mark, ...more };
	saveDraft({ files: { ...files, [view]: next } }, storage);
	return next;
}

/* Not crypto.randomUUID(): that is missing where the server is reached by plain http. */
export function newKey(): string {
	return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
