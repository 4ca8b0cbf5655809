import { expect, test } from "vitest";
import type { Cycle, Curve, Result, StepEvent } from "../src/api/result";
import { pairs } from "../src/read/pairs";
import { eventAt, neighbour, percentAt } from "../src/read/cycle";
import { outside } from "../src/read/parameters";
import { isAboutFilm, isBad, viewsOf, viewsToFilm } from "../src/read/next_steps";

const cycles: Cycle[] = [
	{ view: "side", foot: "left", start_s: 1, end_s: 2, toe_off_s: 1.6 },
	{ view: "side", foot: "left", start_s: 2, end_s: 3.2, toe_off_s: null },
	{ view: "front", foot: "left", start_s: 5, end_s: 6, toe_off_s: null },
];
const events = ([["heel_strike", 1], ["toe_off", 1.6], ["heel_strike", 2]] as const).map(([kind, time_s]): StepEvent => ({ view: "side", foot: "left", kind, frame: 0, time_s }));

test("a video's time is a place in a stride", () => {
	expect(percentAt(cycles, "side", "left", 1.25)).toBe(25);
	expect(percentAt(cycles, "side", "left", 2)).toBe(0); // the end of one is the beginning of the next
	expect(percentAt(cycles, "side", "left", 2.6)).toBeCloseTo(50);
	expect(percentAt(cycles, "side", "left", 5.5)).toBeNull(); // that is another video's
	expect(percentAt(cycles, "side", "right", 1.25)).toBeNull();
	expect(percentAt(cycles, "side", "left", 0.5)).toBeNull();
});

test("events before, after and now", () => {
	expect(neighbour(events, "side", 1.2, 1)?.time_s).toBe(1.6);
	expect(neighbour(events, "side", 1.601, 1)?.time_s).toBe(2); // not the one that it stands on
	expect(neighbour(events, "side", 1.601, -1)?.time_s).toBe(1);
	expect(neighbour(events, "side", 0.9, -1)).toBeNull();
	expect(neighbour(events, "front", 0, 1)).toBeNull();
	expect(eventAt(events, "side", 1.61)?.kind).toBe("toe_off");
	expect(eventAt(events, "side", 1.7)).toBeNull();
});

test("outside of the reference, not on its edge", () => {
	const reference = { low: 1, high: 2, source: "s" };
	expect([0.9, 1, 2, 2.1, null].map((v) => outside(v, reference))).toEqual(["below", null, null, "above", null]);
	expect(outside(5, undefined)).toBeNull();
});

const quality = (flags: string[], more = {}) => ({ flags, mean_confidence: 0.9, fps: 30, ...more });
const resultOf = (front: unknown, side: unknown, reasons: string[], cadenceView?: string) => ({
	quality: { front, side }, score: { value: null, reasons: reasons.map((code) => ({ code, text: "" })) },
	parameters: cadenceView ? { cadence: { value: 1, view: cadenceView } } : {},
}) as unknown as Result;

test("a reason for no score belongs to the video that it is about", () => {
	const good = quality([]);
	expect(viewsOf(resultOf(good, quality(["low_confidence"]), []), "low_confidence")).toEqual(["side"]);
	expect(viewsOf(resultOf(good, good, [], "side"), "few_strides")).toEqual(["side"]);
	expect(viewsOf(resultOf(quality(["few_strides"]), good, [], "side"), "few_strides")).toEqual(["front"]);
	expect(viewsOf(resultOf(good, good, []), "few_strides")).toEqual([]);
	expect(viewsOf(resultOf(good, quality([], { mean_confidence: 0.4 }), []), "unsure_key_points")).toEqual(["side"]);
	expect(viewsOf(resultOf(quality([], { fps: 15 }), good, []), "few_frames_a_second")).toEqual(["front"]);
	expect(viewsOf(resultOf(quality([], { fps: 15 }), quality([], { fps: 15.02 }), []), "few_frames_a_second")).toEqual(["front", "side"]);
	expect(viewsOf(resultOf(null, good, []), "missing_features")).toEqual(["front"]);
	expect(viewsOf(resultOf(good, good, []), "outside_population")).toEqual([]);
});

test("only what another film can mend asks for one", () => {
	expect(viewsToFilm(resultOf(quality(["no_person"]), quality([]), ["no_person", "no_model"]))).toEqual(["front"]);
	expect(viewsToFilm(resultOf(quality([]), quality(["toe_walking"]), ["outside_population", "no_model"]))).toEqual([]);
	expect(isBad(resultOf(quality([]), quality(["toe_walking", "no_feet"]), []), "side")).toBe(false);
	expect(isBad(resultOf(quality([]), quality(["camera_moves"]), []), "side")).toBe(true);
	expect(isBad(resultOf(quality([]), null, []), "side")).toBe(true);
	expect([isAboutFilm("few_strides"), isAboutFilm("age_unknown"), isAboutFilm("running")]).toEqual([true, false, true]);
});

test("curves stand in pairs", () => {
	
	const curve = (joint: Curve["joint"], side: Curve["side"]) => ({ joint, side }) as Curve;
	expect(pairs([curve("knee", "right"), curve("hip", "left"), curve("hip", "right")]).map((p) => [p.joint, p.left?.side, p.right?.side])).toEqual([
		["hip", "left", "right"], ["knee", undefined, "right"],
	]);
});
