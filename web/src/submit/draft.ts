import { emptyFacts, type Facts } from "./facts";
import type { View } from "../api/result";

/* What was typed survives a reload; files do not (a browser gives no page a file again without being asked), but are recognised when
 * chosen again. Everything stays on this device, and goes when it was sent, cleared, or its account signs out. */

export interface Mark {
	name: string;
	size: number;
	modified: number;
}

export interface Draft {
	facts: Facts;
	files: Partial<Record<View, Mark>>;
	sending?: { key: string; content: string }; // the Idempotency-Key and what it stands for
}

const stored = "gaitd.draft.1";

export function markOf(file: File): Mark {
	return { name: file.name, size: file.size, modified: file.lastModified };
}

export function isSame(a: Mark | undefined, b: Mark | undefined): boolean {
	return a !== undefined && b !== undefined && a.name === b.name && a.size === b.size && a.modified === b.modified;
}

export function loadDraft(storage: Storage = localStorage): Draft {
	try {
		const draft = JSON.parse(storage.getItem(stored) ?? "{}") as Partial<Draft>;
		return { facts: { ...emptyFacts, ...draft.facts, agreed: false }, files: draft.files ?? {}, ...(draft.sending ? { sending: draft.sending } : {}) };
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

/* Not crypto.randomUUID(): that is missing where the server is reached by plain http. */
export function newKey(): string {
	return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/* The key for this content: the one that was used before, as long as nothing changed, so that no try makes a second job. */
export function keyFor(fields: Record<string, string>, front: File, side: File, storage: Storage = localStorage): string {
	const content = JSON.stringify([fields, markOf(front), markOf(side)]);
	const before = loadDraft(storage).sending;
	if (before?.content === content)
		return before.key;
	const key = newKey();
	saveDraft({ sending: { key, content } }, storage);
	return key;
}
