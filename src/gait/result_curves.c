#include <math.h>

#include "gait/norms.h"
#include "gait/result.h"

static void points(struct json_w *w, const char *name, const double *v)
{
	json_w_arr(w, name);
	for (int i = 0; i < CURVE_POINTS; i++)
		json_w_num(w, NULL, v[i], 2);
	json_w_arr_end(w);
}

static void extreme(struct json_w *w, const char *name, const struct extreme *x)
{
	json_w_obj(w, name);
	json_w_num(w, "value", x->value, 2);
	json_w_num(w, "sd", x->value_sd, 2);
	json_w_num(w, "at_percent", x->at, 1);
	json_w_num(w, "at_percent_sd", x->at_sd, 1);
	json_w_obj_end(w);
}

static void reference(struct json_w *w, enum joint j, const struct patient *p)
{
	struct norm_curve n;

	if (!norm_curve(j, p, &n)) {
		json_w_null(w, "reference");
		return;
	}
	json_w_obj(w, "reference");
	json_w_str(w, "source", n.source);
	points(w, "mean", n.mean);
	points(w, "sd", n.sd);
	json_w_obj_end(w);
}

void result_curves(struct json_w *w, const struct analysis *a)
{
	json_w_arr(w, "curves");
	for (enum joint j = JOINT_HIP; j < JOINTS; j++)
		for (enum side s = SIDE_LEFT; s < SIDES; s++) {
			const struct curve *c = &a->curves[s][j];
			if (c->n == 0)
				continue;
			json_w_obj(w, NULL);
			json_w_str(w, "joint", joint_name(j));
			json_w_str(w, "side", side_name(s));
			json_w_str(w, "unit", "degrees");
			json_w_int(w, "n", (int64_t)c->n);
			points(w, "mean", c->mean);
			points(w, "sd", c->sd);
			json_w_num(w, "range", c->range, 2);
			extreme(w, "highest", &c->highest);
			extreme(w, "lowest", &c->lowest);
			reference(w, j, &a->patient);
			json_w_obj_end(w);
		}
	json_w_arr_end(w);
}

void result_profile(struct json_w *w, const struct analysis *a)
{
	const struct profile *p = &a->profile;

	json_w_obj(w, "profile");
	json_w_str(w, "unit", "degrees");
	json_w_str(w, "reference", p->source);
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		json_w_obj(w, side_name(s));
		json_w_num(w, "gait_profile_score", p->gps[s], 2);
		for (enum joint j = JOINT_HIP; j <= JOINT_ANKLE; j++)
			json_w_num(w, joint_name(j), p->gvs[s][j], 2);
		json_w_obj_end(w);
	}
	json_w_num(w, "gait_profile_score", p->gps_whole, 2);
	json_w_obj_end(w);
}
