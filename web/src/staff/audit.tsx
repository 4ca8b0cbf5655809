import { Link, useSearchParams } from "wouter";
import { explain } from "../api/client";
import { useI18n } from "../i18n";
import { staff } from "../i18n/en/staff";
import { Busy, Failure } from "../ui/notice";
import { useTitle } from "../ui/title";
import { useAudit, type AuditEntry } from "./api";
import { Finder } from "./finder";
import { Table } from "./table";
import { useWords } from "./words";

/* The actions that there are words for: they have an underscore. */
const actions = Object.keys(staff).map((key) => /^audit\.(\w+_\w+)$/.exec(key)?.[1]).filter((name) => name !== undefined);

function Who({ entry }: { entry: AuditEntry }) {
	const { t } = useWords();
	const [kind, ...rest] = entry.actor.split(":");
	const name = rest.join(":");
	return <>{entry.actor_email ?? (kind === "os" ? t("audit.who.os", { name }) : kind === "attempt" ? t("audit.who.attempt") : kind === "gaitd" ? t("audit.who.gaitd") : entry.actor)}</>;
}

function Thing({ entry }: { entry: AuditEntry }) {
	if (entry.object_email)
		return entry.object_email;
	if (/^(job|result|video)_/.test(entry.action))
		return <Link href={`/jobs/${entry.object}`}><code>{entry.object}</code></Link>;
	return <code>{entry.object}</code>;
}

function Detail({ entry }: { entry: AuditEntry }) {
	const { code } = useWords();
	if (!entry.detail)
		return "–";
	if (entry.action === "user_password")
		return code("audit.password", entry.detail, entry.detail);
	return entry.action.startsWith("user_") ? code("role", entry.detail, entry.detail) : (entry.detail_email ?? entry.detail);
}

export default function AuditPage() {
	const i18n = useI18n();
	const { format } = i18n;
	const { t, code } = useWords();
	const [search, setSearch] = useSearchParams();
	const q = search.get("q") ?? "";
	const action = search.get("action") ?? "";
	const before = search.get("before") ?? "";
	const page = useAudit(q, action, before);
	const go = (next: Record<string, string>) => setSearch(Object.entries({ q, action, ...next }).filter(([, value]) => value !== ""));

	useTitle(t("audit.title"));
	return (
		<>
			<h1>{t("audit.title")}</h1>
			<Finder key={q} label={t("audit.find")} hint={t("audit.find.hint")} value={q} onFind={(text) => go({ q: text })}>
				<label htmlFor="audit-action">{t("audit.action")}</label>
				<select id="audit-action" value={action} onChange={(e) => go({ action: e.target.value })}>
					<option value="">{t("audit.action.all")}</option>
					{actions.map((name) => <option key={name} value={name}>{code("audit", name, name)}</option>)}
				</select>
			</Finder>
			{page.isPending ? <Busy />
			: page.isError ? <Failure text={explain(i18n, page.error)} retry={() => void page.refetch()} />
			: page.data.audit.length === 0 ? <p className="card empty">{t("audit.none")}</p>
			: (
				<Table<AuditEntry> caption={t("audit.title")} rows={page.data.audit} rowKey={(e) => e.seq} columns={[
					{ key: "when", head: t("audit.when"), cell: (e) => <time dateTime={e.at}>{format.when(e.at)}</time> },
					{ key: "who", head: t("audit.who"), cell: (e) => <Who entry={e} /> },
					{ key: "did", head: t("audit.did"), cell: (e) => code("audit", e.action, e.action) },
					{ key: "to", head: t("audit.to"), cell: (e) => <Thing entry={e} /> },
					{ key: "detail", head: t("audit.detail"), cell: (e) => <Detail entry={e} /> },
				]} />
			)}
			<div className="paging">
				{before && <button type="button" onClick={() => go({})}>{t("newest")}</button>}
				{page.data?.next && <button type="button" onClick={() => go({ before: String(page.data.next) })}>{t("older")}</button>}
			</div>
		</>
	);
}
