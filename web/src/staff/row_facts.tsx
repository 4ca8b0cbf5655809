import type { Job } from "../api/types";
import { useI18n } from "../i18n";
import { StaffWords, useWords } from "./words";
import "./staff.css";

function Facts({ job }: { job: Job }) {
	const { t } = useWords();
	const { format } = useI18n();
	const facts = [job.owner_email ?? t("unknownAccount"), format.ago(job.created), job.attempt > 0 && t("row.tries", { n: job.attempt }), job.error?.kind];
	return <span className="hint staff-facts">{facts.filter(Boolean).join(" · ")}</span>;
}

/* In a row of the list of jobs, for staff: whose, how old, how many tries, what went wrong. */
export default function StaffFacts({ job }: { job: Job }) {
	return <StaffWords waiting={null}><Facts job={job} /></StaffWords>;
}
