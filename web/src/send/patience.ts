import { Problem } from "../api/client";

/* What to make of a failure, and how long to wait before the next try. */

export type Cause = "broken" | "busy" | "offline";

const waits_s = [1, 2, 4, 8, 15, 30];

/* Nobody has to look at these: they pass. 409: the server has another offset than we thought, and HEAD will say which. */
export function passes(error: Problem): boolean {
	return [0, 408, 409, 423, 429, 460, 502, 503, 504].includes(error.status);
}

/* A limit of the account (429) passes, too, but not for hours: then a person should know. */
export const most_refusals = 6;

export function isGone(error: unknown): boolean {
	return error instanceof Problem && (error.status === 404 || error.status === 410);
}

export function waitS(error: Problem, failures: number): number {
	const own = waits_s[Math.min(failures, waits_s.length - 1)] ?? 30;
	return error.retryAfterS ?? (error.status === 423 ? Math.min(own, 4) : own);
}

export function causeOf(error: Problem): Cause {
	if (!navigator.onLine && error.network)
		return "offline";
	return error.network || error.status === 423 || error.status === 409 ? "broken" : "busy";
}

/* Until the time is over, the connection is back, somebody does not want to wait (@hurry), or @signal ends it. */
export function wait(seconds: number, hurry: AbortSignal, signal: AbortSignal): Promise<void> {
	return new Promise((done, fail) => {
		const ended = new AbortController();
		const end = (act: () => void) => () => {
			clearTimeout(timer);
			ended.abort();
			act();
		};
		const timer = setTimeout(end(done), seconds * 1000);
		window.addEventListener("online", end(done), { signal: ended.signal });
		hurry.addEventListener("abort", end(done), { signal: ended.signal });
		signal.addEventListener("abort", end(() => fail(signal.reason as Error)), { signal: ended.signal });
	});
}
