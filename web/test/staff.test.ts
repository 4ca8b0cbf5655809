import { expect, test } from "vitest";
import { account as accountEn } from "../src/i18n/en/account";
import { staff as staffEn } from "../src/i18n/en/staff";
import { account as accountEs } from "../src/i18n/es/account";
import { staff as staffEs } from "../src/i18n/es/staff";
import { makePassword } from "../src/staff/password";
import { grouped } from "../src/staff/throughput";

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test.each([["staff", staffEn, staffEs], ["account", accountEn, accountEs]] as [string, Record<string, string>, Record<string, string>][])(
	"the words of %s are there in both languages, with the same places", (_, en, es) => {
		expect(Object.keys(es).sort()).toEqual(Object.keys(en).sort());
		for (const [key, text] of Object.entries(en)) {
			expect(es[key]?.trim(), key).toBeTruthy();
			expect(places(es[key] ?? ""), key).toEqual(places(text));
		}
		for (const key of Object.keys(en).filter((k) => k.endsWith("_one")))
			expect(Object.keys(en)).toContain(key.replace(/_one$/, "_other"));
	});

test("a made password is long, readable, and another one each time", () => {
	const made = new Set(Array.from({ length: 200 }, () => makePassword()));
	expect(made.size).toBe(200);
	for (const password of made)
		expect(password).toMatch(/^([a-km-np-z2-79]{5}-){3}[a-km-np-z2-79]{5}$/);
});

test("every sign of a made password comes from as many bytes as another, and the bytes left over from none", () => {
	const counts = new Map<string, number>();
	for (let byte = 0; byte < 256; byte++) {
		let asked = 0;
		const password = makePassword((bytes) => bytes.fill(asked++ === 0 ? byte : 0));
		expect(new Set(password.replaceAll("-", "")).size).toBe(1);
		expect(asked).toBe(byte < 248 ? 1 : 2);
		if (byte < 248)
			counts.set(password.charAt(0), (counts.get(password.charAt(0)) ?? 0) + 1);
	}
	expect(counts.size).toBe(31);
	expect(new Set(counts.values())).toEqual(new Set([8]));
});

test("hours are put together from the last one back, and none is lost", () => {
	const hours = Array.from({ length: 10 }, (_, i) => ({ complete: i, failed: 1, retried: 0 }));
	const bars = grouped(hours, 4);
	expect(bars.map((b) => b.complete)).toEqual([1, 2 + 3 + 4 + 5, 6 + 7 + 8 + 9]);
	expect(bars.map((b) => b.failed)).toEqual([2, 4, 4]);
	expect(grouped([], 4)).toEqual([]);
});
