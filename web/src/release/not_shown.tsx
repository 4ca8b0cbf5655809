import type { JobDetail } from "../api/types";
import { useI18n } from "../i18n";
import { Notice } from "../ui/notice";
import "./release.css";

/* For a submitter whose analysis is done and whose result is not (yet) theirs to see. */
export function NotShown({ job, live }: { job: JobDetail; live: boolean }) {
	const { t } = useI18n();
	const state = job.release?.state;

	if (state !== "waiting" && state !== "withheld" && state !== "withdrawn")
		return null;
	return (
		<section className="card not-shown" aria-live="polite">
			<p className="big">{t(`release.${state}`)}</p>
			<p>{t(`release.${state}Text`)}</p>
			{state === "waiting" && <p className="hint">{t("release.mayClose")} {live ? t("job.live") : t("job.polling")}</p>}
		</section>
	);
}

/* Above the result that they see: the newer one waits. */
export function NewerWaits({ job }: { job: JobDetail }) {
	const { t } = useI18n();
	const state = job.release?.state;

	return state === "waiting" || state === "withheld" ? <Notice tone="info"><p>{t(`release.newer.${state}`)}</p></Notice> : null;
}
