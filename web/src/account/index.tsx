import { useState } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { explain, get, send } from "../api/client";
import type { Self } from "../api/types";
import { languages, useI18n, type Language } from "../i18n";
import { forgetAll } from "../send/forget";
import { Confirm } from "../ui/confirm";
import { Field } from "../ui/field";
import { Busy, Failure } from "../ui/notice";
import { useTitle } from "../ui/title";
import { PasswordForm } from "./password_form";
import { AccountWords, useWords } from "./words";
import "./account.css";

interface Session {
	since: string;
	until: string;
	present: boolean;
}

function Sessions() {
	const i18n = useI18n();
	const { format } = i18n;
	const { t } = useWords();
	const client = useQueryClient();
	const [, go] = useLocation();
	const [asked, setAsked] = useState(false);
	const list = useQuery({ queryKey: ["sessions"], queryFn: ({ signal }) => get<{ sessions: Session[] }>("/api/v1/sessions", signal) });
	const endAll = useMutation({
		mutationFn: async () => {
			await forgetAll();
			await send("DELETE", "/api/v1/sessions");
		},
		onSuccess: () => {
			client.clear();
			client.setQueryData(["self"], null);
			go("/");
		},
	});
	return (
		<section className="card">
			<h2>{t("sessions")}</h2>
			{list.isPending ? <Busy />
			: list.isError ? <Failure text={explain(i18n, list.error)} />
			: (
				<ul className="sessions">
					{list.data.sessions.map((s) => (
						<li key={s.since}>
							<strong>{t(s.present ? "sessions.present" : "sessions.other")}</strong>{" "}
							<span className="hint">{t("sessions.since", { when: format.when(s.since), until: format.when(s.until) })}</span>
						</li>
					))}
				</ul>
			)}
			<div className="actions"><button type="button" onClick={() => setAsked(true)}>{t("sessions.endAll")}</button></div>
			<Confirm open={asked} title={t("sessions.endAll.title")} text={t("sessions.endAll.text")} keep={t("sessions.endAll.keep")} act={t("sessions.endAll")}
				busy={endAll.isPending} error={endAll.error && explain(i18n, endAll.error)} onClose={() => setAsked(false)} onAct={() => endAll.mutate()} />
		</section>
	);
}

function Account({ self }: { self: Self }) {
	const { language, setLanguage } = useI18n();
	const { t } = useWords();

	useTitle(t("title"));
	return (
		<>
			<h1>{t("title")}</h1>
			<section className="card">
				<p className="big">{self.email}</p>
				<p><strong>{t("role")}:</strong> {t(`role.${self.role}`)}</p>
				<Field label={t("language")}>
					{(props) => (
						<select {...props} className="short" value={language} onChange={(e) => setLanguage(e.target.value as Language)}>
							{Object.entries(languages).map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
						</select>
					)}
				</Field>
			</section>
			<PasswordForm self={self} />
			<Sessions />
		</>
	);
}

export default function AccountPage({ self }: { self: Self }) {
	return <AccountWords><Account self={self} /></AccountWords>;
}
