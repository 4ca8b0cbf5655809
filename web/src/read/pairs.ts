import { joints, type Curve, type Joint } from "../api/result";

/* Left and right of each joint, in the order of the body. */

export interface Pair {
	joint: Joint;
	left: Curve | undefined;
	right: Curve | undefined;
}

export function pairs(curves: Curve[]): Pair[] {
	return joints
		.map((joint) => ({
			joint,
			left: curves.find((c) => c.joint === joint && c.side === "left"),
			right: curves.find((c) => c.joint === joint && c.side === "right"),
		}))
		.filter((p) => p.left ?? p.right);
}
