/* The app against the server's own tables: result.schema.json, the flags' and the parameters' definitions, openapi.yaml. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { joints } from "../src/api/result";
import { releaseStates, states } from "../src/api/types";
import { en } from "../src/i18n/en";
import { staff } from "../src/i18n/en/staff";
import { groups } from "../src/read/parameters";
import { most } from "../src/release/release_panel";
import { failedView } from "../src/release/replace";
import { aids, footwears, orthoses } from "../src/submit/facts";

const read = (path: string) => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
const schema = JSON.parse(read("schema/result.schema.json")) as {
	properties: { parameters: { required: string[] }; curves: { items: { properties: { joint: { enum: string[] } } } }; schema: { const: number } };
	$defs: Record<string, { properties: Record<string, { enum?: (string | null)[]; items?: { enum?: string[]; properties?: Record<string, { enum?: string[] }> } }> }>;
};
const rows = (path: string, macro: string) => [...read(path).matchAll(new RegExp(`^${macro}\\((\\w+)`, "gm"))].map((m) => m[1] ?? "");
const has = (key: string) => expect(Object.keys(en), key).toContain(key);

test("it reads the version of result.json that gaitd writes", () => {
	expect(schema.properties.schema.const).toBe(2);
});

test("every parameter has a name and stands in one group, but for the other indices of symmetry", () => {
	const shown = groups.flatMap((g) => g.names);
	const wanted = schema.properties.parameters.required.filter((name) => !/^symmetry_.*_(ga|sa)$/.test(name));
	expect([...shown].sort()).toEqual([...wanted].sort());
	for (const name of shown)
		has(`param.${name.replace(/^symmetry_/, "")}`);
});

test("every flag, reason, doubt and feature has words", () => {
	for (const flag of rows("src/gait/flags.def", "FLAG")) {
		has(`flag.${flag}`);
		has(`advice.${flag}`);
	}
	for (const reason of rows("src/score/reasons.def", "REASON")) {
		has(`reason.${reason}`);
		has(`next.${reason}`);
	}
	for (const why of rows("src/gait/reasons.def", "REASON"))
		has(`why.${why}`);
	for (const doubt of rows("src/gait/doubts.def", "DOUBT"))
		has(`doubt.${doubt}`);
	for (const feature of [...rows("src/score/features.def", "FEATURE"), ...rows("src/score/features.def", "PATIENT_FACT")])
		expect(Object.keys(en).some((key) => key === `feature.${feature}` || key === `param.${feature}`), feature).toBe(true);
});

test("the states of a release are the server's, and each has words", () => {
	const words = [...read("src/core/release.def").matchAll(/^RELEASE\(\w+, "(\w+)"/gm)].map((m) => m[1]);
	expect([...releaseStates]).toEqual(words);
	expect(read("docs/api/openapi.yaml")).toContain(`enum: [${releaseStates.join(", ")}]`);
	for (const state of releaseStates)
		has(`release.staff.${state}`);
	expect(read("src/core/release.h")).toContain(`RELEASE_COMMENT_CHARS = ${most.comment},`);
	expect(read("src/core/release.h")).toContain(`RELEASE_REASON_CHARS = ${most.reason},`);
});

test("a failure names its video in the job script's own words", () => {
	const script = read("pbs/gait-job.pbs");
	for (const words of ["The $view video could not be read as a video.", "No person was found in the $view video.", "The walk in the $view video could not be measured."]) {
		expect(script).toContain(words);
		for (const view of ["front", "side"])
			expect(failedView({ kind: "no_person", text: words.replace("$view", view) })).toBe(view);
	}
	expect(failedView({ kind: "walltime", text: "The side video" })).toBeNull();
	expect(failedView({ kind: "no_person", text: "Nobody." })).toBeNull();
	expect(failedView(undefined)).toBeNull();
});

test("lists of words are the server's", () => {
	const patient = schema.$defs["patient"]?.properties;
	expect([...aids, null]).toEqual(patient?.["walking_aid"]?.enum);
	expect([...orthoses, null]).toEqual(patient?.["orthosis"]?.enum);
	expect([...footwears, null]).toEqual(patient?.["footwear"]?.enum);
	expect([...joints]).toEqual(schema.properties.curves.items.properties.joint.enum);
	expect(read("docs/api/openapi.yaml")).toContain(`State: {enum: [${states.join(", ")}]}`);
});

test("every file that an attempt leaves has a name for people", () => {
	for (const name of [...read("src/service/outputs.def").matchAll(/"([a-z_]+\.[a-z0-9.]+)"/g)].map((m) => m[1]))
		has(`file.${name}`);
});

test("every action that the server writes into its audit has words", () => {
	const sources = readdirSync("../src", { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".c"));
	const calls = sources.flatMap((path) => readFileSync(`../src/${path}`, "utf8").match(/\bstore_audit\([^;{]*;/g) ?? []);
	const actions = new Set(calls.flatMap((call) => [...call.matchAll(/"([a-z]+_[a-z_]+)"/g)].map((m) => m[1] ?? "")));

	expect(actions.size).toBeGreaterThan(15);
	for (const action of actions)
		expect(staff, action).toHaveProperty([`audit.${action}`]);
});
