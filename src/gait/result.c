#include "gait/result.h"

#include <math.h>

#include "base/strv.h"
#include "gait/contact.h"
#include "gait/norms.h"

void result_patient(struct json_w *w, const struct patient *p)
{
	const char sex[2] = { p->sex, '\0' };

	json_w_obj(w, "patient");
	json_w_num(w, "height_cm", 100 * p->height_m, 1);
	json_w_num(w, "age_months", p->age_months, 1);
	json_w_str(w, "sex", p->sex ? sex : NULL);
	for (enum patient_fact f = PATIENT_WALKING_AID; f < PATIENT_FACTS; f++)
		json_w_str(w, patient_fact_name(f), patient_word(p, f));
	json_w_obj_end(w);
}

static void flags_of(struct json_w *w, const struct view_result *v)
{
	json_w_arr(w, "flags");
	for (enum flag f = 0; f < FLAGS; f++)
		if (view_has_flag(v, f))
			json_w_str(w, NULL, flag_code(f));
	json_w_arr_end(w);
}

void result_quality(struct json_w *w, const struct analysis *a)
{
	json_w_obj(w, "quality");
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		const struct view_result *v = &a->view[i];
		if (!v->present) {
			json_w_null(w, view_name(i));
			continue;
		}
		json_w_obj(w, view_name(i));
		json_w_int(w, "frames", (int64_t)v->frames);
		json_w_num(w, "fps", v->fps, 4);
		json_w_int(w, "frames_with_person", (int64_t)v->frames_with_person);
		json_w_num(w, "mean_confidence", v->mean_confidence, 3);
		json_w_int(w, "cycles_left", (int64_t)v->cycles.of_foot[SIDE_LEFT]);
		json_w_int(w, "cycles_right", (int64_t)v->cycles.of_foot[SIDE_RIGHT]);
		json_w_int(w, "steps", (int64_t)v->step_count);
		json_w_int(w, "legs_exchanged", (int64_t)v->swapped);
		json_w_arr(w, "passes");
		for (size_t p = 0; p < v->passes.count && v->used; p++) {
			json_w_obj(w, NULL);
			json_w_num(w, "start_s", (double)v->passes.pass[p].from / v->fps, 3);
			json_w_num(w, "end_s", (double)v->passes.pass[p].to / v->fps, 3);
			json_w_int(w, "direction", v->passes.pass[p].dir);
			json_w_obj_end(w);
		}
		json_w_arr_end(w);
		flags_of(w, v);
		json_w_obj_end(w);
	}
	json_w_obj(w, "synchronisation");
	json_w_bool(w, "joined", a->joined.joined);
	json_w_num(w, "offset_s", a->joined.offset_s, 4);
	json_w_num(w, "spread_s", a->joined.spread_s, 4);
	json_w_num(w, "correction_s", a->joined.correction_s, 4);
	json_w_obj_end(w);
	json_w_obj_end(w);
}

void result_events(struct json_w *w, const struct analysis *a)
{
	json_w_arr(w, "events");
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		const struct view_result *v = &a->view[i];
		for (size_t k = 0; k < v->events.count; k++) {
			const struct event *ev = &v->events.list[k];
			json_w_obj(w, NULL);
			json_w_str(w, "view", view_name(ev->view));
			json_w_str(w, "foot", side_name(ev->foot));
			json_w_str(w, "kind", ev->kind == EVENT_HEEL_STRIKE ? "heel_strike" : "toe_off");
			json_w_int(w, "frame", (int64_t)floor(ev->time_s * v->fps + 0.5));
			json_w_num(w, "time_s", ev->time_s, 4);
			if (ev->kind == EVENT_HEEL_STRIKE && ev->contact != CONTACT_UNKNOWN) {
				json_w_str(w, "contact", contact_name(ev->contact));
				json_w_num(w, "contact_angle", ev->contact_deg, 1);
			}
			json_w_obj_end(w);
		}
	}
	json_w_arr_end(w);
}

void result_cycles(struct json_w *w, const struct analysis *a)
{
	json_w_arr(w, "cycles");
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		const struct cycles *c = &a->view[i].cycles;
		for (size_t k = 0; k < c->count; k++) {
			json_w_obj(w, NULL);
			json_w_str(w, "view", view_name(i));
			json_w_str(w, "foot", side_name(c->list[k].foot));
			json_w_num(w, "start_s", c->list[k].start_s, 4);
			json_w_num(w, "end_s", c->list[k].end_s, 4);
			json_w_num(w, "toe_off_s", c->list[k].toe_off_s, 4);
			json_w_obj_end(w);
		}
	}
	json_w_arr_end(w);
}

static void interval(struct json_w *w, const struct value *v, int decimals)
{
	if (isnan(v->ci_low) || isnan(v->ci_high)) {
		json_w_null(w, "ci95");
		return;
	}
	json_w_arr(w, "ci95");
	json_w_num(w, NULL, v->ci_low, decimals);
	json_w_num(w, NULL, v->ci_high, decimals);
	json_w_arr_end(w);
}

static void value_body(struct json_w *w, enum param p, const struct value *v)
{
	const struct param_info *i = param_info(p);

	if (v->reason) {
		json_w_null(w, "value");
		json_w_str(w, "unit", i->unit);
		json_w_int(w, "n", 0);
		json_w_null(w, "sd");
		json_w_null(w, "ci95");
		json_w_str(w, "reason", reason_code(v->reason));
		return;
	}
	json_w_num(w, "value", v->value, i->decimals);
	json_w_str(w, "unit", i->unit);
	json_w_int(w, "n", (int64_t)v->n);
	json_w_num(w, "sd", v->sd, i->decimals);
	if (!isnan(param_cv(p, v)))
		json_w_num(w, "cv", param_cv(p, v), 2);
	interval(w, v, i->decimals);
	json_w_str(w, "view", view_name(v->view));
	if (v->doubts) {
		json_w_arr(w, "doubts");
		for (enum doubt d = 0; d < DOUBTS; d++)
			if (v->doubts >> d & 1)
				json_w_str(w, NULL, doubt_code(d));
		json_w_arr_end(w);
	}
}

static void reference(struct json_w *w, enum param p, const struct patient *patient)
{
	const struct param_info *i = param_info(p);
	struct norm_range r;

	if (!norm_range(p, patient, &r))
		return;
	json_w_obj(w, "reference");
	json_w_num(w, "low", r.low, i->decimals);
	json_w_num(w, "high", r.high, i->decimals);
	json_w_str(w, "source", r.source);
	json_w_obj_end(w);
}

void result_parameters(struct json_w *w, const struct analysis *a)
{
	json_w_obj(w, "parameters");
	for (enum param p = 0; p < PARAMS; p++) {
		const struct param_info *i = param_info(p);
		json_w_obj(w, i->name);
		if (i->shape == WHOLE) {
			value_body(w, p, &a->params.of[p][0]);
		} else {
			for (enum side s = SIDE_LEFT; s < SIDES; s++) {
				json_w_obj(w, side_name(s));
				value_body(w, p, &a->params.of[p][s]);
				json_w_obj_end(w);
			}
			json_w_num(w, "both", param_both(&a->params, p), i->decimals);
		}
		reference(w, p, &a->patient);
		json_w_obj_end(w);
	}
	json_w_obj_end(w);
}

static bool is_doubted(const struct analysis *a, enum doubt d)
{
	for (enum param p = 0; p < PARAMS; p++)
		for (int s = 0; s < SIDES; s++)
			if (a->params.of[p][s].doubts >> d & 1)
				return true;
	return false;
}

/* Some codes say the same of a view and of a value. */
static bool has_flag_named(const struct analysis *a, const char *code)
{
	for (enum flag f = 0; f < FLAGS; f++)
		if (strv_eq(strv_of(flag_code(f)), code) &&
			(view_has_flag(&a->view[VIEW_FRONT], f) || view_has_flag(&a->view[VIEW_SIDE], f)))
			return true;
	return false;
}

void result_texts(struct json_w *w, const struct analysis *a)
{
	bool used[REASONS] = { false };

	json_w_obj(w, "texts");
	for (enum flag f = 0; f < FLAGS; f++)
		if (view_has_flag(&a->view[VIEW_FRONT], f) || view_has_flag(&a->view[VIEW_SIDE], f))
			json_w_str(w, flag_code(f), flag_text(f));
	for (enum param p = 0; p < PARAMS; p++)
		for (int s = 0; s < SIDES; s++)
			used[a->params.of[p][s].reason] = true;
	for (enum reason r = REASON_NONE + 1; r < REASONS; r++)
		if (used[r] && !has_flag_named(a, reason_code(r)))
			json_w_str(w, reason_code(r), reason_text(r));
	for (enum doubt d = 0; d < DOUBTS; d++)
		if (is_doubted(a, d) && !has_flag_named(a, doubt_code(d)))
			json_w_str(w, doubt_code(d), doubt_text(d));
	json_w_obj_end(w);
}
