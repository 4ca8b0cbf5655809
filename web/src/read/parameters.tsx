import { Fragment } from "react";
import { isSided, type Reference, type Result, type Sided, type Value, type Whole } from "../api/result";
import type { Key } from "../i18n/en";
import { useI18n } from "../i18n";
import { useWords } from "./quality";

/* Which measurements stand together. Those in `more` are for specialists: folded away. symmetry_* indices stand by themselves. */
export const groups: { title: Key; names: string[]; more?: boolean }[] = [
	{ title: "result.group.pace", names: ["speed", "cadence", "stride_time", "step_time"] },
	{ title: "result.group.space", names: ["step_length", "stride_length", "step_width"] },
	{ title: "result.group.phases", names: ["stance", "swing", "single_support", "initial_double_support", "double_support"] },
	{ title: "result.group.joints", names: ["hip_range", "knee_range", "ankle_range", "trunk_lean", "trunk_range", "trunk_sway", "pelvic_obliquity"] },
	{ title: "result.group.feet", names: ["foot_progression", "contact_angle", "toe_walking_index", "arm_swing", "smoothness"] },
	{ title: "result.group.symmetry", names: ["step_time", "stance", "swing", "step_length", "hip_range", "knee_range", "ankle_range", "arm_swing"].map((n) => `symmetry_${n}`) },
	{ title: "result.group.variation", names: ["stride_time_cv", "step_time_cv", "stride_length_cv", "step_length_cv", "step_width_cv", "speed_cv"], more: true },
	{ title: "result.group.normalised", names: ["speed_normalized", "cadence_normalized", "step_length_normalized", "stride_length_normalized", "step_width_normalized", "walk_ratio"], more: true },
];

export function digitsFor(unit: string): number {
	return { "steps/min": 0, "%": 1, degrees: 1, "m/(steps/min)": 4 }[unit] ?? 2;
}

export function outside(value: number | null, reference: Reference | undefined): "above" | "below" | null {
	if (value === null || !reference)
		return null;
	return value > reference.high ? "above" : value < reference.low ? "below" : null;
}

const letters = "abcdefghijklmnopqrstuvwxyz";

function useCell(doubts: string[], words: ReturnType<typeof useWords>) {
	const { t, format } = useI18n();
	return (value: number | null, unit: string, reference?: Reference, of?: Value) => {
		if (value === null)
			return <span className="unknown">– {of?.reason && <small>{words("why", of.reason)}</small>}</span>;
		const out = outside(value, reference);
		return (
			<>
				{format.number(value, digitsFor(unit))}
				{out && <span className="out" title={t(`result.${out}`)}><span aria-hidden="true">{out === "above" ? "▲" : "▼"}</span><span className="hidden"> {t(`result.${out}`)}</span></span>}
				{of?.doubts?.map((doubt) => (
					<sup key={doubt}><span aria-hidden="true">{letters[doubts.indexOf(doubt)]}</span><span className="hidden"> {t("result.doubtful", { why: words("doubt", doubt) })}</span></sup>
				))}
				{of?.ci95 && <small className="ci">{format.number(of.ci95[0], digitsFor(unit))}–{format.number(of.ci95[1], digitsFor(unit))}</small>}
			</>
		);
	};
}

function Row({ name, p, cell }: { name: string; p: Whole | Sided; cell: ReturnType<typeof useCell> }) {
	const { t, format, code } = useI18n();
	const unit = isSided(p) ? p.left.unit : p.unit;
	const base = name.replace(/^symmetry_/, "");
	const { reference } = p;
	return (
		<tr>
			<th scope="row">{code("param", base, base)} {unit !== "1" && <span className="unit">{code("unit", unit, unit)}</span>}</th>
			{isSided(p) ? (
				<>
					<td data-label={t("result.col.left")}>{cell(p.left.value, unit, reference, p.left)}</td>
					<td data-label={t("result.col.right")}>{cell(p.right.value, unit, reference, p.right)}</td>
					<td data-label={t("result.col.both")}>{cell(p.both, unit, reference)}</td>
				</>
			) : (
				<>
					<td className="none" /><td className="none" />
					<td data-label={t("result.col.both")}>{cell(p.value, unit, reference, p)}</td>
				</>
			)}
			<td data-label={t("result.col.reference")} className={reference ? "range" : "none"}>
				{reference && `${format.number(reference.low, digitsFor(unit))}–${format.number(reference.high, digitsFor(unit))}`}
			</td>
		</tr>
	);
}

function doubtsOf(result: Result): string[] {
	const all = Object.values(result.parameters).flatMap((p) => (isSided(p) ? [p.left, p.right] : [p])).flatMap((v) => v.doubts ?? []);
	return [...new Set(all)];
}

function Table({ result, only, cell }: { result: Result; only: typeof groups; cell: ReturnType<typeof useCell> }) {
	const { t } = useI18n();
	return (
		<table className="parameters">
			<thead>
				<tr>
					{(["name", "left", "right", "both", "reference"] as const).map((c) => <th key={c} scope="col">{t(`result.col.${c}`)}</th>)}
				</tr>
			</thead>
			<tbody>
				{only.map((group) => (
					<Fragment key={group.title}>
						<tr className="group"><th colSpan={5} scope="colgroup">{t(group.title)}</th></tr>
						{group.names.map((name) => {
							const p = result.parameters[name];
							return p && <Row key={name} name={name} p={p} cell={cell} />;
						})}
					</Fragment>
				))}
			</tbody>
		</table>
	);
}

export function Parameters({ result }: { result: Result }) {
	const { t } = useI18n();
	const words = useWords(result);
	const doubts = doubtsOf(result);
	const cell = useCell(doubts, words);
	const sources = [...new Set(Object.values(result.parameters).map((p) => p.reference?.source).filter((s) => s !== undefined))];
	return (
		<section className="card" aria-labelledby="parameters-title">
			<h2 id="parameters-title">{t("result.parameters")}</h2>
			<p className="hint">{t("result.parametersText")}</p>
			<Table result={result} only={groups.filter((g) => !g.more)} cell={cell} />
			<details>
				<summary>{t("result.moreParameters")}</summary>
				<Table result={result} only={groups.filter((g) => g.more)} cell={cell} />
			</details>
			{doubts.length > 0 && (
				<div className="footnotes">
					<p className="notice-title">{t("result.doubtsTitle")}</p>
					{doubts.map((doubt, i) => <p key={doubt}><sup>{letters[i]}</sup> {words("doubt", doubt)}</p>)}
				</div>
			)}
			{sources.length > 0 && <p className="hint">{t("result.sources")}: {sources.join("; ")}</p>}
		</section>
	);
}
