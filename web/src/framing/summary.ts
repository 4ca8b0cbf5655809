import type { View } from "../api/result";
import { leanOf, viewOf, type Frame, type Hint } from "./judge";

/* What is to be said of a whole film. */

export interface Range {
	hint: Exclude<Hint, "good">;
	fromS: number;
	toS: number;
}

export interface Summary {
	wholeShare: number; // of the looks in which one whole body was in view
	ranges: Range[]; // in order of time
	otherView: boolean; // it looks as if it were filmed for the other field
	leanDegrees: number | null; // only where it is worth a word
}

const shortestS = 0.5;
const mostRanges = 6;
const worthDegrees = 4;

/* Runs of one fault. Nobody before the walker comes and after he left is no fault, nor is half of him while he does so. */
export function rangesOf(frames: Frame[], everyS: number): Range[] {
	const inView = frames.map((f) => f.hint !== "nobody" && f.hint !== "side");
	const first = inView.indexOf(true);
	const last = inView.lastIndexOf(true);
	const ranges: Range[] = [];

	if (first < 0)
		return frames.length > 0 ? [{ hint: "nobody", fromS: frames[0]?.t ?? 0, toS: (frames.at(-1)?.t ?? 0) + everyS }] : [];
	for (const { t, hint } of frames.slice(first, last + 1)) {
		const open = ranges.at(-1);
		if (hint === "good")
			continue;
		// A single look in between that says something else does not end it.
		if (open?.hint === hint && t - open.toS <= 1.5 * everyS)
			open.toS = t + everyS;
		else
			ranges.push({ hint, fromS: t, toS: t + everyS });
	}
	return ranges
		.filter((r) => r.toS - r.fromS >= shortestS)
		.sort((a, b) => b.toS - b.fromS - (a.toS - a.fromS))
		.slice(0, mostRanges)
		.sort((a, b) => a.fromS - b.fromS);
}

export function summarise(view: View, frames: Frame[], everyS: number, aspect: number): Summary {
	const shown = viewOf(frames);
	const lean = view === "side" && shown !== "front" ? leanOf(frames, aspect) : null;

	return {
		wholeShare: frames.length > 0 ? frames.filter((f) => f.hint === "good").length / frames.length : 0,
		ranges: rangesOf(frames, everyS),
		otherView: shown !== null && shown !== view,
		leanDegrees: lean !== null && Math.abs(lean) >= worthDegrees ? Math.round(Math.abs(lean)) : null,
	};
}
