import { useI18n } from "../i18n";
import { clock } from "../record/take";
import type { Summary } from "./summary";

/* The check's word on a whole film. Never more than a warning: the server judges. */
export function SummaryView({ summary, otherView }: { summary: Summary; otherView: "front" | "side" }) {
	const { t, format } = useI18n();
	const share = format.percent(Math.round(100 * summary.wholeShare));
	const good = summary.wholeShare >= 0.5 && summary.ranges.length === 0;

	return (
		<div className="framing-summary">
			<p className={good ? "hint good-text" : "field-warning"}>{t("framing.whole", { share })}</p>
			{summary.ranges.map((r) => (
				<p key={`${r.hint}${r.fromS}`} className="field-warning">
					{t("framing.range", { what: t(`framing.range.${r.hint}`), from: clock(r.fromS), to: clock(r.toS) })}
				</p>
			))}
			{summary.otherView && <p className="field-warning">{t(otherView === "side" ? "framing.seemsSide" : "framing.seemsFront")}</p>}
			{summary.leanDegrees !== null && <p className="field-warning">{t("framing.lean", { n: summary.leanDegrees })}</p>}
		</div>
	);
}
