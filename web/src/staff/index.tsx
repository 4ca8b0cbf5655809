import { lazy, Suspense, type ReactNode } from "react";
import { Link, Redirect } from "wouter";
import type { Self } from "../api/types";
import { useI18n } from "../i18n";
import { Busy } from "../ui/notice";
import { useTitle } from "../ui/title";
import { HealthPage } from "./health";
import { QueuePage } from "./queue";
import { StaffWords, useWords } from "./words";
import "./staff.css";

const Users = lazy(() => import("./users"));
const Tokens = lazy(() => import("./tokens"));
const MailPage = lazy(() => import("./mail"));
const Audit = lazy(() => import("./audit"));

const forStaff = ["queue", "health"] as const;
const forAdmins = ["users", "tokens", "mail", "audit"] as const;
type Page = (typeof forStaff)[number] | (typeof forAdmins)[number];

function Forbidden({ whom }: { whom: "staff" | "admin" }) {
	const { t } = useWords();
	const i18n = useI18n();
	useTitle(t("forbidden"));
	return (
		<>
			<h1>{t("forbidden")}</h1>
			<p>{t(`forbidden.${whom}`)}</p>
			<p><Link href="/jobs">{i18n.t("app.home")}</Link></p>
		</>
	);
}

function NoSuchPage() {
	const { t } = useI18n();
	return (
		<>
			<h1>{t("app.notFound")}</h1>
			<p><Link href="/staff/queue">{t("nav.staff")}</Link></p>
		</>
	);
}

function Frame({ self, page, children }: { self: Self; page: Page; children: ReactNode }) {
	const { t } = useWords();
	const shown: readonly Page[] = self.role === "admin" ? [...forStaff, ...forAdmins] : forStaff;
	return (
		<>
			<nav className="tabs" aria-label={t("nav")}>
				{shown.map((name) => (
					<Link key={name} href={`/staff/${name}`} aria-current={name === page ? "page" : undefined}>{t(`nav.${name}`)}</Link>
				))}
			</nav>
			<Suspense fallback={<Busy />}>{children}</Suspense>
		</>
	);
}

/* The API alone refuses; here nobody is led to a page that would be empty. */
function Choose({ self, page }: { self: Self; page: string }) {
	if (self.role === "submitter")
		return <Forbidden whom="staff" />;
	if (page === "")
		return <Redirect to="/staff/queue" replace />;
	const known = [...forStaff, ...forAdmins].find((name) => name === page);
	if (!known)
		return <NoSuchPage />;
	if (self.role !== "admin" && forAdmins.some((name) => name === known))
		return <Frame self={self} page={known}><Forbidden whom="admin" /></Frame>;
	return (
		<Frame self={self} page={known}>
			{known === "queue" ? <QueuePage />
			: known === "health" ? <HealthPage />
			: known === "users" ? <Users self={self} />
			: known === "tokens" ? <Tokens self={self} />
			: known === "mail" ? <MailPage />
			: <Audit />}
		</Frame>
	);
}

export default function StaffPages({ self, page }: { self: Self; page: string }) {
	return <StaffWords><Choose self={self} page={page} /></StaffWords>;
}
