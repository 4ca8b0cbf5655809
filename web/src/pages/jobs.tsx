import { lazy, Suspense } from "react";
import { Link, useSearchParams } from "wouter";
import { explain } from "../api/client";
import { useJobs, useSubjects } from "../api/hooks";
import { states, type Job, type Self } from "../api/types";
import { useI18n, type AnyKey } from "../i18n";
import "../release/release.css";
import { Busy, Failure } from "../ui/notice";
import { useTitle } from "../ui/title";
import { StateBadge } from "../ui/state";

const StaffSearch = lazy(() => import("../staff/search"));
const StaffFacts = lazy(() => import("../staff/row_facts"));

function Row({ job, code, staff }: { job: Job; code: string | undefined; staff: boolean }) {
	const { t, format } = useI18n();
	return (
		<li>
			<Link href={`/jobs/${job.id}`} className="row">
				<span className="row-main">
					<strong>{t("jobs.number", { n: String(job.ordinal) })}</strong>
					<span className="hint">
						{t("jobs.sent", { when: format.when(job.created) })}
						{code && ` · ${t("jobs.subject", { code })}`}
					</span>
					{staff && <Suspense fallback={null}><StaffFacts job={job} /></Suspense>}
				</span>
				<span className="row-side">
					{job.progress && job.status.value === "processing" && <span className="hint">{format.percent(job.progress.percent)}</span>}
					{job.result && !job.erased && (
						<span className="hint">
							{job.result.score === null ? t("jobs.noScore") : t("jobs.score", { score: format.number(job.result.score) })}
						</span>
					)}
					<StateBadge job={job} />
				</span>
			</Link>
		</li>
	);
}

export function JobsPage({ self }: { self: Self }) {
	const i18n = useI18n();
	const { t, format } = i18n;
	const [search, setSearch] = useSearchParams();
	const wanted = search.get("status");
	const status = wanted === "open" ? wanted : (states.find((s) => s === wanted) ?? "");
	const mine = search.has("mine");
	const waiting = search.has("waiting");
	const before = search.get("before") ?? "";
	const words = search.get("q") ?? "";
	const staff = self.role !== "submitter";
	const page = useJobs({ status, mine, waiting, before, search: words });
	const subjects = useSubjects();
	const codes = new Map(subjects.data?.map((s) => [s.id, s.code]));
	const filter = (name: string, value: string | null) =>
		setSearch((old) => {
			const next = new URLSearchParams(old);
			if (name !== "before")
				next.delete("before");
			if (value === null)
				next.delete(name);
			else
				next.set(name, value);
			return next;
		});

	useTitle(t("jobs.title"));
	return (
		<>
			<div className="title-row">
				<h1>{t("jobs.title")}</h1>
				<Link href="/new" className="button primary">{t("nav.submit")}</Link>
			</div>
			<div className="filters">
				<label htmlFor="status">{t("jobs.status")}</label>
				<select id="status" value={status} onChange={(e) => filter("status", (e.target.value) || null)}>
					<option value="">{t("jobs.all")}</option>
					{staff && <option value="open">{t("jobs.open")}</option>}
					{states.map((s) => <option key={s} value={s}>{t(`state.${s}` as AnyKey)}</option>)}
				</select>
				{staff && (
					<label className="check">
						<input type="checkbox" checked={mine} onChange={(e) => filter("mine", e.target.checked ? "1" : null)} /> {t("jobs.mine")}
					</label>
				)}
				{(waiting || Boolean(page.data?.waiting)) && staff && (
					<button type="button" aria-pressed={waiting} onClick={() => filter("waiting", waiting ? null : "1")}>
						{t("release.filter")} <span className="badge waiting-count">{format.number(page.data?.waiting ?? 0, 0)}</span>
					</button>
				)}
				{staff && <Suspense fallback={null}><StaffSearch key={words} words={words} onSearch={(q) => filter("q", q || null)} /></Suspense>}
			</div>
			{page.isPending ? <Busy />
			: page.isError ? <Failure text={explain(i18n, page.error)} retry={() => void page.refetch()} />
			: page.data.jobs.length === 0 ? (
				<div className="card empty">
					<p>{status || before || waiting || words ? t("jobs.noneFiltered") : t("jobs.none")}</p>
					{!status && !before && !waiting && !words && <Link href="/new" className="button primary">{t("jobs.first")}</Link>}
				</div>
			) : (
				<ul className="rows">
					{page.data.jobs.map((job) => <Row key={job.id} job={job} code={job.subject ? codes.get(job.subject) : undefined} staff={staff} />)}
				</ul>
			)}
			<div className="paging">
				{before && <button type="button" onClick={() => filter("before", null)}>{t("jobs.newest")}</button>}
				{page.data?.next && (
					<button type="button" onClick={() => filter("before", page.data.next)}>{t("jobs.older")}</button>
				)}
			</div>
		</>
	);
}
