import type { ReactNode, RefObject } from "react";
import type { View } from "../api/result";
import { useI18n } from "../i18n";
import { limits } from "../submit/check_video";
import { clock, type Take } from "./take";

/* The picture of the camera, with what is drawn over it, and the buttons below. */
export function Stage({ take, view, video, mirrored, hasOther, muted, upright, guide, hints, onStart, onStop, onRetry, onOther, onMute, onClose }: {
	take: Take; view: View; video: RefObject<HTMLVideoElement | null>; mirrored: boolean; hasOther: boolean; muted: boolean; upright: boolean;
	guide: ReactNode; hints: ReactNode;
	onStart: () => void; onStop: () => void; onRetry: () => void; onOther: () => void; onMute: () => void; onClose: () => void;
}) {
	const { t } = useI18n();
	const busy = take.phase === "counting" || take.phase === "recording";
	const spoken = take.phase === "counting" ? String(take.left) : take.phase === "recording" ? t("record.begun") : "";

	return (
		<>
			<div className="record-stage">
				{/* A picture without sound has nothing that captions could tell. */}
				<video ref={video} muted playsInline aria-label={t("record.preview")} className={mirrored ? "mirrored" : ""} hidden={take.phase === "problem"} />
				{guide}
				{take.phase === "counting" && <div className="record-count" aria-hidden="true">{take.left}</div>}
				{take.phase === "problem" && (
					<div className="record-problem" role="alert">
						<p className="big">{t(`record.${take.problem}`)}</p>
						<p>{t(`record.${take.problem}Next`)}</p>
					</div>
				)}
				<div className="record-over">
					{take.phase === "opening" && <p className="chip" role="status">{t("record.opening")}</p>}
					{take.phase === "saving" && <p className="chip" role="status">{t("record.saving")}</p>}
					{take.phase === "recording" && (
						<p className="chip record-time">
							<span className="record-dot" aria-hidden="true" />
							{t("record.running")} {t("record.elapsed", { elapsed: clock(take.elapsedS), most: clock(limits.maxS) })}
						</p>
					)}
					{hints}
					{upright && !busy && <p className="chip warn" role="status">{t("record.sideways")}</p>}
				</div>
				<p className="hidden" aria-live="assertive">{spoken}</p>
			</div>
			<div className="record-foot" data-view={view}>
				{take.phase === "ready" && <p className="hint">{t("record.least", { n: limits.minS })} {t("framing.private")}</p>}
				<div className="actions">
					{take.phase === "problem" && <button type="button" className="primary" onClick={onRetry}>{t("record.retry")}</button>}
					{(take.phase === "ready" || take.phase === "opening") && (
						<button type="button" className="shoot" disabled={take.phase === "opening"} onClick={onStart}>{t("record.start")}</button>
					)}
					{busy && (
						<button type="button" className="shoot" onClick={onStop}>{take.phase === "counting" ? t("record.cancel") : t("record.stop")}</button>
					)}
					{take.phase === "ready" && hasOther && <button type="button" onClick={onOther}>{t("record.switch")}</button>}
					{take.phase === "ready" && <button type="button" aria-pressed={!muted} onClick={onMute}>{t("record.sound")}</button>}
					{!busy && <button type="button" onClick={onClose}>{t("record.close")}</button>}
				</div>
			</div>
		</>
	);
}
