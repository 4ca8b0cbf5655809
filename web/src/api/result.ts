/* result.json, version 2: schema/result.schema.json. A test holds this file's lists against the schema. */

export type View = "front" | "side";
export type Foot = "left" | "right";

export interface Reference {
	low: number;
	high: number;
	source: string;
}

export interface Value {
	value: number | null;
	unit: string;
	n: number;
	sd: number | null;
	ci95: [number, number] | null;
	view?: View;
	reason?: string;
	cv?: number;
	doubts?: string[];
}

export type Whole = Value & { reference?: Reference };

export interface Sided {
	left: Value;
	right: Value;
	both: number | null;
	reference?: Reference;
}

export interface ViewQuality {
	frames: number;
	fps: number;
	frames_with_person: number;
	mean_confidence: number;
	cycles_left: number;
	cycles_right: number;
	steps: number;
	legs_exchanged: number;
	passes: { start_s: number; end_s: number; direction: -1 | 0 | 1 }[];
	flags: string[];
}

export interface StepEvent {
	view: View;
	foot: Foot;
	kind: "heel_strike" | "toe_off";
	frame: number;
	time_s: number;
	contact?: "heel" | "flat" | "toe";
	contact_angle?: number;
}

export interface Cycle {
	view: View;
	foot: Foot;
	start_s: number;
	end_s: number;
	toe_off_s: number | null;
}

interface Extreme {
	value: number;
	sd: number | null;
	at_percent: number;
	at_percent_sd: number | null;
}

export type Points = (number | null)[];

export const joints = ["hip", "knee", "ankle", "trunk", "foot"] as const;
export type Joint = (typeof joints)[number];

export interface Curve {
	joint: Joint;
	side: Foot;
	unit: "degrees";
	n: number;
	mean: Points;
	sd: Points;
	range: number;
	highest: Extreme;
	lowest: Extreme;
	reference: { source: string; mean: Points; sd: Points } | null;
}

interface ProfileSide {
	gait_profile_score: number | null;
	hip: number | null;
	knee: number | null;
	ankle: number | null;
}

export interface Score {
	value: number | null;
	model: {
		name: string;
		version: string;
		sha256: string;
		demonstration: boolean;
		population: string;
		trained: string;
		notice: string;
	} | null;
	interval: [number, number] | null;
	decision: string | null;
	calibration: { group: string; n: number; predicted: number; observed: number; brier: number | null } | null;
	margin: number | null;
	bias: number | null;
	contributions: { feature: string; unit: string; value: number | null; contribution: number | null }[];
	reasons: { code: string; text: string }[];
}

export interface Result {
	schema: 2;
	score: Score;
	patient: Record<string, string | number | null>;
	quality: {
		front: ViewQuality | null;
		side: ViewQuality | null;
		synchronisation: { joined: boolean; offset_s: number | null; spread_s: number | null; correction_s: number | null };
	};
	events: StepEvent[];
	cycles: Cycle[];
	parameters: Record<string, Whole | Sided>;
	curves: Curve[];
	profile: { unit: "degrees"; reference: string | null; left: ProfileSide; right: ProfileSide; gait_profile_score: number | null };
	texts: Record<string, string>;
	engine: { analysis: string; pose_front: string | null; pose_side: string | null };
	inputs: Record<View, { video_sha256: string | null; frames: number } | null>;
}

export function isSided(p: Whole | Sided): p is Sided {
	return "left" in p;
}
