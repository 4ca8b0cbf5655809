import { useState, type SyntheticEvent } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { explain, get, Problem, send } from "../api/client";
import { useI18n } from "../i18n";
import { Field } from "../ui/field";
import type { User } from "./api";
import { Dialog } from "./dialog";
import { Secret } from "./secret";
import { useWords } from "./words";

const spans = [30, 90, 365, 0] as const;

class NoAccount extends Error {}

async function findUser(email: string): Promise<string> {
	const { users } = await get<{ users: User[] }>(`/api/v1/users?${new URLSearchParams({ q: email }).toString()}`);
	const found = users.find((u) => u.email.toLowerCase() === email.toLowerCase());
	if (!found)
		throw new NoAccount();
	return found.id;
}

export function AddToken({ email: own, onClose }: { email: string; onClose: () => void }) {
	const i18n = useI18n();
	const { t } = useWords();
	const client = useQueryClient();
	const [email, setEmail] = useState(own);
	const [name, setName] = useState("");
	const [days, setDays] = useState<number>(90);
	const [tried, setTried] = useState(false);
	const make = useMutation({
		mutationFn: async () => send<{ token: string }>("POST", "/api/v1/tokens", { user: await findUser(email.trim()), name: name.trim(), days }),
		gcTime: 0, // the token is kept by nobody
		onSuccess: () => client.invalidateQueries({ queryKey: ["tokens"] }),
	});
	const nameOk = name.trim() !== "" && new TextEncoder().encode(name.trim()).length <= 63;
	const submit = (e: SyntheticEvent) => {
		e.preventDefault();
		setTried(true);
		if (nameOk)
			make.mutate();
	};
	const error = make.error instanceof NoAccount ? null
		: make.error instanceof Problem && make.error.status === 422 ? i18n.t("error.other", { detail: make.error.detail })
		: make.error ? explain(i18n, make.error) : null;
	return (
		<Dialog title={t("tokens.add")} onClose={onClose}>
			{make.data ? <Secret title={t("tokens.add.made", { name: name.trim() })} text={t("tokens.secret")} value={make.data.token} onKept={onClose} /> : (
				<form onSubmit={submit} noValidate>
					<Field label={t("tokens.owner")} error={make.error instanceof NoAccount ? t("tokens.noAccount") : undefined}>
						{(props) => (
							<input {...props} type="email" autoComplete="off" inputMode="email" autoCapitalize="none" spellCheck={false} value={email}
								onChange={(e) => setEmail(e.target.value)} />
						)}
					</Field>
					<Field label={t("tokens.name")} hint={t("tokens.name.hint")} error={tried && !nameOk ? t("tokens.name.wrong") : undefined}>
						{(props) => <input {...props} autoComplete="off" maxLength={63} value={name} onChange={(e) => setName(e.target.value)} />}
					</Field>
					<Field label={t("tokens.days")}>
						{(props) => (
							<select {...props} value={days} onChange={(e) => setDays(Number(e.target.value))}>
								{spans.map((n) => <option key={n} value={n}>{t(`tokens.days.${n}`)}</option>)}
							</select>
						)}
					</Field>
					{error && <p className="field-error" role="alert">{error}</p>}
					<div className="actions">
						<button type="button" onClick={onClose}>{t("cancel")}</button>
						<button type="submit" className="primary" disabled={make.isPending}>{t("tokens.add.do")}</button>
					</div>
				</form>
			)}
		</Dialog>
	);
}
