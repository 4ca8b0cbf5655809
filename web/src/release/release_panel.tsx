import { useState } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { explain, Problem, send } from "../api/client";
import type { JobDetail, Release } from "../api/types";
import { useI18n } from "../i18n";
import { Confirm } from "../ui/confirm";
import { Field } from "../ui/field";
import { Notice } from "../ui/notice";
import { Comment } from "./comment";
import "./release.css";

export const most = { comment: 4000, reason: 200 };

/* As the server counts: characters, not UTF-16 units. */
export function length(text: string): number {
	return Array.from(text).length;
}

type Act = { what: "release"; comment: string } | { what: "withdraw"; reason: string };

function useAct(job: JobDetail, attempt: number) {
	const client = useQueryClient();
	return useMutation({
		mutationFn: (act: Act) =>
			act.what === "release"
				? send("POST", `/api/v1/jobs/${job.id}/release`, { attempt, comment: act.comment })
				: send("POST", `/api/v1/jobs/${job.id}/withdraw`, { reason: act.reason }),
		onSettled: async () => {
			await client.invalidateQueries({ queryKey: ["job", job.id] });
			await client.invalidateQueries({ queryKey: ["jobs"] });
		},
	});
}

function Preview({ comment }: { comment: string }) {
	const { t } = useI18n();
	return (
		<div className="preview" role="region" aria-label={t("release.preview")}>
			{comment ? <Comment text={comment} at={null} /> : <p className="hint">{t("release.previewNone")}</p>}
			<p className="hint">{t("release.previewRest")}</p>
		</div>
	);
}

function Writing({ job, release, onDone }: { job: JobDetail; release: Release; onDone: (() => void) | null }) {
	const i18n = useI18n();
	const { t, format } = i18n;
	const changes = release.state === "released";
	const [comment, setComment] = useState(changes ? (release.comment ?? "") : "");
	const [shown, setShown] = useState(false);
	const [asked, setAsked] = useState(false);
	const [read, setRead] = useState(release.attempt); // whose result was on the page when they began
	const act = useAct(job, read);
	const trimmed = comment.trim();
	const newer = read !== release.attempt;
	const left = most.comment - length(trimmed);
	const why = act.error instanceof Problem && act.error.status === 409 ? t("release.other")
		: act.error ? explain(i18n, act.error) : null;
	const go = () => act.mutate({ what: "release", comment: trimmed }, {
		onSuccess: () => {
			setAsked(false);
			onDone?.();
		},
	});

	return (
		<>
			<Field label={t("release.write")} hint={t("release.writeHint")} error={left < 0 ? t("release.tooLong", { n: -left }) : undefined}>
				{(props) => <textarea {...props} value={comment} onChange={(e) => setComment(e.target.value)} />}
			</Field>
			{left < 500 && left >= 0 && <p className="hint counter">{t("release.left", { n: left })}</p>}
			{shown && <Preview comment={trimmed} />}
			{newer && (
				<Notice tone="warn">
					<p role="alert">{t("release.other")}</p>
					<button type="button" onClick={() => { act.reset(); setRead(release.attempt); }}>{t("release.readOther")}</button>
				</Notice>
			)}
			<div className="actions">
				<button type="button" className="primary" disabled={left < 0 || newer} onClick={() => { act.reset(); setAsked(true); }}>
					{t(changes ? "release.change" : "release.release")}
				</button>
				<button type="button" aria-expanded={shown} onClick={() => setShown(!shown)}>{t(shown ? "release.previewHide" : "release.previewShow")}</button>
				{onDone && <button type="button" className="quiet" onClick={onDone}>{t("release.cancel")}</button>}
			</div>
			<Confirm open={asked && !newer} title={t(changes ? "release.changeTitle" : "release.releaseTitle", { n: format.number(job.ordinal, 0) })}
				text={trimmed ? t("release.releaseText") : t("release.releaseTextNone")} keep={t("release.keep")}
				act={t(changes ? "release.change" : "release.releaseDo")} busy={act.isPending} error={why} onClose={() => setAsked(false)} onAct={go} />
		</>
	);
}

function Withdraw({ job, release }: { job: JobDetail; release: Release }) {
	const i18n = useI18n();
	const { t } = i18n;
	const [asked, setAsked] = useState(false);
	const [reason, setReason] = useState("");
	const [tried, setTried] = useState(false);
	const act = useAct(job, release.attempt);
	const trimmed = reason.trim();
	const wrong = !trimmed ? t("release.reasonMissing") : length(trimmed) > most.reason ? t("release.tooLong", { n: length(trimmed) - most.reason }) : null;

	return (
		<>
			<button type="button" className="danger-quiet" onClick={() => { act.reset(); setTried(false); setAsked(true); }}>{t("release.withdraw")}</button>
			<Confirm open={asked} title={t("release.withdrawTitle")} text={t("release.withdrawText")} keep={t("release.withdrawKeep")}
				act={t("release.withdrawDo")} danger busy={act.isPending} error={act.error ? explain(i18n, act.error) : null} onClose={() => setAsked(false)}
				onAct={() => {
					setTried(true);
					if (!wrong)
						act.mutate({ what: "withdraw", reason: trimmed }, { onSuccess: () => setAsked(false) });
				}}>
				<Field label={t("release.reason")} hint={t("release.reasonHint")} error={tried && wrong ? wrong : undefined}>
					{(props) => <textarea {...props} value={reason} onChange={(e) => setReason(e.target.value)} />}
				</Field>
			</Confirm>
		</>
	);
}

/* For staff, above a result: read it, write a comment, release it; or take it back. */
export default function ReleasePanel({ job, release }: { job: JobDetail; release: Release }) {
	const { t, format } = useI18n();
	const [changing, setChanging] = useState(false);
	const { state, shown } = release;
	const when = release.at ? format.when(release.at) : "";
	const by = release.by ?? "";
	if (state === "direct")
		return (
			<details className="card">
				<summary>{t("release.staff.direct")}</summary>
				<p className="hint">{t("release.staff.directText")}</p>
				<div className="actions"><Withdraw job={job} release={release} /></div>
			</details>
		);
	const older = shown !== null && shown !== release.attempt;

	const writing = state === "waiting" || state === "withdrawn" || changing;
	return (
		<section className={`card${writing ? " to-release" : ""}`} aria-labelledby="release-title">
			<h2 id="release-title">{t(`release.staff.${state}`)}</h2>
			{state === "waiting" && <p>{t("release.staff.waitingText")}</p>}
			{state === "withheld" && <p>{t("release.staff.withheldText")}</p>}
			{state === "released" && !changing && (
				<>
					<p className="hint">{t("release.staff.by", { by, when })}</p>
					{release.comment ? <blockquote className="comment">{release.comment}</blockquote> : <p>{t("release.previewNone")}</p>}
				</>
			)}
			{state === "withdrawn" && <p className="hint">{t("release.staff.withdrawnText", { by, when, reason: release.reason ?? "" })}</p>}
			{older && <p className="hint">{t("release.staff.older", { n: shown })}</p>}
			{writing && (
				<Writing job={job} release={release} onDone={changing ? () => setChanging(false) : null} />
			)}
			{shown !== null && !changing && (
				<div className="actions">
					{state === "released" && <button type="button" onClick={() => setChanging(true)}>{t("release.changeComment")}</button>}
					<Withdraw job={job} release={release} />
				</div>
			)}
		</section>
	);
}
