/* What tells a film from another without reading all of it: its length, and a sum over its beginning, its middle and its end. Names and
 * times of change are no help where a phone makes up new ones each time a film is chosen. */

export const sample_bytes = 64 << 10;

/* Two lanes of multiply and mix over 32 bits; nobody is to be defended against, only chance. */
export function sum(bytes: Uint8Array, lanes: [number, number] = [0x9e3779b9, 0x85ebca6b]): [number, number] {
	let [a, b] = lanes;

	for (const byte of bytes) {
		a = Math.imul(a ^ byte, 0x9e3779b1);
		b = Math.imul(b ^ byte, 0x5f356495);
		a ^= a >>> 15;
		b ^= b >>> 13;
	}
	return [a >>> 0, b >>> 0];
}

function hex(lane: number): string {
	return lane.toString(16).padStart(8, "0");
}

export async function fingerprint(file: Blob): Promise<string> {
	const last = Math.max(0, file.size - sample_bytes);
	let lanes: [number, number] | undefined;

	for (const at of new Set([0, Math.floor(last / 2), last])) {
		const bytes = new Uint8Array(await file.slice(at, at + sample_bytes).arrayBuffer());
		lanes = sum(bytes, lanes);
	}
	return `${file.size}-${lanes?.map(hex).join("") ?? ""}`;
}
