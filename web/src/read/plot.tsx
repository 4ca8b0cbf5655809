import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Foot } from "../api/result";
import { useI18n } from "../i18n";
import type { Pair } from "./pairs";

const percents = Array.from({ length: 101 }, (_, i) => i);

const none = percents.map(() => null);

function dataOf({ left, right }: Pair, earlier: Pair | undefined): uPlot.AlignedData {
	const reference = (left ?? right)?.reference;
	const edge = (sign: 1 | -1) =>
		reference ? reference.mean.map((m, i) => { const sd = reference.sd[i]; return m === null || sd === null || sd === undefined ? null : m + sign * sd; }) : none;
	return [percents, edge(1), edge(-1), left?.mean ?? none, right?.mean ?? none, earlier?.left?.mean ?? none, earlier?.right?.mean ?? none];
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
			{ stroke: colour("--left"), width: 1, points: { show: false } },
			{ stroke: colour("--right"), width: 1, dash: [8, 4], points: { show: false } },
		],
	};
}

/* One joint of both legs with the reference's band; of an earlier visit, where there is one, thin. @at: where each foot is in its stride.
 * Drawn anew when @pair or @earlier are other objects. */
export function Plot({ pair, earlier, at, label }: { pair: Pair; earlier?: Pair | undefined; at: Record<Foot, number | null>; label: string }) {
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
			const u = new uPlot(plotOptions(element.clientWidth, getComputedStyle(element), new Intl.NumberFormat(language)), dataOf(pair, earlier), element);
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
	}, [pair, earlier, language]);
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
