import type { Result, View } from "../api/result";

/* What each reason for a missing score is about, and which of the two videos, so that the page can say what to do next. */

const views: View[] = ["front", "side"];

/* Nothing that another film changes. */
const not_the_film = [
	"no_model", "demonstration_not_allowed", "outside_population", "sex_outside_population", "walking_aid_excluded", "orthosis_excluded",
	"footwear_excluded", "age_unknown", "sex_unknown",
];

/* Remarks about a view that stay true of the next film, or that a film of the same kind does not change. */
const stays = ["many_swaps", "scale_from_legs", "toe_walking", "no_feet", "views_disagree"];

export function isAboutFilm(code: string): boolean {
	return !not_the_film.includes(code) && !stays.includes(code);
}

/* Another film of this view may help. */
export function isBad(result: Result, view: View): boolean {
	const q = result.quality[view];
	return q === null || q.flags.some(isAboutFilm);
}

function least(result: Result, of: "mean_confidence" | "fps", slack: number): View[] {
	const seen = views.filter((view) => result.quality[view] !== null);
	const lowest = Math.min(...seen.map((view) => result.quality[view]?.[of] ?? Infinity));
	return seen.filter((view) => (result.quality[view]?.[of] ?? Infinity) <= lowest + slack);
}

/* The views that a reason is about; none where it is about neither or cannot be told. */
export function viewsOf(result: Result, code: string): View[] {
	const flagged = views.filter((view) => result.quality[view]?.flags.includes(code));
	const cadence = result.parameters["cadence"];
	const times = cadence && "view" in cadence ? cadence.view : undefined;

	if (flagged.length > 0)
		return flagged;
	switch (code) {
	case "few_strides": return times ? [times] : []; // those of the view that the times come from
	case "unsure_key_points": return least(result, "mean_confidence", 0);
	case "few_frames_a_second": return least(result, "fps", 0.5);
	case "missing_features": return views.filter((view) => isBad(result, view));
	default: return [];
	}
}

/* The videos that another film of may bring a score. */
export function viewsToFilm(result: Result): View[] {
	const named = result.score.reasons.filter((r) => isAboutFilm(r.code)).flatMap((r) => viewsOf(result, r.code));
	return views.filter((view) => named.includes(view));
}
