/* What the engine sees in one frame: docs/pose.md. Coordinates are pixels of the picture that was looked at, x right, y down. */

export interface Point {
	x: number;
	y: number;
	confidence: number;
}

export interface Seen {
	t: number; // seconds
	width: number;
	height: number;
	filmPx: number; // the longer side of the film itself
	people: number;
	points: Point[] | null; // BODY_25; null: nobody
}

/* BODY_25, as far as it is used here. */
export const at = {
	nose: 0, neck: 1, rightShoulder: 2, leftShoulder: 5, midHip: 8, rightHip: 9, leftHip: 12,
	rightKnee: 10, leftKnee: 13, rightAnkle: 11, leftAnkle: 14,
	leftToe: 19, leftHeel: 21, rightToe: 22, rightHeel: 24,
} as const;

export const feet = [at.rightAnkle, at.leftAnkle, at.leftToe, at.leftHeel, at.rightToe, at.rightHeel];

/* The pictures are looked at in this size: the landmark model sees 256 pixels of a body, and less to copy keeps phones cool. */
export const lookedAtPx = 640;
