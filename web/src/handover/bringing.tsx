import { useEffect, useState } from "react";
import { Problem } from "../api/client";
import type { View } from "../api/result";
import { useI18n } from "../i18n";
import { elsewhere, views, type Order, type Part } from "../send/order";
import { SendingPanel } from "../send/panel";
import type { Sending } from "../send/sender";
import { isActive, isHeld, useStay } from "../send/use_sender";
import { isSame } from "../submit/draft";
import { VideoField } from "../submit/video_field";
import { byView, nameOf, type Handover } from "./api";
import { bringer } from "./bringer";
import { useFilms } from "./use_films";
import "./handover.css";

/* Two fields, a button, and what is on the laptop already. */
export function Bringing({ handover, sending, error, onFinish }: {
	handover: Handover; sending: Sending<null>; error: string; onFinish: () => void;
}) {
	const { t } = useI18n();
	const { films, noRoom, choose, remove, errorOf } = useFilms();
	const [asked, setAsked] = useState(false);
	const held = isHeld(sending);
	const order = bringer.order;
	const there = byView(handover.uploads.filter((upload) => upload.whole));
	const chosen = views.filter((view) => films[view]);
	const isThere = (view: View) => {
		const upload = there[view];
		return upload !== undefined && upload.bytes === films[view]?.file.size && nameOf(upload.metadata) === films[view].file.name.slice(-200);
	};
	const wanted = chosen.filter((view) => !isThere(view));

	useStay(isActive(sending));
	useEffect(() => {
		if (sending.state !== "missing")
			return;
		for (const view of sending.views) {
			const film = films[view];
			if (film && isSame(bringer.order?.parts[view].mark, film.mark))
				bringer.provide(view, film.file);
		}
	}, [sending, films]);

	const send = () => {
		setAsked(true);
		if (wanted.length === 0 || wanted.some((view) => !films[view]?.verdict || errorOf(view)))
			return;
		const part = (view: "front" | "side"): Part => {
			const film = films[view];
			return film && wanted.includes(view) ? { mark: film.mark, url: null, sent: 0 } : elsewhere();
		};
		const next: Order = {
			owner: handover.id, fields: {}, agreed: null, state: "running", posting: null, parts: { front: part("front"), side: part("side") },
		};
		bringer.start(next, { ...(films.front ? { front: films.front.file } : {}), ...(films.side ? { side: films.side.file } : {}) });
	};
	const kept = order !== null && views.every((view) => order.parts[view].remote || order.parts[view].mark.kept !== undefined);
	const over = sending.state === "failed" && sending.error instanceof Problem && sending.error.status === 401; // the page says it
	return (
		<form noValidate onSubmit={(e) => { e.preventDefault(); send(); }}>
			<p>{t("handover.phone.intro")}</p>
			<fieldset className="plain" disabled={held}>
				<div className="two">
					{views.map((view) => (
						<VideoField key={view} view={view} chosen={films[view]} missing={order?.parts[view].remote ? undefined : order?.parts[view].mark}
							error={errorOf(view)} sending={held} onChoose={(file) => choose(view, file)} onRemove={() => remove(view)} />
					))}
				</div>
			</fieldset>
			{noRoom && <p className="field-warning">{t("handover.phone.noRoom")}</p>}
			{!over && (
				<SendingPanel sending={sending} kept={kept} posting={false} onPause={() => bringer.pause()} onResume={() => bringer.resume()}
					onStop={() => void bringer.stop()} onRetry={send} />
			)}
			<div aria-live="polite">
				<ul className="brought">
					{views.map((view) => there[view] && <li key={view} className="good-text">✓ {t("handover.phone.there", { view: t(`submit.${view}`) })}</li>)}
				</ul>
				{asked && chosen.length === 0 && !held && Object.keys(there).length === 0 && <p className="field-error">{t("handover.phone.choose")}</p>}
				{error && <p className="field-error">{error}</p>}
			</div>
			{!held && (
				<div className="actions">
					{Object.keys(there).length > 0 && wanted.length === 0
						? <button type="button" className="primary" onClick={onFinish}>{t("handover.phone.finish")}</button>
						: <button type="submit" className="primary">{t("handover.phone.send")}</button>}
				</div>
			)}
			{!held && Object.keys(there).length > 0 && <p className="hint">{t("handover.phone.more")}</p>}
		</form>
	);
}
