/* Release of results and replaced videos: the logic without a page. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "../src/api/client";
import type { Job, JobDetail, Release } from "../src/api/types";
import type { VideoUpload, Watcher } from "../src/api/upload";
import { bringVideo, most_failures } from "../src/release/bring";
import { length } from "../src/release/release_panel";
import { sameFile } from "../src/release/replace_panel";
import { mayTurn, newerIsHidden } from "../src/release/state";

const job = { id: "j" } as Job;
const file = new File(["film"], "side.mp4");
const signal = () => new AbortController().signal;

function watcher() {
	const seen: string[] = [];
	return { seen, begun: (url: string) => void seen.push(`begun ${url}`), progress: () => undefined, waiting: (cause: string, s: number) => void seen.push(`${cause} ${s}`) };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("a broken line goes on with the same upload, and then the video takes its place", async () => {
	const w = watcher();
	const urls: (string | null)[] = [];
	const sendVideo = vi.fn((v: VideoUpload, up: Watcher) => {
		urls.push(v.url);
		if (v.url === null)
			up.begun("/u/1");
		return urls.length < 3 ? Promise.reject(new Problem(0, "")) : Promise.resolve("/u/1");
	});
	const putVideo = vi.fn(() => Promise.resolve(job));
	const done = bringVideo("j", "side", file, null, w, signal(), { sendVideo, putVideo });
	await vi.advanceTimersByTimeAsync(60_000);
	expect(await done).toBe(job);
	expect(urls).toEqual([null, "/u/1", "/u/1"]);
	expect(putVideo).toHaveBeenCalledWith("j", "side", "/u/1");
	expect(w.seen).toEqual(["begun /u/1", "broken 1", "broken 2"]);
});

test("an upload that expired begins anew; an answer that was lost is asked for again", async () => {
	const urls: (string | null)[] = [];
	const sendVideo = (v: VideoUpload) => {
		urls.push(v.url);
		return v.url === "/u/old" ? Promise.reject(new Problem(404, "")) : Promise.resolve("/u/new");
	};
	let tries = 0;
	const putVideo = () => (tries++ ? Promise.resolve(job) : Promise.reject(new Problem(0, "")));
	const done = bringVideo("j", "side", file, "/u/old", watcher(), signal(), { sendVideo, putVideo });
	await vi.advanceTimersByTimeAsync(10_000);
	expect(await done).toBe(job);
	expect(urls).toEqual(["/u/old", null]);
	expect(tries).toBe(2);
});

test("what the server refuses is told at once; nothing is tried for ever", async () => {
	const refused = bringVideo("j", "side", file, null, watcher(), signal(), {
		sendVideo: () => Promise.resolve("/u/1"), putVideo: () => Promise.reject(new Problem(422, "the same file")),
	});
	await expect(refused).rejects.toMatchObject({ status: 422 });
	const sendVideo = vi.fn(() => Promise.reject(new Problem(0, "")));
	const done = expect(bringVideo("j", "side", file, null, watcher(), signal(), { sendVideo, putVideo: () => Promise.resolve(job) })).rejects.toMatchObject({ status: 0 });
	await vi.advanceTimersByTimeAsync(3600_000);
	await done;
	expect(sendVideo).toHaveBeenCalledTimes(most_failures + 1);
});

test("stop ends the waiting", async () => {
	const stop = new AbortController();
	const done = expect(bringVideo("j", "side", file, null, watcher(), stop.signal, {
		sendVideo: () => Promise.reject(new Problem(503, "", [], "", 600)), putVideo: () => Promise.resolve(job),
	})).rejects.toBeDefined();
	await vi.advanceTimersByTimeAsync(100);
	stop.abort();
	await done;
});

test("a page is watched while a release may change it", () => {
	const of = (state: Release["state"], erased = false) => mayTurn({ erased, release: { state, attempt: 1, shown: null, comment: null, at: null } });
	expect(["waiting", "released", "withdrawn"].map((s) => of(s as Release["state"]))).toEqual([true, true, true]);
	expect([of("direct"), of("withheld"), of("waiting", true), mayTurn({ erased: false })]).toEqual([false, false, false, false]);
	const newer = (shown: number | null, attempt: number) => newerIsHidden({ release: { state: "waiting", attempt, shown, comment: null, at: null } } as JobDetail);
	expect([newer(1, 2), newer(2, 2), newer(null, 2)]).toEqual([true, false, false]);
});

test("the same file is told in our words, which the server must go on saying", () => {
	const words = readFileSync(join(import.meta.dirname, "../../src/service/replace.c"), "utf8");
	expect(words).toContain("same file as the %s video");
	expect(sameFile(new Problem(422, "upload is the same file as the side video that is there: choose the new one"))).toBe("side");
	expect(sameFile(new Problem(422, "upload is not whole"))).toBeNull();
	expect(sameFile(new Problem(409, "same file as the side video"))).toBeNull();
});

test("characters are counted as the server counts them", () => {
	expect([length("ab"), length("ñ"), length("𝄞𝄞"), length("")]).toEqual([2, 1, 2, 0]);
});
