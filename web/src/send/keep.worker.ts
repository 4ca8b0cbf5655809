/* Copies a chosen film into the browser's private file system, piece by piece, off the page's own thread: the writing that all browsers
 * have (a synchronous handle) exists in workers only. */

interface SyncHandle {
	truncate(bytes: number): void;
	write(bytes: Uint8Array, options: { at: number }): number;
	flush(): void;
	close(): void;
}

export interface KeepOrder { folder: string; name: string; file: File }
export type KeepAnswer = { done: true } | { done: false; full: boolean };

const piece_bytes = 4 << 20;

async function copy({ folder, name, file }: KeepOrder): Promise<void> {
	const root = await navigator.storage.getDirectory();
	const dir = await root.getDirectoryHandle(folder, { create: true });
	const handle = await dir.getFileHandle(name, { create: true });
	const out = await (handle as unknown as { createSyncAccessHandle(): Promise<SyncHandle> }).createSyncAccessHandle();

	try {
		out.truncate(0);
		for (let at = 0; at < file.size; at += piece_bytes) {
			const piece = new Uint8Array(await file.slice(at, at + piece_bytes).arrayBuffer());
			if (out.write(piece, { at }) !== piece.length)
				throw new DOMException("short write", "QuotaExceededError");
		}
		out.flush();
	} finally {
		out.close();
	}
}

self.onmessage = (e: MessageEvent<KeepOrder>) => {
	copy(e.data).then(
		() => self.postMessage({ done: true } satisfies KeepAnswer),
		(error: unknown) => self.postMessage({ done: false, full: error instanceof DOMException && error.name === "QuotaExceededError" } satisfies KeepAnswer),
	);
};
