import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { has, translate, useI18n, type Language, type PluralBase, type Vars } from ".";
import { Busy } from "../ui/notice";

/* The words of a part of the app that is loaded on demand: its English comes with it, other languages when asked for. */

export interface Words<K extends string> {
	t: (key: K | PluralBase<K>, vars?: Vars) => string;
	/* The words for a code that a server sent, or what stands in for them. */
	code: (prefix: string, code: string, otherwise: string) => string;
}

type Others<K extends string> = Record<Exclude<Language, "en">, () => Promise<Record<K, string>>>;

export function makePart<K extends string>(english: Record<K, string>, others: Others<K>) {
	const Context = createContext<Words<K> | null>(null);
	const loaded: Partial<Record<Language, Record<K, string>>> = { en: english }; // once for all that stand on a page

	function Provider({ children, waiting = <Busy /> }: { children: ReactNode; waiting?: ReactNode }) {
		const { language, locale } = useI18n();
		const [, setCame] = useState<Language>("en");
		const catalogue = loaded[language];

		useEffect(() => {
			if (language === "en" || loaded[language])
				return;
			let current = true;
			const came = (words: Record<K, string>) => {
				loaded[language] = words;
				if (current)
					setCame(language);
			};
			void others[language]().then(came, () => came(english));
			return () => {
				current = false;
			};
		}, [language]);
		const value = useMemo<Words<K> | null>(() => catalogue === undefined ? null : {
			t: (key, vars) => translate(catalogue, locale, key, vars),
			code: (prefix, code, otherwise) => {
				const key = `${prefix}.${code}`;
				return has(catalogue, key) ? catalogue[key] : otherwise;
			},
		}, [catalogue, locale]);
		return value ? <Context.Provider value={value}>{children}</Context.Provider> : waiting;
	}

	function useWords(): Words<K> {
		const words = useContext(Context);
		if (!words)
			throw new Error("no Provider of these words");
		return words;
	}

	return { Provider, useWords };
}
