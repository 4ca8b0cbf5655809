import { useMemo } from "react";
import { useI18n } from "../i18n";
import { pairs } from "../read/pairs";
import { Plot } from "../read/plot";
import type { Visit } from "./films";

const nowhere = { left: null, right: null };

export default function BothCurves({ before, now }: { before: Visit; now: Visit }) {
	const { t, format } = useI18n();
	const later = useMemo(() => pairs(now.result.curves), [now.result]);
	const earlier = useMemo(() => pairs(before.result.curves), [before.result]);
	const range = (r: number | undefined) => (r === undefined ? "–" : `${format.number(r, 0)}°`);
	return (
		<>
			<p className="hint">{t("compare.curvesText")}</p>
			<p className="legend">
				<span className="key left">{t("result.left")}</span> <span className="key right">{t("result.right")}</span>{" "}
				<span className="key band">{t("result.reference")}</span>
			</p>
			<div className="plots">
				{later.map((pair) => {
					const old = earlier.find((p) => p.joint === pair.joint);
					const joint = t(`result.joint.${pair.joint}`);
					const label = [t("compare.later"), t("result.curve.summary", { joint, left: range(pair.left?.range), right: range(pair.right?.range) }),
						t("compare.earlier"), t("result.curve.summary", { joint, left: range(old?.left?.range), right: range(old?.right?.range) })].join(" ");
					return (
						<figure key={pair.joint}>
							<figcaption>{t("result.curve.title", { joint })}</figcaption>
							<Plot pair={pair} earlier={old} at={nowhere} label={label} />
						</figure>
					);
				})}
			</div>
		</>
	);
}
