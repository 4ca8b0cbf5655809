import { expect, test } from "vitest";
import type { Cycle, Curve, StepEvent } from "../src/api/result";
import { pairs } from "../src/read/pairs";
import { eventAt, neighbour, percentAt } from "../src/read/cycle";
import { outside } from "../src/read/parameters";
import { nextSteps } from "../src/read/score";

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

test("what to do next depends on why there is no score, each thing once", () => {
	expect(nextSteps(["no_model"])).toEqual(["result.next.operator"]);
	expect(nextSteps(["few_strides", "low_confidence"])).toEqual(["result.next.film"]);
	expect(nextSteps(["outside_population", "age_unknown"])).toEqual(["result.next.population", "result.next.facts"]);
});

test("curves stand in pairs", () => {
	
	const curve = (joint: Curve["joint"], side: Curve["side"]) => ({ joint, side }) as Curve;
	expect(pairs([curve("knee", "right"), curve("hip", "left"), curve("hip", "right")]).map((p) => [p.joint, p.left?.side, p.right?.side])).toEqual([
		["hip", "left", "right"], ["knee", undefined, "right"],
	]);
});
