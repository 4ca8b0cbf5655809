import { Link } from "wouter";
import { explain } from "../api/client";
import { useI18n } from "../i18n";
import { Busy, Failure, Notice } from "../ui/notice";
import { useTitle } from "../ui/title";
import { useHealth, type Health } from "./api";
import { Badge } from "./state";
import { useWords } from "./words";

function Part({ name, part }: { name: string; part: Health["parts"][string] }) {
	const { t, code } = useWords();
	const { format } = useI18n();
	return (
		<li className={part.ok ? "part" : "part broken"}>
			<div className="part-head">
				<h3>{code("part", name, name)}</h3>
				<Badge tone={part.ok ? "good" : "bad"}>{t(part.ok ? "health.part.ok" : "health.part.bad")}</Badge>
			</div>
			<p className="hint">
				{t("health.since", { when: format.when(part.since) })}
				{part.needed && ` · ${t("health.part.needed")}`}
			</p>
			<p>{part.detail}</p>
			{!part.ok && <p><strong>{t("health.todo")}:</strong> {code("part", `${name}.todo`, "")}</p>}
		</li>
	);
}

function Counts({ counts }: { counts: Health["counts"] }) {
	const { t } = useWords();
	const { format, locale } = useI18n();
	const { jobs, outbox, cluster, spool, http } = counts;
	const number = (n: number) => new Intl.NumberFormat(locale).format(n);
	const free = spool.free_bytes === null ? "–" : format.bytes(spool.free_bytes);
	const least = spool.min_free_bytes > 0 ? ` (${t("counts.free.least", { least: format.bytes(spool.min_free_bytes) })})` : "";
	const rows: [string, string, boolean?][] = [
		[t("counts.waiting"), number(jobs.queued + jobs.submitting)],
		[t("counts.processing"), number(jobs.processing)],
		[t("counts.complete"), number(jobs.complete)],
		[t("counts.failed"), number(jobs.submission_error + jobs.inference_error)],
		[t("counts.cancelled"), number(jobs.cancelled)],
		[t("counts.free"), free + least],
		[t("counts.reserved"), format.bytes(spool.reserved_bytes)],
		[t("counts.mailPending"), number(outbox.pending)],
		[t("counts.mailBounced"), number(outbox.bounced), outbox.bounced > 0],
		[t("counts.neverRun"), number(cluster.never_run), cluster.never_run > 0],
		[t("counts.misconfigured"), number(cluster.node_misconfigured_24h), cluster.node_misconfigured_24h > 0],
		[t("counts.memory"), number(cluster.out_of_memory_24h), cluster.out_of_memory_24h > 0],
		[t("counts.connections"), number(http.connections_api + http.connections_blocking)],
		[t("counts.streams"), number(http.event_streams)],
		[t("counts.requests"), number(http.requests)],
		[t("counts.refused"), number(http.refused_busy), http.refused_busy > 0],
	];
	return (
		<dl className="counts">
			{rows.map(([name, value, alarm]) => (
				<div key={name} className={alarm ? "alarm" : undefined}>
					<dt>{name}</dt>
					<dd>{value}</dd>
				</div>
			))}
		</dl>
	);
}

export function HealthPage() {
	const i18n = useI18n();
	const { t } = useWords();
	const { data: health, error, isPending, refetch } = useHealth();

	useTitle(t("health.title"));
	return (
		<>
			<h1>{t("health.title")}</h1>
			{isPending && <Busy />}
			{error && <Failure text={explain(i18n, error)} retry={() => void refetch()} />}
			{health && (
				<>
					<div aria-live="polite">
						<Notice tone={health.status === "ok" ? "good" : health.status === "degraded" ? "warn" : "bad"}>
							<p>{t(`health.${health.status}`)}</p>
						</Notice>
					</div>
					<section className="card">
						<ul className="parts">
							{Object.entries(health.parts).map(([name, part]) => <Part key={name} name={name} part={part} />)}
						</ul>
						{health.status !== "ok" && <p className="hint">{t("health.doctor")}</p>}
					</section>
					<section className="card">
						<h2>{t("counts.title")}</h2>
						<Counts counts={health.counts} />
						<p className="hint">{t("refreshed")} <Link href="/staff/queue">{t("nav.queue")}</Link></p>
					</section>
				</>
			)}
		</>
	);
}
