import { lazy, Suspense, useEffect, useRef } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { explain, send } from "./api/client";
import { useSelf } from "./api/hooks";
import type { Self } from "./api/types";
import { languages, useI18n, type Language } from "./i18n";
import { JobPage } from "./pages/job";
import { JobsPage } from "./pages/jobs";
import { SignInPage } from "./pages/sign_in";
import { Busy, Failure } from "./ui/notice";

const ComparisonPage = lazy(() => import("./pages/comparison"));
const SubmitPage = lazy(() => import("./pages/submit"));
const PhonePage = lazy(() => import("./handover/phone_page"));
const Unfinished = lazy(() => import("./send/unfinished"));
const AccountPage = lazy(() => import("./account"));
const PasswordSuggestion = lazy(() => import("./account/suggestion"));
const StaffPages = lazy(() => import("./staff"));

function LanguageChoice() {
	const { t, language, setLanguage } = useI18n();
	return (
		<select className="quiet" aria-label={t("app.language")} value={language} onChange={(e) => setLanguage(e.target.value as Language)}>
			{Object.entries(languages).map(([code, name]) => (
				<option key={code} value={code} lang={code}>{name}</option>
			))}
		</select>
	);
}

function Header({ self }: { self: Self | null }) {
	const { t } = useI18n();
	const client = useQueryClient();
	const [path, go] = useLocation();
	const signOut = async () => {
		await (await import("./send/forget")).forgetAll();
		await send("DELETE", "/api/v1/session");
		client.clear();
		client.setQueryData(["self"], null);
		go("/");
	};
	const link = (to: string, text: string) => (
		<Link href={to} aria-current={path === to || path.startsWith(`${to}/`) ? "page" : undefined}>{text}</Link>
	);
	return (
		<header className="top">
			<Link href="/" className="brand">
				<img src="/favicon.svg" alt="" width="28" height="28" /> {t("app.name")}
			</Link>
			{self && (
				<nav aria-label={t("nav.main")}>
					{link("/new", t("nav.submit"))}
					{link("/jobs", t("nav.jobs"))}
					{self.role !== "submitter" && link("/staff", t("nav.staff"))}
				</nav>
			)}
			<div className="account">
				<LanguageChoice />
				{self && (
					<Link href="/account" className="who" title={self.email}>
						<span className="hidden">{t("nav.account")} </span>
						<span className="who-email">{self.email}</span>
						<span className="who-short" aria-hidden="true">{self.email.slice(0, 1).toUpperCase()}</span>
					</Link>
				)}
				{self && <button type="button" className="quiet" onClick={() => void signOut()}>{t("nav.signOut")}</button>}
			</div>
		</header>
	);
}

function Pages({ self }: { self: Self }) {
	const { t } = useI18n();
	return (
		<Suspense fallback={<Busy />}>
			<Switch>
				<Route path="/"><Redirect to="/jobs" replace /></Route>
				<Route path="/new"><SubmitPage /></Route>
				<Route path="/jobs">
					{self.password_given && <Suspense fallback={null}><PasswordSuggestion self={self} /></Suspense>}
					<JobsPage self={self} />
				</Route>
				<Route path="/jobs/:id/with/:earlier">
					{(params) => <ComparisonPage key={`${params.id} ${params.earlier}`} id={params.id} earlier={params.earlier} />}
				</Route>
				<Route path="/jobs/:id">{(params) => <JobPage key={params.id} id={params.id} />}</Route>
				<Route path="/account"><AccountPage self={self} /></Route>
				<Route path="/staff/:page?">{(params) => <StaffPages self={self} page={params.page ?? ""} />}</Route>
				<Route>
					<h1>{t("app.notFound")}</h1>
					<p><Link href="/jobs">{t("app.home")}</Link></p>
				</Route>
			</Switch>
		</Suspense>
	);
}

export function App() {
	const i18n = useI18n();
	const { t } = i18n;
	const self = useSelf();
	const [path] = useLocation();
	const bringing = path === "/handover"; // a device without an account
	const main = useRef<HTMLElement>(null);
	const first = useRef(true);

	// A new page is announced: screen readers go on from the top of what is new.
	useEffect(() => {
		if (!first.current)
			main.current?.focus();
		first.current = false;
		window.scrollTo(0, 0);
	}, [path]);
	return (
		<>
			<a className="skip" href="#main">{t("app.skip")}</a>
			<Header self={bringing ? null : self.data ?? null} />
			<main id="main" ref={main} tabIndex={-1}>
				{self.isSuccess && !bringing && <Suspense><Unfinished self={self.data} /></Suspense>}
				{bringing ? <Suspense fallback={<Busy />}><PhonePage /></Suspense>
				: self.isPending ? <Busy />
				: self.isError ? <Failure text={explain(i18n, self.error)} retry={() => void self.refetch()} />
				: self.data ? <Pages self={self.data} />
				: <SignInPage />}
			</main>
		</>
	);
}
