import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { en, type Catalogue, type Key } from "./en";

/* Words, numbers and times in the reader's language. English is part of the first load, others come when asked for. */

export const languages = { en: "English", es: "Español" } as const;
export type Language = keyof typeof languages;
export type Vars = Record<string, string | number>;

export type PluralBase<K> = K extends `${infer B}_other` ? B : never;
export type AnyKey = Key | PluralBase<Key>;

const stored = "gaitd.language";

export function chooseLanguage(kept: string | null, wanted: readonly string[]): Language {
	for (const tag of kept ? [kept, ...wanted] : wanted) {
		const base = tag.toLowerCase().split("-")[0] ?? "";
		if (base in languages)
			return base as Language;
	}
	return "en";
}

export function has<C extends Record<string, string>>(catalogue: C, key: string): key is keyof C & string {
	return Object.hasOwn(catalogue, key);
}

type Keys<C> = keyof C & string;

export function translate<C extends Record<string, string>>(catalogue: C, locale: string, key: Keys<C> | PluralBase<Keys<C>>, vars: Vars = {}): string {
	const words: Record<string, string> = catalogue;
	let found: string = key;

	if (!has(words, key) && typeof vars["n"] === "number")
		found = `${found}_${new Intl.PluralRules(locale).select(vars["n"]) === "one" ? "one" : "other"}`;
	const text = words[found] ?? key;
	return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
		const value = vars[name];
		return value === undefined ? whole : typeof value === "number" ? new Intl.NumberFormat(locale).format(value) : value;
	});
}

const sizes: [number, "day" | "hour" | "minute"][] = [[86_400, "day"], [3_600, "hour"], [60, "minute"]];

function makeFormat(locale: string) {
	const unit = (value: number, name: string, digits = 0) =>
		new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
	return {
		number: (value: number, digits = 2) =>
			new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value),
		change: (value: number, digits = 2) =>
			new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "exceptZero" }).format(value),
		percent: (value: number) => new Intl.NumberFormat(locale, { style: "percent" }).format(value / 100),
		when: (iso: string) => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso)),
		time: (iso: string) => new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(new Date(iso)),
		day: (iso: string) => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(iso)),
		/* How long ago: one unit, "3 hours ago". */
		ago: (iso: string, now = Date.now()) => {
			const seconds = (Date.parse(iso) - now) / 1000;
			const [size, name] = sizes.find(([n]) => Math.abs(seconds) >= n) ?? [1, "second"];
			return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.trunc(seconds / size), name);
		},
		bytes: (n: number) =>
			n < 1e3 ? unit(n, "byte") : n < 1e6 ? unit(n / 1e3, "kilobyte") : n < 1e9 ? unit(n / 1e6, "megabyte", 1) : unit(n / 1e9, "gigabyte", 2),
		duration: (seconds: number) =>
			seconds < 60
				? unit(Math.max(1, Math.round(seconds)), "second")
				: seconds < 3600
					? unit(Math.round(seconds / 60), "minute")
					: unit(seconds / 3600, "hour", 1),
	};
}

export interface I18n {
	language: Language;
	setLanguage: (language: Language) => void;
	t: (key: AnyKey, vars?: Vars) => string;
	/* The catalogue's words for a code that a server sent, or what stands in for them. */
	code: (prefix: string, code: string, otherwise: string) => string;
	format: ReturnType<typeof makeFormat>;
	locale: string;
}

const Context = createContext<I18n | null>(null);

export function I18nProvider({ children }: { children: ReactNode }) {
	const [language, setLanguage] = useState<Language>(() => chooseLanguage(localStorage.getItem(stored), navigator.languages));
	const [loaded, setLoaded] = useState<{ language: Language; catalogue: Catalogue }>({ language: "en", catalogue: en });

	useEffect(() => {
		let current = true;
		const take = (catalogue: Catalogue) => current && setLoaded({ language, catalogue });

		document.documentElement.lang = language;
		if (language === "en")
			take(en);
		else
			void import("./es").then((module) => take(module.es), () => take(en));
		return () => {
			current = false;
		};
	}, [language]);
	const value = useMemo<I18n>(() => {
		const regional = navigator.languages.find((tag) => tag.toLowerCase().startsWith(loaded.language));
		const locale = regional ?? loaded.language;
		return {
			language,
			setLanguage: (next) => {
				localStorage.setItem(stored, next);
				setLanguage(next);
			},
			t: (key, vars) => translate(loaded.catalogue, locale, key, vars),
			code: (prefix, code, otherwise) => {
				const key = `${prefix}.${code}`;
				return has(loaded.catalogue, key) ? loaded.catalogue[key] : otherwise;
			},
			format: makeFormat(locale),
			locale,
		};
	}, [language, loaded]);
	return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useI18n(): I18n {
	const value = useContext(Context);
	if (!value)
		throw new Error("no I18nProvider");
	return value;
}
