import { expect, test } from "vitest";
import { problemOf } from "../src/api/client";
import { withEvent } from "../src/api/hooks";
import { Rate } from "../src/api/rate";
import type { JobDetail, JobEvent } from "../src/api/types";

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
