import { lazy, Suspense } from "react";
import { explain } from "../api/client";
import { useResult } from "../api/hooks";
import type { JobDetail } from "../api/types";
import { Visits } from "../compare/visits";
import { useI18n } from "../i18n";
import { Busy, Failure } from "../ui/notice";
import { Downloads } from "./downloads";
import { Parameters } from "./parameters";
import { Quality } from "./quality";
import { ScoreCard } from "./score";

const Walk = lazy(() => import("./walk")); // with the plotting library

export default function ResultView({ job, attempt }: { job: JobDetail; attempt: number }) {
	const i18n = useI18n();
	const { t, format, code } = i18n;
	const { data: result, error, isPending, refetch } = useResult(job.id, attempt);

	if (isPending)
		return <Busy text={t("result.loading")} />;
	if (!result)
		return <Failure text={explain(i18n, error)} retry={() => void refetch()} />;
	const { engine } = result;
	const name = (pose: string | null) => pose ?? t("result.engineNone");
	const facts = [
		result.patient["age_months"] !== null && `${t("submit.age")}: ${ageText(Number(result.patient["age_months"]), t("submit.years"), t("submit.months"))}`,
		result.patient["height_cm"] !== null && `${t("submit.height")}: ${format.number(Number(result.patient["height_cm"]), 0)} cm`,
		...(["walking_aid", "orthosis", "footwear"] as const).map((fact) => {
			const word = result.patient[fact];
			const prefix = fact === "walking_aid" ? "aid" : fact;
			return word && `${t(`submit.${prefix}`)}: ${code(prefix, String(word), String(word))}`;
		}),
	].filter(Boolean);
	return (
		<>
			<p className="facts">{facts.join(" · ")}</p>
			<Quality result={result} />
			<ScoreCard result={result} />
			<Suspense fallback={<Busy />}>
				<Walk result={result} job={job} />
			</Suspense>
			<Parameters result={result} />
			<Visits job={job} />
			<Downloads job={job} />
			<p className="hint">
				{t("result.engine", { analysis: engine.analysis, front: name(engine.pose_front), side: name(engine.pose_side) })}
			</p>
		</>
	);
}

/* Small children's age is told in months. */
function ageText(months: number, years: string, monthsWord: string): string {
	return months < 36 ? `${months} ${monthsWord}` : `${Math.floor(months / 12)} ${years}`;
}
