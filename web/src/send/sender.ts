import { Problem } from "../api/client";
import { Rate, type Estimate } from "../api/rate";
import type { View } from "../api/result";
import type { Job } from "../api/types";
import { makeJob, removeUpload, sendVideo, Stopped, type Progress } from "../api/upload";
import { newKey, type Mark } from "../submit/draft";
import { askToStay, kept } from "./kept";
import { dropOrder, keyLives, loadOrder, ownOrder, saveOrder, takeOver, views, type Order } from "./order";
import { causeOf, isGone, most_refusals, passes, wait, waitS, type Cause } from "./patience";

/* The sending of two films and the making of their job, from the moment that somebody pressed "Send" until the job is there: over
 * broken lines, a server that restarts, an expired session, a closed page. It belongs to the app, not to a page of it. */

export type Sending<T = Job> =
	| { state: "idle" | "stopped" | "elsewhere" } // elsewhere: another tab of this browser sends
	| { state: "sending" | "signedOut" | "paused" | "saving"; progress: Progress; estimate: Estimate }
	| { state: "waiting"; progress: Progress; cause: Cause; untilMs: number }
	| { state: "missing"; progress: Progress; views: View[] } // the films are to be chosen again
	| { state: "failed"; error: unknown }
	| { state: "done"; job: T };

const none: Estimate = { bytesPerS: null, leftS: null };
const small_piece_bytes = 8 << 20;
const lost_bytes = 16 << 20; // more than the buffers of two systems hold

export const parts = { sendVideo, makeJob, removeUpload, kept, askToStay };

export type Parts<T> = Omit<typeof parts, "makeJob"> & {
	makeJob: (fields: Record<string, string>, uploads: Record<View, string>, key: string) => Promise<T>;
};

/* @T: what is made of the films in the end. @stored: where its order is kept. @signsIn: who is signed out may come back. */
export class Sender<T = Job> {
	#state: Sending<T> = { state: "idle" };
	#listeners = new Set<() => void>();
	#files: Partial<Record<View, File | null>> = {};
	#order: Order | null = null;
	#run: AbortController | null = null; // ended by pause and stop
	#attempt: AbortController | null = null; // ended by a connection that is gone
	#hurry = new AbortController();
	#arrived: (() => void) | null = null; // what a run waits for: a sign-in, a file
	#rate = new Rate();
	#piece = Infinity;
	#acknowledged = 0;
	#savedAt = 0;
	#shownAt = 0;

	constructor(private readonly api: Parts<T>, private readonly stored = ownOrder, private readonly signsIn = true) {
		window.addEventListener("offline", () => this.#attempt?.abort());
	}

	subscribe = (listener: () => void): (() => void) => {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	};

	get = (): Sending<T> => this.#state;

	#set(state: Sending<T>): void {
		this.#state = state;
		for (const listener of this.#listeners)
			listener();
	}

	get order(): Order | null {
		return this.#order;
	}

	/* --- what people do --- */

	/* Somebody agreed, and pressed "Send". */
	start(wanted: Order, files: Partial<Record<View, File>>): void {
		const { order, left } = takeOver(wanted, this.#order ?? loadOrder(this.stored));

		for (const url of left)
			void this.api.removeUpload(url);
		this.#files = { ...files };
		this.#order = order;
		void this.api.askToStay();
		this.#begin();
	}

	/* The page was loaded, and @owner is signed in: what was agreed to goes on. */
	continueStored(owner: string): void {
		if (this.#run || this.#state.state !== "idle")
			return;
		const order = loadOrder(this.stored);
		if (order?.owner !== owner)
			return;
		this.#order = order;
		if (order.state === "running")
			this.#begin();
		else if (order.state === "paused")
			this.#set({ state: "paused", progress: this.#progress(order), estimate: none });
	}

	pause(): void {
		if (!this.#order || !this.#run)
			return;
		this.#end();
		this.#order.state = "paused";
		saveOrder(this.#order, this.stored);
		this.#set({ state: "paused", progress: this.#progress(this.#order), estimate: none });
	}

	/* Go on after a pause or a failure; or at once, where it waits. */
	resume(): void {
		if (this.#run) {
			this.#hurry.abort();
			this.#hurry = new AbortController();
		} else if (this.#order) {
			this.#begin();
		}
	}

	/* Not wanted any more: nothing stays on the server. */
	async stop(): Promise<void> {
		const order = this.#order;

		this.#end();
		this.#order = null;
		this.#files = {};
		dropOrder(this.stored);
		this.#set({ state: "stopped" });
		const left = order ? views.map((view) => order.parts[view]).filter((part) => !part.remote) : [];
		await Promise.all(left.flatMap(({ url }) => (url === null ? [] : [this.api.removeUpload(url)])));
	}

	/* The account signs out, or another one came: as if it had never been. */
	async forget(): Promise<void> {
		this.#order ??= loadOrder(this.stored);
		await this.stop();
		this.#set({ state: "idle" });
	}

	signedIn(): void {
		if (this.#state.state === "signedOut")
			this.#arrived?.();
	}

	/* A film was chosen again, and it is the one that was meant. */
	provide(view: View, file: File): void {
		this.#files[view] = file;
		if (this.#state.state === "missing" && this.#state.views.every((v) => this.#files[v]))
			this.#arrived?.();
	}

	/* What became known of a film after it was sent off: its fingerprint, its copy. */
	remember(view: View, mark: Mark): void {
		const part = this.#order?.parts[view];
		if (!part || !this.#order || part.mark.name !== mark.name || part.mark.size !== mark.size || part.mark.modified !== mark.modified)
			return;
		part.mark = mark;
		saveOrder(this.#order, this.stored);
	}

	/* "Done" and "stopped" were seen. */
	settle(): void {
		if (["done", "stopped", "failed"].includes(this.#state.state))
			this.#set({ state: "idle" });
	}

	/* --- one run --- */

	#end(): void {
		this.#run?.abort(new Stopped());
		this.#run = null;
	}

	#begin(): void {
		const run = new AbortController();
		const order = this.#order;

		if (!order)
			return;
		order.state = "running";
		saveOrder(order, this.stored);
		this.#end();
		this.#run = run;
		this.#rate = new Rate();
		this.#set({ state: "sending", progress: this.#progress(order), estimate: none });
		void this.#alone(run.signal, async (mine) => {
			const job = await this.#deliver(mine, run.signal);
			dropOrder(this.stored);
			this.#order = null;
			this.#files = {};
			return job;
		}).then(
			(done) => this.#over(run, done ? { state: "done", job: done.made } : { state: "idle" }),
			(error: unknown) => this.#failed(run, error),
		);
	}

	#over(run: AbortController, state: Sending<T>): void {
		if (this.#run !== run)
			return;
		this.#run = null;
		this.#set(state);
	}

	#failed(run: AbortController, error: unknown): void {
		if (run.signal.aborted || this.#run !== run)
			return;
		if (this.#order) {
			this.#order.state = "failed";
			saveOrder(this.#order, this.stored);
		}
		this.#over(run, { state: "failed", error });
	}

	/* One tab at a time. Whoever waits for another one goes on from what that one left. */
	async #alone(signal: AbortSignal, act: (order: Order) => Promise<T>): Promise<{ made: T } | null> {
		const locks = navigator.locks as LockManager | undefined; // undefined by plain http
		if (!locks)
			return this.#order ? { made: await act(this.#order) } : null;
		const timer = setTimeout(() => this.#set({ state: "elsewhere" }), 500);
		let waited = false;
		try {
			return await locks.request(this.stored, { signal }, async () => {
				waited = this.#state.state === "elsewhere";
				clearTimeout(timer);
				if (waited)
					this.#order = loadOrder(this.stored);
				if (!this.#order || this.#order.state !== "running")
					return null;
				return { made: await act(this.#order) };
			});
		} finally {
			clearTimeout(timer);
		}
	}

	async #deliver(order: Order, signal: AbortSignal): Promise<T> {
		for (let anew = 0; ; anew++) {
			if (order.posting && !keyLives(order, Date.now())) {
				order.posting = null;
				throw new Uncertain();
			}
			if (!order.posting)
				for (const view of views)
					await this.#bring(order, view, signal);
			order.posting ??= { key: newKey(), at: new Date().toISOString() };
			saveOrder(order, this.stored);
			try {
				return await this.#insist(() => this.#post(order), signal);
			} catch (error) {
				if (signal.aborted)
					throw error;
				order.posting = null; // it was refused, so no job has this key
				const lost = goneViews(error).filter((view) => !order.parts[view].remote);
				if (anew === 2 || lost.length === 0)
					throw error;
				for (const view of lost)
					order.parts[view] = { ...order.parts[view], url: null, sent: 0 };
			}
		}
	}

	#post(order: Order): Promise<T> {
		const { front, side } = order.parts;

		this.#set({ state: "saving", progress: this.#progress(order), estimate: none });
		return this.api.makeJob(order.fields, { front: front.url ?? "", side: side.url ?? "" }, order.posting?.key ?? "");
	}

	async #bring(order: Order, view: View, signal: AbortSignal): Promise<void> {
		const part = order.parts[view];

		for (let anew = 0; !part.remote; ) {
			const file = this.#files[view] ?? (await this.api.kept(part.mark));
			if (!file) {
				await this.#askForFiles(order, signal);
				continue;
			}
			this.#files[view] = file;
			try {
				await this.#insist(() => this.#send(order, view, file), signal);
				return;
			} catch (error) {
				if (signal.aborted)
					throw error;
				if (error instanceof Unreadable) {
					this.#files[view] = null;
				} else if (isGone(error) && part.url !== null && anew++ < 3) {
					part.url = null; // expired, or removed: begun anew without a word
					part.sent = 0;
					saveOrder(order, this.stored);
				} else {
					throw error;
				}
			}
		}
	}

	async #send(order: Order, view: View, file: File): Promise<void> {
		const part = order.parts[view];
		const before = part.sent;
		const attempt = (this.#attempt = new AbortController());
		const run = this.#run;
		const end = () => attempt.abort();
		const moved = (bytes: number, acknowledged: boolean) => {
			if (acknowledged && bytes < before - lost_bytes)
				this.#piece = small_piece_bytes; // something on the way keeps requests back: small ones lose little
			if (acknowledged)
				this.#acknowledged++;
			part.sent = bytes;
			if (acknowledged || Date.now() - this.#savedAt > 1000) {
				this.#savedAt = Date.now();
				saveOrder(order, this.stored);
			}
			// A browser tells twenty times a second; drawing the form as often would cost more than sending.
			if (!acknowledged && this.#state.state === "sending" && performance.now() - this.#shownAt < 250)
				return;
			this.#shownAt = performance.now();
			const progress = this.#progress(order);
			this.#set({ state: "sending", progress, estimate: this.#rate.add(performance.now() / 1000, progress) });
		};

		run?.signal.addEventListener("abort", end, { signal: attempt.signal });
		try {
			if (part.url === null)
				part.sent = 0;
			await this.api.sendVideo({ view, file, url: part.url, pieceBytes: this.#piece }, {
				begun: (url) => {
					part.url = url;
					saveOrder(order, this.stored);
				},
				offset: (bytes) => moved(bytes, true),
				progress: (bytes) => moved(bytes, false),
			}, attempt.signal);
			moved(file.size, true);
		} catch (error) {
			if (error instanceof Problem && error.network && !(await readable(file)))
				throw new Unreadable();
			// Ended by us since the connection is gone: to be tried again like any other break.
			throw error instanceof Stopped && !run?.signal.aborted ? new Problem(0, "") : error;
		} finally {
			attempt.abort();
		}
	}

	/* Until it works, or fails in a way that does not pass. Waits get longer only while nothing arrives. */
	async #insist<R>(act: () => Promise<R>, signal: AbortSignal): Promise<R> {
		for (let failures = 0, refusals = 0; ; failures++) {
			const before = this.#acknowledged;
			try {
				return await act();
			} catch (error) {
				if (signal.aborted || !(error instanceof Problem))
					throw error;
				if (error.status === 401 && this.signsIn) {
					await this.#arrival("signedOut", signal);
					continue;
				}
				if (!passes(error) || (error.status === 429 && ++refusals > most_refusals))
					throw error;
				if (this.#acknowledged > before + 1)
					failures = 0;
				await this.#wait(error, failures, signal);
			}
		}
	}

	async #wait(error: Problem, failures: number, signal: AbortSignal): Promise<void> {
		const seconds = waitS(error, failures);

		if (this.#order)
			this.#set({ state: "waiting", progress: this.#progress(this.#order), cause: causeOf(error), untilMs: Date.now() + seconds * 1000 });
		await wait(seconds, this.#hurry.signal, signal);
		this.#rate = new Rate();
		if (this.#order)
			this.#set({ state: "sending", progress: this.#progress(this.#order), estimate: none });
	}

	async #askForFiles(order: Order, signal: AbortSignal): Promise<void> {
		const missing: View[] = [];

		for (const view of views)
			if (!order.parts[view].remote && !this.#files[view] && !(await this.api.kept(order.parts[view].mark)))
				missing.push(view);
		if (missing.length === 0)
			return;
		this.#set({ state: "missing", progress: this.#progress(order), views: missing });
		await this.#arrival(null, signal);
	}

	#arrival(state: "signedOut" | null, signal: AbortSignal): Promise<void> {
		if (state && this.#order)
			this.#set({ state, progress: this.#progress(this.#order), estimate: none });
		return new Promise((done, fail) => {
			this.#arrived = done;
			signal.addEventListener("abort", () => fail(signal.reason as Error), { once: true });
		});
	}

	#progress(order: Order): Progress {
		const own = views.map((view) => order.parts[view]).filter((part) => !part.remote);
		return { sent: own.reduce((sum, part) => sum + part.sent, 0), total: own.reduce((sum, part) => sum + part.mark.size, 0) };
	}
}

/* The job was asked for more than a day ago and no answer came: whether it is there, a person has to see. */
export class Uncertain extends Error {}

/* The file is not where it was, or another one is. To the network that looks like a broken line. */
class Unreadable extends Error {}

async function readable(file: File): Promise<boolean> {
	try {
		await file.slice(0, 1).arrayBuffer();
		return true;
	} catch {
		return false;
	}
}

/* Whose uploads the server did not find, where that is all that it minds. */
export function goneViews(error: unknown): View[] {
	if (!(error instanceof Problem) || (error.status !== 422 && error.status !== 409))
		return [];
	if (error.status === 409)
		return views;
	const gone = views.filter((view) => error.fields.some((f) => f.field === `fileupload${view}`));
	return error.fields.every((f) => f.field.startsWith("fileupload")) ? gone : [];
}

export const sender = new Sender(parts);
