/* One scenario each: what a person does on a page, and what the page must say. */
import assert from "node:assert/strict";
import { ann, ask, chooseVideos, facts, fillFacts, look, run, signIn } from "./browser.mjs";

const url = process.env.GAITD_URL;
const newAnalysis = async (page) => {
	await page.goto(`${url}/new`);
	await page.getByRole("heading", { name: "The two videos" }).waitFor();
};
const send = (page) => page.getByRole("button", { name: "Send both videos" }).click();

await run({
	async sign_in(b) {
		const { page } = b;
		await page.goto(`${url}/jobs`);
		await page.getByLabel("Password").waitFor();
		await look(b, "sign-in");
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByText("Please enter your e-mail address.").waitFor();
		await page.getByLabel("E-mail address").fill(ann.email);
		await page.getByLabel("Password").fill("not the password");
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByText("E-mail address or password is wrong.").waitFor();
		assert.equal(await page.getByLabel("Password").inputValue(), "");
		await look(b, "sign-in-wrong");
		await page.getByLabel("Password").fill(ann.password);
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByText("There is nothing here yet.").waitFor();
		await look(b, "jobs-empty");
		await page.reload();
		await page.getByText("There is nothing here yet.").waitFor(); // the session lives on
		await page.goto(`${url}/nowhere`);
		await page.getByText("There is no such page.").waitFor();
		await page.goto(`${url}/jobs/99`);
		await page.getByText("This does not exist, or it belongs to somebody else.").waitFor();
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByLabel("Password").waitFor();
		await page.goto(`${url}/jobs`);
		await page.getByLabel("Password").waitFor();
	},

	async sign_in_limit(b) {
		const { page } = b;
		await page.goto(url);
		await page.getByLabel("E-mail address").fill(ann.email);
		for (let i = 0; i < 30; i++) {
			await page.getByLabel("Password").fill("not the password");
			const answer = page.waitForResponse((r) => r.url().endsWith("/api/v1/session") && r.request().method() === "POST");
			await page.getByRole("button", { name: "Sign in" }).click();
			if ((await answer).status() === 429)
				break;
		}
		await page.getByText(/Too many tries\. You can try again in \d+/).waitFor();
		assert.ok(await page.getByRole("button", { name: "Sign in" }).isDisabled());
		await look(b, "sign-in-limit");
	},

	async wrong_videos(b) {
		const { page } = b;
		await signIn(page, ann);
		await newAnalysis(page);
		await look(b, "submit-empty");
		await page.locator('input[data-view="front"]').setInputFiles(facts.text);
		await page.getByText("This is not a video.").waitFor();
		await page.locator('input[data-view="side"]').setInputFiles(facts.short);
		await page.getByText("This video is only 1 s long").waitFor();
		await send(page);
		await page.getByText(/\d+ entries need your attention\./).waitFor();
		await page.getByText("Please choose one.").first().waitFor();
		await page.getByText("Please fill this in.").first().waitFor();
		await look(b, "submit-wrong");
		await page.locator('input[data-view="side"]').setInputFiles(facts.small);
		await page.getByText("The picture is only 320 × 180 pixels").waitFor();
		await page.locator('input[data-view="front"]').setInputFiles(facts.good);
		await page.locator('input[data-view="side"]').setInputFiles(facts.good);
		await page.getByText("This is the same file as the other video.").waitFor();
		await page.getByLabel("Age", { exact: true }).fill("200");
		await page.getByLabel("Age", { exact: true }).blur();
		await page.getByText("Whole years from 1 to 115.").waitFor();
	},

	async draft(b) {
		const { page } = b;
		await signIn(page, ann);
		await newAnalysis(page);
		await chooseVideos(page, facts.front, facts.side);
		await fillFacts(page);
		await page.getByLabel("Unit of the height").selectOption("ft");
		assert.equal(await page.getByLabel("Height", { exact: true }).inputValue(), "5");
		assert.equal(await page.getByLabel("inches").inputValue(), "8");
		await page.getByLabel("Unit of the weight").selectOption("lb");
		assert.equal(await page.getByLabel("Weight", { exact: true }).inputValue(), "149.9");
		// To another page of the app and back: not even the files are lost.
		await page.getByRole("link", { name: "Analyses" }).click();
		await page.getByRole("link", { name: "New analysis" }).first().click();
		await page.getByText("walk-side.mp4", { exact: true }).waitFor();
		await page.waitForFunction(() => Object.values(JSON.parse(localStorage.getItem("gaitd.draft.1")).files).every((f) => f.kept));
		await page.reload();
		await page.getByAltText(/A picture from the/).nth(1).waitFor(); // the browser has a copy of both
		await page.getByText("walk-side.mp4", { exact: true }).waitFor();
		assert.equal(await page.getByLabel("inches").inputValue(), "8");
		assert.equal(await page.getByLabel("On the feet").inputValue(), "shoes");
		await look(b, "submit-after-reload");
		// Where the copy is gone the file is asked for.
		await page.evaluate(async () => (await navigator.storage.getDirectory()).removeEntry("gaitd-films", { recursive: true }));
		await page.reload();
		await page.getByText("Please choose walk-front.mp4 again").waitFor();
		await page.locator('input[data-view="front"]').setInputFiles(facts.front);
		await page.getByText("Recognised: the same file as before.").waitFor();
		// By dropping, too.
		const { readFileSync } = await import("node:fs");
		const bytes = readFileSync(facts.side).toString("base64");
		const data = await page.evaluateHandle((text) => {
			const transfer = new DataTransfer();
			transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], "dropped.mp4", { type: "video/mp4" }));
			return transfer;
		}, bytes);
		await page.locator(".video-field").nth(1).dispatchEvent("drop", { dataTransfer: data });
		await page.getByText("dropped.mp4").waitFor();
		await page.getByRole("button", { name: "Clear the form" }).click();
		assert.equal(await page.getByLabel("Age", { exact: true }).inputValue(), "");
		await page.getByText("or drop it here").nth(1).waitFor();
		// Signing out leaves nobody's facts on a shared device.
		await fillFacts(page);
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByLabel("Password").waitFor();
		assert.equal(await page.evaluate(() => localStorage.getItem("gaitd.draft.1")), null);
	},

	async too_large(b) {
		const { page } = b;
		await signIn(page, ann);
		await newAnalysis(page);
		await chooseVideos(page, facts.front, facts.side);
		await fillFacts(page);
		await send(page);
		await page.getByText("The videos are larger than this server takes.").waitFor();
		await look(b, "submit-refused");
		assert.equal(await page.getByLabel("Age", { exact: true }).inputValue(), "30"); // nothing typed is lost
	},

	async consent(b) {
		const { page } = b;
		await signIn(page, ann);
		await newAnalysis(page);
		await page.getByText("Version 2026-11 of the text").waitFor();
		await chooseVideos(page, facts.front, facts.side);
		await fillFacts(page);
		await send(page);
		await page.getByText("Without consent the videos cannot be analysed.").waitFor();
		await look(b, "submit-consent");
		await page.getByLabel("Who consents?").selectOption("guardian");
		await page.getByLabel("I have read this text and agree to it.").check();
		await send(page);
		await page.getByRole("heading", { name: "Analysis 1" }).waitFor();
	},

	async live(b) {
		const { page } = b;
		await signIn(page, ann);
		await page.goto(`${url}/jobs/${facts.job}`);
		await page.locator(".big", { hasText: "The walk is being measured." }).waitFor();
		await page.getByText("This page updates itself.").waitFor();
		await look(b, "job-live");
		await page.getByRole("button", { name: "Cancel" }).click();
		await page.getByRole("heading", { name: "Cancel this analysis?" }).waitFor();
		await page.keyboard.press("Escape");
		await page.getByRole("heading", { name: "Cancel this analysis?" }).waitFor({ state: "hidden" });
		await page.getByRole("button", { name: "Cancel" }).click();
		await look(b, "job-cancel");
		await page.getByRole("button", { name: "Cancel the analysis" }).click();
		await page.getByText("It was cancelled before it was done.").waitFor();
		await page.getByRole("button", { name: "Analyse again" }).click();
		await page.getByRole("dialog").getByRole("button", { name: "Analyse again" }).click();
		await page.locator(".big", { hasText: "The walk is being measured." }).waitFor();
		await ask("open_gate");
		await page.getByText("There is no score").waitFor(); // without a reload
		await page.getByRole("button", { name: "Erase" }).click();
		await page.getByText("Nobody can bring them back.").waitFor();
		await look(b, "job-erase");
		await page.getByRole("button", { name: "Keep it" }).click();
		await page.getByRole("button", { name: "Erase" }).click();
		await page.getByRole("button", { name: "Erase for good" }).click();
		await page.getByText("Only this entry remains.").waitFor();
		await look(b, "job-erased");
		await page.getByRole("link", { name: "All analyses" }).click();
		await page.getByText("Erased").waitFor();
	},

	async failure(b) {
		const { page } = b;
		await signIn(page, ann);
		await page.goto(`${url}/jobs/${facts.job}`);
		await page.getByText("What went wrong").waitFor();
		await page.getByText("What you can do:").waitFor();
		await page.getByText("What has happened").click();
		await look(b, "job-failed");
	},

	async no_score(b) {
		const { page } = b;
		await signIn(page, ann);
		await page.goto(`${url}/jobs/${facts.job}`);
		await page.getByText("There is no score", { exact: true }).waitFor();
		await page.getByText("Nobody was recognised.").first().waitFor();
		await page.getByText("What to do next").waitFor();
		await page.getByText("Film again with the whole body in the picture, in good light.").first().waitFor();
		await page.getByText("This is a measurement, not a diagnosis.").waitFor();
		// Quality stands before the score.
		const order = await page.locator("h2").allInnerTexts();
		assert.ok(order.indexOf("Can this measurement be trusted?") < order.indexOf("Score"), order.join());
		await look(b, "result-no-score");
	},

	async list(b) {
		const { page } = b;
		await signIn(page, ann);
		await page.getByText("Analysis 23").waitFor();
		assert.equal(await page.locator(".rows li").count(), 20);
		await page.getByText("Person P-1").first().waitFor();
		await look(b, "jobs");
		await page.getByRole("button", { name: "Older" }).click();
		await page.getByText("Analysis 1", { exact: true }).waitFor();
		assert.equal(await page.locator(".rows li").count(), 3);
		await page.goBack();
		await page.getByText("Analysis 23").waitFor();
		await page.getByLabel("Show").selectOption("complete");
		await page.getByText("No analysis matches.").waitFor();
		await page.getByLabel("Show").selectOption("queued");
		await page.getByText("Analysis 23").click();
		await page.getByText(/\d+ analyses are before it\./).waitFor();
		await look(b, "job-queued");
	},

	async keyboard(b) {
		const { page } = b;
		await page.goto(url);
		await page.getByLabel("E-mail address").waitFor();
		await page.keyboard.press("Tab");
		assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
		await page.keyboard.press("Enter");
		await page.keyboard.press("Tab");
		await page.keyboard.type(ann.email);
		await page.keyboard.press("Tab");
		await page.keyboard.type(ann.password);
		await page.keyboard.press("Enter");
		await page.getByRole("heading", { name: "Analyses" }).waitFor();
		await page.getByRole("link", { name: "New analysis" }).first().focus();
		await page.keyboard.press("Enter");
		await page.getByRole("heading", { name: "The two videos" }).waitFor();
		const reached = [];
		for (let i = 0; i < 40; i++) {
			await page.keyboard.press("Tab");
			reached.push(await page.evaluate(() => document.activeElement.dataset.view || document.activeElement.name || document.activeElement.textContent));
		}
		for (const name of ["front", "side", "age", "sex", "cm", "weight", "aid", "role", "Send both videos"])
			assert.ok(reached.includes(name), `${name} is not reached by keyboard: ${reached.join(", ")}`);
		await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
		await page.getByLabel("Language").selectOption("es");
		await page.getByRole("heading", { name: "Los dos vídeos" }).waitFor();
		assert.equal(await page.evaluate(() => document.documentElement.lang), "es");
		b.size = "dark-spanish";
		await look(b, "submit-empty");
		await page.emulateMedia({ colorScheme: "light", contrast: "more" });
		b.size = "contrast";
		await look(b, "submit-empty");
	},
});
