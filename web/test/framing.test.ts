import { describe, expect, test } from "vitest";
import { Announcer, judgeFrame, leanOf, NobodyWarning, viewOf, warningProbability, type Frame, type Hint } from "../src/framing/judge";
import { at, type Point, type Seen } from "../src/framing/points";
import { rangesOf, summarise } from "../src/framing/summary";

/* Somebody upright: hips at (x, y), so tall, in a picture of 640 × 360. */
function body(x: number, y: number, tall: number, shoulders = 0.05): Point[] {
	const points: Point[] = Array.from({ length: 25 }, () => ({ x, y, confidence: 0.9 }));
	const put = (i: number, dx: number, dy: number) => (points[i] = { x: x + dx * tall, y: y + dy * tall, confidence: 0.9 });

	put(at.nose, 0, -0.4);
	put(at.neck, 0, -0.3);
	put(at.rightShoulder, -shoulders / 2, -0.3);
	put(at.leftShoulder, shoulders / 2, -0.3);
	for (const [i, dy] of [[at.rightAnkle, 0.46], [at.leftAnkle, 0.46], [at.rightHeel, 0.5], [at.leftHeel, 0.5], [at.rightToe, 0.52], [at.leftToe, 0.52]] as const)
		put(i, 0, dy);
	return points;
}

const see = (points: Point[] | null, more: Partial<Seen> = {}): Seen => ({ t: 0, width: 640, height: 360, filmPx: 1280, people: points ? 1 : 0, points, ...more });
const hintOf = (points: Point[] | null, more: Partial<Seen> = {}): Hint => judgeFrame(see(points, more)).hint;

describe("one frame", () => {
	test("a whole body is good, nobody is told", () => {
		expect(hintOf(body(320, 180, 200))).toBe("good");
		expect(hintOf(null)).toBe("nobody");
		expect(judgeFrame(see(body(320, 180, 200)))).toMatchObject({ share: 200 / 360, x: 0.5, y: 0.5, height: 200 / 640 });
	});

	test("what is cut off is named", () => {
		expect(hintOf(body(320, 280, 200))).toBe("feet");
		expect(hintOf(body(320, 80, 200))).toBe("head");
		expect(hintOf(body(2, 180, 200, 0.1))).toBe("side");
		expect(hintOf(body(639, 180, 200, 0.1))).toBe("side");
		// In the picture by place, but not seen there: behind something.
		const hidden = body(320, 180, 200);
		for (const i of [at.rightAnkle, at.leftAnkle, at.rightHeel, at.leftHeel, at.rightToe, at.leftToe])
			hidden[i] = { ...(hidden[i] as Point), confidence: 0.1 };
		expect(hintOf(hidden)).toBe("feet");
	});

	test("more than one person comes before what is wrong with the one", () => {
		expect(hintOf(body(320, 280, 200), { people: 2 })).toBe("several");
	});

	test("size is judged by the pixels that the engine gets", () => {
		// 150 pixels of the 1280 that it works with are 75 of these 640.
		expect(hintOf(body(320, 180, 80))).toBe("good");
		expect(hintOf(body(320, 180, 70))).toBe("small");
		expect(hintOf(body(320, 180, 80), { filmPx: 640 })).toBe("small"); // a film that has no more
		expect(hintOf(body(320, 180, 80), { filmPx: 3840 })).toBe("good"); // more is not used
		expect(hintOf(body(320, 175, 345))).toBe("large");
	});
});

describe("the warning", () => {
	test("its probability rises from nothing before the fifth frame to certainty at the twentieth", () => {
		for (const n of [0, 1, 4])
			expect(warningProbability(n)).toBe(0);
		expect(warningProbability(5)).toBe(1 / 16);
		expect(warningProbability(19)).toBe(15 / 16);
		for (const n of [20, 21, 1000])
			expect(warningProbability(n)).toBe(1);
		for (let n = 5; n < 20; n++)
			expect(warningProbability(n + 1) - warningProbability(n)).toBeCloseTo(1 / 16, 12);
	});

	test("comes with the fifth frame at the earliest and the twentieth at the latest", () => {
		const first = (random: () => number) => {
			const warning = new NobodyWarning(random);
			for (let n = 1; n <= 40; n++)
				if (warning.add("nobody"))
					return n;
			return Infinity;
		};
		expect(first(() => 0)).toBe(5);
		expect(first(() => 1 - 2 ** -53)).toBe(20);
		expect(first(() => 0.5)).toBe(13); // 9/16 is the first above one half
	});

	test("each frame draws anew: as often as the product of chances says", () => {
		let seed = 1;
		const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
		const counts = new Map<number, number>();
		for (let run = 0; run < 20_000; run++) {
			const warning = new NobodyWarning(random);
			let n = 1;
			while (!warning.add("nobody"))
				n++;
			counts.set(n, (counts.get(n) ?? 0) + 1);
		}
		let before = 1;
		for (let n = 5; n <= 12; n++) {
			expect((counts.get(n) ?? 0) / 20_000, String(n)).toBeCloseTo(before * warningProbability(n), 1.7);
			before *= 1 - warningProbability(n);
		}
	});

	test("stays until somebody is in view, then counts from the start", () => {
		const warning = new NobodyWarning(() => 0);
		for (let n = 0; n < 5; n++)
			warning.add("nobody");
		expect(warning.add("nobody")).toBe(true);
		expect(warning.add("feet")).toBe(false);
		expect([1, 2, 3, 4].map(() => warning.add("nobody"))).toEqual([false, false, false, false]);
		expect(warning.add("nobody")).toBe(true);
	});
});

test("screen readers are told what lasts, not what flickers", () => {
	const announcer = new Announcer();
	const said: [number, Hint][] = [];
	const run = (fromS: number, toS: number, hint: (i: number) => Hint) => {
		for (let i = Math.round(fromS * 5); i < toS * 5; i++) {
			const now = announcer.add(hint(i), i / 5);
			if (now)
				said.push([i / 5, now]);
		}
	};
	run(0, 5, (i) => (i % 2 ? "feet" : "good"));
	expect(said).toEqual([]);
	run(5, 10, () => "feet");
	run(10, 11, () => "good");
	run(11, 20, () => "feet");
	run(20, 25, () => "good");
	expect(said.map(([, hint]) => hint)).toEqual(["feet", "good"]);
	expect(said[0]?.[0]).toBeCloseTo(6, 6);
});

function walk(n: number, frame: (share: number) => Partial<Frame>): Frame[] {
	return Array.from({ length: n }, (_, i) => ({
		t: i / 5, hint: "good", people: 1, share: 0.4, x: 0.5, y: 0.5, height: 0.2, shoulders: 0.06, ...frame(i / (n - 1)),
	}));
}

describe("a whole film", () => {
	test("across is a side view, nearer or away is a front view, neither is none", () => {
		expect(viewOf(walk(30, (s) => ({ x: 0.1 + 0.8 * s })))).toBe("side");
		expect(viewOf(walk(30, (s) => ({ x: 0.9 - 0.8 * s })))).toBe("side");
		expect(viewOf(walk(30, (s) => ({ height: 0.1 + 0.2 * s, shoulders: 0.2 })))).toBe("front");
		expect(viewOf(walk(30, (s) => ({ height: 0.3 - 0.2 * s, shoulders: 0.2 })))).toBe("front");
		expect(viewOf(walk(30, () => ({})))).toBeNull(); // a treadmill
		expect(viewOf(walk(5, (s) => ({ x: s })))).toBeNull();
		const shown = (view: "front" | "side") => summarise(view, walk(30, (s) => ({ x: 0.1 + 0.8 * s })), 0.2, 16 / 9).otherView;
		expect([shown("side"), shown("front")]).toEqual([false, true]);
	});

	test("a camera that leans is seen by the way of the hips", () => {
		const lean = (degrees: number) => walk(40, (s) => ({ x: s, y: 0.5 + (s - 0.5) * Math.tan((degrees * Math.PI) / 180) * (16 / 9) + 0.01 * Math.sin(40 * s) }));
		expect(leanOf(lean(6), 16 / 9)).toBeCloseTo(6, 0);
		expect(leanOf(lean(-6), 16 / 9)).toBeCloseTo(-6, 0);
		expect(summarise("side", lean(6), 0.2, 16 / 9).leanDegrees).toBe(6);
		expect(summarise("side", lean(2), 0.2, 16 / 9).leanDegrees).toBeNull();
		expect(leanOf(walk(40, () => ({})), 16 / 9)).toBeNull();
	});

	test("ranges leave out coming and going, join flickers and drop single looks", () => {
		const film = (text: string) => Array.from(text, (c, i): Frame => ({
			...(walk(1, () => ({}))[0] as Frame), t: i / 5, hint: ({ ".": "nobody", "<": "side", g: "good", f: "feet", h: "head" } as const)[c] ?? "good",
		}));
		expect(rangesOf(film("...<<ggggffffgffffgggg<..."), 0.2)).toEqual([
			{ hint: "feet", fromS: 1.8, toS: expect.closeTo(3.6, 6) as number },
		]);
		expect(rangesOf(film("gfffggfffg"), 0.2)).toHaveLength(2);
		expect(rangesOf(film("ggghgggffggg"), 0.2)).toEqual([]);
		expect(rangesOf(film("gg.....gg"), 0.2).map((r) => r.hint)).toEqual(["nobody"]);
		expect(rangesOf(film("....."), 0.2)).toEqual([{ hint: "nobody", fromS: 0, toS: 1 }]);
		expect(rangesOf([], 0.2)).toEqual([]);
		expect(summarise("side", film("ggggffff.."), 0.2, 16 / 9).wholeShare).toBe(0.4);
	});
});
