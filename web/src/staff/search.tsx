import { useState } from "react";
import { StaffWords, useWords } from "./words";
import "./staff.css";

function Search({ words, onSearch }: { words: string; onSearch: (words: string) => void }) {
	const { t } = useWords();
	const [typed, setTyped] = useState(words);
	return (
		<form role="search" className="search" onSubmit={(e) => { e.preventDefault(); onSearch(typed.trim()); }}>
			<label htmlFor="search">{t("search")}</label>
			<input id="search" type="search" value={typed} placeholder={t("search.hint")} maxLength={254} autoCapitalize="none" spellCheck={false}
				onChange={(e) => setTyped(e.target.value)} />
			<button type="submit">{t("search.button")}</button>
			{words && <button type="button" className="quiet" onClick={() => onSearch("")}>{t("search.clear")}</button>}
		</form>
	);
}

/* Above the list of jobs, for staff. */
export default function StaffSearch(props: { words: string; onSearch: (words: string) => void }) {
	return <StaffWords waiting={null}><Search {...props} /></StaffWords>;
}
