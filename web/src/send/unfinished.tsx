import { useEffect, useRef, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import type { Job, Self } from "../api/types";
import { forgetHandover } from "../handover/remembered";
import { useI18n } from "../i18n";
import { claimDraft, forgetDraft, loadDraft } from "../submit/draft";
import { Notice } from "../ui/notice";
import { forgetAll } from "./forget";
import { dropAllKept } from "./kept";
import { loadOrder } from "./order";
import { percentOf } from "./panel";
import { sender, type Sending } from "./sender";
import { isActive, useSender, useStay } from "./use_sender";
import "./send.css";

/* What was sent off goes on whatever page is looked at: it is taken up when the app is loaded, told on every page, and ends at its job. */
export default function Unfinished({ self }: { self: Self | null }) {
	const { t } = useI18n();
	const client = useQueryClient();
	const sending = useSender();
	const [path, go] = useLocation();
	const [arrived, setArrived] = useState<Job | null>(null);
	const at = useRef(path);

	useStay(isActive(sending));
	useEffect(() => {
		at.current = path;
		setArrived(null);
	}, [path]);
	useEffect(() => {
		if (!self)
			return;
		const before = loadOrder()?.owner ?? loadDraft().owner;
		if (before !== undefined && before !== self.id) {
			void forgetAll();
			return;
		}
		claimDraft(self.id);
		sender.signedIn();
		sender.continueStored(self.id);
	}, [self]);
	useEffect(() => {
		if (sending.state === "signedOut")
			client.setQueryData(["self"], null);
		if (sending.state !== "done")
			return;
		forgetDraft();
		void dropAllKept();
		void forgetHandover();
		void client.invalidateQueries({ queryKey: ["jobs"] });
		void client.invalidateQueries({ queryKey: ["subjects"] });
		if (at.current === "/new")
			go(`/jobs/${sending.job.id}`);
		else
			setArrived(sending.job);
		sender.settle();
	}, [sending, client, go]);

	if (!self)
		return sending.state === "signedOut" ? <Notice tone="info"><p role="status">{t("send.signIn")}</p></Notice> : null;
	if (arrived)
		return (
			<Notice tone="good">
				<p role="status">{t("send.done")} <Link href={`/jobs/${arrived.id}`}>{t("send.doneLink", { n: String(arrived.ordinal) })}</Link></p>
			</Notice>
		);
	return path === "/new" ? null : <Banner sending={sending} />;
}

function Banner({ sending }: { sending: Sending }) {
	const { t, format } = useI18n();
	const progress = "progress" in sending ? sending.progress : null;
	const percent = format.percent(progress ? percentOf(progress) : 0);
	const text = sending.state === "sending" || sending.state === "saving" ? t("send.banner", { percent })
		: sending.state === "waiting" ? t("send.bannerWaiting", { percent })
		: sending.state === "paused" ? t("send.bannerPaused", { percent })
		: sending.state === "missing" ? t("send.bannerMissing")
		: sending.state === "failed" ? t("send.bannerFailed")
		: null;

	if (!text)
		return null;
	return (
		<div className={`notice sending-banner ${sending.state === "failed" ? "bad" : "info"}`}>
			<p>{text}</p>
			{progress && progress.total > 0 && <progress aria-label={t("send.title")} max={1} value={progress.sent / progress.total} />}
			<Link href="/new" className="button">{t("send.open")}</Link>
		</div>
	);
}
