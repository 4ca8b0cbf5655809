import { z } from "zod";
import type { Key } from "../i18n/en";
import { cmFromFeet, kgFromLb, parseNumber, short } from "./units";

z.config({ jitless: true }); // the Content-Security-Policy allows no code made at run time

/* The form's fields, as typed. Messages are keys of the catalogue. */

const key = (k: Key): Key => k;

export const aids = ["none", "cane", "crutches", "walker", "hand_held", "other"] as const;
export const orthoses = ["none", "left", "right", "both"] as const;
export const footwears = ["barefoot", "socks", "shoes", "insoles", "other"] as const;
export const sexes = ["F", "M", "O"] as const;
export const roles = ["parent", "clinician", "school", "self", "other"] as const;
export const authorities = ["self", "guardian", "clinician", "school"] as const;

const choice = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values, { error: key("invalid.choose") });

const base = z.object({
	age: z.string(),
	ageUnit: z.enum(["years", "months"]),
	sex: choice(sexes),
	heightUnit: z.enum(["cm", "ft"]),
	cm: z.string(),
	feet: z.string(),
	inches: z.string(),
	weightUnit: z.enum(["kg", "lb"]),
	weight: z.string(),
	aid: choice(aids),
	orthosis: choice(orthoses),
	footwear: choice(footwears),
	role: choice(roles),
	subject: z.string().trim().regex(/^[A-Za-z0-9._-]{0,63}$/, { error: key("invalid.code") }),
	notes: z.string().max(2000, { error: key("invalid.notes") }),
	agreed: z.boolean(),
	authority: z.union([z.literal(""), z.enum(authorities)]),
});

export type Facts = { [K in keyof z.infer<typeof base>]: z.infer<typeof base>[K] | (K extends "sex" | "aid" | "orthosis" | "footwear" | "role" ? "" : never) };

export const emptyFacts: Facts = {
	age: "", ageUnit: "years", sex: "", heightUnit: "cm", cm: "", feet: "", inches: "", weightUnit: "kg", weight: "", aid: "",
	orthosis: "", footwear: "", role: "", subject: "", notes: "", agreed: false, authority: "",
};

export function heightCm(facts: Facts): number {
	return facts.heightUnit === "cm"
		? parseNumber(facts.cm)
		: cmFromFeet(parseNumber(facts.feet), facts.inches.trim() === "" ? 0 : parseNumber(facts.inches));
}

export function weightKg(facts: Facts): number {
	const typed = parseNumber(facts.weight);
	return facts.weightUnit === "kg" ? typed : kgFromLb(typed);
}

function judgeNumber(typed: string, value: number, low: number, high: number, otherwise: Key, whole = false): Key | null {
	if (typed.trim() === "")
		return "invalid.missing";
	if (Number.isNaN(value))
		return "invalid.number";
	return value < low || value > high || (whole && !Number.isInteger(value)) ? otherwise : null;
}

/* @consent: a text is in force, so it must be agreed to. */
export function factsSchema(consent: boolean) {
	return base.superRefine((f, ctx) => {
		const complain = (path: string, message: Key | null) => {
			if (message)
				ctx.addIssue({ code: "custom", path: [path], message });
		};
		const age = parseNumber(f.age);
		complain("age", f.ageUnit === "years"
			? judgeNumber(f.age, age, 1, 115, "invalid.ageYears", true)
			: judgeNumber(f.age, age, 12, 1380, "invalid.ageMonths", true));
		complain(f.heightUnit === "cm" ? "cm" : "feet",
			judgeNumber(f.heightUnit === "cm" ? f.cm : f.feet, heightCm(f), 40, 250, "invalid.height"));
		complain("weight", judgeNumber(f.weight, weightKg(f), 1, 500, "invalid.weight"));
		if (consent && !f.agreed)
			complain("agreed", "invalid.consent");
		if (consent && f.authority === "")
			complain("authority", "invalid.choose");
	});
}

/* The form as the server wants it. @consentVersion: null where none is in force. */
export function uploadFields(f: Facts, consentVersion: string | null): Record<string, string> {
	const fields: Record<string, string> = {
		[f.ageUnit === "years" ? "age" : "age_months"]: short(parseNumber(f.age), 0),
		sex: f.sex,
		height: `${short(heightCm(f))}cm`,
		weight: f.weightUnit === "kg" ? `${short(parseNumber(f.weight))}kg` : `${short(parseNumber(f.weight))}lb`,
		walking_aid: f.aid,
		orthosis: f.orthosis,
		footwear: f.footwear,
		role: f.role,
	};
	if (f.subject.trim())
		fields["subject"] = f.subject.trim();
	if (f.notes.trim())
		fields["notes"] = f.notes.trim();
	if (consentVersion !== null) {
		fields["consent_version"] = consentVersion;
		fields["authority"] = f.authority;
	}
	return fields;
}

/* Which of our fields the server speaks of. */
export const fieldOf: Record<string, keyof Facts> = {
	age: "age", age_months: "age", sex: "sex", weight: "weight", walking_aid: "aid", orthosis: "orthosis", footwear: "footwear",
	role: "role", subject: "subject", notes: "notes", consent_version: "agreed", authority: "authority",
};
