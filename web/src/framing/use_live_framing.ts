import { useCallback, useEffect, useRef, useState, type RefObject } from "react";
import { openEye } from "./eye";
import { Announcer, NobodyWarning, type Frame, type Hint } from "./judge";
import { watch } from "./watch";

export interface LiveFraming {
	state: "off" | "loading" | "on" | "unavailable";
	hint: Hint | null;
	people: number;
	warning: boolean; // nobody for a while
	announced: Hint | null;
	looks: number; // so far
	/* The frames since the last call. */
	taken: () => Frame[];
}

const none = { hint: null, people: 0, warning: false, announced: null, looks: 0 } as const;

/* What is wrong with the picture right now, while @active. @recording: it is not all that the device has to do. */
export function useLiveFraming(video: RefObject<HTMLVideoElement | null>, active: boolean, recording: boolean): LiveFraming {
	const [state, setState] = useState<LiveFraming["state"]>("off");
	const [shown, setShown] = useState<Pick<LiveFraming, "hint" | "people" | "warning" | "announced" | "looks">>(none);
	const frames = useRef<Frame[]>([]);
	const gently = useRef(recording);
	gently.current = recording;

	useEffect(() => {
		const element = video.current;
		if (!active || !element)
			return;
		const stop = new AbortController();
		const warning = new NobodyWarning();
		const announcer = new Announcer();
		const run = async () => {
			const eye = openEye();
			setState("loading");
			await eye.ready;
			setState("on");
			await watch(element, eye, (frame) => {
				frames.current.push(frame);
				const warned = warning.add(frame.hint);
				const said = announcer.add(frame.hint, frame.t);
				setShown((old) => ({ hint: frame.hint, people: frame.people, warning: warned, announced: said ?? old.announced, looks: old.looks + 1 }));
			}, () => gently.current, stop.signal);
		};

		void run().catch(() => {
			if (!stop.signal.aborted)
				setState("unavailable");
		});
		return () => {
			stop.abort();
			setShown(none);
		};
	}, [active, video]);

	const taken = useCallback(() => {
		const all = frames.current;
		frames.current = [];
		return all;
	}, []);
	return { state, ...shown, taken };
}
