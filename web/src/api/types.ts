/* What docs/api/openapi.yaml says, as far as the app uses it. */

export type Role = "submitter" | "staff" | "admin";

export interface Self {
	id: string;
	email: string;
	role: Role;
	password_given: boolean;
}

export const states = ["submitting", "queued", "processing", "complete", "submission_error", "inference_error", "cancelled"] as const;
export type State = (typeof states)[number];
export type Phase = "staging" | "submitted" | "running" | "finalizing";

export const releaseStates = ["direct", "waiting", "released", "withheld", "withdrawn"] as const;

export interface Release {
	state: (typeof releaseStates)[number];
	attempt: number; // whose result @state is about
	shown: number | null; // the attempt whose result the submitter sees
	comment: string | null;
	at: string | null;
	by?: string | null; // for staff
	reason?: string | null; // for staff
}

export interface Job {
	id: string;
	ordinal: number;
	subject: string | null;
	status: { value: State; code: string; message: string };
	phase: Phase | null;
	version: number;
	cancelling: boolean;
	erased: boolean;
	created: string;
	updated: string;
	attempt: number;
	error?: { kind: string; text: string };
	owner?: string;
	owner_email?: string | null;
	queue?: { position: number; estimated_wait_s: number | null };
	progress?: { step: string; percent: number };
	result?: { attempt: number; score: number | null; demonstration_model: boolean; note: string };
	release?: Release;
}

export interface JobEvent {
	seq: number;
	at: string;
	kind: "state" | "progress" | "note";
	status: State;
	phase: Phase | "";
	attempt: number;
	step?: string;
	percent?: number;
	text: string;
}

export interface JobDetail extends Job {
	attempts: { n: number; created: string; ended: string | null; outcome: string | null; error: string | null }[];
	files: { name: string; bytes: number }[];
	events: JobEvent[];
}

export interface JobPage {
	jobs: Job[];
	next: string | null;
	waiting?: number; // for staff: how many results wait for a clinician
}

export interface Consent {
	version: string | null;
	text: string | null;
}

export interface Subject {
	id: string;
	code: string;
	jobs: number;
}

export function isOver(job: Pick<Job, "status">): boolean {
	return !["submitting", "queued", "processing"].includes(job.status.value);
}
