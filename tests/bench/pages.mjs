/* The web app in Debian's Chromium, timed: node pages.mjs interactive|events, with URL, JOB, EMAIL and PASSWORD in the environment.
 * Prints one JSON value a line. */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { SOURCE, URL: url, JOB, EMAIL, PASSWORD } = process.env;
const { chromium } = createRequire(join(SOURCE, "web", "package.json"))("playwright-core");
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

async function withPage(act) {
	const profile = mkdtempSync(join(tmpdir(), "gaitd-bench-"));
	const context = await chromium.launchPersistentContext(profile, { executablePath: "/usr/bin/chromium", headless: true, viewport: { width: 360, height: 740 }, locale: "en-GB", args });
	try {
		await act(context.pages()[0] ?? (await context.newPage()));
	} finally {
		await context.close();
		rmSync(profile, { recursive: true, force: true });
	}
}

/* A phone: a processor four times slower, 10 Mb/s, 40 ms there and back, nothing kept from before. */
async function interactive(page) {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Network.enable");
	await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 40, downloadThroughput: 10e6 / 8, uploadThroughput: 10e6 / 8 });
	await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
	// From the navigation's start until the form stands there and the page has had time for a first idle moment.
	await page.addInitScript(() => {
		const look = () => {
			if (document.querySelector("#password") === null)
				return;
			watch.disconnect();
			requestIdleCallback(() => { window.interactive_ms = performance.now(); });
		};
		const watch = new MutationObserver(look);
		watch.observe(document, { childList: true, subtree: true });
	});
	await page.goto(url);
	await page.waitForFunction(() => window.interactive_ms !== undefined);
	say(await page.evaluate(() => window.interactive_ms));
}

/* The time (Unix milliseconds) at which each new percentage stands on the job's page. */
async function events(page) {
	await page.goto(url);
	await page.getByLabel("E-mail address").fill(EMAIL);
	await page.getByLabel("Password").fill(PASSWORD);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("heading", { name: "Analyses" }).waitFor();
	await page.exposeFunction("stands", (percent, at) => say([percent, at]));
	await page.goto(`${url}/jobs/${JOB}`);
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
	say("ready");
	await new Promise((done) => process.stdin.on("end", done).resume());
}

await withPage({ interactive, events }[process.argv[2]]);
