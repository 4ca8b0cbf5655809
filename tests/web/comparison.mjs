/* Two visits of one person, side by side. */
import assert from "node:assert/strict";
import { ann, facts, look, run, signIn, sizes } from "./browser.mjs";

const url = process.env.GAITD_URL;

await run({
	async comparison(b) {
		const { page } = b;
		await signIn(page, ann);
		await page.goto(`${url}/jobs/${facts.later}`);
		await page.getByRole("heading", { name: "Other visits of P-1" }).waitFor();
		assert.equal(await page.getByRole("link", { name: /^Compare with analysis/ }).count(), 1); // not with P-2's, nor with itself
		await page.getByRole("link", { name: /^Compare with analysis 1 / }).click();
		await page.getByRole("heading", { name: "Two visits of P-1" }).waitFor();

		// What changed, and what did not.
		const summary = page.locator("section", { has: page.getByRole("heading", { name: "What changed" }) });
		await summary.getByText(/measurements changed by more than chance explains/).waitFor();
		await summary.getByRole("row", { name: /Cadence/ }).first().waitFor();
		const cells = await summary.getByRole("row", { name: /^Cadence/ }).first().locator("td").allInnerTexts();
		assert.ok(Math.abs(Number(cells[0]) - 90) < 2 && Math.abs(Number(cells[1]) - 120) < 2 && /^\+(29|30|31)$/.test(cells[2]), cells.join(" | "));
		assert.match(cells[3], /^± 1[3-5]$/); // 1.96·√2 of 4.9 % of some 105, and the strides' own
		const all = page.locator("section", { has: page.getByRole("heading", { name: "All measurements" }) });
		assert.match(await all.getByRole("row", { name: /^Knee.*left/i }).first().innerText(), /no detectable change/);
		assert.match(await all.getByRole("row", { name: /^Arm swing/ }).first().innerText(), /not known/);

		// What else was different comes first.
		await page.getByText("Other shoes, or none").waitFor();
		await page.getByText("The person has grown.").waitFor();
		assert.equal(await page.getByText("The walking aid was another one.").count(), 0);

		// Both days' curves, both films.
		await page.locator(".plot canvas").first().waitFor();
		assert.equal(await page.locator("video").count(), 2);
		await page.getByRole("button", { name: "Play both" }).click();
		await page.waitForFunction(() => [...document.querySelectorAll("video")].every((v) => v.currentTime > 0.2 && !v.paused));
		await page.getByRole("button", { name: "Pause both" }).click();
		await page.waitForFunction(() => [...document.querySelectorAll("video")].every((v) => v.paused));
		await look(b, "comparison");
		for (const [name, size] of [["phone", sizes.phone], ["320", { width: 320, height: 640 }], ["4k", { width: 3840, height: 2160 }]]) {
			await page.setViewportSize(size);
			b.size = name;
			await look(b, "comparison");
		}

		// The other way round is the same comparison; another person is none.
		await page.goto(`${url}/jobs/${facts.earlier}/with/${facts.later}`);
		await page.getByText(/^Earlier: analysis 1, /).waitFor();
		await page.goto(`${url}/jobs/${facts.later}/with/${facts.other}`);
		await page.getByText("These two analyses belong to different persons").waitFor();
	},
});
