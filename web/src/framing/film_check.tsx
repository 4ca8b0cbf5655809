import { useEffect, useState } from "react";
import type { View } from "../api/result";
import { useI18n } from "../i18n";
import { openEye } from "./eye";
import { lookAtFilm } from "./film";
import { summarise, type Summary } from "./summary";
import { SummaryView } from "./summary_view";
import "./framing.css";

type State = { at: "asking" } | { at: "looking"; share: number } | { at: "done"; summary: Summary } | { at: "silent" };

/* 9 MB of models are not loaded unasked where somebody saves data. */
function savesData(): boolean {
	const { connection } = navigator as { connection?: { saveData?: boolean } };
	return connection?.saveData === true;
}

/* Below a chosen video: who is to be seen in it, as far as this device can tell. Where it cannot, nothing is said. @halted: the device
 * has something better to do, such as sending it. */
export default function FilmCheck({ view, file, halted = false }: { view: View; file: File; halted?: boolean }) {
	const { t, format } = useI18n();
	const [asked, setAsked] = useState(() => !savesData());
	const [state, setState] = useState<State>({ at: "asking" });
	const wanted = asked && !halted && state.at !== "done" && state.at !== "silent";

	useEffect(() => {
		if (!wanted)
			return;
		const stop = new AbortController();
		const tell = (next: State) => !stop.signal.aborted && setState(next);
		const run = async () => {
			const eye = openEye();
			tell({ at: "looking", share: 0 });
			const film = await lookAtFilm(view, file, eye, (share) => tell({ at: "looking", share }), stop.signal);
			tell({ at: "done", summary: summarise(view, film.frames, film.everyS, film.aspect) });
		};

		void run().catch(() => tell({ at: "silent" }));
		return () => stop.abort();
	}, [wanted, file, view]);

	if (state.at === "silent" || (state.at === "looking" && halted))
		return null;
	if (state.at === "asking")
		return asked ? null : <button type="button" className="quiet" onClick={() => setAsked(true)}>{t("framing.check")}</button>;
	return (
		<section className="framing-check" aria-label={t("framing.title")} data-state={state.at}>
			{state.at === "looking" ? (
				<>
					<p className="hint">{t("framing.looking", { share: format.percent(Math.round(100 * state.share)) })}</p>
					<progress aria-label={t("framing.title")} max={1} value={state.share} />
				</>
			) : (
				<div role="status"><SummaryView summary={state.summary} otherView={view === "front" ? "side" : "front"} /></div>
			)}
		</section>
	);
}
