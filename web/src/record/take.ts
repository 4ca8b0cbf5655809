import { limits } from "../submit/check_video";
import type { CameraProblem } from "./camera";

/* One take, from the camera's start to a file that is kept or not. Pure. */

export const countFromS = 5;

export type Take =
	| { phase: "opening" }
	| { phase: "problem"; problem: CameraProblem }
	| { phase: "ready" }
	| { phase: "counting"; left: number }
	| { phase: "recording"; elapsedS: number }
	| { phase: "saving"; seconds: number }
	| { phase: "replay"; file: File; seconds: number };

export type Act =
	| { act: "opened" }
	| { act: "failed"; problem: CameraProblem }
	| { act: "open" } // the camera, again or another one
	| { act: "start" }
	| { act: "second" } // of the countdown
	| { act: "time"; elapsedS: number } // of the recording
	| { act: "stop" }
	| { act: "saved"; file: File };

function stopped(take: Take): Take {
	if (take.phase === "counting")
		return { phase: "ready" };
	return take.phase === "recording" ? { phase: "saving", seconds: take.elapsedS } : take;
}

/* What does not fit the phase changes nothing: a camera that opens late, a second press of a button. */
export function nextTake(take: Take, a: Act): Take {
	switch (a.act) {
	case "open":
		return { phase: "opening" };
	case "opened":
		return take.phase === "opening" ? { phase: "ready" } : take;
	case "failed":
		// What was filmed until then is kept.
		return take.phase === "recording" ? stopped(take) : take.phase === "saving" || take.phase === "replay" ? take : { phase: "problem", problem: a.problem };
	case "start":
		return take.phase === "ready" ? { phase: "counting", left: countFromS } : take;
	case "second":
		if (take.phase !== "counting")
			return take;
		return take.left > 1 ? { phase: "counting", left: take.left - 1 } : { phase: "recording", elapsedS: 0 };
	case "time":
		if (take.phase !== "recording")
			return take;
		return a.elapsedS >= limits.maxS - 0.5 ? { phase: "saving", seconds: a.elapsedS } : { phase: "recording", elapsedS: a.elapsedS };
	case "stop":
		return stopped(take);
	case "saved":
		return take.phase === "saving" ? { phase: "replay", file: a.file, seconds: take.seconds } : take;
	}
}

export function isLongEnough(seconds: number): boolean {
	return seconds >= limits.minS;
}

/* "0:07" */
export function clock(seconds: number): string {
	const whole = Math.floor(seconds);
	return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
