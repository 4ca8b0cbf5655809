/* Beeps for who walks and cannot see the screen: one a second, a higher one when it begins, a lower one at its end. */

const tones = { second: [880, 0.12], begin: [1320, 0.5], end: [440, 0.4] } as const;
const stored = "gaitd.muted";

export function isMuted(): boolean {
	return localStorage.getItem(stored) === "1";
}

export function setMuted(muted: boolean): void {
	localStorage.setItem(stored, muted ? "1" : "0");
}

let context: AudioContext | null = null;

/* From a press of a button: browsers allow no sound before one. */
export function beep(tone: keyof typeof tones): void {
	const [hertz, seconds] = tones[tone];

	if (isMuted() || !("AudioContext" in window))
		return;
	context ??= new AudioContext();
	void context.resume();
	const source = context.createOscillator();
	const volume = context.createGain();
	const now = context.currentTime;

	source.frequency.value = hertz;
	// Without the slopes it clicks.
	volume.gain.setValueAtTime(0, now);
	volume.gain.linearRampToValueAtTime(0.3, now + 0.01);
	volume.gain.linearRampToValueAtTime(0, now + seconds);
	source.connect(volume).connect(context.destination);
	source.start(now);
	source.stop(now + seconds);
}
