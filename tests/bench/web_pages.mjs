/* The web app timed in a real browser, on a phone's screen. SCENARIO interactive: milliseconds until the sign-in form can be used.
 * SCENARIO events: [percentage, Unix milliseconds] when each new percentage stands on the page of the job facts.job. A line each. */
import { ask, facts, open, signIn } from "../web/browser.mjs";

const url = process.env.GAITD_URL;
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const b = await open("phone");
const { page } = b;

/* A phone: a processor four times slower, 10 Mb/s, 40 ms there and back, nothing kept from before. */
async function interactive() {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Network.enable");
	await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 40, downloadThroughput: 10e6 / 8, uploadThroughput: 10e6 / 8 });
	await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
	// From the navigation's start until the form stands there and the page has had time for a first idle moment.
	await page.addInitScript(() => {
		const watch = new MutationObserver(() => {
			if (document.querySelector("#password") === null)
				return;
			watch.disconnect();
			requestIdleCallback(() => { window.interactive_ms = performance.now(); });
		});
		watch.observe(document, { childList: true, subtree: true });
	});
	await page.goto(url);
	await page.waitForFunction(() => window.interactive_ms !== undefined);
	say(await page.evaluate(() => window.interactive_ms));
}

async function events() {
	await signIn(page, facts);
	await page.exposeFunction("stands", (percent, at) => say([percent, at]));
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
}

await { interactive, events }[process.env.SCENARIO]();
await b.close();
process.exit(0);
