/* Two browsers on one gaitd: the laptop shows a code, the phone brings the videos, the laptop makes the job. */
import assert from "node:assert/strict";
import { ann, ask, facts, fillFacts, look, open, run, signIn } from "./browser.mjs";
import { Line } from "./line.mjs";

const line = await new Line().open(); // the phone's, a narrow one
const url = line.url;

async function showCode({ page }) {
	await signIn(page, ann);
	await page.getByRole("link", { name: "New analysis" }).first().click();
	await page.getByRole("button", { name: "Videos are on my phone" }).click();
	await page.getByRole("img", { name: "QR code with the address for your phone" }).waitFor();
	return (await page.locator(".code").innerText()).trim();
}

/* A phone of its own, watched as the laptop is. */
async function phone(act) {
	const b = await open("phone");
	b.page.on("dialog", (d) => d.accept());
	try {
		await act(b);
		assert.deepEqual([b.complaints, b.strangers], [[], []]);
	} catch (error) {
		console.error(await b.page.locator("body").innerText().catch(() => ""));
		throw error;
	} finally {
		await b.close();
	}
}

async function type(page, code) {
	await page.getByLabel("Code").fill(code);
	await page.getByRole("button", { name: "Connect" }).click();
}

await run({
	async hand_over(b) {
		const { page } = b;
		const code = await showCode(b);
		await page.getByText("This address is that of this computer alone").waitFor(); // 127.0.0.1, here
		await look(b, "handover-code");
		await phone(async (p) => {
			await p.page.goto(`${url}/handover#${code}`);
			await p.page.getByText("These videos go to the form that is open on the laptop.").waitFor();
			assert.equal(new URL(p.page.url()).hash, ""); // nothing to look over somebody's shoulder for
			await page.getByText("Your phone is connected.").waitFor();
			await look(p, "handover-phone");
			await look(b, "handover-connected");
			await p.page.getByRole("button", { name: "Send to the laptop" }).click();
			await p.page.getByText("Please choose at least one video.").waitFor();
			await p.page.locator('input[data-view="front"]').setInputFiles(facts.text);
			await p.page.getByText("This is not a video.").waitFor();
			await p.page.locator('input[data-view="front"]').setInputFiles(facts.front);
			await p.page.getByAltText(/A picture from the/).waitFor();
			await p.page.getByRole("button", { name: "Send to the laptop" }).click();
			await p.page.getByText("Front video: it is on the laptop.").waitFor();
			await page.getByText("From your phone: it is here.").waitFor();
			await page.getByText("walk-front.mp4").waitFor();
			await p.page.locator('input[data-view="side"]').setInputFiles(facts.side);
			await p.page.getByAltText(/A picture from the/).nth(1).waitFor();
			await p.page.getByRole("button", { name: "Send to the laptop" }).click();
			await p.page.getByText("Side video: it is on the laptop.").waitFor();
			await look(p, "handover-sent");
			// The code is dead, and another device sees why.
			await phone(async (other) => {
				await other.page.goto(`${url}/handover#${code}`);
				await other.page.getByText("Another device has used this code already.").first().waitFor();
				await look(other, "handover-used");
			});
			// Nothing of the account is to be had on this phone.
			for (const path of ["/api/v1/jobs", "/api/v1/session", "/api/v1/consent"])
				assert.equal(await p.page.evaluate(async (at) => (await fetch(at)).status, path), 401, path);
			await p.page.goto(`${url}/jobs`);
			await p.page.getByLabel("Password").waitFor();
			await p.page.goto(`${url}/handover`);
			await p.page.getByRole("button", { name: "Done, go on at the laptop" }).click();
			await p.page.getByText("Done. Please go on at the laptop; you can close this page.").waitFor();
			await look(p, "handover-done");
		});
		await page.getByText("Your phone has sent what it had.").waitFor();
		await page.reload(); // the form on the laptop may be loaded again
		await page.getByText("From your phone: it is here.").nth(1).waitFor();
		await fillFacts(page);
		await look(b, "handover-both");
		await page.getByRole("button", { name: "Send both videos" }).click();
		await page.getByRole("heading", { name: "Analysis 1" }).waitFor();
		assert.equal(await ask("upload_count"), 0);
	},

	/* One video by the phone, typed by hand; one from the laptop; and a reload in the midst. */
	async typed(b) {
		const { page } = b;
		const code = await showCode(b);
		await phone(async (p) => {
			await p.page.goto(`${url}/handover`);
			await p.page.getByText("Which code does the laptop show?").waitFor();
			await look(p, "handover-ask");
			await type(p.page, "0000-0000-0000");
			await p.page.getByText("There is no such code.").first().waitFor();
			await type(p.page, code.toLowerCase().replaceAll("-", " "));
			await p.page.getByText("These videos go to the form").waitFor();
			await p.page.locator('input[data-view="side"]').setInputFiles(facts.side);
			await p.page.getByAltText(/A picture from the/).waitFor();
			await p.page.waitForTimeout(1500); // the copy
			line.rate = 6e6;
			await p.page.getByRole("button", { name: "Send to the laptop" }).click();
			await line.until(() => line.sent() > 4e6, "4 MB");
			await page.getByText(/From your phone: \d/).waitFor();
			await p.page.reload();
			await p.page.getByText("Side video: it is on the laptop.").waitFor();
			assert.ok(line.sent() < facts.bytes + 300_000, `${line.sent() - facts.bytes} bytes went twice`);
			line.rate = Infinity;
		});
		await page.getByText("From your phone: it is here.").waitFor();
		await page.locator('input[data-view="front"]').setInputFiles(facts.front);
		await page.getByAltText(/A picture from the/).waitFor();
		await fillFacts(page);
		await page.getByRole("button", { name: "Send both videos" }).click();
		await page.getByRole("heading", { name: "Analysis 1" }).waitFor();
		assert.ok(await ask("over")); // made into a job: nothing more to bring
	},

	async cancelled(b) {
		const { page } = b;
		const code = await showCode(b);
		await phone(async (p) => {
			await p.page.goto(`${url}/handover#${code}`);
			await p.page.locator('input[data-view="front"]').setInputFiles(facts.front);
			await p.page.getByAltText(/A picture from the/).waitFor();
			await p.page.getByRole("button", { name: "Send to the laptop" }).click();
			await page.getByText("From your phone: it is here.").waitFor();
			await page.getByRole("button", { name: "Disconnect the phone" }).click();
			await page.getByRole("button", { name: "Videos are on my phone" }).waitFor();
			await p.page.getByText("This connection is over").waitFor();
			await look(p, "handover-over");
		});
		await page.getByText("or drop it here").nth(1).waitFor();
		assert.equal(await ask("upload_count"), 0);
	},

	async late(b) {
		const { page } = b;
		const code = await showCode(b);
		await ask("expire_codes");
		await page.getByText("The time for this code is over.").waitFor();
		await phone(async (p) => {
			await p.page.goto(`${url}/handover#${code}`);
			await p.page.getByText("This code has expired, or the laptop has cancelled it.").first().waitFor();
		});
		await page.setViewportSize({ width: 320, height: 640 });
		b.size = "320";
		await page.getByRole("button", { name: "Show a new code" }).focus();
		await page.keyboard.press("Enter");
		await page.locator(".code").waitFor();
		await page.getByRole("img", { name: "QR code with the address for your phone" }).waitFor();
		await page.getByLabel("Language").selectOption("es");
		await page.getByText("El código sirve una vez").waitFor();
		await page.emulateMedia({ colorScheme: "dark" });
		await look(b, "handover-code");
	},
});
