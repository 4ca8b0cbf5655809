/* Sending over bad lines, and whatever else comes between: what the person sees, and that no byte goes twice. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ann, ask, chooseVideos, facts, fillFacts, look, open, run, signIn } from "./browser.mjs";
import { Line } from "./line.mjs";

const MB = 1e6;
const line = await new Line().open();
const total = Number(facts.bytes);

async function sendOff(page, rate = 6 * MB) {
	page.on("dialog", (d) => d.accept()); // "leave this page?"
	await signIn(page, ann);
	await page.getByRole("link", { name: "New analysis" }).first().click();
	await chooseVideos(page, facts.front, facts.side);
	await fillFacts(page);
	line.rate = rate;
	await page.getByRole("button", { name: "Send both videos" }).click();
}

const midway = (bytes = 5 * MB) => line.until(() => line.sent() > bytes, `${bytes} bytes on their way`);
const until = async (condition, what) => {
	for (const end = Date.now() + 20_000; !(await condition()); await new Promise((done) => setTimeout(done, 100)))
		if (Date.now() > end)
			throw new Error(`did not come in time: ${what}`);
};
const finished = async (page) => {
	await page.getByRole("heading", { name: "Analysis 1" }).waitFor({ timeout: 60_000 });
	assert.equal(await ask("job_count"), 1);
};

/* Every request goes on at what the server had acknowledged last, and of all bytes no more than @twice went again. */
function judge(twice = 300_000, uploads = 2) {
	const has = {};
	for (const r of line.log.filter((x) => x.path?.startsWith("/api/v1/uploads/"))) {
		if (r.method === "PATCH")
			assert.equal(r.at, has[r.path] ?? 0, `PATCH at ${r.at}, acknowledged ${has[r.path]}: ${JSON.stringify(line.log)}`);
		if (r.offset !== null)
			has[r.path] = r.offset;
	}
	assert.equal(line.uploads().length, uploads);
	assert.equal(Object.values(has).reduce((a, b) => a + b, 0), total);
	assert.ok(line.sent() <= total + twice, `${line.sent() - total} bytes went twice`);
}

await run({
	async broken_line({ page, ...b }) {
		await sendOff(page);
		await midway();
		await look({ page, ...b }, "sending");
		line.down = true;
		line.cut();
		await page.getByText("The connection broke. It goes on in").waitFor();
		await look({ page, ...b }, "sending-broken");
		line.down = false;
		await midway(total - 5 * MB);
		line.cut();
		await finished(page);
		judge();
		assert.ok(line.log.filter((r) => r.method === "PATCH").length >= 4);
	},

	async reload({ page }) {
		await sendOff(page);
		await midway();
		await page.reload();
		await page.getByText("You may look at other pages meanwhile.").waitFor(); // by itself
		await midway(total - 5 * MB);
		await page.reload();
		await finished(page);
		judge();
		assert.equal(await page.evaluate(() => localStorage.getItem("gaitd.sending.1")), null);
		assert.deepEqual(await page.evaluate(async () => {
			const found = [];
			for await (const name of (await navigator.storage.getDirectory()).keys())
				found.push(name);
			return found;
		}), []);
	},

	/* The browser ends, and begins again with the same profile. */
	async closed({ page, context }) {
		await context.close();
		const profile = mkdtempSync(join(tmpdir(), "gaitd-chromium-"));
		let b = await open("phone", { profile });
		await sendOff(b.page);
		await midway();
		await b.page.getByText("You may look at other pages meanwhile.").waitFor(); // both films are copied
		await b.context.close();
		b = await open("phone", { profile });
		await b.page.goto(line.url); // not even the page of the form
		await b.page.getByText(/Your videos are being sent: \d+%/).waitFor();
		await look(b, "sending-banner");
		await b.page.getByRole("link", { name: "Show" }).click();
		await b.page.getByText("walk-front.mp4").waitFor();
		await finished(b.page);
		judge();
		await b.context.close();
		rmSync(profile, { recursive: true, force: true });
	},

	async server_dies({ page }) {
		await sendOff(page, 3 * MB);
		await midway(19 * MB); // beyond a checkpoint of the second film's request
		await ask("kill");
		await page.getByText("The connection broke. It goes on in").waitFor();
		await ask("start_again");
		line.rate = Infinity;
		await finished(page);
		judge(8 << 20); // what was not written down yet
	},

	async offline({ page, context, ...b }) {
		await sendOff(page);
		await midway();
		await context.setOffline(true);
		await page.getByText("No connection. Sending goes on by itself when it is back.").waitFor();
		await look({ page, ...b }, "sending-offline");
		// What the browser had given to the system before still comes; then there is silence, long before the end.
		for (let before = -1; line.sent() !== before; await new Promise((done) => setTimeout(done, 1000)))
			before = line.sent();
		assert.ok(line.sent() < total, "it went on while offline");
		await context.setOffline(false);
		await finished(page);
		judge();
	},

	async pause({ page, ...b }) {
		await sendOff(page);
		await midway();
		await page.getByRole("button", { name: "Pause" }).click();
		await page.getByText(/Paused at \d+%\. Nothing is lost\./).waitFor();
		await look({ page, ...b }, "sending-paused");
		let before = -1; // what the browser had given to the system before still comes
		for (; line.sent() !== before; await new Promise((done) => setTimeout(done, 1000)))
			before = line.sent();
		assert.ok(before < total, "it went on while paused");
		await page.reload(); // still paused, for somebody wished it
		await page.getByText(/Paused at \d+%\. Nothing is lost\./).waitFor();
		await new Promise((done) => setTimeout(done, 1000));
		assert.ok(line.sent() - before < 500_000, "sent while paused");
		await page.getByRole("button", { name: "Go on" }).focus();
		await page.keyboard.press("Enter");
		await finished(page);
		judge();
	},

	async stop({ page }) {
		await sendOff(page);
		await midway(17 * MB);
		assert.equal(await ask("upload_count"), 2);
		await page.getByRole("button", { name: "Stop" }).click();
		await page.getByText("Stopped. Nothing was kept on the server; your entries are still here.").waitFor();
		await until(async () => (await ask("upload_count")) === 0, "the server's uploads to go");
		assert.equal(await page.getByLabel("Age", { exact: true }).inputValue(), "30");
		line.rate = Infinity;
		await page.getByRole("button", { name: "Send both videos" }).click();
		await finished(page);
	},

	async lost_answer({ page }) {
		await sendOff(page, Infinity);
		line.lose = "HTTP/1.1 202";
		await finished(page);
		assert.equal(line.lost, 1);
		const keys = line.log.filter((r) => r.method === "POST" && r.path === "/api/v1/jobs").map((r) => r.key);
		assert.equal(keys.length, 2);
		assert.equal(keys[0], keys[1]);
		judge();
	},

	/* The answer is lost, and the page is closed before the next try: the uploads are the job's by then. */
	async lost_answer_and_reload({ page }) {
		await sendOff(page, 20 * MB);
		line.lose = "HTTP/1.1 202";
		await line.until(() => line.lost === 1, "the answer to be lost");
		line.down = true;
		await page.getByText("The connection broke. It goes on in").waitFor();
		line.down = false;
		await page.reload();
		await finished(page);
		judge();
	},

	async session_ends({ page, ...b }) {
		await sendOff(page);
		await midway();
		await ask("end_sessions");
		line.cut();
		await page.getByText("You were signed out while your videos were being sent.").waitFor();
		await page.getByLabel("Password").waitFor();
		await look({ page, ...b }, "sending-signed-out");
		await page.getByLabel("E-mail address").fill(ann.email);
		await page.getByLabel("Password").fill(ann.password);
		await page.getByRole("button", { name: "Sign in" }).click();
		await finished(page);
		judge();
	},

	/* A browser without a private file system: the films are chosen again, under other names. */
	async not_kept({ page, context, ...b }) {
		await context.addInitScript(() => { StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException("no", "SecurityError")); });
		await sendOff(page);
		await midway();
		await page.getByText("Please keep this page open.").waitFor();
		await page.reload();
		await page.getByText(/Sending is not finished: \d+% are on the server\./).waitFor();
		await look({ page, ...b }, "sending-missing");
		await page.locator('input[data-view="front"]').setInputFiles(facts.side); // not the one
		await page.locator('input[data-view="side"]').setInputFiles(facts.side_again);
		await page.getByText("Recognised: the same file as before.").waitFor();
		await page.locator('input[data-view="front"]').setInputFiles(facts.front_again);
		await finished(page);
		judge();
	},

	async no_room({ page, context, ...b }) {
		await context.addInitScript(() => { StorageManager.prototype.estimate = () => Promise.resolve({ quota: 100e6, usage: 99e6 }); });
		await sendOff(page, Infinity);
		await finished(page);
		await page.getByRole("link", { name: "New analysis" }).first().click();
		await chooseVideos(page, facts.front, facts.side);
		await page.getByText("This device has no room for a copy of the videos").waitFor();
		await look({ page, ...b }, "sending-no-room");
	},

	async expired({ page }) {
		await sendOff(page);
		await midway();
		line.down = true;
		line.cut();
		await page.getByText("The connection broke. It goes on in").waitFor();
		await until(async () => (await ask("expire_uploads")) === 0, "the uploads to go");
		line.down = false;
		line.rate = Infinity;
		await finished(page);
		assert.equal(line.uploads().length, 3);
	},

	async sign_out({ page }) {
		await sendOff(page);
		await midway(17 * MB);
		await page.getByText("You may look at other pages meanwhile.").waitFor();
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByLabel("Password").waitFor();
		assert.equal(await ask("upload_count"), 0);
		const left = await page.evaluate(async () => {
			const names = [];
			for await (const name of (await navigator.storage.getDirectory()).keys())
				names.push(name);
			return [...names, ...Object.keys(localStorage)];
		});
		assert.deepEqual(left.filter((name) => name !== "gaitd.language"), []);
	},

	/* Somebody else signs in on the device: nothing of the first one is shown or sent. */
	async other_account({ page }) {
		await sendOff(page);
		await midway();
		await ask("end_sessions");
		line.cut();
		await page.getByLabel("Password").waitFor();
		await page.getByLabel("E-mail address").fill("ben@example.org");
		await page.getByLabel("Password").fill(ann.password);
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByRole("heading", { name: "New analysis" }).waitFor();
		await page.getByText("or drop it here").nth(1).waitFor();
		assert.equal(await page.getByLabel("Age", { exact: true }).inputValue(), "");
		await page.getByRole("button", { name: "Send both videos" }).waitFor();
		assert.equal(await page.evaluate(() => localStorage.getItem("gaitd.sending.1")), null);
		const sent = line.sent();
		await new Promise((done) => setTimeout(done, 1500));
		assert.equal(line.sent(), sent);
		assert.equal(await ask("job_count"), 0);
	},

	/* Other pages of the app meanwhile; the screen stays on; a second tab waits. */
	async beside({ page, context, ...b }) {
		await context.addInitScript(() => {
			window.locks = 0;
			Object.defineProperty(navigator, "wakeLock", { value: { request: () => {
				window.locks++;
				const lock = new EventTarget();
				lock.release = () => Promise.resolve(lock.dispatchEvent(new Event("release")));
				window.lock = lock;
				return Promise.resolve(lock);
			} } });
		});
		await sendOff(page);
		await midway();
		assert.equal(await page.evaluate(() => window.locks), 1);
		await page.evaluate(async () => {
			await window.lock.release(); // as the system does when the page is hidden
			document.dispatchEvent(new Event("visibilitychange"));
		});
		assert.equal(await page.evaluate(() => window.locks), 2);
		const second = await context.newPage();
		await second.goto(`${line.url}/new`);
		await second.getByText("Another tab of this browser is sending these videos.").waitFor();
		await second.close();
		await page.getByRole("link", { name: "Analyses" }).click();
		await page.getByText(/Your videos are being sent: \d+%/).waitFor();
		await look({ page, ...b }, "sending-beside");
		await page.getByText("Your videos have arrived.").waitFor();
		await page.locator(".rows").getByText("Analysis 1").waitFor(); // in the list below, at once
		await page.getByRole("link", { name: "Open analysis 1" }).click();
		await finished(page);
		judge();
	},
});
