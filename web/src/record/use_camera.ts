import { useCallback, useEffect, useRef, useState, type RefObject } from "react";
import { constraintsFor, otherCamera, problemOfCamera, type CameraProblem, type Which } from "./camera";

/* A phone's screen stays on while its camera does. Browsers let go of it by themselves where the page is hidden. */
function useWakeLock(active: boolean): void {
	useEffect(() => {
		const { wakeLock } = navigator as { wakeLock?: WakeLock };
		if (!active || !wakeLock)
			return;
		let lock: WakeLockSentinel | null = null;
		let over = false;
		const take = () => {
			if (document.visibilityState === "visible")
				void wakeLock.request("screen").then((got) => {
					lock = got;
					if (over)
						void got.release();
				}, () => undefined); // an empty battery refuses it
		};
		take();
		document.addEventListener("visibilitychange", take);
		return () => {
			over = true;
			document.removeEventListener("visibilitychange", take);
			void lock?.release();
		};
	}, [active]);
}

export interface Camera {
	stream: MediaStream | null;
	mirrored: boolean; // a camera that faces who holds it: shown as a mirror would, recorded as it is
	hasOther: boolean;
	open: () => void;
	openOther: () => void;
	close: () => void;
}

function stopAll(stream: MediaStream | null): void {
	stream?.getTracks().forEach((track) => track.stop());
}

/* The camera as long as somebody wants it; shown in @video. */
export function useCamera(video: RefObject<HTMLVideoElement | null>, told: { opened: () => void; turned: () => void; failed: (problem: CameraProblem) => void }): Camera {
	const [stream, setStream] = useState<MediaStream | null>(null);
	const [other, setOther] = useState<Which | null>(null);
	const current = useRef<MediaStream>(null);
	const turn = useRef(0); // an answer to an earlier wish is let go
	const tell = useRef(told);
	tell.current = told;

	const close = useCallback(() => {
		turn.current++;
		stopAll(current.current);
		current.current = null;
		setStream(null);
	}, []);
	const start = useCallback(async (which: Which) => {
		close();
		const mine = turn.current;
		try {
			const got = await navigator.mediaDevices.getUserMedia(constraintsFor(which));
			if (turn.current !== mine) {
				stopAll(got);
				return;
			}
			current.current = got;
			got.getVideoTracks()[0]?.addEventListener("ended", () => {
				if (current.current === got)
					tell.current.failed("lost");
			});
			setStream(got);
			setOther(await otherCamera(got));
		} catch (error) {
			if (turn.current === mine)
				tell.current.failed(problemOfCamera(error));
		}
	}, [close]);
	useEffect(() => close, [close]);
	useEffect(() => {
		const element = video.current;
		if (!element || !stream)
			return;
		const shown = () => tell.current.opened();
		element.srcObject = stream;
		const turned = () => tell.current.turned(); // the phone, from upright to sideways
		element.addEventListener("loadeddata", shown);
		element.addEventListener("resize", turned);
		void element.play().catch(() => undefined); // interrupted by the next camera
		return () => {
			element.removeEventListener("loadeddata", shown);
			element.removeEventListener("resize", turned);
			element.srcObject = null;
		};
	}, [stream, video]);
	useWakeLock(stream !== null);

	const facing = stream?.getVideoTracks()[0]?.getSettings().facingMode;
	return {
		stream,
		mirrored: facing === "user",
		hasOther: other !== null,
		open: useCallback(() => void start({ facing: "environment" }), [start]),
		openOther: () => other && void start(other),
		close,
	};
}
