/* A job's page while the world around it misbehaves. */
import assert from "node:assert/strict";
import { ann, ask, facts, look, run, signIn } from "./browser.mjs";

const url = process.env.GAITD_URL;
const measuring = (page) => page.locator(".big", { hasText: "The walk is being measured." }).waitFor();

await run({
	/* A proxy that lets no stream through: the page asks instead, and says so. */
	async no_stream(b) {
		const { page } = b;
		await signIn(page, ann);
		await page.route("**/events?*", (route) => route.abort("connectionreset"));
		await page.goto(`${url}/jobs/${facts.job}`);
		await measuring(page);
		await page.getByText("Updated every few seconds.").waitFor();
		assert.equal(await page.getByText("This page updates itself.").count(), 0);
		await look(b, "job-polling");
		await ask("open_gate");
		await page.getByText("There is no score", { exact: true }).waitFor();
	},

	/* The server dies in the middle of a job and comes back: the page goes on by itself. */
	async server_restart(b) {
		const { page } = b;
		let loads = 0;
		page.on("load", () => loads++);
		await signIn(page, ann);
		await page.goto(`${url}/jobs/${facts.job}`);
		await measuring(page);
		await page.getByText("This page updates itself.").waitFor();
		const before = loads;
		await ask("kill");
		await page.getByText("Updated every few seconds.").waitFor();
		await page.getByText("The server cannot be reached.").waitFor();
		await page.getByText("The walk is being measured.").first().waitFor(); // what was known stays
		await look(b, "job-server-away");
		await ask("start_again");
		await page.getByText("The server cannot be reached.").waitFor({ state: "hidden" });
		await page.getByText("This page updates itself.").waitFor();
		await ask("open_gate");
		await page.getByText("There is no score", { exact: true }).waitFor();
		assert.equal(loads, before); // without a reload
	},

	/* The device is offline for a while. */
	async offline(b) {
		const { page, context } = b;
		await signIn(page, ann);
		await page.goto(`${url}/jobs/${facts.job}`);
		await measuring(page);
		await page.getByText("This page updates itself.").waitFor();
		await context.setOffline(true);
		await ask("open_gate");
		await ask("wait_complete"); // nobody told the page
		await context.setOffline(false);
		await page.getByText("There is no score", { exact: true }).waitFor();
	},

	/* The session ends elsewhere: the page asks to sign in, and comes back to where it was. */
	async session_over(b) {
		const { page } = b;
		await signIn(page, ann);
		await page.goto(`${url}/jobs/${facts.job}`);
		await measuring(page);
		await ask("end_sessions");
		await page.reload();
		await page.getByLabel("Password").waitFor();
		await page.getByLabel("E-mail address").fill(ann.email);
		await page.getByLabel("Password").fill(ann.password);
		await page.getByRole("button", { name: "Sign in" }).click();
		await measuring(page);
		await ask("open_gate");
		await page.getByText("There is no score", { exact: true }).waitFor();
	},
});
