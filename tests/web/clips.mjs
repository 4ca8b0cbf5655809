/* Clips as phones make them: what the form says about each. */
import assert from "node:assert/strict";
import { ann, facts, look, run, signIn } from "./browser.mjs";

const url = process.env.GAITD_URL;

await run({
	async clips(b) {
		const { page } = b;
		await signIn(page, ann);
		await page.goto(`${url}/new`);
		await page.getByRole("heading", { name: "The two videos" }).waitFor();
		const field = page.locator(".video-field").nth(1);
		const choose = async (file, ...texts) => {
			await page.locator('input[data-view="side"]').setInputFiles(file);
			await field.getByText(file.split("/").at(-1), { exact: true }).waitFor();
			for (const text of texts)
				await field.getByText(text).waitFor();
			assert.equal(await field.locator(".field-error").count(), 0, file);
			return field.locator(".field-warning").count();
		};
		// Chromium here plays no HEVC: everything but a picture is known all the same.
		assert.equal(await choose(facts.hevc, "This browser cannot show HEVC videos", /^4\.0 s · 854 × 480 · 30 pictures\/s/), 1);
		await look(b, "submit-hevc");
		assert.equal(await choose(facts.hdr, "This browser cannot show HEVC videos", /^4\.0 s · 854 × 480 · 60 pictures\/s/), 1);
		assert.equal(await choose(facts.slow, "This is a slow-motion video (8 times slower).", /^3\.\d s · 854 × 480 · 240 pictures\/s/), 1);
		await look(b, "submit-slow-motion");
		assert.equal(await choose(facts.fast, /^4\.0 s · 854 × 480 · 240 pictures\/s/), 0);
		assert.equal(await choose(facts.upright, "This was filmed upright.", /^4\.0 s · 480 × 854 · 30 pictures\/s/), 1);
		assert.equal(await choose(facts.coarse, "This video has only 12 pictures a second"), 1);
		assert.equal(await choose(facts.webm, /^4\.0 s · 854 × 480 · 30 pictures\/s/), 0);
		assert.equal(await choose(facts.avi, "This browser cannot show this kind of video, so only the server can check it."), 1);
		// Too short once it is told apart from how long it plays.
		await page.locator('input[data-view="side"]').setInputFiles(facts.brief);
		await field.getByText("This video is only 0.5 s long").waitFor();
	},
});
