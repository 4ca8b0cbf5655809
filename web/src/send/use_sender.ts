import { useSyncExternalStore } from "react";
import { sender, type Sending } from "./sender";

export function useSender(): Sending {
	return useSyncExternalStore(sender.subscribe, sender.get);
}

/* Something is under way that closing the page would hold up. */
export function isActive({ state }: Sending): boolean {
	return state === "sending" || state === "waiting" || state === "saving";
}

/* The form is not to be changed: what was agreed to is being sent, or will be. */
export function isHeld(sending: Sending): boolean {
	return isActive(sending) || sending.state === "paused" || sending.state === "signedOut" || sending.state === "elsewhere";
}
