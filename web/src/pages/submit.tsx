import { useEffect, useState } from "react";
import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { useLocation } from "wouter";
import { explain, Problem } from "../api/client";
import { useConsent } from "../api/hooks";
import type { Consent } from "../api/types";
import { useI18n } from "../i18n";
import { ConsentFields } from "../submit/consent";
import { forgetDraft, keyFor, loadDraft, saveDraft } from "../submit/draft";
import { emptyFacts, factsSchema, fieldOf, uploadFields, type Facts } from "../submit/facts";
import { FactsFields } from "../submit/facts_fields";
import { SendingPanel } from "../submit/sending_panel";
import { useSending } from "../submit/use_sending";
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

function SubmitForm({ consent }: { consent: Consent }) {
	const { t } = useI18n();
	const client = useQueryClient();
	const [, go] = useLocation();
	const videos = useVideos();
	const [refused, setRefused] = useState(false);
	const form = useForm<Facts>({
		defaultValues: loadDraft().facts,
		resolver: zodResolver(factsSchema(consent.version !== null)),
		mode: "onTouched",
	});
	const { sending, begin, stop } = useSending((job) => {
		forgetDraft();
		client.setQueryData(["jobs"], undefined);
		void client.invalidateQueries({ queryKey: ["jobs"] });
		void client.invalidateQueries({ queryKey: ["subjects"] });
		go(`/jobs/${job.id}`);
	});
	const active = sending.state === "sending";

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

	const onSubmit = () => {
		videos.wanted();
		setRefused(true);
		void form.handleSubmit(async (facts) => {
			const { front, side } = videos.chosen;
			if (!videos.good || !front || !side)
				return;
			setRefused(false);
			const fields = uploadFields(facts, consent.version);
			await begin({ fields, front: front.file, side: side.file, key: keyFor(fields, front.file, side.file) });
		})();
	};
	const bad = Object.keys(form.formState.errors).length + (["front", "side"] as const).filter((view) => videos.errorOf(view)).length;
	return (
		<form noValidate onSubmit={(e) => { e.preventDefault(); onSubmit(); }}>
			<fieldset className="plain" disabled={active}>
				<section className="card" aria-labelledby="videos-title">
					<h2 id="videos-title">{t("submit.videos")}</h2>
					<Tips />
					<div className="two">
						{(["front", "side"] as const).map((view) => (
							<VideoField key={view} view={view} chosen={videos.chosen[view]} missing={videos.marks[view]} error={videos.errorOf(view)}
								onChoose={(file) => videos.choose(view, file)} onRemove={() => videos.remove(view)} />
						))}
					</div>
				</section>
				<section className="card" aria-labelledby="facts-title">
					<h2 id="facts-title">{t("submit.facts")}</h2>
					<p className="hint">{t("submit.factsNote")}</p>
					<FactsFields form={form} />
				</section>
				{consent.version !== null && <ConsentFields form={form} consent={consent} />}
			</fieldset>
			<SendingPanel sending={sending} onStop={stop} onRetry={onSubmit} />
			<div aria-live="polite">{refused && !active && bad > 0 && <p className="field-error">{t("submit.errorsAbove", { n: bad })}</p>}</div>
			{!active && (
				<div className="actions">
					<button type="submit" className="primary">{t("submit.send")}</button>
					<button type="button" className="quiet" onClick={() => { forgetDraft(); form.reset(emptyFacts); videos.remove("front"); videos.remove("side"); }}>
						{t("submit.clear")}
					</button>
				</div>
			)}
		</form>
	);
}

export default function SubmitPage() {
	const i18n = useI18n();
	const { t } = i18n;
	const consent = useConsent();

	useTitle(t("submit.title"));
	return (
		<>
			<h1>{t("submit.title")}</h1>
			<p>{t("submit.intro")}</p>
			{consent.isPending ? <Busy />
			: consent.isError ? <Failure text={explain(i18n, consent.error)} retry={() => void consent.refetch()} />
			: <SubmitForm consent={consent.data} />}
		</>
	);
}
