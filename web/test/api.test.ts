import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem, problemOf } from "../src/api/client";
import { withEvent } from "../src/api/hooks";
import { Rate } from "../src/api/rate";
import type { Job, JobDetail, JobEvent } from "../src/api/types";
import { sendUpload, Stopped, waits, type Pause, type Upload } from "../src/api/upload";

const upload: Upload = { fields: {}, front: new File(["f"], "f"), side: new File(["s"], "s"), key: "k" };
const job = { id: "j" } as Job;

function watcher() {
	const pauses: Pause[] = [];
	return { pauses, progress: () => undefined, pause: (p: Pause) => void pauses.push(p), resume: () => undefined };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("a broken connection is tried again with the same upload, until it works", async () => {
	const w = watcher();
	const keys: string[] = [];
	const once = vi.fn((u: Upload) => {
		keys.push(u.key);
		return keys.length < 3 ? Promise.reject(new Problem(0, "")) : Promise.resolve(job);
	});
	const done = sendUpload(upload, w, new AbortController().signal, once);
	await vi.advanceTimersByTimeAsync(60_000);
	expect(await done).toBe(job);
	expect(keys).toEqual(["k", "k", "k"]);
	expect(w.pauses).toEqual([{ reason: "broken", waitS: 2 }, { reason: "broken", waitS: 4 }]);
});

test("a busy server is waited for as long as it says", async () => {
	const w = watcher();
	let tries = 0;
	const done = sendUpload(upload, w, new AbortController().signal, () => (tries++ ? Promise.resolve(job) : Promise.reject(new Problem(503, "", [], "", 7))));
	await vi.advanceTimersByTimeAsync(7_000);
	expect(await done).toBe(job);
	expect(w.pauses).toEqual([{ reason: "busy", waitS: 7 }]);
});

test("a connection that is back is used at once", async () => {
	let tries = 0;
	const done = sendUpload(upload, watcher(), new AbortController().signal, () => (tries++ ? Promise.resolve(job) : Promise.reject(new Problem(0, ""))));
	await vi.advanceTimersByTimeAsync(10);
	window.dispatchEvent(new Event("online"));
	expect(await done).toBe(job);
});

test("what the server refuses is not repeated; nor is anything for ever", async () => {
	const refused = vi.fn(() => Promise.reject(new Problem(422, "no")));
	await expect(sendUpload(upload, watcher(), new AbortController().signal, refused)).rejects.toMatchObject({ status: 422 });
	expect(refused).toHaveBeenCalledTimes(1);
	const broken = vi.fn(() => Promise.reject(new Problem(0, "")));
	const done = expect(sendUpload(upload, watcher(), new AbortController().signal, broken)).rejects.toMatchObject({ status: 0 });
	await vi.advanceTimersByTimeAsync(200_000);
	await done;
	expect(broken).toHaveBeenCalledTimes(waits.length + 1);
});

test("stop ends the waiting", async () => {
	const stop = new AbortController();
	const done = expect(sendUpload(upload, watcher(), stop.signal, () => Promise.reject(new Problem(0, "")))).rejects.toBeInstanceOf(Stopped);
	await vi.advanceTimersByTimeAsync(100);
	stop.abort();
	await done;
});

test("problems are read from problem documents, and from pages of proxies", () => {
	const p = problemOf(422, JSON.stringify({ detail: "d", errors: [{ field: "age", reason: "r" }], request_id: "q" }), null);
	expect(p).toMatchObject({ status: 422, detail: "d", fields: [{ field: "age", reason: "r" }], requestId: "q", retryAfterS: null });
	expect(problemOf(502, "<html>Bad gateway", "12")).toMatchObject({ status: 502, detail: "", retryAfterS: 12 });
	expect(problemOf(503, "", "Wed, 21 Oct 2026 07:28:00 GMT").retryAfterS).toBeNull();
});

test("speed and time left follow the last seconds", () => {
	const rate = new Rate();
	const total = 100e6;
	expect(rate.add(0, { sent: 0, total }).bytesPerS).toBeNull();
	expect(rate.add(2, { sent: 2e6, total })).toEqual({ bytesPerS: 1e6, leftS: 98 });
	for (let s = 3; s <= 30; s++)
		rate.add(s, { sent: 2e6 + (s - 2) * 3e6, total }); // it became faster
	const { bytesPerS } = rate.add(31, { sent: 2e6 + 29 * 3e6, total });
	expect(bytesPerS).toBeCloseTo(3e6, -3);
	expect(rate.add(32, { sent: 1e6, total }).bytesPerS).toBeNull(); // begun again
});

test("an event moves the bar of a job that is being analysed, and of no other", () => {
	const event = { seq: 9, kind: "progress", step: "pose_side", percent: 40 } as JobEvent;
	const running = { status: { value: "processing" } } as JobDetail;
	const done = { status: { value: "complete" } } as JobDetail;
	expect(withEvent(running, event).progress).toEqual({ step: "pose_side", percent: 40 });
	expect(withEvent(done, event)).toBe(done);
	expect(withEvent(running, { ...event, kind: "state" })).toBe(running);
});
