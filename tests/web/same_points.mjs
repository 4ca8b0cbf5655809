/* same_points.mjs WASM WEIGHTS FRAMES.rgba WIDTH HEIGHT POINTS: how far the browser's module is from gait-pose's files, frame by frame. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [wasm, weights, frames, w, h, folder] = process.argv.slice(2);
const [width, height] = [Number(w), Number(h)];
const bad = () => 8;
const { instance } = await WebAssembly.instantiate(readFileSync(wasm), { wasi_snapshot_preview1: { fd_close: bad, fd_seek: bad, fd_write: bad } });
const e = instance.exports;
const put = (bytes) => {
	const at = e.pose_alloc(bytes.length);
	new Uint8Array(e.memory.buffer, at, bytes.length).set(bytes);
	return at;
};

e._initialize();
for (const [which, name] of ["pose_detection.tflite", "pose_landmark_full.tflite"].entries()) {
	const bytes = readFileSync(join(weights, name));
	const at = put(bytes);
	if (e.pose_load(which, at, bytes.length) !== 0)
		throw new Error(`${name} is refused`);
	e.pose_release(at);
}
const film = readFileSync(frames);
const files = readdirSync(folder).filter((name) => name.endsWith("_keypoints.json")).sort();
const size = width * height * 4;
const off = [];
for (let i = 0; i < files.length; i++) {
	const [person] = JSON.parse(readFileSync(join(folder, files[i]), "utf8")).people;
	const at = put(film.subarray(i * size, (i + 1) * size));
	const seen = new Float32Array(e.memory.buffer, e.pose_look(0, at, width, height, 0), 77);
	if ((seen[0] > 0) !== Boolean(person))
		throw new Error(`frame ${i}: one of the two sees nobody`);
	for (let k = 0; person && k < 25; k++)
		if (person.pose_keypoints_2d[3 * k + 2] > 0.5)
			off.push(Math.hypot(seen[2 + 3 * k] - person.pose_keypoints_2d[3 * k], seen[3 + 3 * k] - person.pose_keypoints_2d[3 * k + 1]));
	e.pose_release(at);
}
off.sort((a, b) => a - b);
console.log(JSON.stringify({ points: off.length, median_px: off[off.length >> 1], p95_px: off[Math.floor(0.95 * off.length)] }));
