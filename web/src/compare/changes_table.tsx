import { Fragment } from "react";
import { useI18n } from "../i18n";
import { digitsFor, groups } from "../read/parameters";
import type { Change } from "./change";

function useNames() {
	const { t, code } = useI18n();
	return (row: Change) => {
		const name = row.name === "gait_profile_score" ? t("result.profile.total") : code("param", row.name.replace(/^symmetry_/, ""), row.name);
		return row.foot ? `${name}, ${t(`result.${row.foot}`)}` : name;
	};
}

function Judgement({ row }: { row: Change }) {
	const { t } = useI18n();
	return (
		<>
			<span className={row.verdict === "beyond" ? "badge" : "hint"}>{t(`compare.verdict.${row.verdict}`)}</span>
			{row.toward && <small className="ci">{t(`compare.toward.${row.toward}`)}</small>}
		</>
	);
}

function Row({ row, name }: { row: Change; name: string }) {
	const { t, format, code } = useI18n();
	const digits = digitsFor(row.unit);
	const number = (v: number | null) => (v === null ? "–" : format.number(v, digits));
	return (
		<tr>
			<th scope="row">{name} {row.unit !== "1" && <span className="unit">{code("unit", row.unit, row.unit)}</span>}</th>
			<td data-label={t("compare.col.before")}>{number(row.before)}</td>
			<td data-label={t("compare.col.now")}>{number(row.now)}</td>
			<td data-label={t("compare.col.change")}>{row.change === null ? "–" : format.change(row.change, digits)}</td>
			<td data-label={t("compare.col.mdc")}>{row.mdc === null ? "–" : `± ${format.number(row.mdc, digits)}`}</td>
			<td data-label={t("compare.col.verdict")} className="verdict"><Judgement row={row} /></td>
		</tr>
	);
}

/* Rows by group where @grouped, else as they come. */
export function ChangesTable({ rows, grouped }: { rows: Change[]; grouped: boolean }) {
	const { t } = useI18n();
	const names = useNames();
	const bodies = grouped
		? groups.map((g) => ({ title: t(g.title), rows: g.names.flatMap((name) => rows.filter((r) => r.name === name)) }))
			.concat({ title: t("result.profile"), rows: rows.filter((r) => r.name === "gait_profile_score") }).filter((g) => g.rows.length > 0)
		: [{ title: "", rows }];
	return (
		<table className="parameters changes">
			<thead>
				<tr>{(["name", "before", "now", "change", "mdc", "verdict"] as const).map((c) => <th key={c} scope="col">{t(`compare.col.${c}`)}</th>)}</tr>
			</thead>
			<tbody>
				{bodies.map((body) => (
					<Fragment key={body.title}>
						{body.title && <tr className="group"><th colSpan={6} scope="colgroup">{body.title}</th></tr>}
						{body.rows.map((row) => <Row key={`${row.name}${row.foot ?? ""}`} row={row} name={names(row)} />)}
					</Fragment>
				))}
			</tbody>
		</table>
	);
}
