import type { Result, View } from "../api/result";
import { useI18n } from "../i18n";
import { ReplaceButton } from "../release/replace";
import { Notice } from "../ui/notice";
import { isBad } from "./next_steps";

/* Codes of result.json in words: ours where the catalogue has them, else the server's own. */
export function useWords(result: Result) {
	const { code } = useI18n();
	return (prefix: "flag" | "reason" | "why" | "doubt", name: string) => code(prefix, name, result.texts[name] ?? name);
}

function ViewCard({ result, view }: { result: Result; view: View }) {
	const { t, format, code } = useI18n();
	const words = useWords(result);
	const q = result.quality[view];
	return (
		<div className="view-quality">
			<h3>{t(`result.view.${view}`)}</h3>
			{q === null ? <><p>{t("result.view.none")}</p><ReplaceButton view={view} /></> : (
				<>
					{q.flags.length > 0 && (
						<ul className="flags">
							{q.flags.map((flag) => (
								<li key={flag}>
									<strong>{words("flag", flag)}</strong> {code("advice", flag, "")}
								</li>
							))}
						</ul>
					)}
					{isBad(result, view) && <p><ReplaceButton view={view} /></p>}
					<p className="hint">
						{t("result.view.facts", {
							percent: format.percent(q.frames > 0 ? (100 * q.frames_with_person) / q.frames : 0), frames: q.frames, steps: q.steps,
							strides: q.cycles_left + q.cycles_right,
						})}
					</p>
				</>
			)}
		</div>
	);
}

export function Quality({ result }: { result: Result }) {
	const { t } = useI18n();
	const { front, side, synchronisation } = result.quality;
	const good = front !== null && side !== null && front.flags.length + side.flags.length === 0;
	return (
		<section className="card" aria-labelledby="quality-title">
			<h2 id="quality-title">{t("result.quality")}</h2>
			{good && <Notice tone="good"><p>{t("result.qualityGood")}</p></Notice>}
			<div className="two">
				<ViewCard result={result} view="front" />
				<ViewCard result={result} view="side" />
			</div>
			{front && side && !synchronisation.joined && <p>{t("result.unjoined")}</p>}
		</section>
	);
}
