import { createContext, useContext } from "react";
import type { View } from "../api/result";
import { useI18n } from "../i18n";

/* A way from wherever a page speaks of a bad view to the panel that takes another video for it. null: not now. */
export const ReplaceContext = createContext<((view: View) => void) | null>(null);

export function ReplaceButton({ view }: { view: View }) {
	const { t } = useI18n();
	const open = useContext(ReplaceContext);
	return open && <button type="button" onClick={() => open(view)}>{t(`replace.open.${view}`)}</button>;
}

/* The view that a failure is about, by the words that the job script has for it. */
export function failedView(error: { kind: string; text: string } | undefined): View | null {
	const named = error && ["no_person", "not_a_video", "pose_failed", "checksum_mismatch"].includes(error.kind)
		? /\bthe (front|side) video\b/i.exec(error.text) : null;
	return (named?.[1]?.toLowerCase() ?? null) as View | null;
}
