import { Link } from "wouter";
import { useVisits } from "../api/hooks";
import type { JobDetail } from "../api/types";
import { useI18n } from "../i18n";

/* Below a result: the same person's other walks, each a way to the comparison with it. */
export function Visits({ job }: { job: JobDetail }) {
	const { t, format } = useI18n();
	const visits = useVisits(job.subject);
	const others = visits.data?.jobs.filter((other) => other.id !== job.id && other.result && !other.erased) ?? [];

	if (others.length === 0)
		return null;
	return (
		<section className="card" aria-labelledby="visits-title">
			<h2 id="visits-title">{t("compare.visits", { code: visits.data?.code ?? "" })}</h2>
			<p className="hint">{t("compare.visitsText")}</p>
			<ul className="plain-list">
				{others.map((other) => {
					const [earlier, later] = other.created < job.created ? [other.id, job.id] : [job.id, other.id];
					return (
						<li key={other.id}>
							<Link href={`/jobs/${later}/with/${earlier}`}>{t("compare.with", { n: String(other.ordinal), when: format.when(other.created) })}</Link>
						</li>
					);
				})}
			</ul>
		</section>
	);
}
