/* Milliseconds from the navigation's start until the sign-in form stands there and the page has had time for a first idle moment, on a
 * phone whose processor is four times slower, with nothing kept from before.
 * Not by Playwright: it watches the network, and for each request of a script V8 then parses that script again to say from where it was
 * sent, which took a quarter of a second of such a processor. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const profile = mkdtempSync(join(tmpdir(), "gaitd-bench-"));
const browser = spawn(process.env.CHROMIUM ?? "/usr/bin/chromium",
	["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--lang=en-GB", "--window-size=360,740", `--user-data-dir=${profile}`,
		"--remote-debugging-pipe", "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const [, , , to, from] = browser.stdio;
const ended = new Promise((done) => browser.on("exit", done));
const asked = new Map();
let read = "";
process.on("exit", () => { // with or without an error
	browser.kill("SIGKILL");
	rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

from.setEncoding("utf8").on("data", (text) => {
	const messages = (read + text).split("\0");
	read = messages.pop();
	for (const { id, result, error } of messages.map((m) => JSON.parse(m)))
		asked.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
});

/* The Chrome DevTools Protocol over a pipe: messages that end with NUL. */
function call(method, params = {}, sessionId = undefined) {
	const id = asked.size + 1;
	to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
	return new Promise((done) => asked.set(id, done));
}

const watching = `
	const watch = new MutationObserver(() => {
		if (document.querySelector("#password") === null)
			return;
		watch.disconnect();
		requestIdleCallback(() => { window.interactive_ms = performance.now(); });
	});
	watch.observe(document, { childList: true, subtree: true });`;

const { targetId } = await call("Target.createTarget", { url: "about:blank" });
const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
await call("Page.enable", {}, sessionId);
await call("Emulation.setCPUThrottlingRate", { rate: 4 }, sessionId);
await call("Page.addScriptToEvaluateOnNewDocument", { source: watching }, sessionId);
await call("Page.navigate", { url: process.env.GAITD_URL }, sessionId);
const end = Date.now() + 60_000;
for (let ms; !ms; await new Promise((done) => setTimeout(done, 100))) {
	if (Date.now() > end)
		throw new Error("no sign-in form within a minute");
	ms = (await call("Runtime.evaluate", { expression: "window.interactive_ms" }, sessionId)).result.value;
	if (ms)
		process.stdout.write(`${ms}\n`);
}
await call("Browser.close");
await ended;
process.exit(0);
