import { useRef, useState } from "react";
import { Notice } from "../ui/notice";
import { useWords } from "./words";

/* A secret that is shown this once: to be copied, then gone. */
export function Secret({ title, text, value, onKept }: { title: string; text: string; value: string; onKept: () => void }) {
	const { t } = useWords();
	const shown = useRef<HTMLElement>(null);
	const [said, setSaid] = useState("");
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(value); // over https or on this machine only
			setSaid(t("secret.copied"));
		} catch {
			if (shown.current)
				window.getSelection()?.selectAllChildren(shown.current);
			setSaid(t("secret.byHand"));
		}
	};
	return (
		<>
			<Notice tone="good" title={title}><p>{text}</p></Notice>
			<p className="secret"><code ref={shown} data-secret>{value}</code></p>
			<p className="hint" role="status">{said}</p>
			<div className="actions">
				<button type="button" className="primary" onClick={() => void copy()}>{t("secret.copy")}</button>
				<button type="button" onClick={onKept}>{t("secret.kept")}</button>
			</div>
		</>
	);
}
