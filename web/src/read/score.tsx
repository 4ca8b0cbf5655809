import { useState } from "react";
import { Link } from "wouter";
import type { Result, Score } from "../api/result";
import { useI18n } from "../i18n";
import { ReplaceButton } from "../release/replace";
import "../release/release.css";
import { Notice } from "../ui/notice";
import { isAboutFilm, viewsOf, viewsToFilm } from "./next_steps";

function NoScore({ result }: { result: Result }) {
	const { t, code } = useI18n();
	const film = viewsToFilm(result);
	const again = result.score.reasons.some((r) => isAboutFilm(r.code) || ["age_unknown", "sex_unknown"].includes(r.code));
	return (
		<>
			<p className="big">{t("result.noScore")}</p>
			<p>{t("result.noScoreText")}</p>
			<ul className="reasons">
				{result.score.reasons.map((r) => {
					const views = isAboutFilm(r.code) ? viewsOf(result, r.code) : [];
					return (
						<li key={r.code}>
							<p>
								{views.length === 1 && views[0] && <strong>{t(`result.view.${views[0]}`)}: </strong>}
								<strong>{code("reason", r.code, code("flag", r.code, r.text))}</strong>
							</p>
							<p>{code("next", r.code, code("advice", r.code, t("next.other")))}</p>
						</li>
					);
				})}
			</ul>
			{again && (
				<>
					<h3>{t("result.nextTitle")}</h3>
					{film.length > 0 && <p>{t("next.replace")}</p>}
					<div className="actions">
						{film.map((view) => <ReplaceButton key={view} view={view} />)}
						<Link href="/new" className="button">{t("result.new")}</Link>
					</div>
				</>
			)}
		</>
	);
}

function Scale({ score }: { score: Score }) {
	const { value, interval } = score;
	if (value === null)
		return null;
	return (
		<svg className="scale" viewBox="0 0 400 34" aria-hidden="true" preserveAspectRatio="none">
			<rect className="scale-track" x="0" y="12" width="400" height="10" rx="5" />
			{interval && <rect className="scale-interval" x={interval[0] * 400} y="12" width={Math.max(2, (interval[1] - interval[0]) * 400)} height="10" rx="3" />}
			<rect className="scale-value" x={Math.min(396, Math.max(0, value * 400 - 2))} y="4" width="4" height="26" />
		</svg>
	);
}

function Contributions({ score }: { score: Score }) {
	const { t, format, code } = useI18n();
	const [all, setAll] = useState(false);
	const known = score.contributions
		.filter((c): c is typeof c & { contribution: number } => c.contribution !== null)
		.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
	const most = Math.max(...known.map((c) => Math.abs(c.contribution)), 1e-9);
	const shown = all ? known : known.slice(0, 6);

	if (known.length === 0)
		return null;
	return (
		<>
			<h3>{t("result.contributions")}</h3>
			<p className="hint">{t("result.contributionsText")}</p>
			<table className="contributions">
				<thead>
					<tr><th scope="col">{t("result.feature")}</th><th scope="col">{t("result.value")}</th><th scope="col">{t("result.effect")}</th></tr>
				</thead>
				<tbody>
					{shown.map(({ feature, unit, value, contribution }) => {
						const width = (Math.abs(contribution) / most) * 50;
						return (
							<tr key={feature}>
								<th scope="row">{code("feature", feature, code("param", feature, feature))}</th>
								<td className="number">{value === null ? "–" : `${format.number(value)} ${unit === "1" ? "" : code("unit", unit, unit)}`}</td>
								<td>
									<svg viewBox="0 0 100 10" className="bar" preserveAspectRatio="none" aria-hidden="true">
										<rect className={contribution > 0 ? "up" : "down"} x={contribution > 0 ? 50 : 50 - width} y="1" width={width} height="8" />
										<rect className="axis" x="49.75" y="0" width="0.5" height="10" />
									</svg>
									<span className="hint">
										{t(contribution > 0 ? "result.contribution.up" : "result.contribution.down", { value: format.number(Math.abs(contribution)) })}
									</span>
								</td>
							</tr>
						);
					})}
				</tbody>
			</table>
			{known.length > 6 && (
				<button type="button" className="quiet" onClick={() => setAll(!all)} aria-expanded={all}>
					{all ? t("result.showLess") : t("result.showAll", { n: known.length })}
				</button>
			)}
		</>
	);
}

export function ScoreCard({ result }: { result: Result }) {
	const { t, format } = useI18n();
	const { score } = result;
	const { model, value, interval, calibration } = score;
	return (
		<section className="card" aria-labelledby="score-title">
			<h2 id="score-title">{t("result.score")}</h2>
			{value !== null && model?.demonstration && <Notice tone="warn" title={t("result.demo")}><p>{t("result.demoText")}</p></Notice>}
			<p><strong>{t("result.notDiagnosis")}</strong></p>
			{value === null ? <NoScore result={result} /> : (
				<>
					<p className="score-line"><span className="score">{format.number(value)}</span> {interval && (
						<span>{t("result.interval", { low: format.number(interval[0]), high: format.number(interval[1]) })}</span>
					)}</p>
					<Scale score={score} />
					<div className="scale-ends" aria-hidden="true"><span>0</span><span>1</span></div>
					{interval && <p className="hint">{t("result.intervalText")}</p>}
					{score.decision && <p>{t("result.decision", { decision: score.decision })}</p>}
					{model && <p>{t("result.scoreScale", { population: model.population })}</p>}
					{calibration && <p className="hint">{t("result.calibration", {
						group: calibration.group, n: calibration.n, predicted: format.number(calibration.predicted), observed: format.percent(100 * calibration.observed),
					})}</p>}
					<Contributions score={score} />
				</>
			)}
			{model && <p className="hint">{t("result.model", { name: model.name, version: model.version, trained: format.day(model.trained) })}</p>}
		</section>
	);
}
