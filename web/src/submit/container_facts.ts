import { BlobSource, Input, MATROSKA, MP4, QTFF, WEBM } from "mediabunny";

/* What a video's file says of itself, also where the browser cannot play it. */

export interface ContainerFacts {
	durationS: number | null;
	width: number | null; // upright
	height: number | null;
	fps: number | null; // pictures a second of filming
	codec: string | null;
	hdr: boolean;
	slowed: number; // how many times slower it plays than it was filmed; 1: not
}

/* Android notes the rate that a slow-motion video was taken with. The server's measurement goes by it, too (docs/pose.md). */
export function slowedBy(noted: unknown, plays: number | null): number {
	const rate = typeof noted === "string" ? Number(noted)
		: noted instanceof Uint8Array && noted.length === 4 ? new DataView(noted.buffer, noted.byteOffset).getFloat32(0) : NaN;
	const slowed = plays ? rate / plays : NaN;

	if (!(slowed >= 1.5 && slowed <= 64))
		return 1;
	return Math.abs(slowed - Math.round(slowed)) < 0.05 * slowed ? Math.round(slowed) : slowed;
}

/* null: no video that this can read; AVI, for one. */
export async function containerFacts(file: Blob): Promise<ContainerFacts | null> {
	const input = new Input({ formats: [MP4, QTFF, WEBM, MATROSKA], source: new BlobSource(file) });
	try {
		const track = await input.getPrimaryVideoTrack();
		if (!track)
			return null;
		const [stats, duration, tags] = [await track.computePacketStats(300), await track.computeDuration(), await input.getMetadataTags()];
		const plays = stats.averagePacketRate > 0 ? stats.averagePacketRate : null;
		const slowed = slowedBy(tags.raw?.["com.android.capture.fps"], plays);
		return {
			durationS: duration > 0 ? duration / slowed : null, width: await track.getDisplayWidth(), height: await track.getDisplayHeight(),
			fps: plays === null ? null : plays * slowed, codec: await track.getCodec(), hdr: await track.hasHighDynamicRange(), slowed,
		};
	} catch {
		return null; // damaged, or a kind that it does not know: the server judges
	} finally {
		input.dispose();
	}
}
