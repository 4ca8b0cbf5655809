/* What a browser offers for filming, and what it says when it does not. */

export type Support = "yes" | "insecure" | "old";
export type CameraProblem = "denied" | "none" | "taken" | "lost" | "failed";

export function cameraSupport(): Support {
	if (!window.isSecureContext)
		return "insecure"; // then navigator.mediaDevices is missing, too
	// The types say that they are always there; older browsers differ.
	const { mediaDevices } = navigator as { mediaDevices?: MediaDevices };
	return mediaDevices && "getUserMedia" in mediaDevices && "MediaRecorder" in window ? "yes" : "old";
}

export function problemOfCamera(error: unknown): CameraProblem {
	const name = error instanceof DOMException ? error.name : "";

	if (name === "NotAllowedError" || name === "SecurityError")
		return "denied";
	if (name === "NotFoundError" || name === "OverconstrainedError")
		return "none";
	return name === "NotReadableError" || name === "AbortError" ? "taken" : "failed";
}

export type Which = { facing: "environment" | "user" } | { deviceId: string };

/* Wishes, no demands. 60 frames a second place steps in time twice as well as 30; no sound is wanted by anybody. */
/* resizeMode "none": what the camera sees, not a part of it cut to the wished shape. TypeScript does not know the name yet. */
const uncut = { resizeMode: { ideal: "none" } };

export function constraintsFor(which: Which): MediaStreamConstraints {
	return {
		audio: false,
		video: {
			...("facing" in which ? { facingMode: { ideal: which.facing } } : { deviceId: { exact: which.deviceId } }),
			width: { ideal: 1280 },
			height: { ideal: 720 },
			frameRate: { ideal: 60 },
			...uncut,
		},
	};
}

/* The other side of a phone; on a computer the next camera. null: there is no other. */
export async function otherCamera(stream: MediaStream): Promise<Which | null> {
	const settings = stream.getVideoTracks()[0]?.getSettings();
	const all = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "videoinput");

	if (all.length < 2)
		return null;
	if (settings?.facingMode === "environment" || settings?.facingMode === "user")
		return { facing: settings.facingMode === "user" ? "environment" : "user" };
	const next = all[(all.findIndex((d) => d.deviceId === settings?.deviceId) + 1) % all.length];
	return next ? { deviceId: next.deviceId } : null;
}

/* H.264 first: most phones encode it in hardware. VP8 before VP9: it costs less, and a frame that is left out costs more than bytes. */
const types = [
	"video/mp4;codecs=avc1.640028", "video/mp4;codecs=avc1.42E01F", "video/mp4", "video/webm;codecs=vp8", "video/webm;codecs=vp9", "video/webm",
];

export function bestType(isSupported: (type: string) => boolean): string | null {
	return types.find((type) => isSupported(type)) ?? null;
}

export const bitsPerSecond = 8_000_000; // 120 s are then 120 MB, a quarter of what is taken

/* "side-2026-11-30-0907.mp4" */
export function nameOf(view: string, type: string, now: Date): string {
	const two = (n: number) => String(n).padStart(2, "0");
	const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
	return `${view}-${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}.${type.includes("mp4") ? "mp4" : "webm"}`;
}
