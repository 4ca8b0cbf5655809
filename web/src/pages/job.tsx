import { lazy, Suspense, useState } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { explain, Problem, send } from "../api/client";
import { useJob, useSelf, type Link as Connection } from "../api/hooks";
import type { View } from "../api/result";
import { isOver, type JobDetail } from "../api/types";
import { useI18n } from "../i18n";
import { Comment } from "../release/comment";
import { NewerWaits, NotShown } from "../release/not_shown";
import { failedView, ReplaceButton, ReplaceContext } from "../release/replace";
import { newerIsHidden } from "../release/state";
import { Confirm } from "../ui/confirm";
import { Busy, Failure, Notice } from "../ui/notice";
import { StateBadge } from "../ui/state";
import { useTitle } from "../ui/title";

const ResultView = lazy(() => import("../read/result_view"));
const ReleasePanel = lazy(() => import("../release/release_panel"));
const ReplacePanel = lazy(() => import("../release/replace_panel"));
const Attempts = lazy(() => import("../staff/attempts"));

function Waiting({ job }: { job: JobDetail }) {
	const { t, format } = useI18n();
	const { queue } = job;
	return (
		<>
			{queue && (
				<p className="big">{queue.position === 0 ? t("job.next") : t("job.position", { n: queue.position })}</p>
			)}
			{queue && (
				<p>{queue.estimated_wait_s === null ? t("job.waitUnknown") : t("job.wait", { time: format.duration(queue.estimated_wait_s) })}</p>
			)}
			{job.error && <Notice tone="warn"><p>{t("job.lastTry", { text: job.error.text })}</p></Notice>}
		</>
	);
}

function Working({ job }: { job: JobDetail }) {
	const { t, code, format } = useI18n();
	const { progress, phase } = job;
	return (
		<>
			{phase && <p className="big">{t(`job.phase.${phase}`)}</p>}
			{phase === "running" && progress && (
				<>
					<label htmlFor="progress" className="progress-label">
						<span>{code("job.step", progress.step, t("job.step.other"))}</span>
						<span>{format.percent(progress.percent)}</span>
					</label>
					<progress id="progress" max={100} value={progress.percent} />
				</>
			)}
		</>
	);
}

function Failed({ job }: { job: JobDetail }) {
	const { t, code } = useI18n();
	const kind = job.error?.kind ?? "other";
	const view = failedView(job.error);
	return (
		<Notice tone="bad" title={t("job.failed")}>
			<p>{code("fail", kind, t("fail.other"))}</p>
			{job.error?.text && <p className="hint">{job.error.text}</p>}
			<p><strong>{t("job.todo")}:</strong> {code("fail", `${kind}.todo`, t("fail.other.todo"))}</p>
			{view && <p>{t("replace.hint")}</p>}
			{view && <p><ReplaceButton view={view} /></p>}
		</Notice>
	);
}

function Status({ job, link }: { job: JobDetail; link: Connection }) {
	const { t } = useI18n();
	const state = job.status.value;
	return (
		<section className="card" aria-live="polite">
			{job.erased ? <p>{t("job.erasedText")}</p>
			: job.cancelling ? <p>{t("job.cancellingText")}</p>
			: state === "queued" || state === "submitting" ? <Waiting job={job} />
			: state === "processing" ? <Working job={job} />
			: state === "cancelled" ? <p>{t("job.cancelledText")}</p>
			: <Failed job={job} />}
			{!isOver(job) && (
				<p className="hint">
					{t("job.mayClose")} {link === "live" ? t("job.live") : t("job.polling")}
					{job.attempts.length > 1 && ` ${t("job.tries", { n: job.attempts.length })}`}
				</p>
			)}
		</section>
	);
}

type Action = "cancel" | "rerun" | "erase";

function Actions({ job }: { job: JobDetail }) {
	const i18n = useI18n();
	const { t } = i18n;
	const client = useQueryClient();
	const [asked, setAsked] = useState<Action | null>(null);
	const act = useMutation({
		mutationFn: (action: Action) =>
			action === "erase" ? send("DELETE", `/api/v1/jobs/${job.id}`) : send("POST", `/api/v1/jobs/${job.id}/${action}`),
		onSuccess: () => setAsked(null),
		onSettled: async () => {
			await client.invalidateQueries({ queryKey: ["job", job.id] });
			await client.invalidateQueries({ queryKey: ["jobs"] });
		},
	});
	const over = isOver(job);
	const possible: Action[] = job.erased ? [] : over ? ["rerun", "erase"] : job.cancelling ? [] : ["cancel"];
	const why = act.error instanceof Problem && act.error.status === 409 ? t("error.other", { detail: act.error.detail })
		: act.error ? explain(i18n, act.error) : null;

	if (possible.length === 0)
		return null;
	return (
		<div className="actions">
			{possible.map((action) => (
				<button key={action} type="button" className={action === "erase" ? "danger-quiet" : undefined}
					onClick={() => { act.reset(); setAsked(action); }}>
					{t(`job.${action}`)}
				</button>
			))}
			{possible.map((action) => (
				<Confirm key={action} open={asked === action} title={t(`job.${action}.title`)} text={t(`job.${action}.text`)}
					keep={t(`job.${action}.keep`)} act={t(`job.${action}.do`)} danger={action !== "rerun"} busy={act.isPending} error={why}
					onClose={() => setAsked(null)} onAct={() => act.mutate(action)} />
			))}
		</div>
	);
}

function History({ job }: { job: JobDetail }) {
	const { t, format, code } = useI18n();
	return (
		<details className="card">
			<summary>{t("job.history")}</summary>
			<ol className="history">
				{job.events.map((event) => (
					<li key={event.seq}>
						<time dateTime={event.at}>{format.when(event.at)}</time>
						<span>
							{event.kind === "note" ? event.text
							: event.phase ? code("job.phase", event.phase, event.text)
							: code("state", event.status, event.text)}
						</span>
					</li>
				))}
			</ol>
		</details>
	);
}

export function JobPage({ id }: { id: string }) {
	const i18n = useI18n();
	const { t, format } = i18n;
	const { data: job, error, isPending, refetch, link } = useJob(id);
	const self = useSelf();
	const [replacing, setReplacing] = useState<View | null>(null);

	useTitle(t("job.title", { n: job ? String(job.ordinal) : "…" }));
	if (isPending)
		return <Busy />;
	if (!job)
		return (
			<>
				<h1>{t("jobs.title")}</h1>
				<Failure text={explain(i18n, error)} retry={() => void refetch()} />
				<p><Link href="/jobs">{t("job.back")}</Link></p>
			</>
		);
	const done = job.status.value === "complete" && !job.erased;
	const staff = self.data !== undefined && self.data !== null && self.data.role !== "submitter";
	const release = job.erased ? undefined : job.release;
	const canReplace = isOver(job) && !job.erased;
	return (
		<ReplaceContext value={canReplace ? setReplacing : null}>
			<p className="back"><Link href="/jobs">← {t("job.back")}</Link></p>
			<div className="title-row">
				<div>
					<h1>{t("job.title", { n: String(job.ordinal) })}</h1>
					<p className="hint">{t("jobs.sent", { when: format.when(job.created) })} · <StateBadge job={job} /></p>
				</div>
				<Actions job={job} />
			</div>
			{error && <Failure text={explain(i18n, error)} />}
			{!done && <Status job={job} link={link} />}
			{replacing && canReplace && (
				<Suspense fallback={<Busy />}>
					<ReplacePanel key={replacing} job={job} view={replacing} onClose={() => setReplacing(null)} />
				</Suspense>
			)}
			{release && staff && <Suspense><ReleasePanel job={job} release={release} /></Suspense>}
			{release && !staff && done && !job.result && <NotShown job={job} live={link === "live"} />}
			{release && !staff && done && job.result && newerIsHidden(job) && <NewerWaits job={job} />}
			{release?.comment && !staff && job.result && <Comment text={release.comment} at={release.at} />}
			{job.result && !job.erased && (
				<>
					{!done && <p>{t("job.resultKept", { n: job.result.attempt })}</p>}
					<Suspense fallback={<Busy text={t("result.loading")} />}>
						<ResultView job={job} attempt={job.result.attempt} />
					</Suspense>
				</>
			)}
			<History job={job} />
			{job.owner !== undefined && <Suspense fallback={null}><Attempts job={job} /></Suspense>}
		</ReplaceContext>
	);
}
