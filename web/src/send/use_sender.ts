import { useEffect, useSyncExternalStore } from "react";
import { stayAwake } from "./awake";
import { sender, type Sending } from "./sender";

export function useSender(): Sending {
	return useSyncExternalStore(sender.subscribe, sender.get);
}

type AnySending = Pick<Sending, "state">;

/* Something is under way that closing the page would hold up. */
export function isActive({ state }: AnySending): boolean {
	return state === "sending" || state === "waiting" || state === "saving";
}

/* The form is not to be changed: what was agreed to is being sent, or will be. */
export function isHeld(sending: AnySending): boolean {
	return isActive(sending) || sending.state === "paused" || sending.state === "signedOut" || sending.state === "elsewhere";
}

/* While it is: the screen stays on, and the browser asks before it closes the page. */
export function useStay(active: boolean): void {
	useEffect(() => {
		stayAwake(active);
		if (!active)
			return;
		const ask = (e: BeforeUnloadEvent) => e.preventDefault();
		window.addEventListener("beforeunload", ask);
		return () => {
			window.removeEventListener("beforeunload", ask);
			stayAwake(false);
		};
	}, [active]);
}
