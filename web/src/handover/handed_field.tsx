import type { View } from "../api/result";
import { useI18n } from "../i18n";
import { nameOf, percentOf, type HandedUpload } from "./api";

/* In the place of a chosen film: one that the other device brings. */
export function HandedField({ view, upload, locked, onRemove }: { view: View; upload: HandedUpload; locked: boolean; onRemove: () => void }) {
	const { t, format } = useI18n();
	const percent = percentOf(upload);
	const name = nameOf(upload.metadata);

	return (
		<div className="video-field">
			<p className="video-title">{t(`submit.${view}`)}</p>
			<div className={`thumbnail figure ${view}`} aria-hidden="true" />
			<div aria-live="polite">
				<p className={upload.whole ? "good-text" : undefined}>{t(upload.whole ? "handover.whole" : "handover.coming", { percent: format.percent(percent) })}</p>
				<p className="file-name">{name}</p>
				<p className="hint">{format.bytes(upload.bytes)}</p>
			</div>
			{!upload.whole && <progress max={100} value={percent} aria-label={t(`submit.${view}`)} />}
			{!locked && <div className="video-actions"><button type="button" className="quiet" onClick={onRemove}>{t("submit.remove")}</button></div>}
		</div>
	);
}
