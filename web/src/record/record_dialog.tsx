import { useCallback, useEffect, useId, useReducer, useRef, useState } from "react";
import type { View } from "../api/result";
import type { Frame } from "../framing/judge";
import { LiveHints } from "../framing/live_hints";
import { summarise } from "../framing/summary";
import { useLiveFraming } from "../framing/use_live_framing";
import { everyMs } from "../framing/watch";
import { useI18n } from "../i18n";
import { Guide } from "./guide";
import { Replay } from "./replay";
import { beep, isMuted, setMuted } from "./sounds";
import { Stage } from "./stage";
import { nextTake, type Take } from "./take";
import { useCamera } from "./use_camera";
import { usePictureRate } from "./use_picture_rate";
import { useRecorder } from "./use_recorder";
import "../framing/framing.css";
import "./record.css";

/* The beeps of a take: one a second of the countdown, one when it begins, one at its end. */
function useSounds(take: Take): void {
	const left = take.phase === "counting" ? take.left : 0;
	const { phase } = take;
	const before = useRef(phase);

	useEffect(() => {
		if (left > 0)
			beep("second");
	}, [left]);
	useEffect(() => {
		if (phase === "recording")
			beep("begin");
		else if (before.current === "recording")
			beep("end");
		before.current = phase;
	}, [phase]);
}

/* One video filmed with the device's camera. Nothing leaves the device: what is kept is a file, as if it had been chosen. */
export default function RecordDialog({ view, onUse, onClose }: { view: View; onUse: (file: File) => void; onClose: () => void }) {
	const { t } = useI18n();
	const id = useId();
	const dialog = useRef<HTMLDialogElement>(null);
	const video = useRef<HTMLVideoElement>(null);
	const [take, tell] = useReducer(nextTake, { phase: "opening" });
	const [muted, mute] = useState(isMuted);
	const [size, setSize] = useState<{ width: number; height: number } | null>(null);
	const [seen, setSeen] = useState<Frame[]>([]); // while it was recorded
	const measure = () => {
		const { videoWidth: width, videoHeight: height } = video.current ?? { videoWidth: 0, videoHeight: 0 };
		setSize(width > 0 ? { width, height } : null);
	};
	const camera = useCamera(video, {
		opened: () => { measure(); tell({ act: "opened" }); },
		turned: measure,
		failed: (problem) => tell({ act: "failed", problem }),
	});
	const live = take.phase === "ready" || take.phase === "counting" || take.phase === "recording";
	const framing = useLiveFraming(video, live, take.phase === "recording");
	const rate = usePictureRate(video, take.phase === "recording");
	const { open, close } = camera;
	const { taken } = framing;

	useRecorder(view, camera.stream, take.phase, tell);
	useSounds(take);
	useEffect(() => {
		if (!dialog.current?.open)
			dialog.current?.showModal();
		open();
	}, [open]);
	// The frames of the take alone; the camera rests while it is looked at.
	useEffect(() => {
		if (take.phase === "recording")
			taken();
		if (take.phase === "saving")
			setSeen(taken());
		if (take.phase === "replay" || take.phase === "problem")
			close();
	}, [take.phase, taken, close]);
	const again = useCallback(() => {
		tell({ act: "open" });
		open();
	}, [open]);

	const first = seen[0]?.t ?? 0;
	const summary = take.phase === "replay" && seen.length >= 3 && size
		? summarise(view, seen.map((f) => ({ ...f, t: f.t - first })), Math.max(everyMs / 1000, take.seconds / seen.length), size.width / size.height) : null;
	return (
		<dialog ref={dialog} className="record" aria-labelledby={`${id}-title`} onClose={onClose}>
			<div className="record-head">
				<h2 id={`${id}-title`}>{t(`record.title.${view}`)}</h2>
				{live && <p>{t(`record.tip.${view}`)}</p>}
			</div>
			{take.phase === "replay"
				? <Replay file={take.file} seconds={take.seconds} rate={rate} summary={summary} otherView={view === "front" ? "side" : "front"}
					onUse={() => { onUse(take.file); dialog.current?.close(); }} onAgain={again} onClose={() => dialog.current?.close()} />
				: (
					<Stage take={take} view={view} video={video} mirrored={camera.mirrored} hasOther={camera.hasOther} muted={muted}
						upright={view === "side" && size !== null && size.height > size.width}
						guide={size && live && <Guide view={view} width={size.width} height={size.height} />}
						hints={live && <LiveHints framing={framing} />}
						onStart={() => tell({ act: "start" })} onStop={() => tell({ act: "stop" })} onRetry={again}
						onOther={() => { tell({ act: "open" }); camera.openOther(); }}
						onMute={() => { setMuted(!muted); mute(!muted); }} onClose={() => dialog.current?.close()} />
				)}
		</dialog>
	);
}
