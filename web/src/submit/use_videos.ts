import { useCallback, useEffect, useState } from "react";
import type { View } from "../api/result";
import { fingerprint } from "../send/fingerprint";
import { dropKept, keep, keepOnly, kept } from "../send/kept";
import { deviceOrder, loadOrder } from "../send/order";
import { sender } from "../send/sender";
import { checkVideo, type Remark } from "./check_video";
import { addToMark, heldFiles, isSame, loadDraft, markOf, saveDraft, type Mark } from "./draft";
import type { Chosen } from "./video_field";

const views: View[] = ["front", "side"];

/* A film's fingerprint and its copy, as they come. What could not be kept is no error: it will be asked for again. */
async function study(view: View, file: File, mark: Mark, onMark: (mark: Mark) => void): Promise<"full" | null> {
	const note = (more: Partial<Mark>) => {
		const known = addToMark(view, mark, more);
		if (known) {
			sender.remember(view, known);
			onMark(known);
		}
		return known !== null;
	};
	try {
		note({ print: await fingerprint(file) });
	} catch {
		return null; // it cannot be read, which checkVideo() tells
	}
	const copy = await keep(view, file);
	if (typeof copy === "object") {
		if (!note({ kept: copy.name }))
			await dropKept([copy.name]);
		return null;
	}
	return copy === "full" ? "full" : null;
}

/* The two videos: chosen, looked at, remembered. */
export function useVideos() {
	const [chosen, setChosen] = useState<Record<View, Chosen | null>>({ front: null, side: null });
	const [marks] = useState(() => loadDraft().files);
	const [tried, setTried] = useState(false); // somebody wanted to send
	const [noRoom, setNoRoom] = useState(false);

	const show = useCallback((view: View, file: File, recognised: boolean) => {
		heldFiles[view] = file;
		setChosen((old) => ({ ...old, [view]: { file, verdict: null, recognised } }));
		void checkVideo(view, file).then((verdict) =>
			setChosen((old) => (old[view]?.file === file ? { ...old, [view]: { ...old[view], verdict } } : old)));
	}, []);
	const choose = useCallback((view: View, file: File) => {
		const mark = markOf(file);
		const before = loadDraft().files[view];

		show(view, file, isSame(marks[view], mark));
		saveDraft({ files: { ...loadDraft().files, [view]: mark } });
		if (before?.kept !== undefined)
			void dropKept([before.kept]);
		setNoRoom(false);
		void study(view, file, mark, (known) =>
			setChosen((old) => (old[view]?.file === file ? { ...old, [view]: { ...old[view], recognised: isSame(marks[view], known) } } : old)),
		).then((why) => why && setNoRoom(true));
	}, [marks, show]);
	const remove = (view: View) => {
		const { [view]: gone, ...rest } = loadDraft().files;

		heldFiles[view] = null;
		saveDraft({ files: rest });
		if (gone?.kept !== undefined)
			void dropKept([gone.kept]);
		setChosen((old) => ({ ...old, [view]: null }));
	};

	useEffect(() => {
		const files = loadDraft().files;

		for (const view of views) {
			const file = heldFiles[view];
			const mark = files[view];
			if (file)
				show(view, file, false);
			else if (mark?.kept !== undefined)
				void kept(mark).then((copy) => copy && !heldFiles[view] && show(view, copy, false));
		}
		const brought = loadOrder(deviceOrder)?.parts;
		void keepOnly(views.flatMap((view) => [files[view]?.kept ?? [], brought?.[view].mark.kept ?? []].flat()));
	}, [show]);

	const errorOf = (view: View): Remark | null => {
		const mine = chosen[view];
		const other = chosen[view === "front" ? "side" : "front"];
		if (!mine)
			return tried ? { key: "video.missing" } : null;
		if (view === "side" && other && isSame(markOf(mine.file), markOf(other.file)))
			return { key: "video.same" };
		return mine.verdict?.error ?? null;
	};
	const good = views.every((view) => chosen[view]?.verdict && errorOf(view) === null);
	return { chosen, marks, choose, remove, errorOf, good, noRoom, wanted: () => setTried(true) };
}
