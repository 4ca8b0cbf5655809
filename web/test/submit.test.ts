import { beforeEach, expect, test } from "vitest";
import { addToMark, claimDraft, forgetDraft, isSame, loadDraft, markOf, saveDraft } from "../src/submit/draft";
import { emptyFacts } from "../src/submit/empty_facts";
import { factsSchema, heightCm, uploadFields, type Facts } from "../src/submit/facts";
import { checkVideo, judge, limits, sniff, type VideoFacts } from "../src/submit/check_video";
import { slowedBy } from "../src/submit/container_facts";
import { cmFromFeet, feetFromCm, kgFromLb, lbFromKg, parseNumber, short } from "../src/submit/units";

const good: Facts = { ...emptyFacts, age: "30", sex: "F", cm: "172", weight: "68", aid: "none", orthosis: "none", footwear: "shoes", role: "self" };
const film: VideoFacts = { bytes: 4_000_000, durationS: 6.5, width: 1280, height: 720, fps: 30, codec: "avc", hdr: false, slowed: 1, playable: true, thumbnail: null };
const file = (name: string, text = "x") => new File([text], name, { lastModified: 1000 });

function wrong(facts: Facts, consent = false): Record<string, string> {
	const judged = factsSchema(consent).safeParse(facts);
	return judged.success ? {} : Object.fromEntries(judged.error.issues.map((i) => [i.path.join("."), i.message]));
}

beforeEach(() => localStorage.clear());

test("numbers are read as people write them", () => {
	expect(parseNumber(" 1,72 ")).toBe(1.72);
	expect(parseNumber(".5")).toBe(0.5);
	for (const text of ["", "1.2.3", "-5", "1e3", "abc", "5 kg"])
		expect(parseNumber(text), text).toBeNaN();
});

test("units there and back", () => {
	for (let cm = 40; cm <= 250; cm++) {
		const { feet, inches } = feetFromCm(cm);
		expect(inches).toBeLessThan(12);
		expect(Math.abs(cmFromFeet(feet, inches) - cm)).toBeLessThanOrEqual(1.27 + 1e-9);
	}
	expect(feetFromCm(182.7)).toEqual({ feet: 6, inches: 0 });
	expect(kgFromLb(lbFromKg(68))).toBeCloseTo(68, 9);
	expect(short(68.04)).toBe("68");
	expect(short(NaN)).toBe("");
});

test("good facts become the server's fields", () => {
	expect(wrong(good)).toEqual({});
	expect(uploadFields(good, null)).toEqual({
		age: "30", sex: "F", height: "172cm", weight: "68kg", walking_aid: "none", orthosis: "none", footwear: "shoes", role: "self",
	});
	const imperial: Facts = { ...good, heightUnit: "ft", feet: "5", inches: "7", weightUnit: "lb", weight: "150", ageUnit: "months", age: "40", subject: " P-7 ", notes: " hm " };
	expect(heightCm(imperial)).toBeCloseTo(170.18, 6);
	expect(uploadFields(imperial, null)).toMatchObject({ age_months: "40", height: "170.2cm", weight: "150lb", subject: "P-7", notes: "hm" });
	expect(uploadFields({ ...good, authority: "guardian" }, "v3")).toMatchObject({ consent_version: "v3", authority: "guardian" });
});

test("what is wrong is named", () => {
	expect(wrong(emptyFacts)).toMatchObject({
		age: "invalid.missing", sex: "invalid.choose", cm: "invalid.missing", weight: "invalid.missing", aid: "invalid.choose", role: "invalid.choose",
	});
	expect(wrong({ ...good, age: "0" })).toEqual({ age: "invalid.ageYears" });
	expect(wrong({ ...good, age: "3.5" })).toEqual({ age: "invalid.ageYears" });
	expect(wrong({ ...good, age: "11", ageUnit: "months" })).toEqual({ age: "invalid.ageMonths" });
	expect(wrong({ ...good, cm: "1,72" })).toEqual({ cm: "invalid.height" });
	expect(wrong({ ...good, heightUnit: "ft", feet: "5", inches: "x" })).toEqual({ feet: "invalid.number" });
	expect(wrong({ ...good, weight: "1200", weightUnit: "lb" })).toEqual({ weight: "invalid.weight" });
	expect(wrong({ ...good, subject: "Ann Smith" })).toEqual({ subject: "invalid.code" });
	expect(wrong(good, true)).toEqual({ agreed: "invalid.consent", authority: "invalid.choose" });
	expect(wrong({ ...good, agreed: true, authority: "self" }, true)).toEqual({});
});

test("files are known by their first bytes", () => {
	const bytes = (text: string) => new TextEncoder().encode(text);
	expect(sniff(bytes("\0\0\0\x18ftypisom"))).toBe("mp4");
	expect(sniff(bytes("RIFF1234AVI LIST"))).toBe("avi");
	expect(sniff(bytes("RIFF1234WAVEfmt "))).toBeNull();
	expect(sniff(new Uint8Array([0x1a, 0x45, 0xdf, 0xa3, 1]))).toBe("matroska");
	expect(sniff(bytes("%PDF-1.5"))).toBeNull();
	expect(sniff(new Uint8Array())).toBeNull();
});

test("videos are judged before they are sent", () => {
	const error = (facts: Partial<VideoFacts>, container: "mp4" | null = "mp4") => judge("side", container, { ...film, ...facts }).error?.key;
	expect(judge("side", "mp4", film)).toEqual({ error: null, warnings: [] });
	expect(error({}, null)).toBe("video.type");
	expect(error({ bytes: 0 })).toBe("video.empty");
	expect(error({ bytes: limits.bytes + 1 })).toBe("video.size");
	expect(error({ durationS: 2.9 })).toBe("video.short");
	expect(error({ durationS: 3 })).toBeUndefined();
	expect(error({ durationS: 120.5 })).toBe("video.long");
	expect(error({ width: 320, height: 200 })).toBe("video.small");
	const warnings = (view: "front" | "side", facts: Partial<VideoFacts>) => judge(view, "mp4", { ...film, ...facts }).warnings.map((w) => w.key);
	expect(warnings("side", { width: 720, height: 1280 })).toEqual(["video.warn.portrait"]);
	expect(warnings("front", { width: 720, height: 1280 })).toEqual([]);
	expect(warnings("front", { width: 640, height: 360 })).toEqual(["video.warn.low"]);
	expect(warnings("front", { width: null, height: null, durationS: null, playable: false })).toEqual(["video.warn.unreadable"]);
	expect(warnings("front", { codec: "hevc", playable: false })).toEqual(["video.warn.unplayable"]);
	expect(warnings("front", { fps: 15 })).toEqual(["video.warn.fps"]);
	expect(warnings("front", { fps: 240, slowed: 8 })).toEqual(["video.warn.slow"]);
});

test("a file that is gone is told from one that is no video", async () => {
	const gone = Object.assign(file("a.mp4"), { slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) }) });
	expect((await checkVideo("side", gone)).error).toEqual({ key: "video.gone" });
});

test("slow motion is known by the rate that the phone noted", () => {
	const float = new Uint8Array([0x43, 0x70, 0, 0]); // 240
	expect(slowedBy("240.000000", 29.7)).toBe(8);
	expect(slowedBy(float, 30)).toBe(8);
	expect(slowedBy("30.000000", 29.9)).toBe(1);
	expect(slowedBy(undefined, 30)).toBe(1);
	expect(slowedBy("240", null)).toBe(1);
	expect(slowedBy("no number", 30)).toBe(1);
	expect(slowedBy("1e9", 30)).toBe(1);
});

test("the draft survives, but no consent does", () => {
	saveDraft({ facts: { ...good, agreed: true }, files: { front: markOf(file("a.mp4")) } });
	expect(loadDraft()).toMatchObject({ facts: { ...good, agreed: false }, files: { front: { name: "a.mp4", size: 1, modified: 1000 } } });
	forgetDraft();
	expect(loadDraft()).toEqual({ facts: emptyFacts, files: {} });
	localStorage.setItem("gaitd.draft.1", "{broken");
	expect(loadDraft()).toEqual({ facts: emptyFacts, files: {} });
});

test("a file is the same by name, size and time", () => {
	const mark = markOf(file("a.mp4"));
	expect(isSame(mark, markOf(file("a.mp4")))).toBe(true);
	expect(isSame(mark, markOf(file("a.mp4", "longer")))).toBe(false);
	expect(isSame(mark, undefined)).toBe(false);
});

test("by their fingerprints, where both have one, whatever a phone calls them", () => {
	const mark = { ...markOf(file("IMG_1.MOV")), print: "1-aa" };
	expect(isSame(mark, { ...markOf(file("trim.7F2.MOV")), modified: 7, print: "1-aa" })).toBe(true);
	expect(isSame(mark, { ...mark, print: "1-bb" })).toBe(false);
	expect(isSame(mark, markOf(file("IMG_1.MOV")))).toBe(true); // not looked into yet
});

test("what becomes known of a film does not go to another one that was chosen meanwhile", () => {
	const [old, next] = [markOf(file("a.mp4")), markOf(file("b.mp4", "longer"))];
	saveDraft({ files: { front: old } });
	expect(addToMark("front", old, { print: "p" })).toEqual({ ...old, print: "p" });
	saveDraft({ files: { front: next } });
	expect(addToMark("front", old, { kept: "k" })).toBeNull();
	expect(loadDraft().files.front).toEqual(next);
});

test("a draft is its owner's", () => {
	claimDraft("ann");
	saveDraft({ facts: good });
	claimDraft("ann");
	expect(loadDraft().facts.age).toBe("30");
	claimDraft("ben");
	expect(loadDraft()).toEqual({ facts: emptyFacts, files: {}, owner: "ben" });
});
