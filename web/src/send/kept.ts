import type { View } from "../api/result";
import type { Mark } from "../submit/draft";
import type { KeepAnswer, KeepOrder } from "./keep.worker";

/* Chosen films in the browser's private file system, so that they outlive the page: a browser gives no page a file of the device again
 * without being asked. Where there is no such file system (private windows, plain http, old browsers) or no room, the film is chosen again. */

const folder = "gaitd-films";
const spare_bytes = 64 << 20;

async function dir(create: boolean): Promise<FileSystemDirectoryHandle | null> {
	try {
		// Undefined where the server is reached by plain http.
		const root = await (navigator.storage as StorageManager | undefined)?.getDirectory();
		return (await root?.getDirectoryHandle(folder, { create })) ?? null;
	} catch {
		return null;
	}
}

async function hasRoom(bytes: number): Promise<boolean> {
	const { quota, usage } = await navigator.storage.estimate();
	return quota === undefined || usage === undefined || quota - usage > bytes + spare_bytes;
}

const at_work: Record<View, (() => void) | null> = { front: null, side: null };

function copy(view: View, order: KeepOrder): Promise<KeepAnswer> {
	return new Promise((done) => {
		const worker = new Worker(new URL("./keep.worker.ts", import.meta.url), { type: "module" });
		const end = (answer: KeepAnswer) => {
			worker.terminate();
			at_work[view] = null;
			done(answer);
		};
		at_work[view] = () => end({ done: false, full: false });
		worker.onmessage = (e: MessageEvent<KeepAnswer>) => end(e.data);
		worker.onerror = () => end({ done: false, full: false });
		worker.postMessage(order);
	});
}

/* Copy @file; the name that it is kept under, or why it is not. A second copy for the same view ends the first. */
export async function keep(view: View, file: File): Promise<{ name: string } | "full" | "no"> {
	const name = `${view}-${Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("")}`;

	at_work[view]?.();
	if (!(await dir(true)))
		return "no";
	if (!(await hasRoom(file.size)))
		return "full";
	const answer = await copy(view, { folder, name, file });
	if (answer.done)
		return { name };
	await dropKept([name]);
	return answer.full ? "full" : "no";
}

/* The film as it was chosen, with its name and time; null where it is not here, or not whole. */
export async function kept(mark: Mark): Promise<File | null> {
	try {
		const file = mark.kept === undefined ? undefined : await (await (await dir(false))?.getFileHandle(mark.kept))?.getFile();
		return file?.size === mark.size ? new File([file], mark.name, { type: mark.type ?? "", lastModified: mark.modified }) : null;
	} catch {
		return null;
	}
}

export async function dropKept(names: string[]): Promise<void> {
	const from = await dir(false);
	for (const name of names)
		await from?.removeEntry(name).catch(() => undefined);
}

/* All but @names: also what a closed page left half copied. */
export async function keepOnly(names: string[]): Promise<void> {
	const from = await dir(false);
	const gone: string[] = [];

	try {
		for await (const name of (from as unknown as { keys(): AsyncIterable<string> } | null)?.keys() ?? [])
			if (!names.includes(name) && !(name.startsWith("front-") ? at_work.front : at_work.side))
				gone.push(name);
	} catch {
		return; // the folder itself went meanwhile
	}
	await dropKept(gone);
}

export async function dropAllKept(): Promise<void> {
	for (const stop of Object.values(at_work))
		stop?.();
	try {
		await (await (navigator.storage as StorageManager | undefined)?.getDirectory())?.removeEntry(folder, { recursive: true });
	} catch {
		// never made
	}
}

/* So that the browser does not make room with them before they are sent. Firefox asks the person, so this comes with "Send". */
export async function askToStay(): Promise<void> {
	await (navigator.storage as StorageManager | undefined)?.persist().catch(() => false);
}
