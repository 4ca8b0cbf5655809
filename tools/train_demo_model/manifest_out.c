#include "manifest_out.h"

#include <math.h>

#include "base/cleanup.h"
#include "base/json.h"

static void write_features(struct json_w *w)
{
	json_w_arr(w, "features");
	for (size_t i = 0; i < people_feature_count; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "name", feature_name(people_features[i]));
		json_w_str(w, "unit", feature_unit(people_features[i]));
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
}

static void write_population(struct json_w *w)
{
	static const char *const aids[] = { "cane", "crutches", "walker", "hand_held", "other" };
	static const char *const legs[] = { "left", "right", "both" };

	json_w_obj(w, "population");
	json_w_int(w, "age_min_months", 36);
	json_w_int(w, "age_max_months", 791);
	json_w_str(w, "text",
		"synthetic walkers of 3 to 65 years without walking aid or orthosis; no real persons");
	json_w_obj(w, "excludes");
	json_w_arr(w, "walking_aid");
	for (size_t i = 0; i < ARRAY_LEN(aids); i++)
		json_w_str(w, NULL, aids[i]);
	json_w_arr_end(w);
	json_w_arr(w, "orthosis");
	for (size_t i = 0; i < ARRAY_LEN(legs); i++)
		json_w_str(w, NULL, legs[i]);
	json_w_arr_end(w);
	json_w_obj_end(w);
	json_w_obj_end(w);
}

static void write_group(struct json_w *w, const struct group *g, const struct figures *f)
{
	const char sex[] = { g->sex, '\0' };

	json_w_obj(w, NULL);
	json_w_str(w, "group", g->name);
	if (!isnan(g->age_min_months)) {
		json_w_num(w, "age_min_months", g->age_min_months, 0);
		json_w_num(w, "age_max_months", g->age_max_months, 0);
	}
	if (g->sex)
		json_w_str(w, "sex", sex);
	json_w_int(w, "n", (int64_t)f->n);
	json_w_num(w, "predicted", f->predicted, 3);
	json_w_num(w, "observed", f->observed, 3);
	json_w_num(w, "brier", f->brier, 3);
	json_w_obj_end(w);
}

static void write_meaning(
	struct json_w *w, const struct people *p, const double *margin, const struct platt *c)
{
	json_w_obj(w, "calibration");
	json_w_num(w, "slope", c->slope, 4);
	json_w_num(w, "intercept", c->intercept, 4);
	json_w_str(w, "method", "Platt 1999, on synthetic walks that were not trained on");
	json_w_arr(w, "table");
	for (size_t i = 0; i < group_count; i++) {
		struct figures f = figures_of(p, margin, c, &groups[i]);
		if (groups[i].source == SOURCE_WALK && f.n > 0)
			write_group(w, &groups[i], &f);
	}
	json_w_arr_end(w);
	json_w_obj_end(w);
	json_w_obj(w, "decision");
	json_w_num(w, "threshold", 0.5, 1);
	json_w_str(w, "above", "nearer to the synthetic shifted group (demonstration)");
	json_w_str(w, "below", "nearer to the synthetic typical group (demonstration)");
	json_w_obj_end(w);
}

int manifest_write(struct buf *out, const char *sha256, const struct people *p, const double *margin,
	const struct platt *c, struct err *e)
{
	struct json_w w;

	json_w_init(&w, out);
	json_w_obj(&w, NULL);
	json_w_str(&w, "name", "gait-demonstration");
	json_w_str(&w, "version", "2");
	json_w_bool(&w, "demonstration", true);
	json_w_str(&w, "notice",
		"Demonstration model, trained on synthetic numbers only. It has never seen a person, says "
		"nothing about one, and is not a diagnosis.");
	json_w_str(&w, "file", "model.json");
	json_w_str(&w, "sha256", sha256);
	write_features(&w);
	json_w_int(&w, "max_missing", 3);
	json_w_int(&w, "min_cycles_a_side", 2);
	json_w_obj(&w, "quality");
	json_w_num(&w, "min_confidence", 0.5, 1);
	json_w_int(&w, "min_frames_a_second", 24);
	json_w_obj_end(&w);
	write_population(&w);
	json_w_obj(&w, "training");
	json_w_str(&w, "data",
		"synthetic: numbers drawn around typical adult values, and walks of a computed figure that "
		"were "
		"measured like anybody's; no person's data");
	json_w_str(&w, "date", "2026-11-30");
	json_w_obj_end(&w);
	write_meaning(&w, p, margin, c);
	json_w_obj_end(&w);
	if (json_w_end(&w, e) < 0)
		return -1;
	return buf_addc(out, '\n', e);
}
