import { useI18n } from "../i18n";
import type { LiveFraming } from "./use_live_framing";

/* What is wrong with the picture now: seen at once, told to screen readers when it lasts. */
export function LiveHints({ framing }: { framing: LiveFraming }) {
	const { t } = useI18n();
	const { state, hint, people, warning, announced, looks } = framing;
	const text = (h: typeof hint) => (h ? t(`framing.${h}`, { n: people }) : "");

	return (
		<div className="live-hints" data-looks={looks}>
			{state === "loading" && <p className="chip">{t("framing.loading")}</p>}
			{state === "unavailable" && <p className="chip">{t("framing.unavailable")}</p>}
			{state === "on" && hint && (
				<p className={`chip ${hint === "good" ? "good" : "warn"}`} data-hint={hint} aria-hidden="true">
					<span className="chip-sign">{hint === "good" ? "✓" : "!"}</span> {text(hint)}
				</p>
			)}
			{warning && <p className="chip bad" role="alert">{t("framing.warning")}</p>}
			<p className="hidden" aria-live="polite">{text(announced)}</p>
		</div>
	);
}
