import { problemOf, Problem, send } from "./client";
import type { View } from "./result";
import type { Job } from "./types";

/* How a video travels: by the tus protocol 1.0.0, so that what the server has is never sent again. The only module that knows. */

export interface Progress {
	sent: number;
	total: number;
}

export interface VideoUpload {
	view: View;
	file: File;
	url: string | null; // of the upload that was begun for it, or null
	pieceBytes: number; // at most so many a request; Infinity: all that is left
	endpoint?: string; // of a device that brings somebody's films
}

export interface Watcher {
	begun(url: string): void;
	offset(bytes: number): void; // what the server says that it has
	progress(bytes: number): void; // what was handed to the network
}

/* Somebody did not want to go on. */
export class Stopped extends Error {}

/* A line on which nothing moves for so long is dead, though no system has noticed. At the end the server writes to its disk first. */
const stall_ms = 30_000;
const settle_ms = 120_000;

const ownEndpoint = "/api/v1/uploads";

/* The library, fetched early: whoever presses "Send" may have no connection just then. */
export function prepareToSend(): void {
	void import("tus-js-client").catch(() => undefined);
}

interface Answer { getStatus(): number; getBody(): string; getHeader(name: string): string | undefined }

function toProblem(error: unknown): Problem {
	const answer = (error as { originalResponse?: Answer | null }).originalResponse;
	const status = answer?.getStatus() ?? 0;
	return !answer || status < 400 ? new Problem(0, "") : problemOf(status, answer.getBody(), answer.getHeader("Retry-After") ?? null);
}

function base64Free(name: string): string {
	return name.slice(-200); // the header has a limit, and a job does not keep it anyway
}

/**
 * Bring one video to the server: a new upload, or on with the one at @url from where the server has it. Resolves with the upload's
 * path when the server has all of it. Rejects with a Problem (404 and 410: there is no such upload any more) or with Stopped.
 */
export async function sendVideo(video: VideoUpload, watcher: Watcher, signal: AbortSignal): Promise<string> {
	const tus = await import("tus-js-client").catch(() => { throw new Problem(0, ""); });
	const { file } = video;
	let url = video.url;

	return new Promise<string>((done, fail) => {
		let timer: ReturnType<typeof setTimeout>;
		const end = (act: () => void) => {
			clearTimeout(timer);
			signal.removeEventListener("abort", stop);
			act();
		};
		const giveUp = (why: Error) => end(() => {
			void upload.abort();
			fail(why);
		});
		const stop = () => giveUp(new Stopped());
		const moved = (ms: number) => {
			clearTimeout(timer);
			timer = setTimeout(() => giveUp(new Problem(0, "")), ms);
		};
		const upload = new tus.Upload(file, {
			...(url === null ? { endpoint: video.endpoint ?? ownEndpoint } : { uploadUrl: url }), // with both, tus would begin anew after any refusal
			chunkSize: video.pieceBytes,
			retryDelays: null, // when to try again is not a matter of one request: sender.ts
			storeFingerprintForResuming: false,
			metadata: { filename: base64Free(file.name), view: video.view },
			onBeforeRequest: () => {
				if (signal.aborted)
					throw new Stopped();
			},
			onUploadUrlAvailable: () => {
				if (upload.url === null || upload.url === url)
					return;
				url = new URL(upload.url, window.location.href).pathname;
				watcher.begun(url);
			},
			onAfterResponse: (_, answer) => {
				const offset = Number(answer.getHeader("Upload-Offset") ?? NaN);
				if (answer.getStatus() < 300 && Number.isInteger(offset))
					watcher.offset(offset);
			},
			onProgress: (bytes) => {
				moved(bytes >= file.size ? settle_ms : stall_ms);
				watcher.progress(bytes);
			},
			onError: (error) => end(() => fail(toProblem(error))),
			onSuccess: () => end(() => done(url ?? "")),
		});
		if (signal.aborted) {
			fail(new Stopped());
			return;
		}
		signal.addEventListener("abort", stop);
		moved(stall_ms);
		upload.start();
	});
}

/* Best effort: what is left behind expires by itself. The request that was just broken off may still hold it. */
export async function removeUpload(url: string): Promise<void> {
	for (const pause_ms of [200, 500, 1000, 0]) {
		try {
			return await send<undefined>("DELETE", url, undefined, { "Tus-Resumable": "1.0.0" });
		} catch (error) {
			if (!(error instanceof Problem) || error.status !== 423)
				return; // gone already, or not to be reached
		}
		await new Promise((done) => setTimeout(done, pause_ms));
	}
}

/* The same @key for every try of the same content: one job of all of them. */
export function makeJob(fields: Record<string, string>, uploads: Record<View, string>, key: string): Promise<Job> {
	return send<Job>("POST", "/api/v1/jobs", { ...fields, fileuploadfront: uploads.front, fileuploadside: uploads.side }, { "Idempotency-Key": key });
}
