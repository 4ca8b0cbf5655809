import { useState } from "react";
import type { View } from "../api/result";
import { fingerprint } from "../send/fingerprint";
import { dropKept, keep } from "../send/kept";
import { checkVideo, type Remark } from "../submit/check_video";
import { isSame, markOf, type Mark } from "../submit/draft";
import type { Chosen } from "../submit/video_field";
import { bringer } from "./bringer";

interface Film extends Chosen {
	mark: Mark;
}

/* The films that are chosen on a device which brings them: like the form's, but without its draft, which is another account's maybe. */
export function useFilms() {
	const [films, setFilms] = useState<Record<View, Film | null>>({ front: null, side: null });
	const [noRoom, setNoRoom] = useState(false);
	const change = (view: View, file: File, more: (old: Film) => Partial<Film>) =>
		setFilms((all) => (all[view]?.file === file ? { ...all, [view]: { ...all[view], ...more(all[view]) } } : all));

	const study = async (view: View, file: File, mark: Mark) => {
		const known = { ...mark, print: await fingerprint(file) };
		change(view, file, () => ({ mark: known }));
		bringer.remember(view, known);
		const copy = await keep(view, file);
		if (typeof copy !== "object") {
			setNoRoom(copy === "full");
			return;
		}
		change(view, file, (old) => ({ mark: { ...old.mark, kept: copy.name } }));
		bringer.remember(view, { ...known, kept: copy.name });
	};
	const choose = (view: View, file: File) => {
		const mark = markOf(file);
		const before = films[view]?.mark.kept;

		setNoRoom(false);
		setFilms((all) => ({ ...all, [view]: { file, mark, verdict: null, recognised: false } }));
		if (before !== undefined)
			void dropKept([before]);
		void checkVideo(view, file).then((verdict) => change(view, file, () => ({ verdict })));
		study(view, file, mark).catch(() => undefined); // it cannot be read, which checkVideo() tells
	};
	const remove = (view: View) => {
		const name = films[view]?.mark.kept;
		if (name !== undefined)
			void dropKept([name]);
		setFilms((all) => ({ ...all, [view]: null }));
	};
	const errorOf = (view: View): Remark | null => {
		const { front, side } = films;
		if (view === "side" && front && side && isSame(front.mark, side.mark))
			return { key: "video.same" };
		return films[view]?.verdict?.error ?? null;
	};
	return { films, noRoom, choose, remove, errorOf };
}
