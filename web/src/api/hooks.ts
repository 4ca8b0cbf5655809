import { useEffect, useState } from "react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { get, Problem } from "./client";
import { mayTurn } from "../release/state";
import type { Result } from "./result";
import { isOver, type Consent, type JobDetail, type JobEvent, type JobPage, type Self, type State, type Subject } from "./types";

export function useSelf() {
	return useQuery({
		queryKey: ["self"],
		queryFn: async ({ signal }) => {
			try {
				return await get<Self>("/api/v1/session", signal);
			} catch (error) {
				if (error instanceof Problem && error.status === 401)
					return null;
				throw error;
			}
		},
		staleTime: 60_000,
	});
}

export function useConsent() {
	return useQuery({ queryKey: ["consent"], queryFn: ({ signal }) => get<Consent>("/api/v1/consent", signal), staleTime: 300_000 });
}

export function useSubjects() {
	return useQuery({
		queryKey: ["subjects"],
		queryFn: async ({ signal }) => (await get<{ subjects: Subject[] }>("/api/v1/subjects", signal)).subjects,
		staleTime: 60_000,
	});
}

export interface JobFilter {
	status: State | "open" | "";
	mine: boolean;
	waiting: boolean; // for a clinician
	before: string;
	search: string;
}

export function useJobs(filter: JobFilter) {
	const query = new URLSearchParams({ limit: "20" });
	if (filter.status)
		query.set("status", filter.status);
	if (filter.mine)
		query.set("mine", "");
	if (filter.waiting)
		query.set("release", "waiting");
	if (filter.before)
		query.set("before", filter.before);
	if (filter.search)
		query.set("q", filter.search);
	return useQuery({
		queryKey: ["jobs", query.toString()],
		queryFn: ({ signal }) => get<JobPage>(`/api/v1/jobs${filter.search ? "/search" : ""}?${query}`, signal),
		refetchInterval: (q) => (q.state.data?.jobs.some((job) => !isOver(job)) ? 5_000 : 30_000),
	});
}

/* A job as an event leaves it. Progress is all there; what a change of state brings else is asked for. */
export function withEvent(job: JobDetail, event: JobEvent): JobDetail {
	if (event.kind !== "progress" || event.step === undefined || event.percent === undefined || job.status.value !== "processing")
		return job;
	return { ...job, progress: { step: event.step, percent: event.percent } };
}

export type Link = "live" | "polling" | "none";

/* The job, kept up to date by its event stream. Where none can be had (a proxy that holds it back, too many streams), by asking. */
export function useJob(id: string) {
	const client = useQueryClient();
	const [live, setLive] = useState(false);
	const query = useQuery({
		queryKey: ["job", id],
		queryFn: ({ signal }) => get<JobDetail>(`/api/v1/jobs/${id}`, signal),
		refetchInterval: (q) => {
			const job = q.state.data;
			if (!job || (isOver(job) && !mayTurn(job)))
				return false;
			if (isOver(job))
				return live ? false : 15_000;
			// A place in the queue changes by others' doing, which is no event of this job.
			return !live ? 3_000 : job.status.value === "queued" ? 5_000 : 30_000;
		},
	});
	const job = query.data;
	const watch = job !== undefined && !job.erased && (!isOver(job) || mayTurn(job));
	const seen = job?.events.at(-1)?.seq ?? 0;

	useEffect(() => {
		if (!watch)
			return;
		const stream = new EventSource(`/api/v1/jobs/${id}/events?after=${seen}`);
		const take = (e: MessageEvent<string>) => {
			const event = JSON.parse(e.data) as JobEvent;
			client.setQueryData<JobDetail>(["job", id], (old) => (old ? withEvent(old, event) : old));
			if (event.kind !== "progress")
				void client.invalidateQueries({ queryKey: ["job", id] });
		};
		for (const kind of ["state", "progress", "note"])
			stream.addEventListener(kind, take as EventListener);
		let opened = false;
		stream.onopen = () => {
			setLive(true);
			if (opened || client.getQueryState(["job", id])?.status === "error")
				void client.invalidateQueries({ queryKey: ["job", id] }); // back again: what was said meanwhile is old
			opened = true;
		};
		stream.onerror = () => setLive(false); // it tries again by itself, or is closed for good; meanwhile we ask
		return () => {
			stream.close();
			setLive(false);
		};
		// `seen` is where a new stream begins; a running one goes on by itself.
		// eslint-disable-next-line react-hooks/exhaustive-deps
	}, [client, id, watch]);
	const link: Link = !watch ? "none" : live ? "live" : "polling";
	return { ...query, link };
}

/* @attempt: a rerun's result is another one. */
export function useResult(id: string, attempt: number, enabled = true) {
	return useQuery({
		enabled,
		queryKey: ["result", id, attempt],
		queryFn: ({ signal }) => get<Result>(`/api/v1/jobs/${id}/result`, signal),
		staleTime: Infinity,
	});
}

/* A person's code and finished analyses, newest first; none without a person. */
export function useVisits(subject: string | null) {
	return useQuery({
		enabled: subject !== null,
		queryKey: ["visits", subject],
		queryFn: async ({ signal }) => {
			const [person, page] = await Promise.all([
				get<Subject>(`/api/v1/subjects/${subject}`, signal),
				get<JobPage>(`/api/v1/jobs?${new URLSearchParams({ subject: subject ?? "", status: "complete", limit: "100" })}`, signal),
			]);
			return { code: person.code, jobs: page.jobs };
		},
		staleTime: 60_000,
	});
}
