import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Reference, Result, Sided, Whole } from "../src/api/result";
import { changes, mdcOf, otherwise } from "../src/compare/change";
import { retest } from "../src/compare/retest";

const whole = (value: number | null, half: number | null, reference?: Reference): Whole =>
	({ value, unit: "steps/min", n: 9, sd: 1, ci95: value === null || half === null ? null : [value - half, value + half], ...(reference ? { reference } : {}) });

const result = (parameters: Record<string, Whole | Sided>, more: Partial<Result> = {}): Result => ({
	schema: 2, parameters, patient: { height_cm: 120, walking_aid: "none" }, engine: { analysis: "a", pose_front: "p", pose_side: "p" },
	quality: { front: { flags: [] }, side: { flags: [] } }, profile: { gait_profile_score: null }, ...more,
} as unknown as Result);

test("the minimal detectable change is 1.96·√2·SEM where strides add nothing", () => {
	const angle = { value: 50, ci95: null };
	expect(mdcOf("knee_range", angle, angle)).toBeCloseTo(1.96 * Math.SQRT2 * 2.91);
	expect(mdcOf("cadence", { value: 100, ci95: null }, { value: 100, ci95: null })).toBeCloseTo(13.58, 2);
});

test("the uncertainty of each walk's mean widens it", () => {
	const sure = { value: 50, ci95: null };
	const unsure = { value: 50, ci95: [50 - 1.96 * 4, 50 + 1.96 * 4] as [number, number] };
	expect(mdcOf("knee_range", sure, unsure)).toBeCloseTo(1.96 * Math.hypot(2.91, 2.91, 4));
});

test("what nobody published is not judged", () => {
	expect(mdcOf("arm_swing", { value: 1, ci95: null }, { value: 9, ci95: null })).toBeNull();
	expect(changes(result({ arm_swing: whole(1, 1) }), result({ arm_swing: whole(90, 1) }))[0]?.verdict).toBe("unknown");
});

test("only what goes beyond it is a change, and says to which side of the reference", () => {
	const reference = { low: 110, high: 140, source: "s" };
	const one = (before: number, now: number) => changes(result({ cadence: whole(before, null, reference) }), result({ cadence: whole(now, null, reference) }))[0];
	expect(one(100, 110)).toMatchObject({ change: 10, verdict: "within", toward: null });
	expect(one(90, 115)).toMatchObject({ change: 25, verdict: "beyond", toward: "nearer" });
	expect(one(120, 160)).toMatchObject({ verdict: "beyond", toward: "further" });
	expect(one(112, 138)).toMatchObject({ verdict: "beyond", toward: null }); // inside both times
});

test("a value that is missing on one day is neither the same nor changed", () => {
	const row = changes(result({ cadence: whole(null, null) }), result({ cadence: whole(100, 1) }))[0];
	expect(row).toMatchObject({ before: null, now: 100, change: null, mdc: null, verdict: "unknown" });
	expect(changes(result({ cadence: whole(null, null) }), result({ cadence: whole(null, null) }))).toEqual([]);
});

test("sides are compared one by one", () => {
	const sided = (left: number, right: number) => ({ left: whole(left, null), right: whole(right, null), both: null }) as Sided;
	const rows = changes(result({ knee_range: sided(50, 50) }), result({ knee_range: sided(51, 62) }));
	expect(rows.map((r) => [r.foot, r.verdict])).toEqual([["left", "within"], ["right", "beyond"]]);
});

test("what else was different is told", () => {
	const a = result({});
	expect(otherwise(a, a)).toEqual([]);
	expect(otherwise(a, result({}, { patient: { height_cm: 124, walking_aid: "cane" } }))).toEqual(["walking_aid", "grown"]);
	expect(otherwise(a, result({}, { engine: { analysis: "a", pose_front: "p", pose_side: "q" } }))).toEqual(["engine"]);
	expect(otherwise(a, result({}, { quality: { ...a.quality, side: null } }))).toEqual(["quality"]);
});

test("every published error belongs to a parameter that there is", () => {
	const table = readFileSync("../src/gait/params.def", "utf8");
	for (const name of Object.keys(retest).filter((n) => n !== "gait_profile_score"))
		expect(table, name).toContain(`PARAM(${name}, `);
});
