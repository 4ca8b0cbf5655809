import { useEffect, useState, type RefObject } from "react";

/* The measurement calls times coarse below this (docs/gait-methods.md). */
export const fewPictures = 24;

/* Pictures a second that the camera gave while it was @recording; null: not known. In the dark phones give half of them. */
export function usePictureRate(video: RefObject<HTMLVideoElement | null>, recording: boolean): number | null {
	const [rate, setRate] = useState<number | null>(null);

	useEffect(() => {
		const element = video.current;
		if (!recording || !element || !("requestVideoFrameCallback" in element))
			return;
		let first: { at: number; count: number } | null = null;
		let handle = element.requestVideoFrameCallback(function count(now, { presentedFrames }) {
			first ??= { at: now, count: presentedFrames };
			if (now - first.at > 1000)
				setRate((1000 * (presentedFrames - first.count)) / (now - first.at));
			handle = element.requestVideoFrameCallback(count);
		});
		return () => element.cancelVideoFrameCallback(handle);
	}, [recording, video]);
	return rate;
}
