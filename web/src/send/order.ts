import type { View } from "../api/result";
import { isSame, type Mark } from "../submit/draft";

/* What somebody has agreed to send: the facts as they go to the server (with the version of the consent that was given), which film is
 * which, and how far it is. It outlives the page, so that a sending goes on where it was; it goes when it is done, stopped or signed out of. */

export interface Part {
	mark: Mark;
	url: string | null; // the upload that was begun for it
	sent: number; // for the eye only: where the server is, it says itself
	remote?: boolean; // another device brings it, there is no file here
}

export interface Order {
	owner: string;
	fields: Record<string, string>;
	agreed: { version: string; at: string } | null;
	parts: Record<View, Part>;
	state: "running" | "paused" | "failed";
	/* Set before the job is asked for. From then on the uploads may be the job's, though no answer came. */
	posting: { key: string; at: string } | null;
}

export const views: View[] = ["front", "side"];
/* Where an order is kept: an account's own, and that of a device that brings somebody's films. */
export const ownOrder = "gaitd.sending.1";
export const deviceOrder = "gaitd.bringing.1";

export function loadOrder(stored = ownOrder, storage: Storage = localStorage): Order | null {
	try {
		const order = JSON.parse(storage.getItem(stored) ?? "null") as Order | null;
		return order && views.every((view) => typeof order.parts[view].mark.size === "number") ? order : null;
	} catch {
		return null;
	}
}

export function saveOrder(order: Order, stored = ownOrder, storage: Storage = localStorage): void {
	try {
		storage.setItem(stored, JSON.stringify(order));
	} catch {
		// Without room a reload loses the sending, no more.
	}
}

export function dropOrder(stored = ownOrder, storage: Storage = localStorage): void {
	storage.removeItem(stored);
}

/* A view that has no film here. */
export function elsewhere(name = "", size = 0, url: string | null = null): Part {
	return { mark: { name, size, modified: 0 }, url, sent: size, remote: true };
}

/* A new order goes on with the uploads of the one before it, where the film is the same. The others are left over. */
export function takeOver(next: Order, before: Order | null): { order: Order; left: string[] } {
	const order = { ...next, parts: { ...next.parts } };
	const left: string[] = [];

	for (const view of views) {
		const old = before?.parts[view];
		if (!old?.url || before?.owner !== next.owner || next.parts[view].url)
			continue;
		if (isSame(old.mark, next.parts[view].mark))
			order.parts[view] = { ...next.parts[view], url: old.url, sent: old.sent };
		else
			left.push(old.url);
	}
	return { order, left };
}

/* Whether a lost answer can still be asked for: the server honours a key for a day. */
export function keyLives(order: Order, now_ms: number): boolean {
	return order.posting !== null && now_ms - Date.parse(order.posting.at) < 23 * 3600_000;
}
