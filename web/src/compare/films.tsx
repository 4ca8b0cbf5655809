import { useEffect, useRef, useState } from "react";
import type { Result, View } from "../api/result";
import type { JobDetail } from "../api/types";
import { useI18n } from "../i18n";

export interface Visit {
	job: JobDetail;
	result: Result;
}

/* The time at which a view's walk begins to count: two films that start there go side by side. */
export function firstStrike(result: Result, view: View): number {
	const strikes = result.events.filter((e) => e.view === view && e.kind === "heel_strike").map((e) => e.time_s);
	return strikes.length > 0 ? Math.min(...strikes) : 0;
}

function has(visit: Visit, view: View): boolean {
	return visit.job.files.some((f) => f.name === `overlay_${view}.mp4`);
}

/* The same view of two days; one pair of buttons moves both. */
export function Films({ before, now }: { before: Visit; now: Visit }) {
	const { t } = useI18n();
	const views = (["side", "front"] as const).filter((view) => has(before, view) && has(now, view));
	const [view, setView] = useState<View>(views[0] ?? "side");
	const [playing, setPlaying] = useState(false);
	const [slow, setSlow] = useState(true);
	const films = useRef<(HTMLVideoElement | null)[]>([null, null]);
	const visits = [before, now];
	const each = (act: (video: HTMLVideoElement, i: number) => void) => films.current.forEach((video, i) => video && act(video, i));
	const toStart = () => each((video, i) => { video.pause(); video.currentTime = firstStrike(visits[i]?.result ?? now.result, view); });

	useEffect(() => each((video) => { video.playbackRate = slow ? 0.25 : 1; }), [slow, view]);
	if (views.length === 0)
		return <p className="hint">{t("compare.noFilms")}</p>;
	return (
		<>
			{views.length > 1 && (
				<div className="segments" role="group" aria-label={t("result.filmView")}>
					{views.map((v) => (
						<button key={v} type="button" aria-pressed={v === view} onClick={() => { setPlaying(false); setView(v); }}>{t(`result.view.${v}`)}</button>
					))}
				</div>
			)}
			<div className="two film">
				{visits.map((visit, i) => (
					<figure key={`${visit.job.id}${view}`}>
						<figcaption>{t(i === 0 ? "compare.earlier" : "compare.later")}</figcaption>
						<video ref={(video) => { films.current[i] = video; }} src={`/api/v1/jobs/${visit.job.id}/files/overlay_${view}.mp4?inline`} muted playsInline
							controls preload="metadata" aria-label={t(i === 0 ? "compare.earlier" : "compare.later")}
							onLoadedMetadata={(e) => { e.currentTarget.playbackRate = slow ? 0.25 : 1; e.currentTarget.currentTime = firstStrike(visit.result, view); }}
							onPlay={() => setPlaying(true)} onPause={() => setPlaying(films.current.some((f) => f !== null && !f.paused && !f.ended))} />
					</figure>
				))}
			</div>
			<div className="film-buttons">
				<button type="button" className="primary" onClick={() => each((video) => (playing ? video.pause() : void video.play()))}>{t(playing ? "compare.pause" : "compare.play")}</button>
				<button type="button" onClick={toStart}>{t("compare.start")}</button>
				<button type="button" aria-pressed={slow} onClick={() => setSlow(!slow)}>{t("result.slow")}</button>
			</div>
		</>
	);
}
