/* Results that a clinician releases, side by side in two browsers; and a bad video in whose place another comes. */
import assert from "node:assert/strict";
import { ann, ask, facts, look, open, run, signIn } from "./browser.mjs";

const url = process.env.GAITD_URL;
const staff = { email: "staff@example.org", password: facts.password };
const secret = "Nothing of note; come again in May.";

/* The submitter's own browser beside the one under test. Its complaints count, too. */
async function beside(size, work) {
	const other = await open(size);
	try {
		await work(other);
		assert.deepEqual(other.complaints, []);
		assert.deepEqual(other.strangers, []);
	} catch (error) {
		await other.page.screenshot({ path: `${process.env.GAITD_SHOTS}/failed-beside.png`, fullPage: true }).catch(() => {});
		console.error(await other.page.locator("body").innerText().catch(() => ""));
		throw error;
	} finally {
		await other.close();
	}
}

async function job(page) {
	await page.goto(`${url}/jobs/${facts.job}`);
	await page.getByRole("heading", { name: "Analysis 1" }).waitFor();
}

/* What a submitter must not see before the release. */
async function seesNothing(page) {
	const text = await page.locator("main").innerText();
	for (const word of ["Score", "Can this measurement be trusted", "Downloads", "Measurements", secret])
		assert.ok(!text.includes(word), `${word} is on the page:\n${text}`);
	assert.equal(await page.locator('a[href*="/files/"]').count(), 0);
}

await run({
	async clinician(b) {
		const { page } = b;
		await beside(b.size === "phone" ? "desktop" : "phone", async (other) => {
			const theirs = other.page;
			await signIn(theirs, ann);
			await theirs.getByText("With a clinician").waitFor();
			await seesNothing(theirs);
			await job(theirs);
			await theirs.getByText("A clinician reads the result now.").waitFor();
			await theirs.getByText("This page updates itself.").waitFor();
			await seesNothing(theirs);
			await look(other, "release-waits");

			// Staff see how many wait, and which.
			await signIn(page, staff);
			const filter = page.getByRole("button", { name: /^Waiting for release/ });
			await filter.waitFor();
			assert.match(await filter.innerText(), /1$/);
			await look(b, "release-list");
			await filter.click();
			await page.getByRole("link", { name: /Analysis 1/ }).click();
			await page.getByRole("heading", { name: "Read and release" }).waitFor();
			await page.getByText("This is a measurement, not a diagnosis.").waitFor();
			const box = page.getByLabel("Comment for the submitter");
			await box.fill("x".repeat(4003));
			await page.getByText("3 characters too many.").waitFor();
			assert.ok(await page.getByRole("button", { name: "Release …" }).isDisabled());
			await box.fill(`  ${secret}\nBring the shoes.  `);
			await page.getByRole("button", { name: "What will the submitter see?" }).click();
			const preview = page.getByRole("region", { name: "What the submitter will see" });
			await preview.getByText(secret).waitFor();
			await look(b, "release-write");
			await page.getByRole("button", { name: "Release …" }).click();
			await page.getByRole("heading", { name: "Release the result of analysis 1?" }).waitFor();
			await look(b, "release-ask");
			await page.getByRole("button", { name: "Not yet" }).click();
			await seesNothing(theirs);
			await page.getByRole("button", { name: "Release …" }).click();
			await page.getByRole("button", { name: "Release it" }).click();
			await page.getByRole("heading", { name: "Released" }).waitFor();
			await page.getByText("By staff@example.org").waitFor();

			// The submitter's page turns by itself: comment, then result; nobody's name.
			await theirs.getByRole("heading", { name: "What a clinician says about it" }).waitFor();
			await theirs.getByText(secret).waitFor();
			await theirs.getByRole("heading", { name: "Score", exact: true }).waitFor();
			await theirs.getByRole("heading", { name: "Downloads" }).waitFor();
			assert.ok(!(await theirs.locator("body").innerText()).includes("staff@example.org"));
			const order = await theirs.locator("h2").allInnerTexts();
			assert.ok(order.indexOf("What a clinician says about it") < order.indexOf("Can this measurement be trusted?"), order.join());
			await look(other, "release-read");

			// Other words, at once.
			await page.getByRole("button", { name: "Change the comment …" }).click();
			await box.fill("Other words.");
			await page.getByRole("button", { name: "Change the comment", exact: true }).click();
			await page.getByRole("dialog").getByRole("button", { name: "Change the comment" }).click();
			await theirs.getByText("Other words.").waitFor();

			// Taken back, with a reason.
			await page.getByRole("button", { name: "Take back …" }).click();
			await page.getByRole("button", { name: "Take it back" }).click();
			await page.getByText("Please give a reason.").waitFor();
			await page.getByLabel("Reason").fill("two children mixed up");
			await look(b, "release-withdraw");
			await page.getByRole("button", { name: "Take it back" }).click();
			await theirs.getByText("The result was taken back.", { exact: true }).first().waitFor();
			await theirs.getByRole("heading", { name: "Score", exact: true }).waitFor({ state: "detached" });
			await seesNothing(theirs);
			assert.ok(!(await theirs.locator("body").innerText()).includes("mixed up"));
			await look(other, "release-withdrawn");
			await page.getByText("two children mixed up").waitFor();
			await look(b, "release-taken-back");

			// And given again, without a comment; in Spanish, too.
			await page.getByRole("button", { name: "Release …" }).click();
			await page.getByText("without a comment").waitFor();
			await page.getByRole("button", { name: "Release it" }).click();
			await theirs.getByRole("heading", { name: "Score", exact: true }).waitFor();
			assert.equal(await theirs.getByRole("heading", { name: "What a clinician says about it" }).count(), 0);
			await page.getByLabel("Language").selectOption("es");
			await page.getByRole("heading", { name: "Entregado" }).waitFor();
			await page.getByRole("button", { name: "Retirar …" }).waitFor();
		});
	},

	/* A newer result waits while the older one, released, is shown. */
	async newer(b) {
		const { page } = b;
		await signIn(page, ann);
		await job(page);
		await page.getByText("A newer analysis is done; a clinician reads its result now.").waitFor();
		await page.getByText("Of the first.").waitFor();
		await page.getByRole("heading", { name: "Score", exact: true }).waitFor();
		await look(b, "release-newer");
		await ask("release_second");
		await page.getByText("Of the second.").waitFor();
		await page.getByText("A newer analysis is done").waitFor({ state: "detached" });
	},

	async other_result(b) {
		const { page } = b;
		await signIn(page, staff);
		await job(page);
		await page.getByLabel("Comment for the submitter").fill("About what I have read.");
		await page.getByRole("button", { name: "Release …" }).click();
		await page.getByRole("button", { name: "Release it" }).waitFor();
		await ask("finish_another"); // meanwhile
		await page.getByText("Another result has come in between").waitFor();
		await page.getByRole("button", { name: "Release it" }).waitFor({ state: "hidden" });
		await page.getByRole("button", { name: "Release …", disabled: true }).waitFor();
		assert.equal(await page.getByLabel("Comment for the submitter").inputValue(), "About what I have read.");
		await look(b, "release-other");
		assert.equal(await ask("shown"), 0);
		await page.getByRole("button", { name: "I have read it" }).click();
		await page.getByRole("button", { name: "Release …" }).click();
		await page.getByRole("button", { name: "Release it" }).click();
		await page.getByRole("heading", { name: "Released" }).waitFor();
		assert.equal(await ask("shown"), 2);
	},

	async research(b) {
		const { page } = b;
		await signIn(page, ann);
		await job(page);
		await page.getByText("This study gives no individual results to participants.").waitFor();
		await seesNothing(page);
		await look(b, "release-research");
		await beside("desktop", async (other) => {
			await signIn(other.page, staff);
			await job(other.page);
			await other.page.getByRole("heading", { name: "Not for the submitter" }).waitFor();
			await other.page.getByRole("heading", { name: "Score", exact: true }).waitFor();
			assert.equal(await other.page.getByRole("button", { name: "Release …" }).count(), 0);
			await look(other, "release-research-staff");
		});
	},

	/* No score because of the side video: the reason names it, and that one alone is replaced. */
	async replace(b) {
		const { page } = b;
		const done = [];
		page.on("request", (r) => ["PUT", "PATCH", "POST"].includes(r.method()) && /uploads|videos/.test(r.url()) && done.push(`${r.method()} ${new URL(r.url()).pathname}`));
		await signIn(page, ann);
		await job(page);
		await page.getByText("There is no score", { exact: true }).waitFor();
		const score = page.locator("section", { has: page.getByRole("heading", { name: "Score", exact: true }) });
		await score.getByText("Side video:").first().waitFor();
		await score.getByText("You need not begin anew").waitFor();
		assert.equal(await page.getByRole("button", { name: "Replace the front video" }).count(), 0);
		await look(b, "replace-why");
		await score.getByRole("button", { name: "Replace the side video" }).click();
		const panel = page.locator("section.replace");
		await panel.waitFor();
		assert.ok(await panel.getByRole("button", { name: "Send and analyse" }).isDisabled());
		await panel.locator("input[type=file]").setInputFiles(facts.text);
		await panel.getByText("This is not a video.").waitFor();
		await panel.locator("input[type=file]").setInputFiles(facts.same);
		await panel.getByAltText("A picture from the Side video").waitFor();
		await panel.getByRole("button", { name: "Send and analyse" }).click();
		await panel.getByText("This is the very file that was analysed already.").waitFor();
		await look(b, "replace-refused");
		await panel.locator("input[type=file]").setInputFiles(facts.side);
		await panel.getByText("side-again.mp4").waitFor();
		await panel.getByAltText("A picture from the Side video").waitFor();
		await look(b, "replace-chosen");
		await ask("better_result");
		await panel.getByRole("button", { name: "Send and analyse" }).click();
		// The old result stays meanwhile, and nothing is offered that is not possible now.
		await page.getByText("Below is the result of the earlier analysis").waitFor();
		await panel.waitFor({ state: "detached" });
		assert.equal(await page.getByRole("button", { name: "Replace the side video" }).count(), 0);
		await look(b, "replace-under-way");
		await ask("open_gate");
		await page.getByText("There is no score", { exact: true }).waitFor({ state: "detached" });
		await page.locator(".score").waitFor();
		assert.ok(done.some((d) => d === `PUT /api/v1/jobs/${facts.job}/videos/side`), done.join("\n"));
	},

	/* A failure names a video. */
	async failure(b) {
		const { page } = b;
		await signIn(page, ann);
		await job(page);
		await page.getByText("What went wrong").waitFor();
		await page.getByRole("button", { name: "Replace the front video" }).waitFor();
		await look(b, "replace-failure");
		// By keyboard alone.
		await page.getByRole("button", { name: "Replace the front video" }).focus();
		await page.keyboard.press("Enter");
		await page.locator("section.replace").waitFor();
		await page.locator("section.replace input[type=file]").setInputFiles(facts.front);
		await page.getByAltText("A picture from the Front video").waitFor();
		await page.getByRole("button", { name: "Send and analyse" }).press("Enter");
		await page.getByRole("heading", { name: "Downloads" }).waitFor();
	},
});
