import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get } from "../api/client";
import type { Phase, Role, State } from "../api/types";

/* What docs/api/openapi.yaml says of the routes for staff and administrators. */

interface QueueJob {
	id: string;
	ordinal: number;
	owner: string;
	owner_email: string | null;
	priority: number;
	created: string;
	attempt: number;
	cancelling: boolean;
	note: string | null;
	error_kind: string | null;
}

export interface WaitingJob extends QueueJob {
	position: number;
	estimated_wait_s: number | null;
	not_before: string | null;
}

export interface RunningJob extends QueueJob {
	phase: Phase | "";
	since: string | null;
	heartbeat: string | null;
	step: string | null;
	percent: number;
	engine: string | null;
	cluster_id: string | null;
	walltime_s: number;
	never_runs: boolean;
}

export interface Queue {
	waiting_total: number;
	running_total: number;
	max_in_flight: number;
	attempt_s: number | null;
	waiting: WaitingJob[];
	running: RunningJob[];
}

export interface Ended {
	complete: number;
	failed: number;
	retried: number;
}

export interface Attempt {
	id: string;
	n: number;
	engine: string | null;
	cluster_id: string | null;
	relay: boolean;
	created: string;
	submitted: string | null;
	checked_in: string | null;
	heartbeat: string | null;
	ended: string | null;
	never_runs_since: string | null;
	outcome: "complete" | "error" | "cancelled" | "lost" | null;
	step: string | null;
	percent: number;
	walltime_s: number;
	frames: number;
	error_kind: string | null;
	error: string | null;
	log: string | null;
}

export interface Health {
	ready: boolean;
	status: "ok" | "degraded" | "not_ready";
	parts: Record<string, { ok: boolean; needed: boolean; detail: string; since: string }>;
	counts: {
		jobs: Record<State, number>;
		outbox: { pending: number; bounced: number };
		cluster: { never_run: number; node_misconfigured_24h: number; out_of_memory_24h: number };
		spool: { free_bytes: number | null; min_free_bytes: number; reserved_bytes: number };
		http: { connections_api: number; connections_blocking: number; event_streams: number; requests: number; refused_busy: number };
	};
}

export interface User {
	id: string;
	email: string;
	role: Role;
	disabled: boolean;
	has_password: boolean;
	password_given: boolean;
	created: string;
	last_sign_in: string | null;
}

export interface Token {
	id: string;
	user: string;
	email: string | null;
	name: string;
	created: string;
	expires: string | null;
	revoked: string | null;
}

export const mailStates = ["pending", "sent", "bounced", "dropped"] as const;
export type MailState = (typeof mailStates)[number];

export interface Mail {
	id: string;
	job: string;
	kind: "received" | "result" | "failure";
	state: MailState;
	recipient: string;
	tries: number;
	created: string;
	due: string | null;
	last_error: string | null;
}

export interface AuditEntry {
	seq: number;
	at: string;
	actor: string;
	actor_email: string | null;
	action: string;
	object: string;
	object_email: string | null;
	detail: string | null;
	detail_email: string | null;
}

/* One question, asked again every @every_s seconds (0: not). What was there stays while the next page comes. */
function useAnswer<T>(key: string, path: string, every_s: number) {
	return useQuery({
		queryKey: [key, path],
		queryFn: ({ signal }) => get<T>(`/api/v1/${path}`, signal),
		refetchInterval: every_s > 0 && every_s * 1000,
		placeholderData: keepPreviousData,
	});
}

const query = (values: Record<string, string>) =>
	new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "")).toString();

export const useQueue = () => useAnswer<Queue>("queue", "queue", 3);
export const useThroughput = (hours: number) => useAnswer<{ since: string; hours: Ended[] }>("throughput", `throughput?hours=${hours}`, 60);
export const useHealth = () => useAnswer<Health>("health", "health", 10);
export const useAttempts = (job: string, running: boolean) =>
	useAnswer<{ attempts: Attempt[] }>("attempts", `jobs/${job}/attempts`, running ? 10 : 0);
export const useUsers = (q: string, before: string) =>
	useAnswer<{ users: User[]; next: string | null }>("users", `users?${query({ q, before, limit: "50" })}`, 0);
export const useTokens = () => useAnswer<{ tokens: Token[] }>("tokens", "tokens", 0);
export const useOutbox = (state: MailState | "") => useAnswer<{ outbox: Mail[] }>("outbox", `outbox?${query({ state })}`, 10);
export const useAudit = (q: string, action: string, before: string) =>
	useAnswer<{ audit: AuditEntry[]; next: number | null }>("audit", `audit?${query({ q, action, before, limit: "50" })}`, 0);
