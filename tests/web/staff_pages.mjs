/* The pages for staff and administrators, and one's own account: one scenario each. */
import assert from "node:assert/strict";
import { ann, ask, facts, look, open, run, signIn } from "./browser.mjs";

const url = process.env.GAITD_URL;
const sam = { email: "sam@example.org", password: facts.password };
const ada = { email: "ada@example.org", password: facts.password };
const pages = { queue: "Queue", health: "Health", users: "Users", tokens: "API tokens", mail: "Mail", audit: "Audit" };
const heading = (page, name) => page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
const go = async (page, name) => {
	await page.goto(`${url}/staff/${name}`);
	await heading(page, pages[name]);
	await page.getByText("Loading …").waitFor({ state: "detached" });
};
const dialog = (page) => page.getByRole("dialog");
const row = (page, text) => page.getByRole("row").filter({ hasText: text });
/* A request as a script makes it: no cookie of the browser goes along. */
const withToken = (token) => fetch(`${url}/api/v1/session`, { headers: { Authorization: `Bearer ${token}` } });

/* Work as somebody else, in a browser of their own. */
async function elsewhere(work) {
	const b = await open("desktop");
	try {
		return await work(b.page);
	} finally {
		await b.close();
	}
}

await run({
	async admin_pages(b) {
		const { page } = b;
		await signIn(page, ada);
		await page.getByText("bob.with-a-rather-long-name").first().waitFor();
		await look(b, "staff-jobs");
		await page.getByRole("link", { name: "Operation", exact: true }).click();
		await heading(page, "Queue");
		await page.getByText("Being analysed (2 of 2 at once)").first().waitFor();
		await page.getByText("Waiting (4)").first().waitFor();
		await page.getByText("Finding the body in the side video").waitFor();
		await page.getByRole("img", { name: /^Last day: [1-9]/ }).waitFor();
		await look(b, "staff-queue");
		await page.getByRole("button", { name: "Last week" }).click();
		await page.getByRole("img", { name: /^Last week: 48 with a result, / }).waitFor();
		await page.getByText("As a table").click();
		await look(b, "staff-queue-week");
		for (const name of ["health", "users", "tokens", "mail", "audit"]) {
			await page.getByRole("navigation", { name: "Operation" }).getByRole("link", { name: name === "tokens" ? "Tokens" : pages[name] }).click();
			await heading(page, pages[name]);
			await page.getByText("Loading …").waitFor({ state: "detached" });
			if (name === "health")
				await page.getByText("Everything works.").waitFor();
			await look(b, `staff-${name}`);
		}
		// Nothing of a table may be cut off, or lie outside of what one sees.
		const cut = await page.evaluate(() => [...document.querySelectorAll(".listed td, .listed th")].filter((e) => e.getBoundingClientRect().right > innerWidth).length);
		assert.equal(cut, 0);
	},

	async staff_pages(b) {
		const { page } = b;
		await signIn(page, sam);
		await page.getByRole("link", { name: "Operation", exact: true }).click();
		await heading(page, "Queue");
		assert.deepEqual(await page.getByRole("navigation", { name: "Operation" }).getByRole("link").allInnerTexts(), ["Queue", "Health"]);
		await go(page, "health");
		await page.getByText("Everything works.").waitFor();
		await look(b, "staff-health-as-staff");
		for (const name of ["users", "tokens", "mail", "audit"]) {
			const asked = [];
			const note = (r) => asked.push(new URL(r.url()).pathname);
			page.on("request", note);
			await page.goto(`${url}/staff/${name}`);
			await page.getByText("This page is for administrators (403).").waitFor();
			page.off("request", note);
			assert.deepEqual(asked.filter((p) => /^\/api\/v1\/(users|tokens|outbox|audit)/.test(p)), []);
		}
		await look(b, "staff-forbidden");
		await page.goto(`${url}/staff/nothing`);
		await page.getByText("There is no such page.").waitFor();
	},

	async submitter(b) {
		const { page } = b;
		await signIn(page, ann);
		assert.equal(await page.getByRole("link", { name: "Operation" }).count(), 0);
		for (const path of ["/staff", ...Object.keys(pages).map((name) => `/staff/${name}`)]) {
			await page.goto(url + path);
			await page.getByText("This page is for staff (403).").waitFor();
		}
		await look(b, "submitter-forbidden");
		// Whoever goes round the pages gets as far as the API lets them.
		for (const path of ["queue", "health", "throughput", "users", "tokens", "outbox", "audit"])
			assert.equal(await page.evaluate(async (p) => (await fetch(`/api/v1/${p}`)).status, path), 403, path);
		await page.goto(`${url}/jobs`);
		await heading(page, "Analyses");
		assert.equal(await page.getByRole("searchbox").count(), 0);
	},

	async search(b) {
		const { page } = b;
		await signIn(page, sam);
		await page.getByText("ann@example.org").waitFor();
		await page.getByText("bob@clinic.example").waitFor();
		await page.getByText(/ann@example\.org · .+ · 1 try · \w+/).waitFor();
		const list = page.locator(".rows li");
		const find = async (text, n) => {
			await page.getByRole("searchbox", { name: "Find" }).fill(text);
			await page.getByRole("button", { name: "Find", exact: true }).click();
			await page.waitForURL((u) => u.searchParams.get("q") === text);
			await page.waitForFunction((count) => document.querySelectorAll(".rows li").length === count, n);
		};
		await find("p-17", 1);
		assert.match(await list.innerText(), /ann@example\.org/);
		await look(b, "staff-search");
		await find("CLINIC", 1);
		assert.match(await list.innerText(), /bob@clinic\.example/);
		await find(facts.job, 1);
		await find("nobody", 0);
		await page.getByText("No analysis matches.").waitFor();
		await page.getByRole("button", { name: "Show all again" }).click();
		await page.waitForFunction(() => document.querySelectorAll(".rows li").length === 2);
		await page.getByLabel("Show", { exact: true }).selectOption("open");
		await page.waitForFunction(() => document.querySelectorAll(".rows li").length === 1);
		assert.match(await list.innerText(), /bob@clinic\.example/);
		await page.getByLabel("Show", { exact: true }).selectOption("");
		await find("#1", 2);
		await list.filter({ hasText: "ann@example.org" }).getByRole("link").click();
		await page.getByText("What went wrong").waitFor();
		await page.getByText("Technical details").click();
		await page.getByRole("heading", { name: "Attempt 1 failed" }).waitFor();
		await page.getByText("the stand-in ends with 70").waitFor();
		await page.getByText(facts.job).first().waitFor();
		await page.getByText("Cluster id").waitFor();
		await look(b, "staff-attempts");
		// The one who sent it sees none of that.
		if (b.size === "desktop")
			await elsewhere(async (other) => {
				await signIn(other, ann);
				await other.goto(`${url}/jobs/${facts.job}`);
				await other.getByText("What went wrong").waitFor();
				assert.equal(await other.getByText("Technical details").count(), 0);
			});
	},

	async queue_moves(b) {
		const { page } = b;
		await signIn(page, sam);
		await go(page, "queue");
		await page.getByText("Waiting (4)").first().waitFor();
		const order = page.locator("section").filter({ hasText: "Waiting (" }).locator("tbody tr");
		const places = await order.evaluateAll((rows) => rows.map((r) => r.querySelector("td > div").textContent));
		assert.deepEqual(places, ["1", "2", "3", "4"]);
		assert.equal(await ask("end_one"), 202);
		await page.getByText("Waiting (3)").first().waitFor(); // without a reload
	},

	async users(b) {
		const { page } = b;
		await signIn(page, ada);
		await go(page, "users");
		await page.getByRole("button", { name: "Add a user" }).click();
		await dialog(page).getByRole("button", { name: "Add", exact: true }).click();
		await page.getByText("Please enter an e-mail address.").waitFor();
		await dialog(page).getByLabel("E-mail").fill("ann@example.org");
		await dialog(page).getByRole("button", { name: "Add", exact: true }).click();
		await page.getByText("There is an account with this address already.").waitFor();
		await dialog(page).getByLabel("E-mail").fill("new.person@example.org");
		await look(b, "users-add");
		await dialog(page).getByRole("button", { name: "Add", exact: true }).click();
		await page.getByText("new.person@example.org can sign in now").waitFor();
		const password = await page.locator("[data-secret]").innerText();
		assert.match(password, /^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
		await look(b, "users-secret");
		await b.context.grantPermissions(["clipboard-read", "clipboard-write"]);
		await page.getByRole("button", { name: "Copy" }).click();
		await page.getByText("Copied.").waitFor();
		assert.equal(await page.evaluate(() => navigator.clipboard.readText()), password);
		await page.getByRole("button", { name: "I have kept it" }).click();
		await dialog(page).waitFor({ state: "detached" });
		assert.ok(!(await page.content()).includes(password), "the password stays on the page");
		await row(page, "new.person").getByText("Password given, not changed yet").waitFor();
		await row(page, "new.person").getByText("never").waitFor();

		// The new one signs in, is asked for a password of their own, and chooses one.
		await elsewhere(async (other) => {
			await signIn(other, { email: "new.person@example.org", password });
			await other.getByText("Somebody else chose your password.").waitFor();
			await other.getByRole("link", { name: "Choose your own" }).click();
			await other.getByText("Somebody else chose your present password.").waitFor();
			await other.getByLabel("Present password").fill(password);
			await other.getByLabel("New password", { exact: true }).fill("only known to me");
			await other.getByLabel("New password once more").fill("only known to me");
			await other.getByRole("button", { name: "Change the password" }).click();
			await other.getByText("Your password is changed.").waitFor();
			await other.getByText("Somebody else chose").waitFor({ state: "detached" });

			// Role, and the end of the account's rights, count at once for who is signed in.
			await page.getByRole("button", { name: "Role: new.person@example.org" }).click();
			await dialog(page).getByLabel("Role").selectOption("staff");
			await dialog(page).getByRole("button", { name: "Save" }).click();
			await row(page, "new.person").getByText("Staff", { exact: true }).waitFor();
			await other.reload();
			await other.getByRole("link", { name: "Operation", exact: true }).waitFor();
			await page.getByRole("button", { name: "Disable: new.person@example.org" }).click();
			await page.getByText("Disable new.person@example.org?").waitFor();
			await look(b, "users-disable");
			await dialog(page).getByRole("button", { name: "Disable", exact: true }).click();
			await row(page, "new.person").getByText("Disabled").waitFor();
			await other.reload();
			await other.getByLabel("Password").waitFor();
		});
		await page.getByRole("button", { name: "Enable: new.person@example.org" }).click();
		await dialog(page).getByRole("button", { name: "Enable", exact: true }).click();
		await row(page, "new.person").getByText("Password", { exact: true }).waitFor();
		await page.getByRole("button", { name: "New password: new.person@example.org" }).click();
		await dialog(page).getByLabel("Choose one").check();
		await dialog(page).getByLabel("Password", { exact: true }).fill("short");
		await dialog(page).getByRole("button", { name: "New password" }).click();
		await page.getByText("At least 12 characters.").waitFor();
		await dialog(page).getByLabel("Password", { exact: true }).fill("told by telephone");
		await dialog(page).getByRole("button", { name: "New password" }).click();
		await page.getByText("The password of new.person@example.org is changed").waitFor();
		await page.getByRole("button", { name: "I have kept it" }).click();
		await elsewhere((other) => signIn(other, { email: "new.person@example.org", password: "told by telephone" }));

		// Nobody takes away their own rights.
		await page.getByRole("button", { name: "Role: ada@example.org" }).click();
		await dialog(page).getByLabel("Role").selectOption("submitter");
		await dialog(page).getByRole("button", { name: "Save" }).click();
		await page.getByText("Nobody takes away their own rights.").waitFor();
		await look(b, "users-own-rights");
		await page.keyboard.press("Escape");
		await dialog(page).waitFor({ state: "detached" });
		await page.getByRole("button", { name: "Disable: ada@example.org" }).click();
		await dialog(page).getByRole("button", { name: "Disable", exact: true }).click();
		await page.getByText("Nobody takes away their own rights.").waitFor();
		await page.getByRole("button", { name: "Cancel" }).click();
		await page.getByLabel("Part of the e-mail address").fill("NEW.per");
		await page.getByRole("button", { name: "Find" }).click();
		await row(page, "ada@example.org").waitFor({ state: "detached" });
		await row(page, "new.person").waitFor();
		await go(page, "audit");
		await page.getByLabel("Who or what").fill("new.person@example.org");
		await page.getByRole("button", { name: "Find" }).click();
		await page.getByText("Added an account").nth(1).waitFor();
		await page.getByLabel("What was done").selectOption("user_role");
		await row(page, "Changed the role").first().waitFor();
		await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
		assert.match(await row(page, "Changed the role").innerText(), /ada@example\.org[\s\S]*new\.person@example\.org[\s\S]*Staff/);
		await look(b, "audit-filtered");
	},

	async user_pages(b) {
		const { page } = b;
		await signIn(page, ada);
		await go(page, "users");
		await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 50);
		await page.getByRole("button", { name: "Older" }).click();
		await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 13);
		await page.getByText("walker0@example.org").waitFor();
		await page.getByRole("button", { name: "To the newest" }).click();
		await page.getByText("ada@example.org").nth(1).waitFor();
		await page.getByLabel("Part of the e-mail address").fill("walker5");
		await page.getByRole("button", { name: "Find" }).click();
		await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 11);
	},

	async tokens(b) {
		const { page } = b;
		await signIn(page, ada);
		await go(page, "tokens");
		await page.getByRole("button", { name: "Make a token" }).click();
		await dialog(page).getByLabel("Account").fill("nobody@example.org");
		await dialog(page).getByRole("button", { name: "Make", exact: true }).click();
		await page.getByText("1 to 63 characters.").waitFor();
		await dialog(page).getByLabel("Name").fill("lab script");
		await dialog(page).getByRole("button", { name: "Make", exact: true }).click();
		await page.getByText("There is no account with this address.").waitFor();
		await dialog(page).getByLabel("Account").fill("Ann@example.org");
		await dialog(page).getByLabel("Works for").selectOption("30");
		await look(b, "tokens-add");
		await dialog(page).getByRole("button", { name: "Make", exact: true }).click();
		await page.getByText("The token “lab script” is made").waitFor();
		const token = await page.locator("[data-secret]").innerText();
		await look(b, "tokens-secret");
		await page.keyboard.press("Escape");
		await dialog(page).waitFor({ state: "detached" });
		assert.ok(!(await page.content()).includes(token), "the token stays on the page");

		let answer = await withToken(token);
		assert.equal(answer.status, 200);
		assert.equal((await answer.json()).email, "ann@example.org");
		await row(page, "lab script").getByText("works").waitFor();
		assert.match(await row(page, "lab script").innerText(), /ann@example\.org/);
		await look(b, "tokens");
		await page.getByRole("button", { name: "Revoke: lab script" }).click();
		await page.getByRole("button", { name: "Keep it" }).click();
		assert.equal((await withToken(token)).status, 200);
		await page.getByRole("button", { name: "Revoke: lab script" }).click();
		await dialog(page).getByRole("button", { name: "Revoke", exact: true }).click();
		await row(page, "lab script").getByText(/^revoked/).waitFor();
		answer = await withToken(token);
		assert.equal(answer.status, 401);
		await page.getByRole("button", { name: "Revoke: lab script" }).waitFor({ state: "detached" });
	},

	async mail(b) {
		const { page } = b;
		await signIn(page, ada);
		await go(page, "mail");
		await row(page, "ann@example.org").getByText("Sent", { exact: true }).waitFor();
		await page.getByLabel("Show", { exact: true }).selectOption("bounced");
		await row(page, "ann@example.org").waitFor({ state: "detached" });
		await row(page, `550@${b.size}.example.org`).getByText(/RCPT TO.*550/).waitFor();
		await look(b, "staff-mail-bounced");
		// As it is it bounces again …
		await page.getByRole("button", { name: `Try again now: 550@${b.size}.example.org` }).click();
		await page.getByText("It is being tried again.").waitFor();
		await row(page, `550@${b.size}.example.org`).locator('td[data-label="Tries"]', { hasText: "2" }).waitFor({ timeout: 60_000 });
		// … and goes out once what was wrong is mended.
		assert.equal(await ask("mend"), 1);
		await page.reload();
		await page.getByRole("button", { name: `Try again now: mended@${b.size}.example.org` }).click();
		await page.getByText("It is being tried again.").waitFor();
		await page.getByLabel("Show", { exact: true }).selectOption("sent");
		await row(page, `mended@${b.size}.example.org`).getByText("Sent", { exact: true }).waitFor({ timeout: 60_000 });
	},

	async health(b) {
		const { page } = b;
		await signIn(page, sam);
		await go(page, "health");
		await page.getByText("Everything works.").waitFor();
		await ask("break_mail");
		await page.getByText("Videos are accepted, but something does not work.").waitFor({ timeout: 60_000 }); // without a reload
		const part = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "Mail" }) });
		await part.getByText("does not work").waitFor();
		await part.getByText("What to do:").waitFor();
		await part.getByText(/^seen so since/).waitFor();
		await look(b, "staff-health-broken");
		await ask("mend_mail");
		await page.getByText("Everything works.").waitFor({ timeout: 60_000 });
	},

	async account(b) {
		const { page } = b;
		const fill = async (present, password, again = password) => {
			await page.getByLabel("Present password").fill(present);
			await page.getByLabel("New password", { exact: true }).fill(password);
			await page.getByLabel("New password once more").fill(again);
			await page.getByRole("button", { name: "Change the password" }).click();
		};
		await signIn(page, ann);
		await page.getByRole("button", { name: "Later" }).click();
		await page.reload();
		await heading(page, "Analyses");
		await page.getByText("There is nothing here yet.").waitFor();
		assert.equal(await page.getByText("Somebody else chose your password.").count(), 0);
		await page.getByRole("link", { name: /^Your account/ }).click();
		await heading(page, "Your account");
		await page.getByText("Submit walks and read their results").waitFor();
		await page.getByText("Somebody else chose your present password.").waitFor();
		await page.getByText("This device").waitFor();
		await look(b, "account");
		await elsewhere(async (other) => {
			await signIn(other, ann);
			await fill(ann.password, "short", "shorter");
			await page.getByText("At least 12 characters.").waitFor();
			await page.getByText("The two are not the same.").waitFor();
			await fill(ann.password, ann.password);
			await page.getByText("This is the present password.").waitFor();
			await fill("not the password at all", "my own long password");
			await page.getByText("This is not your present password.").waitFor();
			await look(b, "account-wrong");
			await fill(ann.password, "my own long password");
			await page.getByText("Your password is changed. Other devices were signed out.").waitFor();
			await other.reload();
			await other.getByLabel("Password").waitFor(); // signed out there
		});
		await page.reload(); // and not here
		await heading(page, "Your account");
		await page.getByText("This device").waitFor();
		assert.equal(await page.getByText("Somebody else chose").count(), 0);
		await elsewhere(async (other) => {
			await signIn(other, { ...ann, password: "my own long password" });
			await page.reload();
			await page.getByText("Another device or browser").waitFor();
			await page.getByRole("button", { name: "Sign out everywhere" }).click();
			await page.getByText("You will be signed out here, too.").waitFor();
			await look(b, "account-everywhere");
			await dialog(page).getByRole("button", { name: "Sign out everywhere" }).click();
			await page.getByRole("button", { name: "Sign in" }).waitFor();
			await other.reload();
			await other.getByRole("button", { name: "Sign in" }).waitFor();
		});
	},

	async spanish(b) {
		const { page } = b;
		await signIn(page, ada);
		await page.getByRole("link", { name: /^Your account/ }).click();
		await page.getByLabel("Language of this app").selectOption("es");
		await page.getByRole("heading", { name: "Su cuenta" }).waitFor();
		await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
		b.size = "dark-spanish";
		await look(b, "account");
		for (const [name, title] of Object.entries({ queue: "Cola", health: "Estado", users: "Usuarios", tokens: "Tokens de la API", mail: "Correo", audit: "Registro" })) {
			await page.goto(`${url}/staff/${name}`);
			await heading(page, title);
			await page.getByText("Cargando…").waitFor({ state: "detached" });
			await look(b, `staff-${name}`);
		}
		await page.goto(`${url}/jobs`);
		await page.getByText("bob.with-a-rather-long-name").first().waitFor();
		await look(b, "staff-jobs");
	},
});
