import type { Cycle, Foot, StepEvent, View } from "../api/result";

/* Where in its stride a foot is at a video's time, in per cent; null between strides. */
export function percentAt(cycles: Cycle[], view: View, foot: Foot, time_s: number): number | null {
	const cycle = cycles.find((c) => c.view === view && c.foot === foot && c.start_s <= time_s && time_s < c.end_s);
	return cycle ? (100 * (time_s - cycle.start_s)) / (cycle.end_s - cycle.start_s) : null;
}

/* The nearest event before (-1) or after (1) a time; half a frame of slack, since a video stands on frames. */
export function neighbour(events: StepEvent[], view: View, time_s: number, direction: -1 | 1): StepEvent | null {
	const slack = 0.02;
	const there = events.filter((e) => e.view === view && (direction > 0 ? e.time_s > time_s + slack : e.time_s < time_s - slack));
	return there.reduce<StepEvent | null>(
		(best, e) => (best === null || direction * (e.time_s - best.time_s) < 0 ? e : best), null);
}

export function eventAt(events: StepEvent[], view: View, time_s: number): StepEvent | null {
	return events.find((e) => e.view === view && Math.abs(e.time_s - time_s) <= 0.04) ?? null;
}
