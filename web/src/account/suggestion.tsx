import { useState } from "react";
import { Link } from "wouter";
import type { Self } from "../api/types";
import { AccountWords, useWords } from "./words";
import "./account.css";

const stored = "gaitd.password.later";

function Suggestion({ onLater }: { onLater: () => void }) {
	const { t } = useWords();
	return (
		<div className="notice suggestion">
			<p>{t("suggest")} <Link href="/account">{t("suggest.choose")}</Link></p>
			<button type="button" className="quiet" onClick={onLater}>{t("suggest.later")}</button>
		</div>
	);
}

/* To whoever signs in with a password that somebody else knows; not again on this device once it was put off. */
export default function PasswordSuggestion({ self }: { self: Self }) {
	const [later, setLater] = useState(() => localStorage.getItem(stored) === self.id);
	const putOff = () => {
		localStorage.setItem(stored, self.id);
		setLater(true);
	};
	return later ? null : <AccountWords waiting={null}><Suggestion onLater={putOff} /></AccountWords>;
}
