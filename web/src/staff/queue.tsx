import { Link } from "wouter";
import { explain } from "../api/client";
import { useI18n } from "../i18n";
import { Busy, Failure } from "../ui/notice";
import { useTitle } from "../ui/title";
import { useQueue, type Queue, type RunningJob, type WaitingJob } from "./api";
import { Badge } from "./state";
import { Table } from "./table";
import { Throughput } from "./throughput";
import { useWords } from "./words";

function JobLink({ job }: { job: { id: string; ordinal: number; priority: number } }) {
	const { t } = useI18n();
	const words = useWords();
	return (
		<>
			<Link href={`/jobs/${job.id}`}>{t("jobs.number", { n: String(job.ordinal) })}</Link>
			{job.priority !== 0 && <> <Badge>{words.t("queue.priority", { n: String(job.priority) })}</Badge></>}
		</>
	);
}

function Doing({ job }: { job: RunningJob }) {
	const { code, format } = useI18n();
	const { t } = useWords();
	return (
		<>
			{job.cancelling ? t("queue.cancelling") : job.phase ? t(`queue.phase.${job.phase}`) : "–"}
			{job.phase === "running" && job.step && (
				<span className="hint"> · {code("job.step", job.step, job.step)} {format.percent(job.percent)}</span>
			)}
			{job.phase === "running" && <progress max={100} value={job.percent} aria-hidden="true" />}
			{job.never_runs && <p className="field-error">{t("queue.neverRuns")}</p>}
		</>
	);
}

function Running({ queue }: { queue: Queue }) {
	const { t } = useWords();
	const { format } = useI18n();
	if (queue.running.length === 0)
		return <p>{t("queue.running.none")}</p>;
	return (
		<Table<RunningJob> caption={t("queue.running", { n: queue.running_total, most: queue.max_in_flight })} rows={queue.running} rowKey={(j) => j.id}
			columns={[
				{ key: "job", head: t("queue.job"), cell: (j) => <JobLink job={j} /> },
				{ key: "owner", head: t("queue.owner"), cell: (j) => j.owner_email ?? t("unknownAccount") },
				{ key: "state", head: t("queue.state"), cell: (j) => <Doing job={j} /> },
				{ key: "since", head: t("queue.since"), cell: (j) => (j.since ? <time dateTime={j.since} title={format.when(j.since)}>{format.ago(j.since)}</time> : "–") },
				{ key: "try", head: t("queue.try"), cell: (j) => String(j.attempt) },
				{ key: "cluster", head: t("queue.cluster"), cell: (j) => (j.cluster_id ? <code>{j.cluster_id}</code> : "–") },
			]} />
	);
}

function Wait({ job }: { job: WaitingJob }) {
	const { t } = useWords();
	const { format } = useI18n();
	return (
		<>
			{job.estimated_wait_s === null ? t("queue.wait.unknown") : job.estimated_wait_s === 0 ? t("queue.wait.next") : format.duration(job.estimated_wait_s)}
			{job.not_before && <span className="hint"> · {t("queue.notBefore", { when: format.when(job.not_before) })}</span>}
			{job.note && <p className="hint">{job.note}</p>}
			{job.error_kind && <p className="hint"><code>{job.error_kind}</code></p>}
		</>
	);
}

function Waiting({ queue }: { queue: Queue }) {
	const { t } = useWords();
	const { format } = useI18n();
	if (queue.waiting.length === 0)
		return <p>{t("queue.waiting.none")}</p>;
	return (
		<>
			<p className="hint">{t("queue.waiting.order")}</p>
			<Table<WaitingJob> caption={t("queue.waiting", { n: queue.waiting_total })} rows={queue.waiting} rowKey={(j) => j.id}
				columns={[
					{ key: "job", head: t("queue.job"), cell: (j) => <JobLink job={j} /> },
					{ key: "place", head: t("queue.place"), cell: (j) => String(j.position + 1) },
					{ key: "owner", head: t("queue.owner"), cell: (j) => j.owner_email ?? t("unknownAccount") },
					{ key: "since", head: t("queue.waitingFor"), cell: (j) => <time dateTime={j.created} title={format.when(j.created)}>{format.ago(j.created)}</time> },
					{ key: "try", head: t("queue.try"), cell: (j) => String(j.attempt + 1) },
					{ key: "wait", head: t("queue.wait"), cell: (j) => <Wait job={j} /> },
				]} />
			{queue.waiting_total > queue.waiting.length && (
				<p className="hint">{t("queue.more", { shown: queue.waiting.length, n: queue.waiting_total })}</p>
			)}
		</>
	);
}

export function QueuePage() {
	const i18n = useI18n();
	const { t } = useWords();
	const { data: queue, error, isPending, refetch } = useQueue();

	useTitle(t("queue.title"));
	return (
		<>
			<h1>{t("queue.title")}</h1>
			<p className="hint">
				{queue && (queue.attempt_s === null ? t("queue.attempt.unknown") : t("queue.attempt", { time: i18n.format.duration(queue.attempt_s) }))} {t("refreshed")}
			</p>
			{isPending && <Busy />}
			{error && <Failure text={explain(i18n, error)} retry={() => void refetch()} />}
			{queue && (
				<>
					<section className="card">
						<h2>{t("queue.running", { n: queue.running_total, most: queue.max_in_flight })}</h2>
						<Running queue={queue} />
					</section>
					<section className="card">
						<h2>{t("queue.waiting", { n: queue.waiting_total })}</h2>
						<Waiting queue={queue} />
					</section>
				</>
			)}
			<Throughput />
		</>
	);
}
