import { useEffect, useRef } from "react";
import type { View } from "../api/result";
import { bestType, bitsPerSecond, nameOf } from "./camera";
import type { Act, Take } from "./take";

/* Carries out what the take's phase asks for: counts, records, hands the file over. */
export function useRecorder(view: View, stream: MediaStream | null, phase: Take["phase"], tell: (a: Act) => void): void {
	const recorder = useRef<MediaRecorder>(null);

	useEffect(() => {
		if (phase !== "counting")
			return;
		const timer = setInterval(() => tell({ act: "second" }), 1000);
		return () => clearInterval(timer);
	}, [phase, tell]);

	useEffect(() => {
		if (phase !== "recording" || !stream)
			return;
		const type = bestType((t) => MediaRecorder.isTypeSupported(t));
		const parts: Blob[] = [];
		let mine: MediaRecorder;

		try {
			mine = new MediaRecorder(stream, { ...(type ? { mimeType: type } : {}), videoBitsPerSecond: bitsPerSecond });
		} catch {
			tell({ act: "failed", problem: "failed" });
			return;
		}
		let began = performance.now();
		recorder.current = mine;
		mine.onstart = () => (began = performance.now());
		mine.ondataavailable = (e) => parts.push(e.data);
		mine.onerror = () => tell({ act: "stop" });
		mine.onstop = () => {
			const made = mine.mimeType || type || "video/webm";
			// The bare type: what the codec's name adds is not every server's taste.
			tell({ act: "saved", file: new File(parts, nameOf(view, made, new Date()), { type: made.split(";")[0] ?? made }) });
		};
		mine.start(1000); // in pieces, so that a long take is not one block of memory
		const timer = setInterval(() => tell({ act: "time", elapsedS: (performance.now() - began) / 1000 }), 100);
		return () => {
			clearInterval(timer);
			if (mine.state !== "inactive")
				mine.stop();
		};
	}, [phase, stream, tell, view]);

	// A page in the background gets no pictures: better a short take than one that stands still.
	useEffect(() => {
		const hidden = () => document.visibilityState === "hidden" && tell({ act: "stop" });
		document.addEventListener("visibilitychange", hidden);
		return () => document.removeEventListener("visibilitychange", hidden);
	}, [tell]);
}
