import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "../src/api/client";
import type { View } from "../src/api/result";
import type { Job } from "../src/api/types";
import { Stopped, type VideoUpload, type Watcher } from "../src/api/upload";
import { fingerprint, sample_bytes } from "../src/send/fingerprint";
import { keyLives, loadOrder, saveOrder, takeOver, type Order } from "../src/send/order";
import { waitS } from "../src/send/patience";
import { goneViews, Sender, Uncertain, type parts, type Sending } from "../src/send/sender";
import type { Mark } from "../src/submit/draft";

const size = 1000;
const job = { id: "j" } as Job;
const mark = (name: string): Mark => ({ name, size, modified: 1, print: `p-${name}` });
const film = (name: string) => new File([new Uint8Array(size)], name);
const files = { front: film("f"), side: film("s") };

function anOrder(change: Partial<Order> = {}): Order {
	return {
		owner: "ann", fields: { age: "30" }, agreed: null, state: "running", posting: null,
		parts: { front: { mark: mark("f"), url: null, sent: 0 }, side: { mark: mark("s"), url: null, sent: 0 } }, ...change,
	};
}

/* A server that keeps what came. A step says what becomes of the next request of a view: a number of bytes after which the line breaks,
 * or a status; nothing: it works. */
class Server {
	has = new Map<string, number>();
	steps: Partial<Record<View, (number | Problem)[]>> = {};
	posts: { front: string; side: string; key: string }[] = [];
	answers: (Problem | "lost")[] = []; // to the requests for a job
	removed: string[] = [];
	bytes = 0;
	jobs = new Set<string>();
	kept: Record<string, File> = {};
	hang = false;

	api(): typeof parts {
		return {
			sendVideo: (video, watcher, signal) => this.send(video, watcher, signal),
			makeJob: (_, uploads, key) => this.post({ ...uploads, key }),
			removeUpload: (url) => {
				this.removed.push(url);
				this.has.delete(url);
				return Promise.resolve();
			},
			kept: (m) => Promise.resolve(this.kept[m.name] ?? null),
			askToStay: () => Promise.resolve(),
		};
	}

	async send({ view, file, url }: VideoUpload, watcher: Watcher, signal: AbortSignal): Promise<string> {
		const step = this.steps[view]?.shift();
		if (step instanceof Problem)
			throw step;
		if (url !== null && !this.has.has(url))
			throw new Problem(404, "");
		const at = url ?? `/u/${this.has.size + this.removed.length}`;
		if (url === null) {
			this.has.set(at, 0);
			watcher.begun(at);
		}
		const from = this.has.get(at) ?? 0;
		watcher.offset(from);
		const to = typeof step === "number" ? Math.min(file.size, from + step) : file.size;
		this.bytes += to - from;
		this.has.set(at, to);
		watcher.progress(to);
		if (this.hang)
			await new Promise((_, fail) => signal.addEventListener("abort", () => fail(new Stopped())));
		if (to < file.size)
			throw new Problem(0, "");
		return at;
	}

	post(request: { front: string; side: string; key: string }): Promise<Job> {
		const answer = this.answers.shift();
		this.posts.push(request);
		if (answer instanceof Problem)
			return Promise.reject(answer);
		if (!this.jobs.has(request.key)) {
			const gone = (["front", "side"] as const).filter((view) => this.has.get(request[view]) !== size);
			if (gone.length > 0)
				return Promise.reject(new Problem(422, "", gone.map((view) => ({ field: `fileupload${view}`, reason: "there is no such upload" }))));
			this.jobs.add(request.key);
			this.has.delete(request.front);
			this.has.delete(request.side);
		}
		return answer === "lost" ? Promise.reject(new Problem(0, "")) : Promise.resolve(job);
	}
}

let server: Server;

beforeEach(() => {
	vi.useFakeTimers();
	localStorage.clear();
	server = new Server();
});
afterEach(() => vi.useRealTimers());

async function settled(sender: Sender, seconds = 300): Promise<Sending> {
	await vi.advanceTimersByTimeAsync(seconds * 1000);
	return sender.get();
}

test("both films, then the job; nothing is left behind", async () => {
	const sender = new Sender(server.api());
	sender.start(anOrder(), files);
	expect(await settled(sender)).toEqual({ state: "done", job });
	expect(server.bytes).toBe(2 * size);
	expect(loadOrder()).toBeNull();
});

test("what broke goes on where it was, and no byte goes twice", async () => {
	server.steps = { front: [300, new Problem(0, ""), 300, new Problem(423, "")], side: [new Problem(503, "", [], "", 40), 10] };
	const sender = new Sender(server.api());
	sender.start(anOrder(), files);
	await vi.advanceTimersByTimeAsync(100);
	expect(sender.get()).toMatchObject({ state: "waiting", cause: "broken", progress: { sent: 300, total: 2 * size } });
	expect(await settled(sender)).toEqual({ state: "done", job });
	expect(server.bytes).toBe(2 * size);
});

test("a reload goes on by itself with the films that were kept", async () => {
	server.steps = { front: [400] };
	const before = new Sender(server.api());
	before.start(anOrder(), files);
	await vi.advanceTimersByTimeAsync(100);
	before.pause(); // stands for the end of the page
	saveOrder({ ...(loadOrder() ?? anOrder()), state: "running" });
	server.kept = { f: files.front, s: files.side };
	const after = new Sender(server.api());
	after.continueStored("ann");
	expect(await settled(after)).toEqual({ state: "done", job });
	expect(server.bytes).toBe(2 * size);
});

test("another account's sending is not touched", () => {
	saveOrder(anOrder());
	const sender = new Sender(server.api());
	sender.continueStored("ben");
	expect(sender.get()).toEqual({ state: "idle" });
});

test("films that were not kept are asked for, and go on from the server's offset", async () => {
	server.has.set("/u/x", 250);
	saveOrder(anOrder({ parts: { front: { mark: mark("f"), url: "/u/x", sent: 250 }, side: { mark: mark("s"), url: null, sent: 0 } } }));
	const sender = new Sender(server.api());
	sender.continueStored("ann");
	expect(await settled(sender, 1)).toMatchObject({ state: "missing", views: ["front", "side"], progress: { sent: 250 } });
	sender.provide("front", files.front);
	expect(sender.get().state).toBe("missing");
	sender.provide("side", files.side);
	expect(await settled(sender)).toEqual({ state: "done", job });
	expect(server.bytes).toBe(2 * size - 250);
});

test("a lost answer: the same key and uploads again, also after a reload, though the uploads are the job's by then", async () => {
	server.answers = ["lost", new Problem(502, "")];
	const sender = new Sender(server.api());
	sender.start(anOrder(), files);
	await vi.advanceTimersByTimeAsync(200);
	sender.pause();
	const again = new Sender(server.api());
	again.continueStored("ann");
	expect(again.get().state).toBe("paused");
	again.resume();
	expect(await settled(again)).toEqual({ state: "done", job });
	expect(new Set(server.posts.map((p) => JSON.stringify(p))).size).toBe(1);
	expect(server.posts.length).toBe(3);
	expect(server.jobs.size).toBe(1);
	expect(server.bytes).toBe(2 * size);
});

test("a lost answer that is too old to be asked for is told, and not sent again by itself", async () => {
	saveOrder(anOrder({ posting: { key: "k", at: new Date(Date.now() - 30 * 3600_000).toISOString() } }));
	const sender = new Sender(server.api());
	sender.continueStored("ann");
	const state = await settled(sender);
	expect(state.state === "failed" && state.error).toBeInstanceOf(Uncertain);
	expect(server.posts).toEqual([]);
});

test("an upload that expired is begun anew without a word, before its end or after it", async () => {
	saveOrder(anOrder({ parts: { front: { mark: mark("f"), url: "/u/gone", sent: 900 }, side: { mark: mark("s"), url: null, sent: 0 } } }));
	server.kept = { f: files.front, s: files.side };
	server.answers = [new Problem(422, "", [{ field: "fileuploadside", reason: "there is no such upload" }])];
	const sender = new Sender(server.api());
	const seen = new Set<string>();
	sender.subscribe(() => seen.add(sender.get().state));
	sender.continueStored("ann");
	expect(await settled(sender)).toEqual({ state: "done", job });
	expect([...seen].sort()).toEqual(["done", "saving", "sending"]);
	expect(server.posts[0]?.key).not.toBe(server.posts[1]?.key); // other uploads, another request
});

test("who was signed out signs in again and loses nothing", async () => {
	server.steps = { front: [500, new Problem(401, "")] };
	const sender = new Sender(server.api());
	sender.start(anOrder(), files);
	expect(await settled(sender)).toMatchObject({ state: "signedOut" });
	sender.signedIn();
	expect(await settled(sender)).toEqual({ state: "done", job });
	expect(server.bytes).toBe(2 * size);
});

test("offline: the request is ended, and goes on when the connection is back, at once", async () => {
	server.hang = true;
	const sender = new Sender(server.api());
	sender.start(anOrder(), files);
	await vi.advanceTimersByTimeAsync(50);
	const online = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
	window.dispatchEvent(new Event("offline"));
	await vi.advanceTimersByTimeAsync(50);
	expect(sender.get()).toMatchObject({ state: "waiting", cause: "offline" });
	online.mockRestore();
	server.hang = false;
	window.dispatchEvent(new Event("online"));
	expect(await settled(sender, 0.5)).toEqual({ state: "done", job });
});

test("pause holds, resume goes on, stop removes what the server has", async () => {
	server.hang = true;
	const sender = new Sender(server.api());
	sender.start(anOrder(), files);
	await vi.advanceTimersByTimeAsync(50);
	sender.pause();
	expect(await settled(sender)).toMatchObject({ state: "paused" });
	expect(loadOrder()?.state).toBe("paused");
	sender.resume();
	await vi.advanceTimersByTimeAsync(50);
	expect(sender.get().state).toBe("sending");
	await sender.stop();
	expect(await settled(sender)).toEqual({ state: "stopped" });
	expect(server.removed).toEqual(["/u/0"]);
	expect(server.posts).toEqual([]);
	expect(loadOrder()).toBeNull();
});

test("what the server refuses is told and kept, so that the next try goes on with the same uploads", async () => {
	server.answers = [new Problem(422, "", [{ field: "age", reason: "no" }])];
	const sender = new Sender(server.api());
	sender.start(anOrder(), files);
	expect(await settled(sender)).toMatchObject({ state: "failed", error: { status: 422 } });
	expect(loadOrder()).toMatchObject({ state: "failed", posting: null });
	sender.start(anOrder({ fields: { age: "31" } }), files);
	expect(await settled(sender)).toEqual({ state: "done", job });
	expect(server.bytes).toBe(2 * size);
	expect(server.posts[0]?.key).not.toBe(server.posts[1]?.key);
});

test("a limit of the account is not waited for all day", async () => {
	server.steps = { front: Array.from({ length: 20 }, () => new Problem(429, "", [], "", 1)) };
	const sender = new Sender(server.api());
	sender.start(anOrder(), files);
	expect(await settled(sender)).toMatchObject({ state: "failed", error: { status: 429 } });
});

test("a new order takes over the uploads of the same films of the same account, and names the others", () => {
	const before = anOrder({ parts: { front: { mark: mark("f"), url: "/u/1", sent: 5 }, side: { mark: mark("old"), url: "/u/2", sent: 7 } } });
	const { order, left } = takeOver(anOrder(), before);
	expect(order.parts.front).toMatchObject({ url: "/u/1", sent: 5 });
	expect(order.parts.side.url).toBeNull();
	expect(left).toEqual(["/u/2"]);
	expect(takeOver(anOrder({ owner: "ben" }), before)).toMatchObject({ left: [], order: { parts: { front: { url: null } } } });
});

test("a key is good for a day less an hour", () => {
	const at = "2026-01-01T00:00:00.000Z";
	const order = anOrder({ posting: { key: "k", at } });
	expect(keyLives(order, Date.parse(at) + 22.9 * 3600_000)).toBe(true);
	expect(keyLives(order, Date.parse(at) + 23.1 * 3600_000)).toBe(false);
});

test("the server's own time to wait goes before ours, which grows to half a minute", () => {
	expect(waitS(new Problem(503, "", [], "", 7), 0)).toBe(7);
	expect([0, 1, 2, 9].map((n) => waitS(new Problem(0, ""), n))).toEqual([1, 2, 4, 30]);
	expect(waitS(new Problem(423, ""), 9)).toBe(4);
});

test("only where nothing but uploads is minded they are begun anew", () => {
	const gone = { field: "fileuploadfront", reason: "there is no such upload" };
	expect(goneViews(new Problem(422, "", [gone]))).toEqual(["front"]);
	expect(goneViews(new Problem(422, "", [gone, { field: "age", reason: "no" }]))).toEqual([]);
	expect(goneViews(new Problem(409, ""))).toEqual(["front", "side"]);
	expect(goneViews(new Problem(500, ""))).toEqual([]);
});

test("a fingerprint tells films apart by length, beginning, middle and end", async () => {
	const bytes = new Uint8Array(5 * sample_bytes).map((_, i) => (i * 7919) & 255);
	const print = await fingerprint(new Blob([bytes]));
	expect(await fingerprint(new Blob([bytes.slice()]))).toBe(print);
	for (const at of [0, Math.floor(2.5 * sample_bytes), bytes.length - 1]) {
		const other = bytes.slice();
		other[at] = (other[at] ?? 0) ^ 1;
		expect(await fingerprint(new Blob([other])), String(at)).not.toBe(print);
	}
	expect(await fingerprint(new Blob([bytes.slice(1)]))).not.toBe(print);
	expect(await fingerprint(new Blob([]))).toMatch(/^0-/);
});
