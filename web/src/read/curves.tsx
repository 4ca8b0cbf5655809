import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Curve, Foot, Result } from "../api/result";
import { useI18n } from "../i18n";
import { pairs, type Pair } from "./pairs";

const percents = Array.from({ length: 101 }, (_, i) => i);

const none = percents.map(() => null);

function dataOf({ left, right }: Pair): uPlot.AlignedData {
	const reference = (left ?? right)?.reference;
	const edge = (sign: 1 | -1) =>
		reference ? reference.mean.map((m, i) => { const sd = reference.sd[i]; return m === null || sd === null || sd === undefined ? null : m + sign * sd; }) : none;
	return [percents, edge(1), edge(-1), left?.mean ?? none, right?.mean ?? none];
}

/* uPlot draws on a canvas, so it is told the page's colours. */
function plotOptions(width: number, styles: CSSStyleDeclaration, numbers: Intl.NumberFormat): uPlot.Options {
	const colour = (name: string) => styles.getPropertyValue(name).trim();
	const axis = { stroke: colour("--text"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
	return {
		width, height: 190, legend: { show: false }, cursor: { show: false }, padding: [8, 22, 0, 0],
		scales: { x: { time: false, range: [0, 100] } },
		axes: [
			{ ...axis, values: (_, ticks) => ticks.map((v) => `${numbers.format(v)} %`), space: 50 },
			{ ...axis, values: (_, ticks) => ticks.map((v) => `${numbers.format(v)}°`), size: 46 },
		],
		bands: [{ series: [1, 2], fill: colour("--band") }],
		series: [
			{},
			{ stroke: "transparent", width: 0, points: { show: false } },
			{ stroke: "transparent", width: 0, points: { show: false } },
			{ stroke: colour("--left"), width: 2.5, points: { show: false } },
			{ stroke: colour("--right"), width: 2.5, dash: [8, 4], points: { show: false } },
		],
	};
}

function Plot({ pair, at, label }: { pair: Pair; at: Record<Foot, number | null>; label: string }) {
	const { language } = useI18n();
	const box = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot>(null);
	const lines = useRef<Record<Foot, HTMLDivElement> | null>(null);

	useEffect(() => {
		const element = box.current;
		if (!element)
			return;
		const draw = () => {
			plot.current?.destroy();
			const u = new uPlot(plotOptions(element.clientWidth, getComputedStyle(element), new Intl.NumberFormat(language)), dataOf(pair), element);
			const line = (foot: Foot) => {
				const div = document.createElement("div");
				div.className = `cursor ${foot}`;
				u.over.append(div);
				return div;
			};
			plot.current = u;
			lines.current = { left: line("left"), right: line("right") };
		};
		const dark = matchMedia("(prefers-color-scheme: dark)");
		const resized = new ResizeObserver(() => {
			if (plot.current && plot.current.width !== element.clientWidth)
				draw();
		});
		draw();
		resized.observe(element);
		dark.addEventListener("change", draw);
		return () => {
			resized.disconnect();
			dark.removeEventListener("change", draw);
			plot.current?.destroy();
			plot.current = null;
		};
	}, [pair, language]);
	useEffect(() => {
		for (const foot of ["left", "right"] as const) {
			const line = lines.current?.[foot];
			const percent = at[foot];
			if (!line || !plot.current)
				continue;
			line.style.display = percent === null ? "none" : "block";
			if (percent !== null)
				line.style.transform = `translateX(${plot.current.valToPos(percent, "x")}px)`;
		}
	});
	return <div ref={box} className="plot" role="img" aria-label={label} />;
}

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
