import { useState } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { explain, send } from "../api/client";
import type { Self } from "../api/types";
import { useI18n } from "../i18n";
import { Confirm } from "../ui/confirm";
import { Busy, Failure } from "../ui/notice";
import { useTitle } from "../ui/title";
import { useTokens, type Token } from "./api";
import { Badge } from "./state";
import { Table } from "./table";
import { AddToken } from "./token_dialog";
import { useWords } from "./words";

const isOver = (token: Token) => token.revoked !== null || (token.expires !== null && Date.parse(token.expires) <= Date.now());

function TokenState({ token }: { token: Token }) {
	const { t } = useWords();
	const { format } = useI18n();
	return token.revoked ? <Badge tone="dim">{t("tokens.revoked", { when: format.when(token.revoked) })}</Badge>
		: isOver(token) ? <Badge tone="dim">{t("tokens.expired")}</Badge>
		: <Badge tone="good">{t("tokens.works")}</Badge>;
}

function Revoke({ token, onClose }: { token: Token; onClose: () => void }) {
	const i18n = useI18n();
	const { t } = useWords();
	const client = useQueryClient();
	const revoke = useMutation({
		mutationFn: () => send("DELETE", `/api/v1/tokens/${token.id}`),
		onSuccess: onClose,
		onSettled: () => client.invalidateQueries({ queryKey: ["tokens"] }),
	});
	return (
		<Confirm open title={t("tokens.revoke.title", { name: token.name })} text={t("tokens.revoke.text")} keep={t("tokens.revoke.keep")} act={t("tokens.revoke")}
			danger busy={revoke.isPending} error={revoke.error && explain(i18n, revoke.error)} onClose={onClose} onAct={() => revoke.mutate()} />
	);
}

export default function TokensPage({ self }: { self: Self }) {
	const i18n = useI18n();
	const { format } = i18n;
	const { t } = useWords();
	const [adding, setAdding] = useState(false);
	const [revoking, setRevoking] = useState<Token | null>(null);
	const list = useTokens();
	// What works stands first, the newest of it on top.
	const rows = [...(list.data?.tokens ?? [])].sort((a, b) => Number(isOver(a)) - Number(isOver(b)) || b.created.localeCompare(a.created));

	useTitle(t("tokens.title"));
	return (
		<>
			<div className="title-row">
				<h1>{t("tokens.title")}</h1>
				<button type="button" className="primary" onClick={() => setAdding(true)}>{t("tokens.add")}</button>
			</div>
			<p className="hint">{t("tokens.text")}</p>
			{list.isPending ? <Busy />
			: list.isError ? <Failure text={explain(i18n, list.error)} retry={() => void list.refetch()} />
			: rows.length === 0 ? <p className="card empty">{t("tokens.none")}</p>
			: (
				<Table<Token> caption={t("tokens.title")} rows={rows} rowKey={(k) => k.id} columns={[
					{ key: "name", head: t("tokens.name"), cell: (k) => k.name },
					{ key: "owner", head: t("tokens.owner"), cell: (k) => k.email ?? t("unknownAccount") },
					{ key: "state", head: t("tokens.state"), cell: (k) => <TokenState token={k} /> },
					{ key: "made", head: t("tokens.made"), cell: (k) => format.day(k.created) },
					{ key: "expires", head: t("tokens.expires"), cell: (k) => (k.expires ? format.day(k.expires) : t("tokens.forever")) },
					{
						key: "actions", head: t("actions"), cell: (k) => (
							!isOver(k) && (
								<button type="button" className="danger-quiet" aria-label={`${t("tokens.revoke")}: ${k.name}`} onClick={() => setRevoking(k)}>
									{t("tokens.revoke")}
								</button>
							)
						),
					},
				]} />
			)}
			{adding && <AddToken email={self.email} onClose={() => setAdding(false)} />}
			{revoking && <Revoke token={revoking} onClose={() => setRevoking(null)} />}
		</>
	);
}
