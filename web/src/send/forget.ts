import { forgetHandover } from "../handover/remembered";
import { forgetDraft } from "../submit/draft";
import { dropAllKept } from "./kept";
import { sender } from "./sender";

/* A shared device keeps nobody's facts and nobody's films; nor does the server what no job will take. */
export async function forgetAll(): Promise<void> {
	forgetDraft();
	await Promise.race([
		Promise.all([sender.forget(), dropAllKept(), forgetHandover()]),
		new Promise((done) => setTimeout(done, 3000)), // signing out waits for no slow line
	]);
}
