import { useEffect, useRef } from "react";
import { Problem, explain } from "../api/client";
import { useI18n } from "../i18n";
import { Notice } from "../ui/notice";
import type { Sending } from "./use_sending";

interface Props {
	sending: Sending;
	onStop: () => void;
	onRetry: () => void;
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

function State({ sending, onStop, onRetry }: Props) {
	const i18n = useI18n();
	const { t, format } = i18n;

	if (sending.state === "stopped")
		return <Notice tone="info"><p role="status">{t("submit.stopped")}</p></Notice>;
	if (sending.state === "failed") {
		const { error } = sending;
		const again = !(error instanceof Problem) || ![413, 415, 422, 403].includes(error.status);
		return (
			<Notice tone="bad" title={t("submit.failed")}>
				<p>{explain(i18n, error)}</p>
				{again && <p>{t("submit.retryNote")}</p>}
				{again && <button type="button" className="primary" onClick={onRetry}>{t("submit.retry")}</button>}
			</Notice>
		);
	}
	if (sending.state !== "sending")
		return null;
	const { progress, estimate, pause } = sending;
	const whole = progress !== null && progress.sent >= progress.total;
	return (
		<section className="card sending" aria-label={t("submit.sending")}>
			<label htmlFor="sending" className="progress-label">
				<span>{t("submit.sending")}</span>
				<span>{progress && format.percent((100 * progress.sent) / progress.total)}</span>
			</label>
			<progress id="sending" max={1} value={progress ? progress.sent / progress.total : 0} />
			<p className="hint" role={pause ? "status" : undefined}>
				{pause ? (navigator.onLine ? t(pause.reason === "busy" ? "submit.busy" : "submit.waiting", { seconds: pause.waitS }) : t("submit.offline"))
				: whole ? t("submit.finishing")
				: progress && [
					t("submit.sent", { sent: format.bytes(progress.sent), total: format.bytes(progress.total) }),
					estimate.bytesPerS !== null && t("submit.speed", { speed: format.bytes(estimate.bytesPerS) }),
					estimate.leftS !== null && t("submit.left", { time: format.duration(estimate.leftS) }),
				].filter(Boolean).join(" · ")}
			</p>
			<p>{t("submit.keepOpen")}</p>
			<button type="button" onClick={onStop}>{t("submit.stop")}</button>
		</section>
	);
}
