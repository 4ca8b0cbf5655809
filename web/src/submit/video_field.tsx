import { lazy, Suspense, useId, useRef, useState } from "react";
import type { View } from "../api/result";
import { useI18n } from "../i18n";
import { RecordButton } from "../record/record_button";
import type { Remark, Verdict } from "./check_video";
import { limits } from "./check_video";
import type { Mark } from "./draft";

const FilmCheck = lazy(() => import("../framing/film_check"));

export interface Chosen {
	file: File;
	verdict: Verdict | null; // null while it is looked at
	recognised: boolean;
}

/* One of the two videos: dropped, picked or recorded, shown with a picture of it and what is wrong with it. */
export function VideoField({ view, chosen, missing, error, sending = false, onChoose, onRemove }: {
	view: View; chosen: Chosen | null; missing: Mark | undefined; error: Remark | null; sending?: boolean;
	onChoose: (file: File) => void; onRemove: () => void;
}) {
	const { t, format } = useI18n();
	const [over, setOver] = useState(false);
	const input = useRef<HTMLInputElement>(null);
	const id = useId();
	const title = t(`submit.${view}`);
	const verdict = chosen?.verdict ?? null;
	const facts = verdict?.facts;
	const say = (r: Remark) =>
		t(r.key, r.key === "video.size" ? { size: format.bytes(chosen?.file.size ?? 0), limit: format.bytes(limits.bytes) } : r.vars);

	return (
		<div className={`video-field${over ? " over" : ""}${error ? " wrong" : ""}`}
			onDragOver={(e) => { e.preventDefault(); setOver(true); }}
			onDragLeave={() => setOver(false)}
			onDrop={(e) => {
				e.preventDefault();
				setOver(false);
				const file = e.dataTransfer.files[0];
				if (file)
					onChoose(file);
			}}>
			<div className="video-text">
				<label htmlFor={id} className="video-title">{title}</label>
				<p className="hint">{t(`submit.${view}Hint`)}</p>
			</div>
			{facts?.thumbnail
				? <img className="thumbnail" src={facts.thumbnail} alt={t("submit.thumbnail", { view: title })} />
				: <div className={`thumbnail figure ${view}`} aria-hidden="true" />}
			<div aria-live="polite" id={`${id}-state`}>
				{chosen && <p className="file-name">{chosen.file.name}</p>}
				{chosen && !verdict && <p className="hint">{t("submit.checking")}</p>}
				{facts && facts.durationS !== null && facts.width !== null && facts.height !== null && (
					<p className="hint">
						{t("submit.videoFacts", {
							duration: `${format.number(facts.durationS, 1)} s`, width: String(facts.width), height: String(facts.height),
							fps: facts.fps === null ? "?" : format.number(facts.fps, 0), size: format.bytes(facts.bytes),
						})}
					</p>
				)}
				{chosen?.recognised && <p className="hint good-text">{t("submit.recognised")}</p>}
				{!chosen && missing && <p className="hint">{t("submit.again", { name: missing.name })}</p>}
				{error && <p className="field-error">{say(error)}</p>}
				{!error && verdict?.warnings.map((w) => <p key={w.key} className="field-warning">{say(w)}</p>)}
			</div>
			{chosen && facts?.playable && !error && (
				<Suspense><FilmCheck key={`${chosen.file.name}${chosen.file.lastModified}`} view={view} file={chosen.file} halted={sending} /></Suspense>
			)}
			<div className="video-actions">
				<input ref={input} id={id} type="file" accept="video/*,.mkv,.avi,.mov,.m4v" className="file-input" data-view={view}
					aria-describedby={`${id}-state`} aria-invalid={error !== null}
					onChange={(e) => {
						const file = e.target.files?.[0];
						if (file)
							onChoose(file);
						e.target.value = ""; // the same file again is a choice, too
					}} />
				<label htmlFor={id} className="button" aria-hidden="true">{chosen ? t("submit.change") : t("submit.choose")}</label>
				{chosen ? <button type="button" className="quiet" onClick={onRemove}>{t("submit.remove")}</button>
				: <span className="hint drop-hint">{t("submit.drop")}</span>}
				<RecordButton view={view} onRecorded={onChoose} />
			</div>
		</div>
	);
}
