import type { Job, JobDetail } from "../api/types";

/* What of a release a page needs to know. */

/* Will a release change what the page shows, while nothing else happens to the job? Then it is watched. */
export function mayTurn(job: Pick<Job, "release" | "erased">): boolean {
	return !job.erased && job.release !== undefined && ["waiting", "released", "withdrawn"].includes(job.release.state);
}

/* A newer result than the one that its submitter sees. */
export function newerIsHidden(job: JobDetail): boolean {
	const { release } = job;
	return release !== undefined && release.shown !== null && release.shown !== release.attempt;
}
