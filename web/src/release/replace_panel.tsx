import { useEffect, useRef, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { explain, Problem } from "../api/client";
import type { View } from "../api/result";
import type { JobDetail } from "../api/types";
import { useI18n } from "../i18n";
import type { Cause } from "../send/patience";
import { checkVideo } from "../submit/check_video";
import { VideoField, type Chosen } from "../submit/video_field";
import { Notice } from "../ui/notice";
import { bringVideo } from "./bring";
import "./release.css";

type Sending =
	| { state: "idle" }
	| { state: "sending"; sent: number; waiting: { cause: Cause; seconds: number } | null }
	| { state: "failed"; error: unknown };

function useReplacing(job: JobDetail, view: View, onDone: () => void) {
	const client = useQueryClient();
	const [sending, setSending] = useState<Sending>({ state: "idle" });
	const stop = useRef<AbortController>(null);
	const begun = useRef<{ file: File; url: string }>(null);
	const active = sending.state === "sending";

	// Closing the page ends it: the browser asks first.
	useEffect(() => {
		if (!active)
			return;
		const ask = (e: BeforeUnloadEvent) => e.preventDefault();
		window.addEventListener("beforeunload", ask);
		return () => window.removeEventListener("beforeunload", ask);
	}, [active]);
	useEffect(() => () => stop.current?.abort(), []);

	const begin = async (file: File) => {
		const controller = new AbortController();
		const set = (sent: number, waiting: { cause: Cause; seconds: number } | null) => setSending({ state: "sending", sent, waiting });
		let sent = 0;

		stop.current = controller;
		set(0, null);
		try {
			const from = begun.current?.file === file ? begun.current.url : null;
			await bringVideo(job.id, view, file, from, {
				begun: (url) => { begun.current = { file, url }; },
				progress: (bytes) => {
					sent = bytes;
					set(sent, null);
				},
				waiting: (cause, seconds) => set(sent, { cause, seconds }),
			}, controller.signal);
			await client.invalidateQueries({ queryKey: ["job", job.id] });
			await client.invalidateQueries({ queryKey: ["jobs"] });
			onDone();
		} catch (error) {
			setSending(controller.signal.aborted ? { state: "idle" } : { state: "failed", error });
		}
	};
	return { sending, begin, stop: () => stop.current?.abort(), forget: () => setSending({ state: "idle" }) };
}

/* The view whose video is this very file, where the server says so. */
export function sameFile(error: unknown): View | null {
	const named = error instanceof Problem && error.status === 422 ? /same file as the (front|side) video/.exec(error.detail) : null;
	return (named?.[1] ?? null) as View | null;
}

function Progress({ sending, total, onStop }: { sending: Extract<Sending, { state: "sending" }>; total: number; onStop: () => void }) {
	const { t, format } = useI18n();
	const { sent, waiting } = sending;
	const part = total > 0 ? sent / total : 0;
	return (
		<>
			<label htmlFor="replacing" className="progress-label">
				<span>{t("send.title")}</span>
				<span>{format.percent(Math.floor(100 * part))}</span>
			</label>
			<progress id="replacing" max={1} value={part} />
			<p className="hint" role={waiting ? "status" : undefined}>
				{waiting ? t(`send.${waiting.cause}`, { seconds: waiting.seconds })
				: sent >= total ? t("send.saving") : t("send.sent", { sent: format.bytes(sent), total: format.bytes(total) })}
			</p>
			<p>{t("replace.stay")}</p>
			<div className="actions"><button type="button" onClick={onStop}>{t("replace.stop")}</button></div>
		</>
	);
}

/* Another video of one view: chosen, looked at as in the form, sent; then the job goes on. */
export default function ReplacePanel({ job, view, onClose }: { job: JobDetail; view: View; onClose: () => void }) {
	const i18n = useI18n();
	const { t } = i18n;
	const [chosen, setChosen] = useState<Chosen | null>(null);
	const top = useRef<HTMLElement>(null);
	const { sending, begin, stop, forget } = useReplacing(job, view, onClose);
	const good = chosen?.verdict?.error === null;
	const choose = (file: File) => {
		forget(); // what was said of another file
		setChosen({ file, verdict: null, recognised: false });
		void checkVideo(view, file).then((verdict) => setChosen((old) => (old?.file === file ? { ...old, verdict } : old)));
	};

	useEffect(() => {
		top.current?.scrollIntoView({ block: "nearest" });
		top.current?.focus();
	}, [view]);
	return (
		<section ref={top} tabIndex={-1} className="card replace" aria-labelledby="replace-title">
			<h2 id="replace-title">{t(`replace.open.${view}`)}</h2>
			<p>{t("replace.text")}</p>
			<ul>
				<li>{t("submit.tip1")}</li>
				<li>{t("submit.tip2")}</li>
			</ul>
			<fieldset className="plain" disabled={sending.state === "sending"}>
				<VideoField view={view} chosen={chosen} missing={undefined} error={chosen?.verdict?.error ?? null} sending={sending.state === "sending"}
					onChoose={choose} onRemove={() => setChosen(null)} />
			</fieldset>
			{sending.state === "failed" && <Notice tone="bad" title={t("send.failed")}><p>{sameFile(sending.error) ? t(sameFile(sending.error) === view ? "replace.same" : "video.same") : explain(i18n, sending.error)}</p></Notice>}
			{sending.state === "sending" ? <Progress sending={sending} total={chosen?.file.size ?? 0} onStop={stop} /> : (
				<div className="actions">
					<button type="button" className="primary" disabled={!good} onClick={() => good && void begin(chosen.file)}>
						{t(sending.state === "failed" ? "send.retry" : "replace.send")}
					</button>
					<button type="button" className="quiet" onClick={onClose}>{t("replace.cancel")}</button>
				</div>
			)}
		</section>
	);
}
