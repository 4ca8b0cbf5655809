import { useMemo } from "react";
import type { Curve, Foot, Result } from "../api/result";
import { useI18n } from "../i18n";
import { pairs, type Pair } from "./pairs";
import { Plot } from "./plot";

function CurveTable({ all }: { all: Pair[] }) {
	const { t, format } = useI18n();
	const at = (e: { value: number; at_percent: number } | undefined) =>
		e ? t("result.curve.at", { value: `${format.number(e.value, 1)}°`, percent: format.percent(e.at_percent) }) : "–";
	return (
		<details>
			<summary>{t("result.curve.table")}</summary>
			<div className="scroll" tabIndex={0} role="region" aria-label={t("result.curve.table")}>
				<table className="simple">
					<thead>
						<tr>
							<th scope="col">{t("result.curves")}</th>
							<th scope="col">{t("result.curve.range")}</th><th scope="col">{t("result.curve.highest")}</th><th scope="col">{t("result.curve.lowest")}</th>
						</tr>
					</thead>
					<tbody>
						{all.flatMap((pair) => (["left", "right"] as const).map((foot) => (
							<tr key={`${pair.joint}${foot}`}>
								<th scope="row">{t(`result.joint.${pair.joint}`)}, {t(`result.${foot}`)}</th>
								<td>{pair[foot] ? `${format.number(pair[foot].range, 1)}°` : "–"}</td>
								<td>{at(pair[foot]?.highest)}</td><td>{at(pair[foot]?.lowest)}</td>
							</tr>
						)))}
					</tbody>
				</table>
			</div>
		</details>
	);
}

function Profile({ result }: { result: Result }) {
	const { t, format } = useI18n();
	const { profile } = result;
	const number = (v: number | null) => (v === null ? "–" : `${format.number(v, 1)}°`);
	if (profile.gait_profile_score === null && profile.left.gait_profile_score === null && profile.right.gait_profile_score === null)
		return null;
	return (
		<details>
			<summary>{t("result.profile")}</summary>
			<p className="hint">{t("result.profileText")}{profile.reference && ` ${profile.reference}.`}</p>
			<table className="simple">
				<thead><tr><th scope="col">{t("result.feature")}</th><th scope="col">{t("result.left")}</th><th scope="col">{t("result.right")}</th></tr></thead>
				<tbody>
					{(["hip", "knee", "ankle", "gait_profile_score"] as const).map((row) => (
						<tr key={row}>
							<th scope="row">{row === "gait_profile_score" ? t("result.profile.total") : t(`result.joint.${row}`)}</th>
							<td>{number(profile.left[row])}</td><td>{number(profile.right[row])}</td>
						</tr>
					))}
				</tbody>
			</table>
		</details>
	);
}

export function Curves({ result, at }: { result: Result; at: Record<Foot, number | null> }) {
	const { t, format } = useI18n();
	const all = useMemo(() => pairs(result.curves), [result]); // drawn anew only for another result

	if (all.length === 0)
		return <p className="hint">{t("result.noCurves")}</p>;
	const range = (curve: Curve | undefined) => (curve ? `${format.number(curve.range, 0)}°` : "–");
	return (
		<div className="curves">
			<h3>{t("result.curves")}</h3>
			<p className="hint">{t("result.curvesText")}</p>
			<p className="legend">
				<span className="key left">{t("result.left")}</span> <span className="key right">{t("result.right")}</span>{" "}
				<span className="key band">{t("result.reference")}</span>
			</p>
			<div className="plots">
				{all.map((pair) => {
					const joint = t(`result.joint.${pair.joint}`);
					return (
						<figure key={pair.joint}>
							<figcaption>{t("result.curve.title", { joint })}</figcaption>
							<Plot pair={pair} at={at} label={t("result.curve.summary", { joint, left: range(pair.left), right: range(pair.right) })} />
						</figure>
					);
				})}
			</div>
			<CurveTable all={all} />
			<Profile result={result} />
		</div>
	);
}
