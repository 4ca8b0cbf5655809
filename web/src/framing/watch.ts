import type { Eye } from "./eye";
import { judgeFrame, type Frame } from "./judge";

export const everyMs = 200;
const everywhereMs = 1000; // so often the detector looks for other people, too

/* Look at a playing video about five times a second, less often where a look takes longer, until @signal. While it is recorded
 * (@gently) the encoder comes first: the worker rests twice as long as it looked. */
export async function watch(
	video: HTMLVideoElement, eye: Eye, onFrame: (frame: Frame) => void, gently: () => boolean, signal: AbortSignal,
): Promise<void> {
	let everywhereAt = -Infinity;
	const goesOn = () => !signal.aborted;

	eye.restart("camera");
	while (goesOn()) {
		const began = performance.now();
		if (video.readyState >= 2 && video.videoWidth > 0) {
			const everywhere = began - everywhereAt >= everywhereMs;
			const picture = await createImageBitmap(video);
			const seen = await eye.look("camera", picture, began / 1000, everywhere);
			if (everywhere)
				everywhereAt = began;
			if (goesOn())
				onFrame(judgeFrame(seen));
		}
		const took = performance.now() - began;
		await new Promise((done) => setTimeout(done, Math.max(20, everyMs - took, gently() ? 2 * took : 0)));
	}
}
