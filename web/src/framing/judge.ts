import type { View } from "../api/result";
import { at, feet, type Point, type Seen } from "./points";

/* Is the picture one that can be measured? Pure: no camera, no model, no clock. */

export type Hint = "nobody" | "several" | "feet" | "head" | "side" | "small" | "large" | "good";

/* The engine works on pictures of 1280 pixels and shows its model a body in about 190 of 256: a body of fewer pixels is
 * enlarged and holds less than the model could use. Below 150 hints say so. */
const workedAtPx = 1280;
const smallPx = 150;
const largeShare = 0.92; // of the picture's height: the next step may leave it
const edgeShare = 0.005;
const unseen = 0.15;

export interface Frame {
	t: number;
	hint: Hint;
	people: number;
	share: number; // the body's height by the picture's; 0: nobody
	x: number; // of the hips, 0 left, 1 right
	y: number; // 0 top, 1 bottom
	height: number; // of the body, in widths of the picture
	shoulders: number; // their width as seen, by the body's height
}

function point(points: Point[], i: number): Point {
	return points[i] ?? { x: 0, y: 0, confidence: 0 };
}

/* From the top of the head, which is as far above the nose as four fifths of nose to shoulders. */
function spanOf(points: Point[]): { top: number; bottom: number } {
	const nose = point(points, at.nose);
	const neck = point(points, at.neck);

	return {
		top: nose.y - 0.8 * Math.abs(neck.y - nose.y),
		bottom: Math.max(...feet.map((i) => point(points, i).y)),
	};
}

function hintOf(seen: Seen, points: Point[], top: number, bottom: number): Hint {
	const { width, height } = seen;
	const trunk = [at.nose, at.rightShoulder, at.leftShoulder, at.rightHip, at.leftHip, ...feet].map((i) => point(points, i));
	const edge = edgeShare * height;

	if (seen.people > 1)
		return "several";
	// The model tells where a foot is that it does not see: below the picture, or with little confidence.
	if (bottom > height - edge || feet.every((i) => point(points, i).confidence < unseen))
		return "feet";
	if (top < edge)
		return "head";
	if (trunk.some((p) => p.x < 0 || p.x > width))
		return "side";
	if (((bottom - top) / Math.max(width, height)) * Math.min(workedAtPx, seen.filmPx) < smallPx)
		return "small";
	return bottom - top > largeShare * height ? "large" : "good";
}

export function judgeFrame(seen: Seen): Frame {
	const { t, width, height, points } = seen;

	if (!points || seen.people === 0)
		return { t, hint: "nobody", people: 0, share: 0, x: 0, y: 0, height: 0, shoulders: 0 };
	const { top, bottom } = spanOf(points);
	const tall = Math.max(1, bottom - top);
	return {
		t,
		hint: hintOf(seen, points, top, bottom),
		people: seen.people,
		share: tall / height,
		x: point(points, at.midHip).x / width,
		y: point(points, at.midHip).y / height,
		height: tall / width,
		shoulders: Math.abs(point(points, at.leftShoulder).x - point(points, at.rightShoulder).x) / tall,
	};
}

export const warnFrom = 5;
export const warnSurely = 20;

/* How likely the n-th frame in a row without a person raises the warning: 0 before the fifth, then 1/16, 2/16, … and 1 at the
 * twentieth: (n - 5 + 1) / (20 - 5 + 1). */
export function warningProbability(n: number): number {
	return n < warnFrom ? 0 : Math.min(1, (n - warnFrom + 1) / (warnSurely - warnFrom + 1));
}

/* Each frame draws anew; once raised, the warning stays until somebody is in view. */
export class NobodyWarning {
	private inARow = 0;
	private raised = false;

	constructor(private readonly random: () => number = Math.random) {}

	add(hint: Hint): boolean {
		if (hint !== "nobody") {
			this.inARow = 0;
			this.raised = false;
			return false;
		}
		this.inARow++;
		// random() is below 1, so that a probability of 1 is certain.
		this.raised ||= this.random() < warningProbability(this.inARow);
		return this.raised;
	}
}

/* What a screen reader is told: what stayed for a second, and no more than one in three. */
export class Announcer {
	private hint: Hint | null = null;
	private since = 0;
	private said: Hint | null = null;
	private saidAt = -Infinity;

	/* The hint to announce now, or null. */
	add(hint: Hint, t: number): Hint | null {
		if (hint !== this.hint) {
			this.hint = hint;
			this.since = t;
		}
		if (hint === this.said || t - this.since < 1 || t - this.saidAt < 3)
			return null;
		this.said = hint;
		this.saidAt = t;
		return hint;
	}
}

function median(values: number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[sorted.length >> 1] ?? 0;
}

/* Which view a film rather shows, from how the body moved; null: it did not move enough, or in both ways.
 * Across: the way of the hips in heights of the body. Nearer: how its height changed. */
export function viewOf(frames: Frame[]): View | null {
	const body = frames.filter((f) => f.hint !== "nobody" && f.hint !== "side");

	if (body.length < 8)
		return null;
	const part = Math.max(1, Math.floor(body.length / 4));
	const early = body.slice(0, part);
	const late = body.slice(-part);
	const height = median(body.map((f) => f.height));
	const across = Math.abs(median(late.map((f) => f.x)) - median(early.map((f) => f.x))) / height;
	const nearer = Math.abs(Math.log(median(late.map((f) => f.height)) / median(early.map((f) => f.height))));
	const shoulders = median(body.map((f) => f.shoulders));

	if (across > 0.8 && nearer < 0.3 && shoulders < 0.14)
		return "side";
	return nearer > 0.2 && across < 0.5 && shoulders > 0.1 ? "front" : null;
}

/* Clockwise degrees by which the camera leans, from somebody who walks across the picture: with the camera at the height of the hips
 * they stay level, be the path oblique or not. null: not to be told. @aspect: width by height. */
export function leanOf(frames: Frame[], aspect: number): number | null {
	const body = frames.filter((f) => f.hint !== "nobody" && f.hint !== "side");
	const n = body.length;
	const mean = (of: (f: Frame) => number) => body.reduce((sum, f) => sum + of(f), 0) / n;

	if (n < 10 || Math.max(...body.map((f) => f.x)) - Math.min(...body.map((f) => f.x)) < 0.4)
		return null;
	const [x, y] = [mean((f) => f.x), mean((f) => f.y)];
	const slope = mean((f) => (f.x - x) * (f.y - y)) / mean((f) => (f.x - x) ** 2) / aspect;
	return (Math.atan(slope) * 180) / Math.PI;
}
