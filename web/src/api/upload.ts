import { Problem, problemOf } from "./client";
import type { Job } from "./types";

/* Sends two videos and the facts as one form. The only module that knows how bytes travel: another way (in pieces, resumable)
 * replaces it and keeps this interface. */

export interface Upload {
	fields: Record<string, string>;
	front: File;
	side: File;
	key: string; // Idempotency-Key: the same for every try of the same content
}

export interface Progress {
	sent: number;
	total: number;
}

export type Pause = { reason: "broken" | "busy"; waitS: number };

export interface Watcher {
	progress(p: Progress): void;
	pause(p: Pause): void;
	resume(): void;
}

/* The user did not want to wait any longer. */
export class Stopped extends Error {}

/* An own limit on tries: what did not work for so long needs a person to look. */
export const waits = [2, 4, 8, 15, 30];

function sendOnce(upload: Upload, watcher: Watcher, signal: AbortSignal): Promise<Job> {
	return new Promise((done, fail) => {
		const form = new FormData();
		const request = new XMLHttpRequest(); // fetch() tells nothing of how much was sent

		for (const [name, value] of Object.entries(upload.fields))
			form.append(name, value);
		form.append("fileuploadfront", upload.front);
		form.append("fileuploadside", upload.side);
		request.open("POST", "/api/v1/upload");
		request.setRequestHeader("Idempotency-Key", upload.key);
		request.upload.onprogress = (e) => watcher.progress({ sent: e.loaded, total: e.total });
		request.onload = () => {
			if (request.status === 202)
				done(JSON.parse(request.responseText) as Job);
			else
				fail(problemOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
		};
		request.onerror = () => fail(new Problem(0, ""));
		signal.addEventListener("abort", () => {
			request.abort();
			fail(new Stopped());
		}, { once: true });
		request.send(form);
	});
}

function wait(seconds: number, signal: AbortSignal): Promise<void> {
	return new Promise((done, fail) => {
		const timer = setTimeout(done, seconds * 1000);
		// A connection that is back is used at once.
		window.addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true, signal });
		signal.addEventListener("abort", () => { clearTimeout(timer); fail(new Stopped()); }, { once: true });
	});
}

/**
 * Send until the server has it: after a broken connection, and where the server says "later", again with the same key, which
 * makes one job of all tries. Rejects with the last Problem, or with Stopped.
 */
export async function sendUpload(upload: Upload, watcher: Watcher, signal: AbortSignal, once = sendOnce): Promise<Job> {
	for (let failures = 0; ; failures++) {
		try {
			return await once(upload, watcher, signal);
		} catch (error) {
			const later = error instanceof Problem && (error.network || error.status === 503 || error.status === 502 || error.status === 504);
			const next = waits[failures];
			if (signal.aborted || !later || next === undefined)
				throw error;
			const waitS = error.retryAfterS ?? next;
			watcher.pause({ reason: error.network ? "broken" : "busy", waitS });
			await wait(waitS, signal);
			watcher.resume();
		}
	}
}
