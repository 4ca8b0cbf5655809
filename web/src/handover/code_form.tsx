import { useState, type SyntheticEvent } from "react";
import { explain, Problem } from "../api/client";
import { useI18n } from "../i18n";
import { Field } from "../ui/field";
import { claimHandover, type Handover } from "./api";
import "./handover.css";

/* Why a code is not taken. */
export function useClaimText(): (error: unknown) => string {
	const i18n = useI18n();
	const { t, format } = i18n;
	return (error) => {
		if (error instanceof Problem)
			switch (error.status) {
			case 404: return t("handover.phone.unknown");
			case 409: return t("handover.phone.used");
			case 410: return t("handover.phone.late");
			case 429: return t("handover.phone.limited", { wait: format.duration(error.retryAfterS ?? 60) });
			}
		return explain(i18n, error);
	};
}

/* For those who cannot scan. */
export function CodeForm({ failure, onClaimed }: { failure: string; onClaimed: (handover: Handover) => void }) {
	const { t } = useI18n();
	const text = useClaimText();
	const [code, setCode] = useState("");
	const [error, setError] = useState(failure);
	const [busy, setBusy] = useState(false);

	const submit = async (e: SyntheticEvent) => {
		e.preventDefault();
		setBusy(true);
		setError("");
		try {
			onClaimed(await claimHandover(code));
		} catch (problem) {
			setError(text(problem));
			setBusy(false);
		}
	};
	return (
		<form className="card" noValidate onSubmit={(e) => void submit(e)}>
			<p>{t("handover.phone.ask")}</p>
			<Field label={t("handover.phone.code")} hint={t("handover.phone.codeHint")} error={error || undefined}>
				{(props) => (
					<input {...props} className="code-input" autoComplete="off" autoCapitalize="characters" spellCheck={false} value={code}
						onChange={(e) => setCode(e.target.value)} />
				)}
			</Field>
			<div aria-live="assertive" className="hidden">{error}</div>
			<button type="submit" className="primary wide" disabled={busy || code.trim() === ""}>{t("handover.phone.connect")}</button>
		</form>
	);
}
