/* With real engines: everything that a person sees from the sign-in to the result. */
import assert from "node:assert/strict";
import { ann, chooseVideos, facts, fillFacts, look, run, signIn, sizes } from "./browser.mjs";

await run({
	async walk(b) {
		const { page } = b;
		await signIn(page, ann);
		await page.getByRole("link", { name: "New analysis" }).first().click();
		await chooseVideos(page, facts.front, facts.side);
		await fillFacts(page);
		await look(b, "submit-filled");
		await page.getByRole("button", { name: "Send both videos" }).click();
		await page.locator(".big", { hasText: "The walk is being measured." }).waitFor();
		await page.getByRole("progressbar").waitFor();
		await look(b, "job-running");
		await page.getByRole("heading", { name: "Measurements" }).waitFor({ timeout: 240_000 });

		// The words that must stand there.
		await page.getByText("This is a measurement, not a diagnosis.").waitFor();
		await page.getByText("Demonstration model", { exact: true }).waitFor();
		await page.getByText(/95 % interval: 0\.\d+ to 0\.\d+/).waitFor();

		// The cursor in the curves follows the video.
		await page.locator(".plot canvas").first().waitFor();
		const video = page.locator("video");
		await video.evaluate((v) => (v.readyState >= 1 ? null : new Promise((done) => v.addEventListener("loadedmetadata", done))));
		await page.getByRole("button", { name: "Next step event" }).click();
		await page.getByText(/^Now: (Left|Right), (heel strike|toe-off)/).waitFor();
		const where = () => page.locator(".cursor.left, .cursor.right").evaluateAll((all) => all.map((e) => e.style.display + e.style.transform).join());
		const before = await where();
		assert.match(before, /translateX/);
		await page.getByRole("button", { name: "Next step event" }).click();
		await page.waitForFunction((old) => [...document.querySelectorAll(".cursor")].map((e) => e.style.display + e.style.transform).join() !== old, before);
		assert.ok((await page.locator(".timeline .mark").count()) > 10);
		const playedTo = await video.evaluate(async (v) => {
			await v.play();
			await new Promise((done) => v.addEventListener("timeupdate", () => v.currentTime > 2 && done()));
			v.pause();
			return v.currentTime;
		});
		assert.ok(playedTo > 2);
		await look(b, "result");
		await page.getByRole("button", { name: "Front video" }).click();
		assert.match(await page.locator("video").getAttribute("src"), /overlay_front/);

		// Every file that is offered is there.
		const links = await page.locator(".downloads a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
		assert.ok(links.length >= 8, links.join(" "));
		for (const name of ["report.pdf", "parameters.csv", "markers.trc", "angles.mot", "result.json", "curves.svg"])
			assert.ok(links.some((l) => l.endsWith(`/${name}`)), name);
		for (const link of links)
			assert.equal((await page.request.get(new URL(link, process.env.GAITD_URL).href)).status(), 200, link);

		await page.setViewportSize(sizes.phone);
		b.size = "phone";
		await look(b, "result");
		await page.setViewportSize({ width: 320, height: 640 });
		b.size = "320";
		await look(b, "result");
		await page.emulateMedia({ colorScheme: "dark" });
		await page.setViewportSize(sizes.desktop);
		b.size = "dark";
		await look(b, "result");
		await page.getByLabel("Language").selectOption("es");
		await page.getByRole("heading", { name: "Mediciones" }).waitFor();
		b.size = "spanish";
		await look(b, "result");
	},
});
