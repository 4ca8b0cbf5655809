import type { Progress } from "./upload";

/* Bytes a second over the last seconds, so that the time left follows a connection that changes. */

const window_s = 8;

export interface Estimate {
	bytesPerS: number | null;
	leftS: number | null;
}

export class Rate {
	private seen: { at: number; sent: number }[] = [];

	add(atS: number, { sent, total }: Progress): Estimate {
		const last = this.seen.at(-1);

		if (last && sent < last.sent)
			this.seen = []; // begun again
		this.seen.push({ at: atS, sent });
		while (this.seen.length > 2 && atS - (this.seen[1]?.at ?? atS) >= window_s)
			this.seen.shift();
		const first = this.seen[0];
		if (!first || atS - first.at < 0.5)
			return { bytesPerS: null, leftS: null };
		const bytesPerS = (sent - first.sent) / (atS - first.at);
		return { bytesPerS, leftS: bytesPerS > 0 ? (total - sent) / bytesPerS : null };
	}
}
