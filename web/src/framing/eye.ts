import files from "virtual:pose-files";
import type { Seen } from "./points";
import type { Answer, Ask, FilmPlace } from "./worker";

/* The page's side of the worker: one for all, made when first needed, so that the models are loaded once. */

/* The check cannot be had: not built in, an old browser, or the models did not come. */
export class NoEye extends Error {}

type Look = Extract<Answer, { kind: "seen" }>;

function able(): boolean {
	return "WebAssembly" in window && "OffscreenCanvas" in window && "createImageBitmap" in window;
}

const restMs = 60_000;

export class Eye {
	private idle: ReturnType<typeof setTimeout> | undefined;
	private readonly waiting = new Map<number, { done: (seen: Look) => void; fail: (error: Error) => void }>();
	private next = 0;
	private readonly worker: Worker;
	readonly ready: Promise<void>;

	constructor() {
		if (!files || !able())
			throw new NoEye();
		const load: Ask = { kind: "load", ...files };
		this.worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
		this.ready = new Promise((done, fail) => {
			const broken = (error: Error) => {
				fail(error);
				this.waiting.forEach((one) => one.fail(error));
				this.waiting.clear();
			};
			this.worker.onerror = (e) => broken(new NoEye(e.message));
			this.worker.onmessage = (event: MessageEvent<Answer>) => {
				const answer = event.data;
				this.rest();
				if (answer.kind === "ready") {
					done();
				} else if (answer.kind === "failed") {
					broken(new NoEye(answer.reason));
				} else {
					this.waiting.get(answer.id)?.done(answer);
					this.waiting.delete(answer.id);
				}
			};
		});
		this.ready.catch(() => undefined); // told to those who wait for it
		this.ask(load);
	}

	/* It holds 100 MB, which a phone has better uses for: unused for a while, it is let go, and made anew from the browser's cache. */
	private rest(): void {
		clearTimeout(this.idle);
		this.idle = setTimeout(() => {
			this.worker.terminate();
			if (only === this)
				only = null;
		}, restMs);
	}

	private ask(ask: Ask, transfer: Transferable[] = []): void {
		this.worker.postMessage(ask, transfer);
	}

	/* Another film: nobody is followed into it. */
	restart(film: FilmPlace): void {
		this.ask({ kind: "restart", film });
	}

	/* @picture is given away. @filmPx: the longer side of what it was taken from. */
	async look(film: FilmPlace, picture: ImageBitmap, t: number, everywhere: boolean): Promise<Seen> {
		const filmPx = Math.max(picture.width, picture.height);
		await this.ready;
		clearTimeout(this.idle);
		const { width, height, people, points } = await new Promise<Look>((done, fail) => {
			const id = this.next++;
			this.waiting.set(id, { done, fail });
			this.ask({ kind: "look", id, film, picture, everywhere }, [picture]);
		});
		return { t, width, height, filmPx, people, points };
	}
}

let only: Eye | null = null;

/* Throws NoEye where it cannot be had; what fails later rejects ready. */
export function openEye(): Eye {
	if (!only) {
		const eye = new Eye();
		only = eye;
		// One that broke is not kept: the network may be back at the next try.
		eye.ready.catch(() => {
			if (only === eye)
				only = null;
		});
	}
	return only;
}
