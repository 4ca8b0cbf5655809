import { useEffect, useState } from "react";
import type { Summary } from "../framing/summary";
import { SummaryView } from "../framing/summary_view";
import { useI18n } from "../i18n";
import { isLongEnough } from "./take";
import { fewPictures } from "./use_picture_rate";

/* The take, to be looked at before it is kept. */
export function Replay({ file, seconds, rate, summary, otherView, onUse, onAgain, onClose }: {
	file: File; seconds: number; rate: number | null; summary: Summary | null; otherView: "front" | "side";
	onUse: () => void; onAgain: () => void; onClose: () => void;
}) {
	const { t, format } = useI18n();
	const [url, setUrl] = useState<string>();
	const long = isLongEnough(seconds);
	const length = format.number(Math.floor(seconds * 10) / 10, 1);

	useEffect(() => {
		const made = URL.createObjectURL(file);
		setUrl(made);
		return () => URL.revokeObjectURL(made);
	}, [file]);
	return (
		<>
			<div className="record-stage">
				<video src={url} controls muted playsInline autoPlay loop aria-label={t("record.replay")} />
			</div>
			<div className="record-foot">
				<p role="status" className={long ? "" : "field-error"}>{t(long ? "record.done" : "record.short", { seconds: length })}</p>
				{rate !== null && rate < fewPictures && <p className="field-warning">{t("record.rate", { n: Math.round(rate) })}</p>}
				{summary && <SummaryView summary={summary} otherView={otherView} />}
				<div className="actions">
					<button type="button" className={long ? "primary" : ""} disabled={!long} onClick={onUse}>{t("record.use")}</button>
					<button type="button" className={long ? "" : "primary"} onClick={onAgain}>{t("record.again")}</button>
					<button type="button" onClick={onClose}>{t("record.close")}</button>
				</div>
			</div>
		</>
	);
}
