/* [percentage, Unix milliseconds] when each new percentage stands on the page of the job facts.job, a line each, until the answer to
 * "ready". */
import { ask, facts, open, signIn } from "../web/browser.mjs";

const url = process.env.GAITD_URL;
const b = await open("phone");
const { page } = b;

await signIn(page, facts);
await page.exposeFunction("stands", (percent, at) => process.stdout.write(`${JSON.stringify([percent, at])}\n`));
await page.goto(`${url}/jobs/${facts.job}`);
await page.getByText("This page updates itself.").waitFor();
await page.evaluate(() => {
	let last = -1;
	const look = () => {
		const now = document.querySelector("#progress")?.value ?? -1;
		if (now !== last) {
			last = now;
			void window.stands(now, performance.timeOrigin + performance.now());
		}
	};
	look();
	new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true, characterData: true });
});
await ask("ready"); // answered when enough was seen
await b.close();
process.exit(0);
