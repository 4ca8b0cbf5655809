import { lookedAtPx, type Point } from "./points";

/* The engine's own code and models (src/pose/look_wasm.c), away from the page's thread. */

/* Whom the engine follows is kept apart for each. */
export const filmPlaces = { camera: 0, front: 1, side: 2 } as const;
export type FilmPlace = keyof typeof filmPlaces;

export type Ask =
	| { kind: "load"; module: string; detector: string; landmarks: string }
	| { kind: "look"; id: number; film: FilmPlace; picture: ImageBitmap; everywhere: boolean }
	| { kind: "restart"; film: FilmPlace };

export type Answer =
	| { kind: "ready" }
	| { kind: "failed"; reason: string }
	| { kind: "seen"; id: number; width: number; height: number; people: number; points: Point[] | null; tookMs: number };

interface Engine {
	memory: WebAssembly.Memory;
	_initialize(): void;
	pose_alloc(bytes: number): number;
	pose_release(at: number): void;
	pose_error(): number;
	pose_load(which: number, at: number, bytes: number): number;
	pose_restart(film: number): void;
	pose_look(film: number, rgba: number, width: number, height: number, everywhere: number): number;
}

const bodyPoints = 25;
const resultFloats = 2 + 3 * bodyPoints;
const badDescriptor = () => 8; // what the C library would print with is never there

let engine: Engine | null = null;
let room = { at: 0, bytes: 0 };
let canvas: OffscreenCanvas | null = null;

const say = (answer: Answer) => postMessage(answer);

function errorText(e: Engine): string {
	const bytes = new Uint8Array(e.memory.buffer, e.pose_error(), 512);
	return new TextDecoder().decode(bytes.slice(0, Math.max(0, bytes.indexOf(0))));
}

async function bytesOf(url: string): Promise<Uint8Array> {
	const answer = await fetch(url);
	if (!answer.ok)
		throw new Error(`${url}: ${answer.status}`);
	return new Uint8Array(await answer.arrayBuffer());
}

async function load({ module, detector, landmarks }: { module: string; detector: string; landmarks: string }): Promise<void> {
	const files = Promise.all([bytesOf(detector), bytesOf(landmarks)]);
	const wasi = { fd_close: badDescriptor, fd_seek: badDescriptor, fd_write: badDescriptor };
	const { instance } = await WebAssembly.instantiateStreaming(fetch(module), { wasi_snapshot_preview1: wasi });
	const e = instance.exports as unknown as Engine;

	e._initialize();
	for (const [which, bytes] of (await files).entries()) {
		const at = e.pose_alloc(bytes.length);
		if (at === 0)
			throw new Error("no memory");
		new Uint8Array(e.memory.buffer, at, bytes.length).set(bytes);
		const result = e.pose_load(which, at, bytes.length);
		e.pose_release(at);
		if (result < 0)
			throw new Error(errorText(e));
	}
	engine = e;
	say({ kind: "ready" });
}

/* The picture's pixels in the engine's memory. */
function put(e: Engine, picture: ImageBitmap): { width: number; height: number } {
	const scale = Math.min(1, lookedAtPx / Math.max(picture.width, picture.height));
	const width = Math.max(2, Math.round(picture.width * scale));
	const height = Math.max(2, Math.round(picture.height * scale));

	canvas ??= new OffscreenCanvas(width, height);
	if (canvas.width !== width || canvas.height !== height)
		Object.assign(canvas, { width, height });
	const context = canvas.getContext("2d", { willReadFrequently: true });
	if (!context)
		throw new Error("no canvas");
	context.drawImage(picture, 0, 0, width, height);
	picture.close();
	const { data } = context.getImageData(0, 0, width, height);
	if (room.bytes < data.length) {
		e.pose_release(room.at);
		room = { at: e.pose_alloc(data.length), bytes: data.length };
		if (room.at === 0)
			throw new Error("no memory");
	}
	new Uint8Array(e.memory.buffer, room.at, data.length).set(data);
	return { width, height };
}

function look(e: Engine, ask: Extract<Ask, { kind: "look" }>): void {
	const began = performance.now();
	const { width, height } = put(e, ask.picture);
	const at = e.pose_look(filmPlaces[ask.film], room.at, width, height, ask.everywhere ? 1 : 0);

	if (at === 0)
		throw new Error(errorText(e));
	const [found = 0, people = 0, ...rest] = new Float32Array(e.memory.buffer, at, resultFloats);
	const points = Array.from({ length: bodyPoints }, (_, i) => ({
		x: rest[3 * i] ?? 0, y: rest[3 * i + 1] ?? 0, confidence: rest[3 * i + 2] ?? 0,
	}));
	say({ kind: "seen", id: ask.id, width, height, people, points: found > 0 ? points : null, tookMs: performance.now() - began });
}

addEventListener("message", (event: MessageEvent<Ask>) => {
	const ask = event.data;
	const fail = (error: unknown) => say({ kind: "failed", reason: String(error) });

	if (ask.kind === "load") {
		void load(ask).catch(fail);
		return;
	}
	if (!engine)
		return;
	try {
		if (ask.kind === "restart")
			engine.pose_restart(filmPlaces[ask.film]);
		else
			look(engine, ask);
	} catch (error) {
		fail(error);
	}
});
