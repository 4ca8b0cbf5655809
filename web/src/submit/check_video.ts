import type { Key } from "../i18n/en";
import type { View } from "../api/result";

/* Looks at a chosen video before minutes are spent on sending it. The server judges again; what a browser cannot tell is left to it. */

export const limits = { bytes: 500_000_000, minS: 3, maxS: 120, minPixels: 240, lowPixels: 480, lowFps: 23.5 };

export interface VideoFacts {
	bytes: number;
	durationS: number | null;
	width: number | null;
	height: number | null;
	fps: number | null;
	codec: string | null;
	hdr: boolean;
	slowed: number; // how many times slower it plays than it was filmed
	playable: boolean; // by this browser
	thumbnail: string | null;
}

export interface Remark {
	key: Key;
	vars?: Record<string, string | number>;
}

export interface Verdict {
	facts: VideoFacts;
	error: Remark | null;
	warnings: Remark[];
}

export type Container = "mp4" | "matroska" | "avi" | null;

/* By content, as the server does: names and types that a device gives say little. */
export function sniff(head: Uint8Array): Container {
	const text = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to));
	if (["ftyp", "moov", "mdat", "wide", "free", "skip"].includes(text(4, 8)))
		return "mp4";
	if (head[0] === 0x1a && head[1] === 0x45 && head[2] === 0xdf && head[3] === 0xa3)
		return "matroska";
	return text(0, 4) === "RIFF" && text(8, 12) === "AVI " ? "avi" : null;
}

export function judge(view: View, container: Container, facts: VideoFacts): Omit<Verdict, "facts"> {
	const { bytes, durationS, width, height, fps, slowed } = facts;
	const warnings: Remark[] = [];

	if (bytes === 0)
		return { error: { key: "video.empty" }, warnings };
	if (container === null)
		return { error: { key: "video.type" }, warnings };
	if (bytes > limits.bytes)
		return { error: { key: "video.size" }, warnings };
	if (durationS !== null && durationS < limits.minS)
		return { error: { key: "video.short", vars: { seconds: Math.floor(durationS * 10) / 10 } }, warnings };
	if (durationS !== null && durationS > limits.maxS)
		return { error: { key: "video.long", vars: { seconds: Math.ceil(durationS) } }, warnings };
	if (width !== null && height !== null) {
		if (Math.min(width, height) < limits.minPixels)
			return { error: { key: "video.small", vars: { width, height } }, warnings };
		if (Math.min(width, height) < limits.lowPixels)
			warnings.push({ key: "video.warn.low", vars: { width, height } });
		if (view === "side" && height > width)
			warnings.push({ key: "video.warn.portrait" });
	}
	if (fps !== null && fps < limits.lowFps)
		warnings.push({ key: "video.warn.fps", vars: { fps: Math.round(fps) } });
	if (slowed > 1)
		warnings.push({ key: "video.warn.slow", vars: { times: Math.round(slowed) } });
	if (!facts.playable)
		warnings.push({ key: width === null ? "video.warn.unreadable" : "video.warn.unplayable", vars: { codec: facts.codec?.toUpperCase() ?? "" } });
	return { error: null, warnings };
}

function once(target: HTMLVideoElement, event: string, within_ms: number): Promise<boolean> {
	return new Promise((done) => {
		const timer = setTimeout(() => done(false), within_ms);
		const end = (ok: boolean) => () => { clearTimeout(timer); done(ok); };
		target.addEventListener(event, end(true), { once: true });
		target.addEventListener("error", end(false), { once: true });
	});
}

function draw(video: HTMLVideoElement): string | null {
	const canvas = document.createElement("canvas");
	const scale = Math.min(1, 320 / Math.max(video.videoWidth, video.videoHeight));
	const context = canvas.getContext("2d");

	canvas.width = Math.round(video.videoWidth * scale);
	canvas.height = Math.round(video.videoHeight * scale);
	if (!context || canvas.width === 0)
		return null;
	context.drawImage(video, 0, 0, canvas.width, canvas.height);
	return canvas.toDataURL("image/jpeg", 0.8);
}

const unknown: Omit<VideoFacts, "bytes"> = {
	durationS: null, width: null, height: null, fps: null, codec: null, hdr: false, slowed: 1, playable: false, thumbnail: null,
};

/* What the browser can see of it. */
async function play(file: File): Promise<Partial<VideoFacts>> {
	const video = document.createElement("video");
	const url = URL.createObjectURL(file);

	try {
		video.muted = true;
		video.playsInline = true;
		video.preload = "auto";
		video.src = url;
		if (!(await once(video, "loadeddata", 10_000)) || video.videoWidth === 0)
			return {};
		const durationS = Number.isFinite(video.duration) ? video.duration : null;
		video.currentTime = Math.min(1, (durationS ?? 0) / 2);
		const thumbnail = (await once(video, "seeked", 5_000)) ? draw(video) : null;
		return { ...(durationS === null ? {} : { durationS }), width: video.videoWidth, height: video.videoHeight, playable: true, thumbnail };
	} finally {
		video.removeAttribute("src");
		video.load();
		URL.revokeObjectURL(url);
	}
}

/* What both know: the file of itself, and the browser that plays it. */
async function look(file: File): Promise<VideoFacts> {
	const [said, played] = await Promise.all([import("./container_facts").then((m) => m.containerFacts(file), () => null), play(file)]);
	const known = said ? Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null)) : {};
	return { ...unknown, bytes: file.size, ...played, ...known };
}

export async function checkVideo(view: View, file: File): Promise<Verdict> {
	const head = await file.slice(0, 16).arrayBuffer().catch(() => null);
	// Moved or removed since it was chosen; a copy that was sent meanwhile, too.
	if (head === null)
		return { facts: { ...unknown, bytes: file.size }, error: { key: "video.gone" }, warnings: [] };
	const container = sniff(new Uint8Array(head));
	const facts = container ? await look(file) : { ...unknown, bytes: file.size };
	return { facts, ...judge(view, container, facts) };
}
