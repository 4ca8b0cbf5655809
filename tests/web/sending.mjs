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
	if (process.env.DEBUG_LINE) console.error(JSON.stringify(line.log.filter((x) => x.path?.startsWith("/api/v1/uploads")), null, 0), line.sent() - total);
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
});
