import { isSided, type Foot, type Reference, type Result, type Value } from "../api/result";
import { retest, sources } from "./retest";

/* Did a measurement change between two visits by more than measuring twice explains? */

export type Verdict = "beyond" | "within" | "unknown";

export interface Change {
	name: string;
	foot: Foot | null; // null: of the whole person
	unit: string;
	before: number | null;
	now: number | null;
	change: number | null;
	mdc: number | null; // the minimal detectable change with 95 % confidence
	verdict: Verdict;
	toward: "nearer" | "further" | null; // seen from the reference range; null: in it both times, or there is none
}

const z95 = 1.96;

type Measured = Pick<Value, "value" | "ci95">;

/* One visit's standard error: that of a repetition, and that of the mean of this walk's strides. */
function errorOf(name: string, of: Measured): number | null {
	const row = retest[name];
	if (!row || of.value === null)
		return null;
	const between = row.relative ? row.sem * Math.abs(of.value) : row.sem;
	const within = of.ci95 ? (of.ci95[1] - of.ci95[0]) / 2 / z95 : 0;
	return Math.hypot(between, within);
}

/**
 * The minimal detectable change of two measurements, in their unit: 1.96·√(SE₁² + SE₂²), which is 1.96·√2·SEM where both visits have the
 * same error (Weir 2005, J. Strength and Conditioning Research 19). null where no error of a repetition is known.
 */
export function mdcOf(name: string, before: Measured, now: Measured): number | null {
	const errors = [errorOf(name, before), errorOf(name, now)];
	return errors[0] === null || errors[1] === null || errors[0] === undefined || errors[1] === undefined ? null : z95 * Math.hypot(errors[0], errors[1]);
}

function outsideBy(value: number, reference: Reference): number {
	return Math.max(0, reference.low - value, value - reference.high);
}

function compare(name: string, foot: Foot | null, unit: string, before: Measured, now: Measured, references: [Reference | undefined, Reference | undefined]): Change {
	const change = before.value === null || now.value === null ? null : now.value - before.value;
	const mdc = mdcOf(name, before, now);
	const verdict = change === null || mdc === null ? "unknown" : Math.abs(change) > mdc ? "beyond" : "within";
	let toward: Change["toward"] = null;

	// Each visit by the range of its own age: children grow into another one.
	if (verdict === "beyond" && before.value !== null && now.value !== null && references[0] && references[1]) {
		const [was, is] = [outsideBy(before.value, references[0]), outsideBy(now.value, references[1])];
		toward = was === is ? null : is < was ? "nearer" : "further";
	}
	return { name, foot, unit, before: before.value, now: now.value, change, mdc, verdict, toward };
}

/* Every parameter that both visits know, by name; sided ones twice. Those of the Gait Profile Score, too. */
export function changes(before: Result, now: Result): Change[] {
	const rows: Change[] = [];

	for (const [name, p] of Object.entries(now.parameters)) {
		const old = before.parameters[name];
		if (!old || isSided(old) !== isSided(p))
			continue;
		if (isSided(p) && isSided(old)) {
			for (const foot of ["left", "right"] as const)
				rows.push(compare(name, foot, p[foot].unit, old[foot], p[foot], [old.reference, p.reference]));
		} else if (!isSided(p) && !isSided(old)) {
			rows.push(compare(name, null, p.unit, old, p, [old.reference, p.reference]));
		}
	}
	const profile = (result: Result): Measured => ({ value: result.profile.gait_profile_score, ci95: null });
	rows.push(compare("gait_profile_score", null, "degrees", profile(before), profile(now), [undefined, undefined]));
	return rows.filter((row) => row.before !== null || row.now !== null);
}

export function sourcesOf(rows: Change[]): string[] {
	return [...new Set(rows.filter((row) => row.mdc !== null).map((row) => sources[retest[row.name]?.source ?? "stroke"]))];
}

/* What else was different, so that a change of the walk may come from it. */
export type Otherwise = "engine" | "analysis" | "walking_aid" | "orthosis" | "footwear" | "grown" | "quality";

const grown_cm = 2;

export function otherwise(before: Result, now: Result): Otherwise[] {
	const found: Otherwise[] = [];
	const differs = (fact: string) => (before.patient[fact] ?? null) !== (now.patient[fact] ?? null);

	if (before.engine.pose_front !== now.engine.pose_front || before.engine.pose_side !== now.engine.pose_side)
		found.push("engine");
	if (before.engine.analysis !== now.engine.analysis)
		found.push("analysis");
	for (const fact of ["walking_aid", "orthosis", "footwear"] as const)
		if (differs(fact))
			found.push(fact);
	if (Math.abs(Number(now.patient["height_cm"] ?? 0) - Number(before.patient["height_cm"] ?? 0)) >= grown_cm)
		found.push("grown");
	if ([before, now].some((r) => [r.quality.front, r.quality.side].some((v) => v === null || v.flags.length > 0)))
		found.push("quality");
	return found;
}
