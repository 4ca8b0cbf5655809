import { z } from "zod";
import type { Key } from "../i18n/en";
import { cmFromFeet, kgFromLb, parseNumber, short } from "./units";

z.config({ jitless: true }); // the Content-Security-Policy allows no code made at run time

/* The form's fields, as typed. Messages are keys of the catalogue. */

export const aids = ["none", "cane", "crutches", "walker", "hand_held", "other"] as const;
export const orthoses = ["none", "left", "right", "both"] as const;
export const footwears = ["barefoot", "socks", "shoes", "insoles", "other"] as const;
export const sexes = ["F", "M", "O"] as const;
export const roles = ["parent", "clinician", "school", "self", "other"] as const;
export const authorities = ["self", "guardian", "clinician", "school"] as const;

const text = z.string();
const base = z.object({
	age: text, ageUnit: z.enum(["years", "months"]), sex: text, heightUnit: z.enum(["cm", "ft"]), cm: text, feet: text, inches: text,
	weightUnit: z.enum(["kg", "lb"]), weight: text, aid: text, orthosis: text, footwear: text, role: text, subject: text, notes: text,
	agreed: z.boolean(), authority: text,
});

export type Facts = z.infer<typeof base>;

const choices = { sex: sexes, aid: aids, orthosis: orthoses, footwear: footwears, role: roles } as const;

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

/* @consent: a text is in force, so it must be agreed to. All is judged in one go: zod would keep silent about what goes beyond a
 * single field as long as one of them is wrong. */
export function factsSchema(consent: boolean) {
	return base.superRefine((f, ctx) => {
		const complain = (path: string, message: Key | null) => {
			if (message)
				ctx.addIssue({ code: "custom", path: [path], message });
		};
		for (const [name, values] of Object.entries(choices))
			complain(name, (values as readonly string[]).includes(f[name as keyof typeof choices]) ? null : "invalid.choose");
		complain("subject", /^[A-Za-z0-9._-]{0,63}$/.test(f.subject.trim()) ? null : "invalid.code");
		complain("notes", f.notes.length > 2000 ? "invalid.notes" : null);
		const age = parseNumber(f.age);
		complain("age", f.ageUnit === "years"
			? judgeNumber(f.age, age, 1, 115, "invalid.ageYears", true)
			: judgeNumber(f.age, age, 12, 1380, "invalid.ageMonths", true));
		complain(f.heightUnit === "cm" ? "cm" : "feet",
			judgeNumber(f.heightUnit === "cm" ? f.cm : f.feet, heightCm(f), 40, 250, "invalid.height"));
		complain("weight", judgeNumber(f.weight, weightKg(f), 1, 500, "invalid.weight"));
		if (consent && !f.agreed)
			complain("agreed", "invalid.consent");
		if (consent && !(authorities as readonly string[]).includes(f.authority))
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
