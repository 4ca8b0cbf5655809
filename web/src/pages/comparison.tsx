import { lazy, Suspense } from "react";
import { Link } from "wouter";
import { explain } from "../api/client";
import { useJob, useResult, useVisits } from "../api/hooks";
import type { JobDetail } from "../api/types";
import { changes, otherwise, sourcesOf } from "../compare/change";
import { ChangesTable } from "../compare/changes_table";
import { Films, type Visit } from "../compare/films";
import "../compare/compare.css";
import { useI18n } from "../i18n";
import { Busy, Failure, Notice } from "../ui/notice";
import { useTitle } from "../ui/title";

const BothCurves = lazy(() => import("../compare/both_curves")); // with the plotting library

function Otherwise({ before, now }: { before: Visit; now: Visit }) {
	const { t } = useI18n();
	const found = otherwise(before.result, now.result);
	if (found.length === 0)
		return null;
	return (
		<Notice tone="warn" title={t("compare.otherwise")}>
			<ul className="flags">{found.map((what) => <li key={what}>{t(`compare.otherwise.${what}`)}</li>)}</ul>
		</Notice>
	);
}

function Scores({ before, now }: { before: Visit; now: Visit }) {
	const { t, format } = useI18n();
	const scores = [before, now].map((v) => v.result.score);
	const same = scores[0]?.model?.sha256 === scores[1]?.model?.sha256;
	if (scores.every((s) => s.value === null))
		return null;
	return (
		<section className="card" aria-labelledby="scores-title">
			<h2 id="scores-title">{t("compare.score")}</h2>
			{scores.map((score, i) => (
				<p key={i === 0 ? "before" : "now"}>
					<strong>{t(i === 0 ? "compare.earlier" : "compare.later")}:</strong>{" "}
					{score.value === null ? t("jobs.noScore") : format.number(score.value)}{" "}
					{score.interval && t("result.interval", { low: format.number(score.interval[0]), high: format.number(score.interval[1]) })}
				</p>
			))}
			<p className="hint">{t(same ? "compare.scoreText" : "compare.scoreOther")}</p>
			<p><strong>{t("result.notDiagnosis")}</strong></p>
		</section>
	);
}

function Comparison({ before, now }: { before: Visit; now: Visit }) {
	const { t } = useI18n();
	const rows = changes(before.result, now.result);
	const changed = rows.filter((row) => row.verdict === "beyond");
	const sources = sourcesOf(rows);
	return (
		<>
			<Otherwise before={before} now={now} />
			<section className="card" aria-labelledby="summary-title">
				<h2 id="summary-title">{t("compare.summary")}</h2>
				<p className="hint">{t("compare.summaryText")}</p>
				<p className="big">{changed.length === 0 ? t("compare.none") : t("compare.changed", { n: changed.length })}</p>
				{changed.length > 0 && <ChangesTable rows={changed} grouped={false} />}
			</section>
			<section className="card" aria-labelledby="films-title">
				<h2 id="films-title">{t("compare.films")}</h2>
				<Films before={before} now={now} />
			</section>
			<section className="card" aria-labelledby="both-title">
				<h2 id="both-title">{t("compare.curves")}</h2>
				<Suspense fallback={<Busy />}><BothCurves before={before} now={now} /></Suspense>
			</section>
			<Scores before={before} now={now} />
			<section className="card" aria-labelledby="all-title">
				<h2 id="all-title">{t("compare.table")}</h2>
				<ChangesTable rows={rows} grouped />
				<p className="hint">{t("compare.unknownText")}</p>
				{sources.length > 0 && <p className="hint">{t("compare.sources")}: {sources.join("; ")}.</p>}
			</section>
		</>
	);
}

function useVisit(id: string) {
	const job = useJob(id);
	const attempt = job.data && !job.data.erased ? (job.data.result?.attempt ?? 0) : 0;
	const result = useResult(id, attempt, attempt > 0);
	return { job: job.data, result: result.data, error: job.error ?? result.error, none: job.data !== undefined && attempt === 0 };
}

/* Two walks of one person: /jobs/ID/with/EARLIER. */
export default function ComparisonPage({ id, earlier }: { id: string; earlier: string }) {
	const i18n = useI18n();
	const { t, format } = i18n;
	const [a, b] = [useVisit(earlier), useVisit(id)];
	const [before, now] = a.job && b.job && a.job.created > b.job.created ? [b, a] : [a, b]; // whichever way round it was asked
	const visits = useVisits(b.job?.subject ?? null);
	const error = a.error ?? b.error;
	const line = (job: JobDetail, key: "compare.before" | "compare.now") => (
		<Link href={`/jobs/${job.id}`}>{t(key, { n: String(job.ordinal), when: format.when(job.created) })}</Link>
	);

	useTitle(t("compare.title", { code: visits.data?.code ?? "…" }));
	return (
		<>
			<p className="back"><Link href={`/jobs/${id}`}>← {t("compare.back", { n: b.job ? String(b.job.ordinal) : "…" })}</Link></p>
			<h1>{t("compare.title", { code: visits.data?.code ?? "…" })}</h1>
			{error ? <Failure text={explain(i18n, error)} />
			: !before.job || !now.job ? <Busy />
			: before.job.subject === null || before.job.subject !== now.job.subject ? <Notice tone="warn"><p>{t("compare.notSame")}</p></Notice>
			: before.none || now.none ? <Notice tone="warn"><p>{t("compare.notDone")}</p></Notice>
			: !before.result || !now.result ? <Busy text={t("result.loading")} />
			: (
				<>
					<p>{line(before.job, "compare.before")} · {line(now.job, "compare.now")}</p>
					<Comparison before={{ job: before.job, result: before.result }} now={{ job: now.job, result: now.result }} />
				</>
			)}
		</>
	);
}
