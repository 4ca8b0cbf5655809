import { useEffect, useRef, useState } from "react";
import type { Foot, Result, StepEvent, View } from "../api/result";
import type { JobDetail } from "../api/types";
import { useI18n } from "../i18n";
import { eventAt, neighbour } from "./cycle";

/* Heel strikes (triangles) and toe-offs (lines) of both feet over the video's time; a click goes there. */
function Timeline({ result, view, length_s, time_s, onSeek }: {
	result: Result; view: View; length_s: number; time_s: number; onSeek: (time_s: number) => void;
}) {
	const { t } = useI18n();
	const x = (time: number) => (length_s > 0 ? (1000 * time) / length_s : 0);
	const row: Record<Foot, number> = { left: 12, right: 36 };
	return (
		<div className="timeline">
			<svg viewBox="0 0 1000 48" preserveAspectRatio="none" role="img" aria-label={t("result.events")}
				onPointerDown={(e) => {
					const box = e.currentTarget.getBoundingClientRect();
					onSeek(Math.max(0, ((e.clientX - box.left) / box.width) * length_s));
				}}>
				{result.cycles.filter((c) => c.view === view && c.toe_off_s !== null).map((c) => (
					<rect key={`${c.foot}${c.start_s}`} className={`stance ${c.foot}`} x={x(c.start_s)} width={Math.max(0, x(c.toe_off_s ?? 0) - x(c.start_s))}
						y={row[c.foot] - 8} height="16" />
				))}
				{result.events.filter((e) => e.view === view).map((e) => (
					<rect key={`${e.foot}${e.kind}${e.time_s}`} className={`mark ${e.foot} ${e.kind}`} x={x(e.time_s) - (e.kind === "heel_strike" ? 3 : 1.5)}
						width={e.kind === "heel_strike" ? 6 : 3} y={row[e.foot] - (e.kind === "heel_strike" ? 11 : 7)} height={e.kind === "heel_strike" ? 22 : 14} />
				))}
				<rect className="playhead" x={x(time_s) - 1.5} y="0" width="3" height="48" />
			</svg>
		</div>
	);
}

function Icon({ path }: { path: string }) {
	return (
		<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" strokeLinejoin="round">
			<path d={path} />
		</svg>
	);
}

export function Film({ job, result, views, view, onView, time_s, onTime, at }: {
	job: JobDetail; result: Result; views: View[]; view: View; onView: (view: View) => void; time_s: number; onTime: (time_s: number) => void;
	at: Record<Foot, number | null>;
}) {
	const { t, format } = useI18n();
	const video = useRef<HTMLVideoElement>(null);
	const [playing, setPlaying] = useState(false);
	const [slow, setSlow] = useState(false);
	const fps = result.quality[view]?.fps ?? 30;
	const length_s = (result.quality[view]?.frames ?? 0) / fps; // a fragmented file tells its own late
	const seek = (to: number) => {
		if (video.current) {
			video.current.pause();
			video.current.currentTime = Math.min(Math.max(0, to), length_s || to);
		}
	};
	const go = (e: StepEvent | null) => e && seek(e.time_s + 0.001); // within its frame
	const label = (e: StepEvent) =>
		t("result.event.label", { foot: t(`result.${e.foot}`), kind: t(`result.event.${e.kind}`), time: format.number(e.time_s) });
	const here = eventAt(result.events, view, time_s);
	const percent = (p: number | null) => (p === null ? t("result.betweenStrides") : format.percent(p));

	// The cursor follows frame by frame while it plays; "timeupdate" alone comes four times a second.
	useEffect(() => {
		const element = video.current;
		let frame = 0;
		const follow = () => {
			if (element)
				onTime(element.currentTime);
			frame = requestAnimationFrame(follow);
		};
		const stop = () => {
			cancelAnimationFrame(frame);
			if (element)
				onTime(element.currentTime);
		};
		element?.addEventListener("play", follow);
		element?.addEventListener("pause", stop);
		element?.addEventListener("seeked", stop);
		return () => {
			cancelAnimationFrame(frame);
			element?.removeEventListener("play", follow);
			element?.removeEventListener("pause", stop);
			element?.removeEventListener("seeked", stop);
		};
	}, [onTime]);
	useEffect(() => {
		if (video.current)
			video.current.playbackRate = slow ? 0.25 : 1;
	}, [slow]);
	return (
		<div className="film">
			{views.length > 1 && (
				<div className="segments" role="group" aria-label={t("result.filmView")}>
					{views.map((v) => (
						<button key={v} type="button" aria-pressed={v === view} onClick={() => onView(v)}>{t(`result.view.${v}`)}</button>
					))}
				</div>
			)}
			{/* #t: without it phones show a black picture until it is played. */}
			<video ref={video} src={`/api/v1/jobs/${job.id}/files/overlay_${view}.mp4?inline#t=0.001`} controls muted playsInline preload="metadata"
				aria-label={t("result.film")} onPlay={() => setPlaying(true)} onPause={() => setPlaying(false)} />
			<Timeline result={result} view={view} length_s={length_s} time_s={time_s} onSeek={seek} />
			<div className="film-buttons">
				<button type="button" aria-label={t("result.event.previous")} onClick={() => go(neighbour(result.events, view, time_s, -1))}><Icon path="M6 5v14M19 5L9 12l10 7z" /></button>
				<button type="button" aria-label={t("result.frameBack")} onClick={() => seek(time_s - 1 / fps)}><Icon path="M15 5l-7 7 7 7" /></button>
				<button type="button" aria-label={t("result.frameOn")} onClick={() => seek(time_s + 1 / fps)}><Icon path="M9 5l7 7-7 7" /></button>
				<button type="button" aria-label={t("result.event.next")} onClick={() => go(neighbour(result.events, view, time_s, 1))}><Icon path="M18 5v14M5 5l10 7-10 7z" /></button>
				<button type="button" aria-pressed={slow} onClick={() => setSlow(!slow)}>{t("result.slow")}</button>
			</div>
			<p className="hint now">
				{t("result.nowAt", { time: format.number(time_s), left: percent(at.left), right: percent(at.right) })}
				<br />
				<span aria-live={playing ? "off" : "polite"}>{here ? t("result.event.now", { label: label(here) }) : "\u00a0"}</span>
			</p>
		</div>
	);
}
