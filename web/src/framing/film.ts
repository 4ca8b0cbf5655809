import type { View } from "../api/result";
import type { Eye } from "./eye";
import { judgeFrame, type Frame } from "./judge";

/* A chosen file, looked at in the background: five pictures of each second, no more than 300 in all. */

const everyS = 0.2;
const mostLooks = 300;
const everywhereS = 1;
const patienceMs = 10_000;

export interface Film {
	frames: Frame[];
	everyS: number;
	aspect: number;
}

export class Unreadable extends Error {}

function after(video: HTMLVideoElement, event: string, act: () => void): Promise<void> {
	return new Promise((done, fail) => {
		const end = (ok: boolean) => () => {
			clearTimeout(timer);
			video.removeEventListener(event, good);
			video.removeEventListener("error", bad);
			if (ok)
				done();
			else
				fail(new Unreadable(event));
		};
		const good = end(true);
		const bad = end(false);
		const timer = setTimeout(bad, patienceMs);
		video.addEventListener(event, good);
		video.addEventListener("error", bad);
		act();
	});
}

/* A recording has no length in its head until its end was sought. */
export async function lengthOf(video: HTMLVideoElement): Promise<number> {
	if (!Number.isFinite(video.duration))
		await after(video, "durationchange", () => (video.currentTime = 1e101));
	if (!Number.isFinite(video.duration))
		throw new Unreadable("duration");
	return video.duration;
}

export async function lookAtFilm(view: View, file: Blob, eye: Eye, onProgress: (share: number) => void, signal: AbortSignal): Promise<Film> {
	const video = document.createElement("video");
	const url = URL.createObjectURL(file);
	const frames: Frame[] = [];

	try {
		video.muted = true;
		video.playsInline = true;
		video.preload = "auto";
		await after(video, "loadeddata", () => (video.src = url));
		if (video.videoWidth === 0)
			throw new Unreadable("no picture");
		const length = await lengthOf(video);
		const step = Math.max(everyS, length / mostLooks);
		let everywhereAt = -Infinity;

		await eye.ready;
		eye.restart(view);
		for (let t = 0; t < length - 0.01 && !signal.aborted; t += step) {
			await after(video, "seeked", () => (video.currentTime = t));
			const everywhere = t - everywhereAt >= everywhereS;
			frames.push(judgeFrame(await eye.look(view, await createImageBitmap(video), t, everywhere)));
			if (everywhere)
				everywhereAt = t;
			onProgress(Math.min(1, (t + step) / length));
		}
		return { frames, everyS: step, aspect: video.videoWidth / video.videoHeight };
	} finally {
		video.removeAttribute("src");
		video.load();
		URL.revokeObjectURL(url);
	}
}
