import { expect, test } from "vitest";
import { bestType, constraintsFor, nameOf, problemOfCamera } from "../src/record/camera";
import { clock, isLongEnough, nextTake, type Act, type Take } from "../src/record/take";
import { limits } from "../src/submit/check_video";

const file = new File(["x"], "side.mp4");
const run = (acts: Act[], from: Take = { phase: "opening" }) => acts.reduce(nextTake, from);
const second: Act = { act: "second" };

test("a take runs from the camera to a file", () => {
	let take = run([{ act: "opened" }, { act: "start" }]);
	const counted = [];
	for (let i = 0; i < 5; i++) {
		counted.push(take.phase === "counting" ? take.left : null);
		take = nextTake(take, second);
	}
	expect(counted).toEqual([5, 4, 3, 2, 1]);
	expect(take).toEqual({ phase: "recording", elapsedS: 0 });
	take = run([{ act: "time", elapsedS: 6.5 }, { act: "stop" }], take);
	expect(take).toEqual({ phase: "saving", seconds: 6.5 });
	expect(nextTake(take, { act: "saved", file })).toEqual({ phase: "replay", file, seconds: 6.5 });
});

test("it ends by itself before the limit", () => {
	const recording: Take = { phase: "recording", elapsedS: 100 };
	expect(nextTake(recording, { act: "time", elapsedS: limits.maxS - 1 }).phase).toBe("recording");
	const ended = nextTake(recording, { act: "time", elapsedS: limits.maxS - 0.4 });
	expect(ended.phase).toBe("saving");
	expect(ended.phase === "saving" && ended.seconds < limits.maxS).toBe(true);
});

test("what comes too late or twice changes nothing", () => {
	const ready: Take = { phase: "ready" };
	const counting: Take = { phase: "counting", left: 3 };
	const replay: Take = { phase: "replay", file, seconds: 5 };
	expect(nextTake(counting, { act: "opened" })).toBe(counting);
	expect(nextTake(counting, { act: "start" })).toBe(counting);
	expect(nextTake(ready, second)).toBe(ready);
	expect(nextTake(ready, { act: "time", elapsedS: 3 })).toBe(ready);
	expect(nextTake(ready, { act: "saved", file })).toBe(ready);
	expect(nextTake(replay, { act: "stop" })).toBe(replay);
	expect(nextTake(replay, { act: "failed", problem: "lost" })).toBe(replay);
	expect(nextTake(counting, { act: "stop" })).toEqual(ready);
});

test("a camera that goes away while it records leaves what was filmed", () => {
	expect(nextTake({ phase: "recording", elapsedS: 4 }, { act: "failed", problem: "lost" })).toEqual({ phase: "saving", seconds: 4 });
	expect(nextTake({ phase: "counting", left: 2 }, { act: "failed", problem: "lost" })).toEqual({ phase: "problem", problem: "lost" });
	expect(nextTake({ phase: "problem", problem: "denied" }, { act: "open" })).toEqual({ phase: "opening" });
});

test("short takes are told from long ones", () => {
	expect(isLongEnough(2.9)).toBe(false);
	expect(isLongEnough(3)).toBe(true);
	expect([0, 7.9, 60, 119.5].map(clock)).toEqual(["0:00", "0:07", "1:00", "1:59"]);
});

test("what went wrong with the camera is told apart", () => {
	const problem = (name: string) => problemOfCamera(new DOMException("", name));
	expect(problem("NotAllowedError")).toBe("denied");
	expect(problem("NotFoundError")).toBe("none");
	expect(problem("OverconstrainedError")).toBe("none");
	expect(problem("NotReadableError")).toBe("taken");
	expect(problem("AbortError")).toBe("taken");
	expect(problem("TypeError")).toBe("failed");
	expect(problemOfCamera("?")).toBe("failed");
});

test("the best type that a browser has", () => {
	const of = (...known: string[]) => bestType((type) => known.some((k) => type.startsWith(k)));
	expect(of("video/webm", "video/mp4")).toMatch(/^video\/mp4;codecs=avc1/);
	expect(of("video/webm")).toBe("video/webm;codecs=vp8");
	expect(of("video/webm;codecs=vp9")).toBe("video/webm;codecs=vp9");
	expect(of("video/ogg")).toBeNull();
});

test("no sound, and wishes that no camera fails at", () => {
	const { audio, video } = constraintsFor({ facing: "environment" });
	expect(audio).toBe(false);
	expect(JSON.stringify(video)).not.toMatch(/exact|min/);
	expect(constraintsFor({ deviceId: "x" }).video).toMatchObject({ deviceId: { exact: "x" } });
});

test("a file's name says what and when", () => {
	const now = new Date(2026, 10, 3, 9, 7, 5);
	expect(nameOf("side", "video/mp4;codecs=avc1", now)).toBe("side-2026-11-03-090705.mp4");
	expect(nameOf("front", "video/webm;codecs=vp8", now)).toBe("front-2026-11-03-090705.webm");
});
