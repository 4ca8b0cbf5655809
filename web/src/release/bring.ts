import { Problem, send } from "../api/client";
import type { View } from "../api/result";
import type { Job } from "../api/types";
import { sendVideo } from "../api/upload";
import { causeOf, isGone, passes, wait, waitS, type Cause } from "../send/patience";

/* One film to the server and into its job, over broken lines and a server that restarts. */

export interface BringWatcher {
	begun(url: string): void; // of the upload: with it a later try goes on where this one was
	progress(bytes: number): void;
	waiting(cause: Cause, seconds: number): void;
}

export const parts = { sendVideo, putVideo };

/* In a row and with nothing won: then a person should look. */
export const most_failures = 12;

function putVideo(job: string, view: View, upload: string): Promise<Job> {
	return send<Job>("PUT", `/api/v1/jobs/${job}/videos/${view}`, { upload });
}

/* Again and again what can pass. @moved: has anything been won since the last failure? */
async function patiently<T>(once: () => Promise<T>, moved: () => boolean, watcher: BringWatcher, signal: AbortSignal): Promise<T> {
	for (let failures = 0; ; failures++) {
		try {
			return await once();
		} catch (error) {
			if (moved())
				failures = 0;
			if (signal.aborted || !(error instanceof Problem) || !passes(error) || failures >= most_failures)
				throw error;
			const seconds = waitS(error, failures);
			watcher.waiting(causeOf(error), seconds);
			await wait(seconds, signal, signal);
		}
	}
}

/**
 * Send @file, from the beginning or on with the upload @from, and put it in the place of the job's video of @view. The same again is
 * answered alike, so a lost answer does no harm. Rejects with a Problem, or with Stopped where @signal ended it.
 */
export async function bringVideo(job: string, view: View, file: File, from: string | null, watcher: BringWatcher, signal: AbortSignal, api = parts): Promise<Job> {
	let url = from;
	let most = 0;
	let won = false;
	const moved = () => {
		const was = won;
		won = false;
		return was;
	};
	const bring = async (): Promise<string> => {
		try {
			return await api.sendVideo({ view, file, url, pieceBytes: Infinity }, {
				begun: (begun) => {
					url = begun;
					watcher.begun(begun);
				},
				offset: (bytes) => {
					won ||= bytes > most;
					most = Math.max(most, bytes);
				},
				progress: (bytes) => watcher.progress(bytes),
			}, signal);
		} catch (error) {
			if (!isGone(error) || url === null)
				throw error;
			url = null; // expired meanwhile: from the beginning
			most = 0;
			return bring();
		}
	};
	const upload = await patiently(bring, moved, watcher, signal);
	watcher.progress(file.size);
	return patiently(() => api.putVideo(job, view, upload), () => false, watcher, signal);
}
