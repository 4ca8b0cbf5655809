import type { Job } from "../api/types";
import { useI18n } from "../i18n";

const tones = {
	submitting: "info", queued: "info", processing: "info", complete: "good", submission_error: "bad", inference_error: "bad", cancelled: "dim",
} as const;

export function StateBadge({ job }: { job: Job }) {
	const { t } = useI18n();
	if (job.erased)
		return <span className="badge dim">{t("state.erased")}</span>;
	if (job.cancelling)
		return <span className="badge dim">{t("state.cancelling")}</span>;
	const release = job.status.value === "complete" ? job.release?.state : undefined;
	if (release === "waiting" && job.release?.by !== undefined) // for staff
		return <span className="badge warn">{t("release.badge.toRelease")}</span>;
	if (release === "waiting" || release === "withdrawn")
		return <span className="badge">{t(`release.badge.${release}`)}</span>;
	return <span className={`badge ${tones[job.status.value]}`}>{t(`state.${job.status.value}`)}</span>;
}
