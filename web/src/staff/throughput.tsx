import { useState } from "react";
import { explain } from "../api/client";
import { useI18n } from "../i18n";
import { Failure } from "../ui/notice";
import { useThroughput, type Ended } from "./api";
import { useWords } from "./words";

const spans = { day: { hours: 24, step: 1 }, week: { hours: 168, step: 4 } } as const;
type Span = keyof typeof spans;

export const sum = (list: Ended[]): Ended =>
	list.reduce((a, b) => ({ complete: a.complete + b.complete, failed: a.failed + b.failed, retried: a.retried + b.retried }), { complete: 0, failed: 0, retried: 0 });

/* @step hours in one, counted from the present one back, so that the last bar is whole. */
export function grouped(hours: Ended[], step: number): Ended[] {
	const out: Ended[] = [];
	for (let end = hours.length; end > 0; end -= step)
		out.unshift(sum(hours.slice(Math.max(0, end - step), end)));
	return out;
}

/* What succeeded stands up, what did not hangs down: told apart without colours, too. */
function Bars({ bars, label }: { bars: Ended[]; label: string }) {
	const up = Math.max(1, ...bars.map((b) => b.complete));
	const down = Math.max(0, ...bars.map((b) => b.failed + b.retried));
	const unit = 100 / (up + down);
	const zero = up * unit;
	return (
		<svg className="bars" viewBox={`0 0 ${bars.length * 10} 100`} preserveAspectRatio="none" role="img" aria-label={label}>
			{bars.map((b, i) => (
				<g key={i}>
					<rect className="bar-complete" x={i * 10 + 1} width={8} y={zero - b.complete * unit} height={b.complete * unit} />
					<rect className="bar-failed" x={i * 10 + 1} width={8} y={zero} height={b.failed * unit} />
					<rect className="bar-retried" x={i * 10 + 1} width={8} y={zero + b.failed * unit} height={b.retried * unit} />
				</g>
			))}
			<line className="bar-zero" x1={0} x2={bars.length * 10} y1={zero} y2={zero} />
		</svg>
	);
}

export function Throughput() {
	const i18n = useI18n();
	const { format } = i18n;
	const { t } = useWords();
	const [span, setSpan] = useState<Span>("day");
	const { hours, step } = spans[span];
	const { data, error } = useThroughput(hours);
	const bars = grouped(data?.hours ?? [], step);
	const begins = bars.map((_, i) => new Date(Date.parse(data?.since ?? "") + ((data?.hours.length ?? 0) - (bars.length - i) * step) * 3_600_000).toISOString());
	const total = sum(bars);
	const summary = t("chart.summary", { complete: total.complete, failed: total.failed, retried: total.retried });

	return (
		<section className="card">
			<div className="title-row">
				<h2>{t("chart.title")}</h2>
				<div className="segments">
					{(["day", "week"] as const).map((s) => (
						<button key={s} type="button" aria-pressed={s === span} onClick={() => setSpan(s)}>{t(`chart.${s}`)}</button>
					))}
				</div>
			</div>
			{error && <Failure text={explain(i18n, error)} />}
			{data && begins[0] !== undefined && (
				<>
					<p>{summary}</p>
					<Bars bars={bars} label={`${t(`chart.${span}`)}: ${summary}`} />
					<div className="scale-ends wide-ends">
						<span>{format.when(begins[0])}</span>
						<span>{t("chart.most", { n: Math.max(...bars.map((b) => b.complete)) })}</span>
						<span>{format.when(new Date(Date.parse(data.since) + data.hours.length * 3_600_000).toISOString())}</span>
					</div>
					<p className="legend">
						{(["complete", "failed", "retried"] as const).map((kind) => (
							<span key={kind} className={`swatch bar-${kind}`}>{t(`chart.${kind}`)}</span>
						))}
					</p>
					<details>
						<summary>{t("chart.table")}</summary>
						<div className="scroll" role="region" aria-label={t("chart.table")} tabIndex={0}>
							<table className="simple">
								<thead>
									<tr>
										<th scope="col">{t("chart.from")}</th>
										<th scope="col">{t("chart.complete")}</th>
										<th scope="col">{t("chart.failed")}</th>
										<th scope="col">{t("chart.retried")}</th>
									</tr>
								</thead>
								<tbody>
									{bars.map((b, i) => ({ ...b, at: begins[i] ?? "" })).filter((b) => b.complete + b.failed + b.retried > 0).map((b) => (
										<tr key={b.at}>
											<th scope="row">{format.when(b.at)}</th>
											<td>{b.complete}</td>
											<td>{b.failed}</td>
											<td>{b.retried}</td>
										</tr>
									))}
								</tbody>
							</table>
						</div>
					</details>
				</>
			)}
		</section>
	);
}
