import { useId } from "react";
import { explain } from "../api/client";
import { useI18n } from "../i18n";
import { Notice } from "../ui/notice";
import { QrCode } from "./qr";
import type { Handing } from "./use_handover";
import "./handover.css";

/* Below the two fields: "my videos are on my phone". */
export function HandoverPanel({ handing, locked }: { handing: Handing; locked: boolean }) {
	const i18n = useI18n();
	const { t } = i18n;
	const title = useId();
	const { handover, code, opening, error } = handing;
	const ended = handover?.state === "done" || handover?.state === "cancelled" || handover?.state === "expired";

	if (locked)
		return null;
	return (
		<section aria-labelledby={title} aria-live="polite">
			<h3 id={title}>{t("handover.title")}</h3>
			{error !== null && <p className="field-error">{explain(i18n, error)}</p>}
			{(!handover || ended) && (
				<>
					<p className="hint">{handover?.state === "done" ? t("handover.done") : handover?.state === "expired" ? t("handover.expired") : t("handover.hint")}</p>
					<button type="button" disabled={opening} onClick={handing.open}>{t(handover ? "handover.again" : "handover.open")}</button>
				</>
			)}
			{handover?.state === "waiting" && (code ? <Code code={code} handing={handing} /> : (
				<>
					<p className="hint">{t("handover.codeGone")}</p>
					<button type="button" onClick={handing.open}>{t("handover.again")}</button>
				</>
			))}
			{handover?.state === "claimed" && (
				<Notice tone="info">
					<p>{t("handover.claimed")}</p>
					<button type="button" onClick={handing.cancel}>{t("handover.cancel")}</button>
				</Notice>
			)}
		</section>
	);
}

function Code({ code, handing }: { code: { code: string; link: string }; handing: Handing }) {
	const { t, format } = useI18n();
	const expires = handing.handover?.expires ?? "";
	const address = code.link.replace(/#.*/, "");
	const here = ["localhost", "[::1]"].includes(new URL(code.link).hostname) || new URL(code.link).hostname.startsWith("127.");

	return (
		<div className="handover">
			<QrCode text={code.link} label={t("handover.qr")} />
			<div>
				{here && <Notice tone="warn"><p>{t("handover.onlyHere")}</p></Notice>}
				<ol className="handover-steps">
					<li>{t("handover.step1")}</li>
					<li>{t("handover.step2")}</li>
					<li>{t("handover.step3")}</li>
				</ol>
				<p className="hint">{t("handover.typed", { address })}</p>
				<p className="code">{code.code}</p>
				<p className="hint">{t("handover.until", { time: format.time(expires) })}</p>
				<button type="button" onClick={handing.cancel}>{t("handover.hide")}</button>
			</div>
		</div>
	);
}
