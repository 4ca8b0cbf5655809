import { useState } from "react";
import { useSearchParams } from "wouter";
import { explain, send } from "../api/client";
import type { Self } from "../api/types";
import { useI18n } from "../i18n";
import { Confirm } from "../ui/confirm";
import { Busy, Failure } from "../ui/notice";
import { useTitle } from "../ui/title";
import { useUsers, type User } from "./api";
import { Finder } from "./finder";
import { Badge } from "./state";
import { Table } from "./table";
import { AddUser, ChangeRole, NewPassword, useAccountChange, useReason } from "./user_dialogs";
import { useWords } from "./words";

function SignIn({ user }: { user: User }) {
	const { t } = useWords();
	return user.disabled ? <Badge tone="dim">{t("users.signIn.disabled")}</Badge>
		: <>{t(!user.has_password ? "users.signIn.tokens" : user.password_given ? "users.signIn.given" : "users.signIn.password")}</>;
}

function Lock({ user, onClose }: { user: User; onClose: () => void }) {
	const { t } = useWords();
	const reason = useReason();
	const change = useAccountChange((disabled: boolean) => send("PATCH", `/api/v1/users/${user.id}`, { disabled }));
	const kind = user.disabled ? "users.enable" : "users.disable";
	return (
		<Confirm open title={t(`${kind}.title`, { email: user.email })} text={t(`${kind}.text`)} keep={t("cancel")} act={t(`${kind}.do`)} danger={!user.disabled}
			busy={change.isPending} error={reason(change.error, "users.ownRights")} onClose={onClose}
			onAct={() => change.mutate(!user.disabled, { onSuccess: onClose })} />
	);
}

type Asked = { what: "add" } | { what: "role" | "password" | "lock"; user: User } | null;

function Open({ asked, onClose }: { asked: Asked; onClose: () => void }) {
	return asked === null ? null
		: asked.what === "add" ? <AddUser onClose={onClose} />
		: asked.what === "role" ? <ChangeRole user={asked.user} onClose={onClose} />
		: asked.what === "password" ? <NewPassword user={asked.user} onClose={onClose} />
		: <Lock user={asked.user} onClose={onClose} />;
}

export default function UsersPage({ self }: { self: Self }) {
	const i18n = useI18n();
	const { format } = i18n;
	const { t } = useWords();
	const [search, setSearch] = useSearchParams();
	const [asked, setAsked] = useState<Asked>(null);
	const q = search.get("q") ?? "";
	const before = search.get("before") ?? "";
	const page = useUsers(q, before);
	const go = (next: Record<string, string>) => setSearch(Object.entries({ q, ...next }).filter(([, value]) => value !== ""));

	useTitle(t("users.title"));
	return (
		<>
			<div className="title-row">
				<h1>{t("users.title")}</h1>
				<button type="button" className="primary" onClick={() => setAsked({ what: "add" })}>{t("users.add")}</button>
			</div>
			<Finder key={q} label={t("users.find")} value={q} onFind={(text) => go({ q: text })} />
			{page.isPending ? <Busy />
			: page.isError ? <Failure text={explain(i18n, page.error)} retry={() => void page.refetch()} />
			: page.data.users.length === 0 ? <p className="card empty">{t("users.none")}</p>
			: (
				<Table<User> caption={t("users.title")} rows={page.data.users} rowKey={(u) => u.id} columns={[
					{ key: "email", head: t("users.email"), cell: (u) => <>{u.email}{u.id === self.id && <span className="hint"> ({t("users.you")})</span>}</> },
					{ key: "role", head: t("users.role"), cell: (u) => t(`role.${u.role}`) },
					{ key: "signIn", head: t("users.signIn"), cell: (u) => <SignIn user={u} /> },
					{ key: "last", head: t("users.last"), cell: (u) => (u.last_sign_in ? format.when(u.last_sign_in) : t("users.never")) },
					{ key: "made", head: t("users.made"), cell: (u) => format.day(u.created) },
					{
						key: "actions", head: t("actions"), cell: (u) => (
							<span className="row-actions">
								<button type="button" aria-label={`${t("users.changeRole")}: ${u.email}`} onClick={() => setAsked({ what: "role", user: u })}>{t("users.changeRole")}</button>
								<button type="button" aria-label={`${t("users.password")}: ${u.email}`} onClick={() => setAsked({ what: "password", user: u })}>{t("users.password")}</button>
								<button type="button" aria-label={`${t(u.disabled ? "users.enable" : "users.disable")}: ${u.email}`}
									className={u.disabled ? undefined : "danger-quiet"} onClick={() => setAsked({ what: "lock", user: u })}>
									{t(u.disabled ? "users.enable" : "users.disable")}
								</button>
							</span>
						),
					},
				]} />
			)}
			<div className="paging">
				{before && <button type="button" onClick={() => go({})}>{t("newest")}</button>}
				{page.data?.next && <button type="button" onClick={() => go({ before: page.data.next ?? "" })}>{t("older")}</button>}
			</div>
			<Open asked={asked} onClose={() => setAsked(null)} />
		</>
	);
}
