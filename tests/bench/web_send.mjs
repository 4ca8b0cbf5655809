/* Sends two films as a person does, in a real browser: asks for each turn, and says how many seconds it took from "Send" until the job
 * was there. */
import { ann, ask, facts, fillFacts, open, signIn } from "../web/browser.mjs";

const url = process.env.GAITD_URL;
const b = await open("desktop");
const { page } = b;

page.setDefaultTimeout(120_000);
page.on("dialog", (d) => d.accept());
await signIn(page, ann);
while (await ask("turn")) {
	await page.goto(`${url}/new`);
	await page.getByRole("heading", { name: "The two videos" }).waitFor();
	await page.locator('input[data-view="front"]').setInputFiles(facts.front);
	await page.locator('input[data-view="side"]').setInputFiles(facts.side);
	await page.getByAltText(/A picture from the/).nth(1).waitFor();
	await fillFacts(page);
	// The copies in the browser's own file system are made before: most people take longer to fill in the form.
	await page.waitForFunction(() => Object.values(JSON.parse(localStorage.getItem("gaitd.draft.1")).files).every((f) => f.kept));
	const made = page.waitForResponse((r) => r.url().endsWith("/api/v1/jobs") && r.request().method() === "POST");
	const start = performance.now();
	await page.getByRole("button", { name: "Send both videos" }).click();
	const answer = await made;
	const seconds = (performance.now() - start) / 1000;
	process.stdout.write(`${JSON.stringify({ status: answer.status(), seconds })}\n`);
	await page.getByRole("heading", { name: /^Analysis/ }).waitFor();
}
await b.close();
process.exit(0);
