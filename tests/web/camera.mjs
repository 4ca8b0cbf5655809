/* Filming with the camera and the check of the picture, before a camera that shows a film. */
import assert from "node:assert/strict";
import { ann, ask, facts, fillFacts, look, run, signIn, sizes } from "./browser.mjs";

const url = process.env.GAITD_URL;
const fake = (answer, device, ...more) => ({
	args: [`--use-fake-ui-for-media-stream${answer}`, `--use-fake-device-for-media-stream${device}`, "--autoplay-policy=no-user-gesture-required", ...more],
});
const camera = (answer = "") => fake(answer, "", `--use-file-for-fake-video-capture=${facts.camera}`);
const hint = (page, which) => page.locator(`[data-hint="${which}"]`).waitFor({ timeout: 60_000 });
const button = (page, name) => page.getByRole("button", { name, exact: true });

async function openForm(page) {
	await signIn(page, ann);
	await page.goto(`${url}/new`);
	await page.getByRole("heading", { name: "The two videos" }).waitFor();
}

async function openCamera(page, view) {
	await page.locator(`[data-record="${view}"]`).click();
	await page.locator(".record video").waitFor();
	await button(page, "Start recording").and(page.locator(":enabled")).waitFor();
}

/* A dialog says that it closes in a task of its own: the page hears of it after the key or the click. */
const closed = (page) => page.locator("dialog").waitFor({ state: "detached" });

/* What leaves the browser: every request that carries something. */
function watchBodies(page) {
	const sent = [];
	page.on("request", (r) => (r.method() !== "GET" || r.postDataBuffer()) && sent.push(`${r.method()} ${r.url()}`));
	return sent;
}

/* Record for @seconds and keep it. What a screen reader was told on the way. */
async function recordTake(page, seconds, checked = true) {
	const told = [];
	await page.exposeFunction("told", (text) => told.push(text));
	await page.evaluate(() => {
		const live = document.querySelector('.record [aria-live="assertive"]');
		new MutationObserver(() => window.told(live.textContent)).observe(live, { childList: true, characterData: true, subtree: true });
	});
	await button(page, "Start recording").click();
	await page.getByText(/^Recording 0:0/).waitFor({ timeout: 10_000 });
	const looks = () => page.locator("[data-looks]").getAttribute("data-looks").then(Number);
	const before = await looks();
	await page.waitForTimeout(seconds * 1000);
	// A busy machine looks seldom.
	for (const until = Date.now() + 60_000; checked && (await looks()) < before + 4; await page.waitForTimeout(200))
		assert.ok(Date.now() < until, "the picture is looked at while it is recorded");
	await button(page, "Stop").click();
	await page.getByText(/^Recorded: \d/).waitFor();
	return told;
}

/* The length of the film that a <video> plays, found as the app finds it. */
async function replayPlays(page) {
	const video = page.locator(".record video");
	await video.evaluate((v) => new Promise((done) => (v.currentTime > 0.3 ? done() : v.addEventListener("timeupdate", () => v.currentTime > 0.3 && done()))));
	return video.evaluate((v) => [v.videoWidth, v.videoHeight]);
}

async function unhappy(b, name, which, words) {
	const { page } = b;
	await openForm(page);
	await openCamera(page, "side");
	await hint(page, which);
	await page.getByText(words).first().waitFor();
	await look(b, name);
	await page.getByText(words).and(page.locator("[aria-live]")).waitFor({ state: "attached" }); // told, too
}

await run({
	async record(b) {
		const { page } = b;
		await openForm(page);
		const sent = watchBodies(page);
		const fetched = [];
		page.on("request", (r) => /\.(wasm|tflite)$/.test(r.url()) && fetched.push(r.url()));
		await look(b, "submit-with-camera");
		await openCamera(page, "side");
		await hint(page, "good");
		assert.equal(fetched.length, 3, fetched.join(" "));
		await look(b, "record-ready");
		const told = await recordTake(page, 6);
		assert.deepEqual(told.filter(Boolean), ["5", "4", "3", "2", "1", "Recording has begun."]);
		assert.deepEqual(await replayPlays(page), [1280, 720]);
		await page.getByText(/Whole body in view in \d+/).waitFor();
		await look(b, "record-replay");
		// Once more: the first take is gone, and the camera comes again.
		await button(page, "Record again").click();
		await button(page, "Start recording").and(page.locator(":enabled")).waitFor();
		await button(page, "Start recording").click();
		await page.getByText(/^Recording 0:0[5-9]/).waitFor({ timeout: 30_000 });
		await look(b, "record-running");
		await button(page, "Stop").click();
		await page.getByText(/^Recorded: \d/).waitFor();
		await button(page, "Use this video").click();
		await page.getByText(/^side-\d{4}-\d\d-\d\d-\d{6}\.(mp4|webm)$/).waitFor();
		await page.getByText(/^\d+\.\d s · 1280 × 720/).waitFor();
		await page.locator('[data-state="done"]').waitFor({ timeout: 90_000 });
		await look(b, "record-used");
		assert.deepEqual(sent, [], "nothing leaves the device before it is submitted");
		assert.equal(fetched.length, 3, "the models come once");
		await page.locator('input[data-view="front"]').setInputFiles(facts.front);
		await page.getByAltText("A picture from the Front video").waitFor();
		await fillFacts(page);
		await button(page, "Send both videos").click();
		await page.getByRole("heading", { name: "Analysis 1" }).waitFor();
	},

	/* Where the browser writes no MP4: WebM, whose head has no length. */
	async record_webm(b) {
		const { page } = b;
		await page.addInitScript(() => {
			const known = MediaRecorder.isTypeSupported.bind(MediaRecorder);
			MediaRecorder.isTypeSupported = (type) => !type.includes("mp4") && known(type);
		});
		await openForm(page);
		await openCamera(page, "side");
		await recordTake(page, 6);
		await replayPlays(page);
		await button(page, "Use this video").click();
		await page.getByText(/^side-.*\.webm$/).waitFor();
		await page.getByText(/^[3-9]\.\d s · 640 × 360/).waitFor(); // a busy machine leaves out frames at the end
		await page.locator('[data-state="done"]').waitFor({ timeout: 90_000 });
		await page.locator('input[data-view="front"]').setInputFiles(facts.front);
		await page.getByAltText("A picture from the Front video").waitFor();
		await fillFacts(page);
		await button(page, "Send both videos").click();
		await page.getByRole("heading", { name: "Analysis 1" }).waitFor();
	},

	async phone(b) {
		const { page } = b;
		await openForm(page);
		await openCamera(page, "side");
		await page.locator(".record").getByText("Hold the phone sideways").waitFor();
		await look(b, "record-upright");
		await page.setViewportSize({ width: 740, height: 360 });
		b.size = "phone-sideways";
		await look(b, "record-upright");
		await page.setViewportSize(sizes.phone);
		b.size = "phone";
		await button(page, "Start recording").click();
		await page.locator(".record-count").waitFor();
		await look(b, "record-count");
		await button(page, "Cancel").click();
		await button(page, "Start recording").click();
		await page.getByText(/^Recording 0:0[0-1]/).waitFor({ timeout: 10_000 });
		await button(page, "Stop").click();
		await page.getByText("at least 3 s are needed").waitFor();
		assert.ok(await button(page, "Use this video").isDisabled());
		await look(b, "record-short");
		await button(page, "Close").click();
		await closed(page);
		// Closing gave the focus back.
		assert.equal(await page.evaluate(() => document.activeElement.getAttribute("data-record")), "side");
		await openCamera(page, "front");
		await look(b, "record-front");
		const stream = await page.locator(".record video").evaluateHandle((v) => v.srcObject);
		assert.deepEqual(await stream.evaluate((s) => s.getTracks().map((t) => [t.kind, t.readyState])), [["video", "live"]]);
		await page.keyboard.press("Escape");
		await closed(page);
		await page.waitForFunction((s) => s.getTracks().every((t) => t.readyState === "ended"), stream); // the camera is off
	},

	nobody: async (b) => {
		const { page } = b;
		await unhappy(b, "record-nobody", "nobody", "Nobody in view");
		await page.getByText("For a while nobody has been in view.").waitFor();
		await look(b, "record-warning");
	},
	two: (b) => unhappy(b, "record-two", "several", "2 people are in view"),
	feet: (b) => unhappy(b, "record-feet", "feet", "Feet are cut off"),

	async denied(b) {
		const { page } = b;
		await openForm(page);
		await page.locator('[data-record="front"]').click();
		await page.getByText("The camera is not allowed for this page.").waitFor();
		await button(page, "Try again").hover(); // to be read then, too
		await look(b, "record-denied");
		await button(page, "Try again").click();
		await page.getByText("The camera is not allowed for this page.").waitFor();
		await button(page, "Close").click();
		await closed(page);
	},

	async no_camera(b) {
		const { page } = b;
		await openForm(page);
		await page.locator('[data-record="front"]').click();
		await page.getByText("No camera was found.").waitFor();
		await look(b, "record-none");
	},

	/* What goes wrong on the way, as far as a browser can be made to do it. */
	async troubles(b) {
		const { page } = b;
		await page.addInitScript(() => {
			window.locks = [];
			window.busy = true;
			navigator.wakeLock.request = async (kind) => (window.locks.push(kind), { release: async () => window.locks.push("released") });
			const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
			navigator.mediaDevices.getUserMedia = async (wishes) => {
				if (window.busy)
					throw new DOMException("Could not start video source", "NotReadableError");
				window.wishes = wishes;
				return (window.stream = await real(wishes));
			};
		});
		await openForm(page);
		await page.locator('[data-record="side"]').click();
		await page.getByText("Another program uses the camera.").waitFor();
		await look(b, "record-taken");
		await page.evaluate(() => (window.busy = false));
		await button(page, "Try again").click();
		await button(page, "Start recording").and(page.locator(":enabled")).waitFor();
		assert.deepEqual(await page.evaluate(() => window.locks), ["screen"]);
		// Two cameras here: from one to the other.
		const camera = () => page.evaluate(() => window.stream.getVideoTracks()[0].getSettings().deviceId);
		const first = await camera();
		await button(page, "Switch camera").click();
		await button(page, "Start recording").and(page.locator(":enabled")).waitFor();
		assert.notEqual(await camera(), first);
		assert.equal(await page.evaluate(() => window.wishes.audio), false);
		// Beeps off is kept.
		await button(page, "Beeps").click();
		await button(page, "Beeps").and(page.locator('[aria-pressed="false"]')).waitFor();
		// The camera is pulled out before, and while it records: the take until then is kept.
		const pull = () => page.evaluate(() => window.stream.getVideoTracks()[0].dispatchEvent(new Event("ended")));
		await pull();
		await page.getByText("The camera was switched off or unplugged.").waitFor();
		await button(page, "Try again").click();
		await button(page, "Start recording").and(page.locator(":enabled")).waitFor();
		assert.equal(await button(page, "Beeps").getAttribute("aria-pressed"), "false");
		await button(page, "Start recording").click();
		await page.getByText(/^Recording 0:0[3-9]/).waitFor({ timeout: 20_000 });
		await pull();
		await page.getByText(/^Recorded: [3-9]/).waitFor();
		await button(page, "Close").click();
		await page.waitForFunction(() => window.locks.at(-1) === "released");
		assert.equal(await page.evaluate(() => window.stream.getVideoTracks()[0].readyState), "ended", "the camera is off");
	},

	/* By plain http from another machine a browser gives no camera. */
	async insecure(b) {
		const { page } = b;
		await page.addInitScript(() => Object.defineProperty(window, "isSecureContext", { value: false }));
		await openForm(page);
		await page.getByText("this page must be reached by https").first().waitFor();
		assert.equal(await page.locator("[data-record]").count(), 0);
		await page.getByLabel("Language").selectOption("es");
		await page.getByText("esta página debe abrirse por https").first().waitFor();
	},

	async files(b) {
		const { page } = b;
		const done = (view) => page.locator(".video-field").nth(view === "front" ? 0 : 1).locator('[data-state="done"]');
		await openForm(page);
		const sent = watchBodies(page);
		await page.locator('input[data-view="side"]').setInputFiles(facts.side);
		await page.locator('input[data-view="front"]').setInputFiles(facts.front);
		await done("side").waitFor({ timeout: 120_000 });
		await done("front").waitFor({ timeout: 120_000 });
		for (const view of ["side", "front"]) {
			const text = await done(view).innerText();
			const share = Number(/Whole body in view in (\d+)/.exec(text)?.[1]);
			assert.ok(share >= 80, `${view}: ${text}`);
			assert.doesNotMatch(text, /looks like|lean/, view);
		}
		await look(b, "framing-good");
		// Feet that are cut off, and a film for the other field.
		await page.locator('input[data-view="front"]').setInputFiles(facts.feet);
		await page.locator('input[data-view="side"]').setInputFiles(facts.other);
		await page.getByText(/^Feet cut off at 0:0\d–0:0\d$/).first().waitFor({ timeout: 120_000 });
		await page.getByText("This looks like a side video").waitFor({ timeout: 120_000 });
		await page.getByText("This looks like a front video").waitFor({ timeout: 120_000 });
		await look(b, "framing-bad");
		assert.deepEqual(sent, []);
	},

	async without_models(b) {
		const { page } = b;
		await openForm(page);
		await openCamera(page, "side");
		await page.getByText("The check of the picture is not available here.").waitFor();
		await look(b, "record-unchecked");
		await recordTake(page, 3.5, false);
		await button(page, "Use this video").click();
		await page.getByText(/^\d+\.\d s · 640 × 360/).waitFor();
		assert.equal(await page.locator(".framing-check").count(), 0);
	},
}, {
	record: camera(), record_webm: camera(), phone: camera(), nobody: camera(), two: camera(), feet: camera(), denied: camera("=deny"), without_models: camera(),
	troubles: fake("", "=device-count=2"), // a film makes one camera only
	no_camera: { args: ["--use-fake-ui-for-media-stream"] },
});
