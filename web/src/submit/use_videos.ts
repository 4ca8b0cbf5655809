import { useCallback, useEffect, useState } from "react";
import type { View } from "../api/result";
import { checkVideo, type Remark } from "./check_video";
import { heldFiles, isSame, loadDraft, markOf, saveDraft } from "./draft";
import type { Chosen } from "./video_field";

const views: View[] = ["front", "side"];

/* The two videos: chosen, looked at, remembered. */
export function useVideos() {
	const [chosen, setChosen] = useState<Record<View, Chosen | null>>({ front: null, side: null });
	const [marks] = useState(() => loadDraft().files);
	const [tried, setTried] = useState(false); // somebody wanted to send

	const choose = useCallback((view: View, file: File) => {
		const mark = markOf(file);
		const entry: Chosen = { file, verdict: null, recognised: !heldFiles[view] && isSame(marks[view], mark) };

		heldFiles[view] = file;
		saveDraft({ files: { ...loadDraft().files, [view]: mark } });
		setChosen((old) => ({ ...old, [view]: entry }));
		void checkVideo(view, file).then((verdict) =>
			setChosen((old) => (old[view]?.file === file ? { ...old, [view]: { ...entry, verdict } } : old)));
	}, [marks]);
	const remove = (view: View) => {
		const other = view === "front" ? "side" : "front";
		const mark = loadDraft().files[other];

		heldFiles[view] = null;
		saveDraft({ files: mark ? { [other]: mark } : {} });
		setChosen((old) => ({ ...old, [view]: null }));
	};

	useEffect(() => {
		for (const view of views) {
			const file = heldFiles[view];
			if (file)
				choose(view, file);
		}
	}, [choose]);

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
	return { chosen, marks, choose, remove, errorOf, good, wanted: () => setTried(true) };
}
