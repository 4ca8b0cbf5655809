import { endHandover } from "./api";

/* The hand-over that an account has open on this device outlives a reload; its code does not. */

const stored = "gaitd.handover.1";

interface Remembered {
	id: string;
	owner: string;
}

export function rememberedHandover(owner: string): string | null {
	try {
		const kept = JSON.parse(localStorage.getItem(stored) ?? "null") as Remembered | null;
		return kept?.owner === owner ? kept.id : null;
	} catch {
		return null;
	}
}

export function rememberHandover(id: string, owner: string): void {
	localStorage.setItem(stored, JSON.stringify({ id, owner } satisfies Remembered));
}

/* Over and forgotten: its device's session ends as well. */
export async function forgetHandover(): Promise<void> {
	const kept = JSON.parse(localStorage.getItem(stored) ?? "null") as Remembered | null;
	localStorage.removeItem(stored);
	if (kept)
		await endHandover(kept.id).catch(() => undefined);
}
