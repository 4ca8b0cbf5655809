import { useState } from "react";
import type { Result, View } from "../api/result";
import type { JobDetail } from "../api/types";
import { useI18n } from "../i18n";
import { Curves } from "./curves";
import { percentAt } from "./cycle";
import { Film } from "./film";

/* The video with what was found in it, and the curves beside it; one time rules both. */
export default function Walk({ result, job }: { result: Result; job: JobDetail }) {
	const { t } = useI18n();
	const films = (["side", "front"] as const).filter((view) => job.files.some((f) => f.name === `overlay_${view}.mp4`));
	const [view, setView] = useState<View>(films[0] ?? "side");
	const [time_s, setTime] = useState(0);
	const at = {
		left: percentAt(result.cycles, view, "left", time_s),
		right: percentAt(result.cycles, view, "right", time_s),
	};
	return (
		<section className="card" aria-labelledby="walk-title">
			<h2 id="walk-title">{t("result.walk")}</h2>
			<div className="walk">
				{films.length > 0
					? <Film key={view} job={job} result={result} views={films} view={view} onView={(v) => { setView(v); setTime(0); }} time_s={time_s} onTime={setTime} at={at} />
					: <p className="hint">{t("result.noFilm")}</p>}
				<Curves result={result} at={films.length > 0 ? at : { left: null, right: null }} />
			</div>
		</section>
	);
}
