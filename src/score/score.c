#include "score/score.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/num.h"
#include "gait/uncertainty.h"
#include "score/population.h"

struct reason_row {
	const char *code, *text;
};

static const struct reason_row reasons[SCORE_REASONS] = {
#define REASON(code, text) [SCORE_##code] = { #code, text },
#include "score/reasons.def"
#undef REASON
};

const char *score_reason_code(enum score_reason r)
{
	return reasons[r].code;
}

const char *score_reason_text(enum score_reason r)
{
	return reasons[r].text;
}

static void add_reason(struct score *s, enum score_reason r)
{
	s->reasons |= UINT32_C(1) << r;
}

static double calibrated(const struct manifest *m, double margin)
{
	return 1 / (1 + exp(-(m->slope * margin + m->intercept)));
}

static void judge_quality(struct score *s, const struct analysis *a)
{
	const struct manifest *m = &s->model;
	const struct view_result *times = &a->view[a->params.of[PARAM_cadence][0].view];

	if (times->cycles.of_foot[SIDE_LEFT] < m->min_cycles ||
		times->cycles.of_foot[SIDE_RIGHT] < m->min_cycles)
		add_reason(s, SCORE_few_strides);
	for (enum flag f = 0; f < FLAGS; f++)
		if (flag_spoils_score(f) && view_has_flag(times, f))
			s->flags |= UINT32_C(1) << f;
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		const struct view_result *v = &a->view[i];
		if (!v->used)
			continue;
		s->flags |= v->flags & m->refuses;
		if (v->mean_confidence < m->min_confidence)
			add_reason(s, SCORE_unsure_key_points);
		if (v->fps < m->min_fps)
			add_reason(s, SCORE_few_frames_a_second);
	}
}

/* What speaks against a score, everything at once. @x gets the features. */
static void judge(struct score *s, const struct analysis *a, float *x)
{
	const struct manifest *m = &s->model;
	size_t missing = 0;

	judge_quality(s, a);
	for (size_t i = 0; i < m->features; i++) {
		double value = feature_of(a, m->feature[i]);
		s->share[i] = (struct score_share){ m->feature[i], value, NAN };
		x[i] = (float)value;
		missing += isnan(value) ? 1 : 0;
	}
	s->shares = m->features;
	if (missing > m->max_missing)
		add_reason(s, SCORE_missing_features);
	s->reasons |= population_judge(m, &a->patient);
}

/* The model's opinion of every draw of strides. A feature that a draw lacks stands as it is. */
static int interval(struct model *m, const struct analysis *a, struct score *s, const float *x, struct err *e)
{
	size_t n = s->shares;
	CLEANUP(free_p) float *rows = malloc(DRAWS * (n + 1) * sizeof *rows);
	float margin[DRAWS];
	double value[DRAWS];

	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for the score's interval");
	for (size_t d = 0; d < DRAWS; d++)
		for (size_t i = 0; i < n; i++) {
			double drawn = feature_of_draw(a, d, s->share[i].feature);
			rows[d * n + i] = isnan(drawn) || isnan(x[i]) ? x[i] : (float)drawn;
		}
	if (model_margins(m, rows, DRAWS, margin, e) < 0)
		return -1;
	for (size_t d = 0; d < DRAWS; d++)
		value[d] = calibrated(&s->model, (double)margin[d]);
	s->low = fmin(num_quantile(value, DRAWS, 0.025), s->value);
	s->high = fmax(num_quantile(value, DRAWS, 0.975), s->value);
	return 0;
}

int score_make(struct model *m, bool allow, const struct analysis *a, struct score *ret, struct err *e)
{
	struct score s = { .value = NAN, .low = NAN, .high = NAN, .margin = NAN, .bias = NAN };
	float x[FEATURES], margin, share[FEATURES + 1];

	if (!m) {
		add_reason(&s, SCORE_no_model);
		*ret = s;
		return 0;
	}
	s.has_model = true;
	s.model = *model_manifest(m);
	judge(&s, a, x);
	if (s.model.demonstration && !allow)
		add_reason(&s, SCORE_demonstration_not_allowed);
	if (s.reasons || s.flags) {
		*ret = s;
		return 0;
	}
	if (model_margins(m, x, 1, &margin, e) < 0 || model_contributions(m, x, share, e) < 0)
		return -1;
	for (size_t i = 0; i < s.shares; i++)
		s.share[i].contribution = (double)share[i];
	s.bias = (double)share[s.shares];
	s.margin = (double)margin;
	s.value = calibrated(&s.model, s.margin);
	s.at_threshold = s.value >= s.model.threshold;
	const struct calibration_group *group = manifest_group(&s.model, &a->patient);
	s.has_group = group != NULL;
	if (group)
		s.group = *group;
	if (interval(m, a, &s, x, e) < 0)
		return -1;
	*ret = s;
	return 0;
}

static void write_model(struct json_w *w, const struct score *s)
{
	if (!s->has_model) {
		json_w_null(w, "model");
		return;
	}
	json_w_obj(w, "model");
	json_w_str(w, "name", s->model.name);
	json_w_str(w, "version", s->model.version);
	json_w_str(w, "sha256", s->model.sha256);
	json_w_bool(w, "demonstration", s->model.demonstration);
	json_w_str(w, "population", s->model.population);
	json_w_str(w, "trained", s->model.trained);
	json_w_str(w, "notice", s->model.notice);
	json_w_obj_end(w);
}

static void write_group(struct json_w *w, const struct score *s)
{
	const struct calibration_group *g = &s->group;

	if (!s->has_group) {
		json_w_null(w, "calibration");
		return;
	}
	json_w_obj(w, "calibration");
	json_w_str(w, "group", g->group);
	json_w_int(w, "n", (int64_t)g->n);
	json_w_num(w, "predicted", g->predicted, 4);
	json_w_num(w, "observed", g->observed, 4);
	json_w_num(w, "brier", g->brier, 4);
	json_w_obj_end(w);
}

static void write_shares(struct json_w *w, const struct score *s)
{
	json_w_num(w, "margin", s->margin, 6);
	json_w_num(w, "bias", s->bias, 6);
	json_w_arr(w, "contributions");
	for (size_t i = 0; i < s->shares; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "feature", feature_name(s->share[i].feature));
		json_w_str(w, "unit", feature_unit(s->share[i].feature));
		json_w_num(w, "value", s->share[i].value, 6);
		json_w_num(w, "contribution", s->share[i].contribution, 6);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
}

static void write_reasons(struct json_w *w, const struct score *s)
{
	json_w_arr(w, "reasons");
	for (enum score_reason r = 0; r < SCORE_REASONS; r++)
		if (s->reasons >> r & 1) {
			json_w_obj(w, NULL);
			json_w_str(w, "code", reasons[r].code);
			json_w_str(w, "text", reasons[r].text);
			json_w_obj_end(w);
		}
	for (enum flag f = 0; f < FLAGS; f++)
		if ((s->flags >> f & 1) &&
			!(f == FLAG_few_strides && (s->reasons >> SCORE_few_strides & 1))) {
			json_w_obj(w, NULL);
			json_w_str(w, "code", flag_code(f));
			json_w_str(w, "text", flag_text(f));
			json_w_obj_end(w);
		}
	json_w_arr_end(w);
}

void score_write(struct json_w *w, const struct score *s)
{
	json_w_obj(w, "score");
	json_w_num(w, "value", s->value, 6);
	write_model(w, s);
	if (isnan(s->value)) {
		json_w_null(w, "interval");
		json_w_null(w, "decision");
	} else {
		json_w_arr(w, "interval");
		json_w_num(w, NULL, s->low, 6);
		json_w_num(w, NULL, s->high, 6);
		json_w_arr_end(w);
		json_w_str(w, "decision", s->at_threshold ? s->model.above : s->model.below);
	}
	write_group(w, s);
	write_shares(w, s);
	write_reasons(w, s);
	json_w_obj_end(w);
}
