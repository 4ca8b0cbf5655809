import { useI18n } from "../i18n";
import "./release.css";

/* What a clinician wrote about the result. Who it was is not said, only that it was one. */
export function Comment({ text, at }: { text: string; at: string | null }) {
	const { t, format } = useI18n();
	return (
		<section className="card clinician" aria-labelledby="clinician-title">
			<h2 id="clinician-title">{t("release.comment")}</h2>
			<blockquote className="comment">{text}</blockquote>
			{at && <p className="hint">{t("release.commentAt", { when: format.when(at) })}</p>}
		</section>
	);
}
