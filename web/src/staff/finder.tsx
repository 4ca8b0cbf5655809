import { useId, useState, type ReactNode } from "react";
import { useWords } from "./words";

/* A line to find something by; other filters may stand beside it. */
export function Finder({ label, hint, value, onFind, children }: {
	label: string; hint?: string; value: string; onFind: (text: string) => void; children?: ReactNode;
}) {
	const { t } = useWords();
	const id = useId();
	const [typed, setTyped] = useState(value);
	return (
		<form role="search" className="filters" onSubmit={(e) => { e.preventDefault(); onFind(typed.trim()); }}>
			{children}
			<label htmlFor={id}>{label}</label>
			<input id={id} type="search" className="find" value={typed} placeholder={hint} maxLength={254} autoCapitalize="none" spellCheck={false}
				onChange={(e) => setTyped(e.target.value)} />
			<button type="submit">{t("search.button")}</button>
			{value && <button type="button" className="quiet" onClick={() => onFind("")}>{t("search.clear")}</button>}
		</form>
	);
}
