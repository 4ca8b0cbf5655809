import { expect, test } from "vitest";
import { en } from "../src/i18n/en";
import { es } from "../src/i18n/es";
import { chooseLanguage, translate } from "../src/i18n";

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test("both catalogues have the same keys", () => {
	expect(Object.keys(es).sort()).toEqual(Object.keys(en).sort());
});

test("a translation has the same places as the original, and is not empty", () => {
	for (const [key, text] of Object.entries(en)) {
		const other = es[key as keyof typeof en];
		expect(other.trim(), key).not.toBe("");
		expect(places(other), key).toEqual(places(text));
	}
});

test("a plural has both of its forms", () => {
	const keys = Object.keys(en);
	for (const key of keys.filter((k) => k.endsWith("_one")))
		expect(keys).toContain(key.replace(/_one$/, "_other"));
});

test("words are filled in, by number where it matters", () => {
	expect(translate({ ...en }, "en", "job.position", { n: 1 })).toBe("1 analysis is before it.");
	expect(translate({ ...en }, "en", "job.position", { n: 1200 })).toBe("1,200 analyses are before it.");
	expect(translate(es, "es", "job.tries", { n: 2 })).toBe("2 intentos hasta ahora.");
	expect(translate({ ...en }, "en", "jobs.number", { n: "7" })).toBe("Analysis 7");
});

test("the language is the one that was kept, else the first that we have", () => {
	expect(chooseLanguage(null, ["de-DE", "es-MX", "en"])).toBe("es");
	expect(chooseLanguage("en", ["es"])).toBe("en");
	expect(chooseLanguage("xx", ["de"])).toBe("en");
});
