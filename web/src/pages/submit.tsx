import { useEffect, useState } from "react";
import { zodResolver } from "@hookform/resolvers/zod";
import { useForm } from "react-hook-form";
import { explain, Problem } from "../api/client";
import { useConsent, useSelf } from "../api/hooks";
import type { View } from "../api/result";
import type { Consent } from "../api/types";
import { prepareToSend } from "../api/upload";
import { nameOf } from "../handover/api";
import { HandedField } from "../handover/handed_field";
import { HandoverPanel } from "../handover/laptop";
import { uploadPath, useHandover } from "../handover/use_handover";
import { useI18n } from "../i18n";
import { forgetAll } from "../send/forget";
import { elsewhere, views, type Order, type Part } from "../send/order";
import { SendingPanel } from "../send/panel";
import { sender } from "../send/sender";
import { isActive, isHeld, useSender } from "../send/use_sender";
import { ConsentFields } from "../submit/consent";
import { claimDraft, isSame, loadDraft, markOf, saveDraft } from "../submit/draft";
import { emptyFacts } from "../submit/empty_facts";
import { factsSchema, fieldOf, uploadFields, type Facts } from "../submit/facts";
import { FactsFields } from "../submit/facts_fields";
import { useVideos } from "../submit/use_videos";
import { VideoField } from "../submit/video_field";
import { Busy, Failure } from "../ui/notice";
import { useTitle } from "../ui/title";

function Tips() {
	const { t } = useI18n();
	return (
		<details className="tips">
			<summary>{t("submit.tips")}</summary>
			<ul>
				<li>{t("submit.tip1")}</li>
				<li>{t("submit.tip2")}</li>
				<li>{t("submit.tip3")}</li>
				<li>{t("submit.tip4")}</li>
			</ul>
		</details>
	);
}

function SubmitForm({ consent, owner }: { consent: Consent; owner: string }) {
	const { t } = useI18n();
	useState(() => claimDraft(owner)); // before anything of it is shown
	const videos = useVideos();
	const [refused, setRefused] = useState(false);
	const form = useForm<Facts>({
		defaultValues: loadDraft().facts,
		resolver: zodResolver(factsSchema(consent.version !== null)),
		mode: "onTouched",
	});
	const handing = useHandover(owner);
	const { handed } = handing;
	const sending = useSender();
	const held = isHeld(sending);
	const order = sender.order;

	useEffect(prepareToSend, []);
	useEffect(() => {
		const watching = form.watch((facts) => saveDraft({ facts: { ...emptyFacts, ...(facts as Facts) } }));
		return () => watching.unsubscribe();
	}, [form]);
	// What the server does not like about a field stands at the field.
	useEffect(() => {
		if (sending.state !== "failed" || !(sending.error instanceof Problem))
			return;
		for (const { field, reason } of sending.error.fields) {
			const name = field === "height" ? (form.getValues("heightUnit") === "cm" ? "cm" : "feet") : fieldOf[field];
			if (name)
				form.setError(name, { message: `=${reason}` });
		}
	}, [sending, form]);
	// Asked for again after a reload, and chosen: it goes on by itself.
	useEffect(() => {
		if (sending.state !== "missing")
			return;
		for (const view of sending.views) {
			const file = videos.chosen[view]?.file;
			if (file && isSame(sender.order?.parts[view].mark, loadDraft().files[view]))
				sender.provide(view, file);
		}
	}, [sending, videos.chosen]);

	const onSubmit = () => {
		videos.wanted();
		setRefused(true);
		void form.handleSubmit((facts) => {
			const marks = loadDraft().files;
			const files: Partial<Record<View, File>> = {};
			const part = (view: View): Part | null => {
				const upload = handed[view];
				if (upload)
					return upload.whole ? elsewhere(nameOf(upload.metadata), upload.bytes, uploadPath(upload)) : null;
				const chosen = videos.chosen[view];
				if (!chosen?.verdict || videos.errorOf(view))
					return null;
				files[view] = chosen.file;
				return { mark: marks[view] ?? markOf(chosen.file), url: null, sent: 0 };
			};
			const front = part("front"), side = part("side");
			if (!front || !side)
				return;
			setRefused(false);
			const wanted: Order = {
				owner, fields: uploadFields(facts, consent.version),
				agreed: consent.version === null ? null : { version: consent.version, at: new Date().toISOString() },
				parts: { front, side }, state: "running", posting: null,
			};
			sender.start(wanted, files);
		})();
	};
	const clear = () => {
		form.reset(emptyFacts);
		videos.remove("front");
		videos.remove("side");
		void forgetAll().then(() => claimDraft(owner));
	};
	const bad = Object.keys(form.formState.errors).length + views.filter((view) => (handed[view] ? !handed[view].whole : videos.errorOf(view))).length;
	const kept = order !== null && views.every((view) => order.parts[view].remote || order.parts[view].mark.kept !== undefined);
	return (
		<form noValidate onSubmit={(e) => { e.preventDefault(); onSubmit(); }}>
			<fieldset className="plain" disabled={held}>
				<section className="card" aria-labelledby="videos-title">
					<h2 id="videos-title">{t("submit.videos")}</h2>
					<Tips />
					<div className="two">
						{views.map((view) => handed[view] ? (
							<div key={view}>
								<HandedField view={view} upload={handed[view]} locked={held} onRemove={() => handing.remove(view)} />
								{refused && !held && !handed[view].whole && <p className="field-error">{t("handover.notYet")}</p>}
							</div>
						) : (
							<VideoField key={view} view={view} chosen={videos.chosen[view]} missing={videos.marks[view]} error={videos.errorOf(view)} sending={held}
								onChoose={(file) => videos.choose(view, file)} onRemove={() => videos.remove(view)} />
						))}
					</div>
					<HandoverPanel handing={handing} locked={held} />
				</section>
				<section className="card" aria-labelledby="facts-title">
					<h2 id="facts-title">{t("submit.facts")}</h2>
					<p className="hint">{t("submit.factsNote")}</p>
					<FactsFields form={form} />
				</section>
				{consent.version !== null && (held && order?.agreed
					? <p className="hint">{t("send.agreed", { version: order.agreed.version })}</p>
					: <ConsentFields form={form} consent={consent} />)}
			</fieldset>
			{videos.noRoom && <p className="field-warning">{t("send.noRoom")}</p>}
			<SendingPanel sending={sending} kept={kept} posting={order?.posting != null} onPause={() => sender.pause()} onResume={() => sender.resume()}
				onStop={() => void sender.stop()} onRetry={onSubmit} />
			<div aria-live="polite">{refused && !isActive(sending) && bad > 0 && <p className="field-error">{t("submit.errorsAbove", { n: bad })}</p>}</div>
			{!held && (
				<div className="actions">
					<button type="submit" className="primary">{t("submit.send")}</button>
					<button type="button" className="quiet" onClick={clear}>{t("submit.clear")}</button>
				</div>
			)}
		</form>
	);
}

export default function SubmitPage() {
	const i18n = useI18n();
	const { t } = i18n;
	const consent = useConsent();
	const self = useSelf();

	useTitle(t("submit.title"));
	return (
		<>
			<h1>{t("submit.title")}</h1>
			<p>{t("submit.intro")}</p>
			{consent.isPending ? <Busy />
			: consent.isError ? <Failure text={explain(i18n, consent.error)} retry={() => void consent.refetch()} />
			: self.data && <SubmitForm consent={consent.data} owner={self.data.id} />}
		</>
	);
}
