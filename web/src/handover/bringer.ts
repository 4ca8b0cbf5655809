import { Problem } from "../api/client";
import { removeUpload, sendVideo } from "../api/upload";
import { askToStay, kept } from "../send/kept";
import { deviceOrder } from "../send/order";
import { Sender } from "../send/sender";
import { deviceEndpoint, finishHandover } from "./api";

/* The device's sender: the same way over broken lines, under the hand-over's addresses; what becomes of the films is the laptop's. */
export const bringer = new Sender<null>({
	sendVideo: (video, watcher, signal) => sendVideo({ ...video, endpoint: deviceEndpoint }, watcher, signal),
	makeJob: () => Promise.resolve(null),
	removeUpload, kept, askToStay,
}, deviceOrder, false);

/* Said twice is once: after an answer that was lost the session is over already. */
export async function finish(): Promise<void> {
	try {
		await finishHandover();
	} catch (error) {
		if (!(error instanceof Problem) || error.status !== 401)
			throw error;
	}
}
