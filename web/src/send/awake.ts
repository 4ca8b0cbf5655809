/* The screen stays on while films are sent: a phone that sleeps cuts its connections. The system takes the lock back when the page
 * is hidden, so it is asked for again when it is seen. */

let wanted = false;
let lock: WakeLockSentinel | null = null;

async function take(): Promise<void> {
	if (!wanted || lock || document.visibilityState !== "visible")
		return;
	try {
		const got = await (navigator.wakeLock as WakeLock | undefined)?.request("screen"); // undefined by plain http
		if (!got)
			return;
		lock = got;
		got.addEventListener("release", () => {
			if (lock === got)
				lock = null;
		});
		stayAwake(wanted); // somebody may have changed their mind meanwhile
	} catch {
		// low battery, or not allowed: sending works without
	}
}

document.addEventListener("visibilitychange", () => void take());

export function stayAwake(on: boolean): void {
	wanted = on;
	if (on)
		void take();
	else
		void lock?.release();
}
