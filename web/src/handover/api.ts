import { get, send } from "../api/client";
import type { View } from "../api/result";

/* Videos that another device brings: docs/adr/0025-hand-over.md. */

export interface HandedUpload {
	id: string;
	view: View | null;
	bytes: number;
	received: number;
	whole: boolean;
	metadata: string;
}

export interface Handover {
	id: string;
	state: "waiting" | "claimed" | "done" | "cancelled" | "expired";
	expires: string;
	code?: string;
	link?: string;
	uploads: HandedUpload[];
}

const at = "/api/v1/handovers";

export const deviceEndpoint = `${at}/uploads`;
export const openHandover = () => send<Handover>("POST", at);
export const lookAtHandover = (id: string, signal?: AbortSignal) => get<Handover>(`${at}/${id}`, signal);
export const endHandover = (id: string) => send<undefined>("DELETE", `${at}/${id}`);
export const claimHandover = (code: string) => send<Handover>("POST", `${at}/claim`, { code });
export const ownHandover = (signal?: AbortSignal) => get<Handover>(`${at}/own`, signal);
export const finishHandover = () => send<undefined>("POST", `${at}/done`);

/* A file's name out of Upload-Metadata: "filename BASE64,view BASE64". */
export function nameOf(metadata: string): string {
	const base64 = metadata.split(",").find((pair) => pair.startsWith("filename "))?.slice("filename ".length);
	try {
		return base64 ? new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))) : "";
	} catch {
		return "";
	}
}

/* The latest of each view: who sends one again means the new one. */
export function byView(uploads: HandedUpload[]): Partial<Record<View, HandedUpload>> {
	const found: Partial<Record<View, HandedUpload>> = {};
	for (const upload of uploads)
		if (upload.view)
			found[upload.view] = upload;
	return found;
}

export function percentOf(upload: HandedUpload): number {
	return upload.whole ? 100 : Math.min(99, Math.floor((100 * upload.received) / upload.bytes));
}

/* The code behind # of the page's address. */
export function codeIn(hash: string): string {
	return decodeURIComponent(hash.replace(/^#/, "")).trim();
}
