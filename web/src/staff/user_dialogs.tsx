import { useState, type SyntheticEvent } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { explain, Problem, send } from "../api/client";
import type { Role } from "../api/types";
import { useI18n } from "../i18n";
import { Field } from "../ui/field";
import type { User } from "./api";
import { Dialog } from "./dialog";
import { isLongEnough, passwordOf, PasswordChoice, type Choice } from "./new_password";
import { Secret } from "./secret";
import { useWords } from "./words";

export const roles = ["submitter", "staff", "admin"] as const;

/* Whatever changes accounts: what lists them is asked again. Secrets are not kept by the cache. */
export function useAccountChange<T>(act: (value: T) => Promise<unknown>) {
	const client = useQueryClient();
	return useMutation({ mutationFn: act, gcTime: 0, onSuccess: () => client.invalidateQueries({ queryKey: ["users"] }) });
}

export function useReason() {
	const i18n = useI18n();
	const { t } = useWords();
	return (error: unknown, conflict: "users.ownRights" | "users.taken"): string | null =>
		error instanceof Problem && error.status === 409 ? t(conflict)
		: error instanceof Problem && error.status === 422 ? i18n.t("error.other", { detail: error.detail })
		: error ? explain(i18n, error) : null;
}

function Buttons({ act, busy, onClose }: { act: string; busy: boolean; onClose: () => void }) {
	const { t } = useWords();
	return (
		<div className="actions">
			<button type="button" onClick={onClose}>{t("cancel")}</button>
			<button type="submit" className="primary" disabled={busy}>{act}</button>
		</div>
	);
}

function RoleField({ value, onChange }: { value: Role; onChange: (role: Role) => void }) {
	const { t } = useWords();
	return (
		<Field label={t("users.role")}>
			{(props) => (
				<select {...props} value={value} onChange={(e) => onChange(roles.find((r) => r === e.target.value) ?? "submitter")}>
					{roles.map((r) => <option key={r} value={r}>{t(`role.${r}`)}</option>)}
				</select>
			)}
		</Field>
	);
}

export function AddUser({ onClose }: { onClose: () => void }) {
	const { t } = useWords();
	const reason = useReason();
	const [email, setEmail] = useState("");
	const [role, setRole] = useState<Role>("submitter");
	const [choice, setChoice] = useState<Choice>({ kind: "made" });
	const [tried, setTried] = useState(false);
	const [made, setMade] = useState<string | null>(null);
	const add = useAccountChange((password: string) => send("POST", "/api/v1/users", { email: email.trim(), role, password }));
	const address = /^[^\s@]+@[^\s@]+$/.test(email.trim());
	const submit = (e: SyntheticEvent) => {
		e.preventDefault();
		setTried(true);
		if (!address || !isLongEnough(choice))
			return;
		const password = passwordOf(choice);
		add.mutate(password, { onSuccess: () => setMade(password) });
	};
	return (
		<Dialog title={t("users.add")} onClose={onClose}>
			{made ? <Secret title={t("users.added", { email: email.trim() })} text={t("users.secret")} value={made} onKept={onClose} /> : (
				<form onSubmit={submit} noValidate>
					<Field label={t("users.email")} error={tried && !address ? t("users.email.wrong") : undefined}>
						{(props) => (
							<input {...props} type="email" autoComplete="off" inputMode="email" autoCapitalize="none" spellCheck={false} value={email}
								onChange={(e) => setEmail(e.target.value)} />
						)}
					</Field>
					<RoleField value={role} onChange={setRole} />
					<PasswordChoice onChange={setChoice} wrong={tried && !isLongEnough(choice)} />
					{add.error && <p className="field-error" role="alert">{reason(add.error, "users.taken")}</p>}
					<Buttons act={t("users.add.do")} busy={add.isPending} onClose={onClose} />
				</form>
			)}
		</Dialog>
	);
}

export function NewPassword({ user, onClose }: { user: User; onClose: () => void }) {
	const { t } = useWords();
	const reason = useReason();
	const [choice, setChoice] = useState<Choice>({ kind: "made" });
	const [tried, setTried] = useState(false);
	const [made, setMade] = useState<string | null>(null);
	const change = useAccountChange((password: string) => send("PATCH", `/api/v1/users/${user.id}`, { password }));
	const submit = (e: SyntheticEvent) => {
		e.preventDefault();
		setTried(true);
		if (!isLongEnough(choice))
			return;
		const password = passwordOf(choice);
		change.mutate(password, { onSuccess: () => setMade(password) });
	};
	return (
		<Dialog title={t("users.password.title", { email: user.email })} onClose={onClose}>
			{made ? <Secret title={t("users.password.made", { email: user.email })} text={t("users.secret")} value={made} onKept={onClose} /> : (
				<form onSubmit={submit} noValidate>
					<p>{t("users.password.text")}</p>
					<PasswordChoice onChange={setChoice} wrong={tried && !isLongEnough(choice)} />
					{change.error && <p className="field-error" role="alert">{reason(change.error, "users.ownRights")}</p>}
					<Buttons act={t("users.password")} busy={change.isPending} onClose={onClose} />
				</form>
			)}
		</Dialog>
	);
}

export function ChangeRole({ user, onClose }: { user: User; onClose: () => void }) {
	const { t } = useWords();
	const reason = useReason();
	const [role, setRole] = useState<Role>(user.role);
	const change = useAccountChange((to: Role) => send("PATCH", `/api/v1/users/${user.id}`, { role: to }));
	return (
		<Dialog title={t("users.changeRole.title", { email: user.email })} onClose={onClose}>
			<form onSubmit={(e) => { e.preventDefault(); change.mutate(role, { onSuccess: onClose }); }}>
				<RoleField value={role} onChange={setRole} />
				{change.error && <p className="field-error" role="alert">{reason(change.error, "users.ownRights")}</p>}
				<Buttons act={t("save")} busy={change.isPending} onClose={onClose} />
			</form>
		</Dialog>
	);
}
