import { useState, type ReactNode } from "react";
import { explain } from "../api/client";
import { isOver, type JobDetail } from "../api/types";
import { useI18n } from "../i18n";
import { Busy, Failure } from "../ui/notice";
import { useAttempts, type Attempt } from "./api";
import { Badge } from "./state";
import { StaffWords, useWords } from "./words";
import "./staff.css";

const tones = { complete: "good", error: "bad", lost: "bad", cancelled: "dim", running: "" } as const;

function Facts({ rows }: { rows: [string, ReactNode][] }) {
	return (
		<dl className="facts-list">
			{rows.filter(([, value]) => value !== null && value !== "").map(([name, value]) => (
				<div key={name}>
					<dt>{name}</dt>
					<dd>{value}</dd>
				</div>
			))}
		</dl>
	);
}

function One({ attempt: a }: { attempt: Attempt }) {
	const { t } = useWords();
	const { format, code, locale } = useI18n();
	const when = (iso: string | null) => (iso ? format.when(iso) : null);
	const outcome = a.outcome ?? "running";
	const ran = a.checked_in ? (Date.parse(a.ended ?? new Date().toISOString()) - Date.parse(a.checked_in)) / 1000 : null;
	return (
		<li>
			<h3>{t("attempts.n", { n: String(a.n) })} <Badge tone={tones[outcome]}>{t(`attempts.outcome.${outcome}`)}</Badge></h3>
			{a.never_runs_since && <p className="field-error">{t("attempts.neverRuns", { when: format.when(a.never_runs_since) })}</p>}
			<Facts rows={[
				[t("attempts.error"), a.error_kind || a.error ? <><code>{a.error_kind}</code> {a.error}</> : null],
				[t("attempts.clusterId"), a.cluster_id && <code>{a.cluster_id}</code>],
				[t("attempts.engine"), a.engine],
				[t("attempts.step"), a.step && `${code("job.step", a.step, a.step)} (${format.percent(a.percent)})`],
				[t("attempts.made"), when(a.created)],
				[t("attempts.submitted"), when(a.submitted)],
				[t("attempts.begun"), when(a.checked_in)],
				[t("attempts.heard"), when(a.heartbeat)],
				[t("attempts.ended"), when(a.ended)],
				[t("attempts.ran"), ran === null ? null : format.duration(ran)],
				[t("attempts.walltime"), a.walltime_s > 0 ? format.duration(a.walltime_s) : null],
				[t("attempts.frames"), a.frames > 0 ? new Intl.NumberFormat(locale).format(a.frames) : null],
			]} />
			{a.relay && <p className="hint">{t("attempts.relay")}</p>}
			{a.log && (
				<>
					<p className="log-title">{t("attempts.log")}</p>
					<pre className="log" role="region" aria-label={t("attempts.log")} tabIndex={0}>{a.log}</pre>
				</>
			)}
		</li>
	);
}

function List({ job }: { job: JobDetail }) {
	const i18n = useI18n();
	const { t } = useWords();
	const { data, error, isPending } = useAttempts(job.id, !isOver(job));
	return (
		<>
			<Facts rows={[[t("attempts.owner"), job.owner_email ?? t("unknownAccount")], [t("attempts.id"), <code key="id">{job.id}</code>]]} />
			{isPending ? <Busy />
			: error ? <Failure text={explain(i18n, error)} />
			: data.attempts.length === 0 ? <p>{t("attempts.none")}</p>
			: <ol className="attempts">{data.attempts.map((a) => <One key={a.id} attempt={a} />)}</ol>}
		</>
	);
}

function Folded({ job }: { job: JobDetail }) {
	const { t } = useWords();
	const [open, setOpen] = useState(false);
	return (
		<details className="card" onToggle={(e) => setOpen(e.currentTarget.open)}>
			<summary>{t("attempts")}</summary>
			{open && <List job={job} />}
		</details>
	);
}

/* On a job's page, for staff: asked for when it is opened. */
export default function Attempts({ job }: { job: JobDetail }) {
	return <StaffWords waiting={null}><Folded job={job} /></StaffWords>;
}
