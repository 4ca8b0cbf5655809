import { useEffect, useRef, useState } from "react";
import { Rate, type Estimate } from "../api/rate";
import type { Job } from "../api/types";
import { sendUpload, type Pause, type Progress, type Upload } from "../api/upload";

export type Sending =
	| { state: "idle" }
	| { state: "sending"; progress: Progress | null; estimate: Estimate; pause: Pause | null }
	| { state: "stopped" }
	| { state: "failed"; error: unknown };

/* One upload from the form's point of view. */
export function useSending(onDone: (job: Job) => void) {
	const [sending, setSending] = useState<Sending>({ state: "idle" });
	const abort = useRef<AbortController>(null);
	const active = sending.state === "sending";

	// Closing the page would end it: the browser asks first. Going to another of the app's pages ends it, too.
	useEffect(() => {
		if (!active)
			return;
		const ask = (e: BeforeUnloadEvent) => e.preventDefault();
		window.addEventListener("beforeunload", ask);
		return () => window.removeEventListener("beforeunload", ask);
	}, [active]);
	useEffect(() => () => abort.current?.abort(), []);

	const begin = async (upload: Upload) => {
		const controller = new AbortController();
		const rate = new Rate();
		const none = { bytesPerS: null, leftS: null };
		let progress: Progress | null = null;

		abort.current = controller;
		setSending({ state: "sending", progress, estimate: none, pause: null });
		try {
			const job = await sendUpload(upload, {
				progress: (p) => {
					progress = p;
					setSending({ state: "sending", progress, estimate: rate.add(performance.now() / 1000, p), pause: null });
				},
				pause: (pause) => setSending({ state: "sending", progress, estimate: none, pause }),
				resume: () => setSending({ state: "sending", progress: null, estimate: none, pause: null }),
			}, controller.signal);
			onDone(job);
		} catch (error) {
			setSending(controller.signal.aborted ? { state: "stopped" } : { state: "failed", error });
		}
	};
	return { sending, begin, stop: () => abort.current?.abort() };
}
