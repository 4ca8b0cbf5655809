import type { ReactNode } from "react";
import { useI18n } from "../i18n";

export function Busy({ text }: { text?: string }) {
	const { t } = useI18n();
	return <p className="busy" role="status">{text ?? t("app.loading")}</p>;
}

export function Notice({ tone, title, children }: { tone: "info" | "good" | "warn" | "bad"; title?: string; children?: ReactNode }) {
	return (
		<div className={`notice ${tone}`} role={tone === "bad" ? "alert" : undefined}>
			{title && <p className="notice-title">{title}</p>}
			{children}
		</div>
	);
}

export function Failure({ text, retry }: { text: string; retry?: () => void }) {
	const { t } = useI18n();
	return (
		<Notice tone="bad">
			<p>{text}</p>
			{retry && <button type="button" onClick={retry}>{t("app.retry")}</button>}
		</Notice>
	);
}
