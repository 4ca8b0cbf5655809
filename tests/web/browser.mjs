/* Debian's Chromium, driven by playwright-core: a fresh profile each, no request that leaves this machine. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const source = process.env.GAITD_SOURCE;
const require = createRequire(join(source, "web", "package.json"));
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");

export const sizes = { small: { width: 320, height: 640 }, phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 900 } };
const shots = process.env.GAITD_SHOTS;
mkdirSync(shots, { recursive: true });

/* @kept: a profile's folder that the caller made, and keeps. */
export async function open(size, { profile: kept, ...options } = {}) {
	const profile = kept ?? mkdtempSync(join(tmpdir(), "gaitd-chromium-"));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		headless: true,
		viewport: sizes[size],
		hasTouch: size === "phone",
		locale: "en-GB",
		...options,
		args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", ...(options.args ?? [])],
	});
	const page = context.pages()[0] ?? (await context.newPage());
	const complaints = []; // of the Content-Security-Policy, and faults of the app
	const strangers = []; // requests to anybody but gaitd

	page.setDefaultTimeout(30_000);
	page.on("console", (m) => {
		if (m.type() === "error" && /Content Security Policy|Refused to/.test(m.text()))
			complaints.push(m.text());
	});
	page.on("pageerror", (e) => complaints.push(String(e)));
	page.on("request", (r) => {
		if (!r.url().startsWith(process.env.GAITD_URL) && !/^(data|blob):/.test(r.url()))
			strangers.push(r.url());
	});
	const close = async () => {
		await context.close();
		if (!kept)
			rmSync(profile, { recursive: true, force: true });
	};
	return { context, page, size, complaints, strangers, close };
}

/* A picture of the whole page (or of the window, where a dialog covers it) for people, and axe's word about it. Serious findings are an error. */
export async function look({ page, size }, name) {
	const fullPage = (await page.locator("dialog[open]").count()) === 0;
	await page.screenshot({ path: join(shots, `${name}-${size}.png`), fullPage });
	if (!(await page.evaluate(() => "axe" in window)))
		await page.evaluate(`(() => { const module = undefined; ${readFileSync(axe, "utf8")} })()`);
	// Colours on their way to others are none that anybody reads.
	await page.evaluate(() => Promise.all(document.getAnimations()
		.filter((a) => a.effect?.getComputedTiming().iterations !== Infinity).map((a) => a.finished.catch(() => undefined))));
	const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
	const serious = found.violations.filter((v) => v.impact === "serious" || v.impact === "critical");
	if (serious.length > 0)
		throw new Error(`${name} (${size}): axe finds ${serious.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" | ")}`).join("\n")}`);
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	if (wide > 0)
		throw new Error(`${name} (${size}): the page is ${wide} px wider than the window`);
}

export async function signIn(page, account) {
	await page.goto(process.env.GAITD_URL);
	await page.getByLabel("E-mail address").fill(account.email);
	await page.getByLabel("Password").fill(account.password);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("heading", { name: "Analyses" }).waitFor();
}

export async function fillFacts(page) {
	await page.getByLabel("Age", { exact: true }).fill("30");
	await page.getByLabel("Sex").selectOption("F");
	await page.getByLabel("Height", { exact: true }).fill("172");
	await page.getByLabel("Weight", { exact: true }).fill("68");
	await page.getByLabel("Walking aid").selectOption("none");
	await page.getByLabel("Orthosis (brace) on a leg").selectOption("none");
	await page.getByLabel("On the feet").selectOption("shoes");
	await page.getByLabel("Who are you?").selectOption("self");
}

export async function chooseVideos(page, front, side) {
	await page.locator('input[data-view="front"]').setInputFiles(front);
	await page.locator('input[data-view="side"]').setInputFiles(side);
	await page.getByAltText(/A picture from the/).nth(1).waitFor();
}

export const facts = JSON.parse(process.env.FACTS ?? "{}");
export const ann = { email: "ann@example.org", password: facts.password };

/* Ask the test that started us; its answer. */
const lines = [];
let wake = () => {};
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
	lines.push(...text.split("\n").filter(Boolean));
	wake();
});
process.stdin.unref?.();
export async function ask(what) {
	process.stdout.write(`@${what}\n`);
	while (lines.length === 0)
		await new Promise((done) => (wake = done));
	return JSON.parse(lines.shift());
}

/* Run the one scenario that was asked for, and judge what every page must hold to. */
export async function run(scenarios, options = {}) {
	const name = process.env.SCENARIO;
	const b = await open(process.env.SIZE, options[name]);

	try {
		await scenarios[name](b);
		if (b.complaints.length > 0)
			throw new Error(`the page complained: ${b.complaints.join("\n")}`);
		if (b.strangers.length > 0)
			throw new Error(`requests to strangers: ${b.strangers.join(" ")}`);
	} catch (error) {
		await b.page.screenshot({ path: join(shots, `failed-${name}-${b.size}.png`), fullPage: true }).catch(() => {});
		console.error(await b.page.locator("body").innerText().catch(() => ""));
		throw error;
	} finally {
		await b.close();
	}
	process.exit(0);
}
