import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { explain, send } from "../api/client";
import { useI18n } from "../i18n";
import { Busy, Failure, Notice } from "../ui/notice";
import { useTitle } from "../ui/title";
import { mailStates, useOutbox, type Mail } from "./api";
import { Badge } from "./state";
import { Table } from "./table";
import { useWords } from "./words";

const tones = { pending: "", sent: "good", bounced: "bad", dropped: "dim" } as const;

function NextTry({ mail }: { mail: Mail }) {
	const { t } = useWords();
	const { format } = useI18n();
	if (mail.state !== "pending" || !mail.due)
		return "–";
	return Date.parse(mail.due) <= Date.now() ? t("mail.now") : <time dateTime={mail.due} title={format.when(mail.due)}>{format.ago(mail.due)}</time>;
}

export default function MailPage() {
	const i18n = useI18n();
	const { format } = i18n;
	const { t } = useWords();
	const client = useQueryClient();
	const [search, setSearch] = useSearchParams();
	const state = mailStates.find((s) => s === search.get("state")) ?? "";
	const list = useOutbox(state);
	const retry = useMutation({
		mutationFn: (id: string) => send("POST", `/api/v1/outbox/${id}/retry`),
		onSettled: () => client.invalidateQueries({ queryKey: ["outbox"] }),
	});

	useTitle(t("mail.title"));
	return (
		<>
			<h1>{t("mail.title")}</h1>
			<div className="filters">
				<label htmlFor="mail-state">{t("mail.state")}</label>
				<select id="mail-state" value={state} onChange={(e) => setSearch(e.target.value ? { state: e.target.value } : {})}>
					<option value="">{t("mail.state.all")}</option>
					{mailStates.map((s) => <option key={s} value={s}>{t(`mail.state.${s}`)}</option>)}
				</select>
			</div>
			{state === "bounced" && <p className="hint">{t("mail.bouncedHint")}</p>}
			<div aria-live="polite">
				{retry.isSuccess && <Notice tone="good"><p>{t("mail.retried")}</p></Notice>}
				{retry.error && <Failure text={explain(i18n, retry.error)} />}
			</div>
			{list.isPending ? <Busy />
			: list.isError ? <Failure text={explain(i18n, list.error)} retry={() => void list.refetch()} />
			: list.data.outbox.length === 0 ? <p className="card empty">{t("mail.none")}</p>
			: (
				<Table<Mail> caption={t("mail.title")} rows={list.data.outbox} rowKey={(m) => m.id} columns={[
					{ key: "to", head: t("mail.to"), cell: (m) => m.recipient || "–" },
					{ key: "kind", head: t("mail.kind"), cell: (m) => <Link href={`/jobs/${m.job}`}>{t(`mail.kind.${m.kind}`)}</Link> },
					{ key: "state", head: t("queue.state"), cell: (m) => <Badge tone={tones[m.state]}>{t(`mail.state.${m.state}`)}</Badge> },
					{ key: "made", head: t("mail.made"), cell: (m) => format.when(m.created) },
					{ key: "tries", head: t("mail.tries"), cell: (m) => String(m.tries) },
					{ key: "next", head: t("mail.next"), cell: (m) => <NextTry mail={m} /> },
					{ key: "error", head: t("mail.error"), cell: (m) => m.last_error ?? "–" },
					{
						key: "actions", head: t("actions"), cell: (m) => (
							(m.state === "bounced" || m.state === "pending") && (
								<button type="button" aria-label={`${t("mail.retry")}: ${m.recipient}`} disabled={retry.isPending} onClick={() => retry.mutate(m.id)}>
									{t("mail.retry")}
								</button>
							)
						),
					},
				]} />
			)}
		</>
	);
}
