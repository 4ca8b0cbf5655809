import { useEffect, useRef, type ReactNode } from "react";
import { Problem, explain } from "../api/client";
import type { Estimate } from "../api/rate";
import type { Progress } from "../api/upload";
import { useI18n } from "../i18n";
import { Notice } from "../ui/notice";
import { Uncertain, type Sending } from "./sender";
import "./send.css";

interface Props {
	sending: Sending<unknown>;
	kept: boolean; // both films outlive the page
	posting: boolean; // the job may be there already
	onPause: () => void;
	onResume: () => void;
	onStop: () => void;
	onRetry: () => void;
}

export function percentOf({ sent, total }: Progress): number {
	return total > 0 ? Math.floor((100 * sent) / total) : 100;
}

/* The form is long: what happens now comes into view. */
export function SendingPanel(props: Props) {
	const top = useRef<HTMLDivElement>(null);
	const { state } = props.sending;

	useEffect(() => {
		if (state !== "idle")
			top.current?.scrollIntoView({ block: "nearest" });
	}, [state]);
	return <div ref={top}><State {...props} /></div>;
}

function useFigures(): (progress: Progress, estimate: Estimate) => string {
	const { t, format } = useI18n();
	return (progress, estimate) => [
		t("send.sent", { sent: format.bytes(progress.sent), total: format.bytes(progress.total) }),
		estimate.bytesPerS !== null && t("send.speed", { speed: format.bytes(estimate.bytesPerS) }),
		estimate.leftS !== null && t("send.left", { time: format.duration(estimate.leftS) }),
	].filter(Boolean).join(" · ");
}

function Bar({ progress, children }: { progress: Progress; children: ReactNode }) {
	const { t, format } = useI18n();
	return (
		<section className="card sending" aria-label={t("send.title")}>
			<label htmlFor="sending" className="progress-label">
				<span>{t("send.title")}</span>
				<span>{format.percent(percentOf(progress))}</span>
			</label>
			<progress id="sending" max={1} value={progress.total > 0 ? progress.sent / progress.total : 1} />
			{children}
		</section>
	);
}

function State({ sending, kept, posting, onPause, onResume, onStop, onRetry }: Props) {
	const { t, format } = useI18n();
	const figures = useFigures();
	const stop = !posting && <button type="button" className="quiet" onClick={onStop}>{t("send.stop")}</button>;

	switch (sending.state) {
	case "idle":
	case "done":
		return null;
	case "stopped": return <Notice tone="info"><p role="status">{t("send.stopped")}</p></Notice>;
	case "elsewhere": return <Notice tone="info"><p role="status">{t("send.elsewhere")}</p></Notice>;
	case "failed": return <Failed error={sending.error} onRetry={onRetry} />;
	case "missing":
		return (
			<Notice tone="warn">
				<p role="status">{t("send.missing", { percent: format.percent(percentOf(sending.progress)) })}</p>
				<div className="actions">{stop}</div>
			</Notice>
		);
	case "paused":
		return (
			<Bar progress={sending.progress}>
				<p className="hint" role="status">{t("send.paused", { percent: format.percent(percentOf(sending.progress)) })}</p>
				<div className="actions">
					<button type="button" className="primary" onClick={onResume}>{t("send.resume")}</button>
					{stop}
				</div>
			</Bar>
		);
	case "waiting": {
		const seconds = Math.max(1, Math.round((sending.untilMs - Date.now()) / 1000));
		return (
			<Bar progress={sending.progress}>
				<p className="hint" role="status">{t(`send.${sending.cause}`, { seconds })}</p>
				<div className="actions">
					<button type="button" onClick={onResume}>{t("send.now")}</button>
					<button type="button" onClick={onPause}>{t("send.pause")}</button>
					{stop}
				</div>
			</Bar>
		);
	}
	case "saving":
	case "signedOut":
		return <Bar progress={sending.progress}><p className="hint" role="status">{t(sending.state === "saving" ? "send.saving" : "send.signIn")}</p></Bar>;
	case "sending":
		return (
			<Bar progress={sending.progress}>
				<p className="hint sending-line">{figures(sending.progress, sending.estimate)}</p>
				<p>{t(kept ? "send.mayLeave" : "send.mustStay")}</p>
				<div className="actions">
					<button type="button" onClick={onPause}>{t("send.pause")}</button>
					{stop}
				</div>
			</Bar>
		);
	}
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
	const i18n = useI18n();
	const { t } = i18n;
	const again = !(error instanceof Problem) || ![413, 415, 422, 403].includes(error.status);

	return (
		<Notice tone="bad" title={t("send.failed")}>
			<p>{error instanceof Uncertain ? t("send.uncertain") : explain(i18n, error)}</p>
			{again && !(error instanceof Uncertain) && <p>{t("send.retryNote")}</p>}
			{again && <button type="button" className="primary" onClick={onRetry}>{t("send.retry")}</button>}
		</Notice>
	);
}
