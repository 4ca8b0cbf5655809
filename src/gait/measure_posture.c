#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/measure.h"
#include "gait/num.h"
#include "gait/sparc.h"

#define DEGREES     (180 / M_PI)
#define FOOT_LENGTH 0.152 /* of the height, heel to toe tip (Drillis & Contini 1966; Winter 2009) */
#define STANCE_FROM 0.15  /* of the stride: the foot lies flat */
#define STANCE_TO   0.40
#define KNOWN_PART  0.9 /* of a cycle's points: fewer say nothing about its range */
enum { LOOKS = 51 /* over a cycle */, SPEED_MAX = 1024 /* frames of a stride */ };

static double at(const double *v, const struct track *t, double time_s)
{
	return num_at(v, t->n, time_s * t->fps);
}

/* ---- over each cycle ---- */

/* An angle at a moment; @dir is the pass's direction. Degrees. */
typedef double angle_at(const struct track *t, enum side s, int dir, double time_s);

static double arm(const struct track *t, enum side s, int dir, double time_s)
{
	enum body_point shoulder = s == SIDE_LEFT ? BODY_L_SHOULDER : BODY_R_SHOULDER;
	enum body_point wrist = s == SIDE_LEFT ? BODY_L_WRIST : BODY_R_WRIST;

	return DEGREES * atan2(dir * (at(t->x[wrist], t, time_s) - at(t->x[shoulder], t, time_s)),
				 at(t->y[shoulder], t, time_s) - at(t->y[wrist], t, time_s));
}

static double sideways_lean(const struct track *t, enum side s, int dir, double time_s)
{
	(void)s;
	(void)dir;
	return DEGREES * atan2(at(t->x[BODY_NECK], t, time_s) - at(t->x[BODY_MID_HIP], t, time_s),
				 at(t->y[BODY_NECK], t, time_s) - at(t->y[BODY_MID_HIP], t, time_s));
}

static double hips_tilt(const struct track *t, enum side s, int dir, double time_s)
{
	(void)s;
	(void)dir;
	return DEGREES * atan2(at(t->y[BODY_L_HIP], t, time_s) - at(t->y[BODY_R_HIP], t, time_s),
				 fabs(at(t->x[BODY_L_HIP], t, time_s) - at(t->x[BODY_R_HIP], t, time_s)));
}

/* An angle over a cycle at LOOKS places from its start, the end left out; false where too little of it is
 * known. What is missing gets the mean of the rest. */
static bool look_over(
	const struct track *t, const struct cycle *c, int dir, angle_at *angle, double out[LOOKS])
{
	size_t known;

	for (int i = 0; i < LOOKS; i++)
		out[i] = angle(t, c->foot, dir, c->start_s + (c->end_s - c->start_s) * i / LOOKS);
	double mean = num_mean(out, LOOKS, &known);
	for (int i = 0; i < LOOKS; i++)
		out[i] = isnan(out[i]) ? mean : out[i];
	return (double)known >= KNOWN_PART * LOOKS;
}

static double range_of(const double *v, int n)
{
	double low = v[0], high = v[0];

	for (int i = 1; i < n; i++) {
		low = fmin(low, v[i]);
		high = fmax(high, v[i]);
	}
	return high - low;
}

/* Largest minus smallest over a cycle. */
static double range_over(const struct track *t, const struct cycle *c, int dir, angle_at *angle)
{
	double v[LOOKS];

	return look_over(t, c, dir, angle, v) ? range_of(v, LOOKS) : NAN;
}

/* The same of the cycle's first two harmonics: trunk and pelvis do not turn faster, and of a few degrees
 * noise would be the larger part. */
static double slow_range_over(const struct track *t, const struct cycle *c, int dir, angle_at *angle)
{
	double v[LOOKS], slow[LOOKS] = { 0 };

	if (!look_over(t, c, dir, angle, v))
		return NAN;
	for (int h = 1; h <= 2; h++) {
		double re = 0, im = 0;
		for (int i = 0; i < LOOKS; i++) {
			re += v[i] * cos(2 * M_PI * h * i / LOOKS);
			im += v[i] * sin(2 * M_PI * h * i / LOOKS);
		}
		for (int i = 0; i < LOOKS; i++)
			slow[i] += 2.0 / LOOKS *
				   (re * cos(2 * M_PI * h * i / LOOKS) + im * sin(2 * M_PI * h * i / LOOKS));
	}
	return range_of(slow, LOOKS);
}

typedef double range_how(const struct track *t, const struct cycle *c, int dir, angle_at *angle);

static int ranges_over(const struct view_result *v, enum side s, angle_at *angle, range_how *how,
	struct samples *out, struct err *e)
{
	for (size_t i = 0; i < v->cycles.count; i++) {
		const struct cycle *c = &v->cycles.list[i];
		if (c->foot == s && samples_add(out, how(&v->track, c, v->passes.pass[c->pass].dir, angle),
					    c->strike, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- side view ---- */

static double mean_of(const double *v)
{
	return num_mean(v, CURVE_POINTS, NULL);
}

static double whole_range_of(const double *v)
{
	return range_of(v, CURVE_POINTS);
}

static int joints_and_trunk(struct analysis *a, cycle_curves *curves, enum reason why, struct err *e)
{
	static const struct {
		enum param p;
		enum joint joint;
		double (*how)(const double *);
	} rows[] = { { PARAM_hip_range, JOINT_HIP, whole_range_of },
		{ PARAM_knee_range, JOINT_KNEE, whole_range_of },
		{ PARAM_ankle_range, JOINT_ANKLE, whole_range_of },
		{ PARAM_trunk_lean, JOINT_TRUNK, mean_of },
		{ PARAM_trunk_range, JOINT_TRUNK, whole_range_of } };
	const struct view_result *v = &a->view[VIEW_SIDE];

	for (size_t k = 0; k < ARRAY_LEN(rows); k++)
		for (enum side s = SIDE_LEFT; s < SIDES; s++) {
			bool whole = param_info(rows[k].p)->shape == WHOLE;
			struct samples *to = measure_into(a, rows[k].p, whole ? SIDE_LEFT : s, VIEW_SIDE, 1,
				why == REASON_NONE && v->cycles.of_foot[s] == 0 ? REASON_too_few_strides
				: why == REASON_NONE                            ? REASON_not_seen
										: why);
			for (size_t i = 0; i < v->cycles.count && v->used; i++)
				if (v->cycles.list[i].foot == s &&
					samples_add(to, rows[k].how(curves[i][rows[k].joint]),
						v->cycles.list[i].strike, e) < 0)
					return -1;
		}
	return 0;
}

static int contacts(struct analysis *a, enum reason why, struct err *e)
{
	struct view_result *v = &a->view[VIEW_SIDE];
	size_t toes = 0, strikes = 0;

	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		struct samples *angle = measure_into(a, PARAM_contact_angle, s, VIEW_SIDE, 1, why);
		struct samples *index = measure_into(a, PARAM_toe_walking_index, s, VIEW_SIDE, 1, why);
		for (size_t i = 0; i < v->events.count; i++) {
			const struct event *ev = &v->events.list[i];
			if (ev->foot != s || ev->contact == CONTACT_UNKNOWN)
				continue;
			strikes++;
			toes += ev->contact == CONTACT_TOE;
			if (samples_add(angle, ev->contact_deg, i, e) < 0 ||
				samples_add(index, ev->contact == CONTACT_TOE ? 100 : 0, i, e) < 0)
				return -1;
		}
	}
	if (strikes > 0 && 2 * toes > strikes)
		view_set_flag(v, FLAG_toe_walking);
	return 0;
}

/* Angular speed of the shank over a stride, frame by frame. */
static double shank_smoothness(const struct track *t, const struct cycle *c, int dir)
{
	const struct body_leg *l = &body_legs[c->foot];
	double speed[SPEED_MAX];
	size_t from = (size_t)ceil(c->start_s * t->fps), to = (size_t)floor(c->end_s * t->fps), n = 0;

	for (size_t f = from > 0 ? from : 1; f <= to && f + 1 < t->n && n < SPEED_MAX; f++) {
		double a = atan2(dir * (t->x[l->ankle][f - 1] - t->x[l->knee][f - 1]),
			t->y[l->knee][f - 1] - t->y[l->ankle][f - 1]);
		double b = atan2(dir * (t->x[l->ankle][f + 1] - t->x[l->knee][f + 1]),
			t->y[l->knee][f + 1] - t->y[l->ankle][f + 1]);
		double v = fabs(b - a) * 0.5 * t->fps;
		if (isnan(v))
			return NAN;
		speed[n++] = v;
	}
	return sparc(speed, n, t->fps);
}

static int smoothness(struct analysis *a, enum reason why, struct err *e)
{
	const struct view_result *v = &a->view[VIEW_SIDE];

	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		struct samples *to = measure_into(a, PARAM_smoothness, s, VIEW_SIDE, 1, why);
		for (size_t i = 0; i < v->cycles.count && v->used; i++) {
			const struct cycle *c = &v->cycles.list[i];
			if (c->foot == s &&
				samples_add(to, shank_smoothness(&v->track, c, v->passes.pass[c->pass].dir),
					c->strike, e) < 0)
				return -1;
		}
	}
	return 0;
}

static int from_the_side(struct analysis *a, cycle_curves *curves, struct err *e)
{
	const struct view_result *v = &a->view[VIEW_SIDE];
	enum reason unused = v->used ? REASON_NONE : measure_why_unused(a, VIEW_SIDE);
	enum reason why = unused ? unused : REASON_not_seen;

	if (joints_and_trunk(a, curves, unused, e) < 0 || contacts(a, why, e) < 0 ||
		smoothness(a, why, e) < 0)
		return -1;
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		struct samples *swing = measure_into(a, PARAM_arm_swing, s, VIEW_SIDE, 1, why);
		if (v->used && ranges_over(v, s, arm, range_over, swing, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- front view ---- */

/* Heel to toe while the foot lies flat, metres, from the side view: how long this engine's foot of this
 * person is. Without it, a typical foot of the height. */
static double foot_length_m(const struct analysis *a, enum side s)
{
	const struct view_result *v = &a->view[VIEW_SIDE];
	double some[64];
	size_t n = 0;

	for (size_t i = 0; i < v->cycles.count && v->used && n < ARRAY_LEN(some); i++) {
		const struct cycle *c = &v->cycles.list[i];
		const struct body_leg *l = &body_legs[s];
		double time = c->start_s + 0.25 * (c->end_s - c->start_s);
		double scale = v->scale[c->pass].at0 + v->scale[c->pass].slope * time;
		if (c->foot == s)
			some[n++] = hypot(at(v->track.x[l->toe], &v->track, time) -
						    at(v->track.x[l->heel], &v->track, time),
					    at(v->track.y[l->toe], &v->track, time) -
						    at(v->track.y[l->heel], &v->track, time)) /
				    scale;
	}
	double measured = num_quantile(some, n, 0.5), typical = FOOT_LENGTH * a->patient.height_m;
	return measured > 0.5 * typical && measured < 1.5 * typical ? measured : typical;
}

/* How far the foot points outwards while it stands: the sideways part of heel to toe against the foot's
 * length. */
static double progression(const struct view_result *v, const struct cycle *c, double foot_m)
{
	const struct track *t = &v->track;
	const struct body_leg *l = &body_legs[c->foot];
	/* The walker's left is the image's right when coming closer. */
	int out = (c->foot == SIDE_LEFT ? 1 : -1) * (v->passes.pass[c->pass].dir < 0 ? -1 : 1);
	double some[LOOKS];

	for (int i = 0; i < LOOKS; i++) {
		double time = c->start_s + (STANCE_FROM + (STANCE_TO - STANCE_FROM) * i / (LOOKS - 1)) *
						   (c->end_s - c->start_s);
		double metres_a_px = v->scale[c->pass].at0 + v->scale[c->pass].slope * time;
		some[i] = out * (at(t->x[l->toe], t, time) - at(t->x[l->heel], t, time)) * metres_a_px;
	}
	double share = num_quantile(some, LOOKS, 0.5) / foot_m;
	return fabs(share) < 1 ? DEGREES * asin(share) : NAN;
}

static int foot_progression(struct analysis *a, enum reason why, struct err *e)
{
	const struct view_result *v = &a->view[VIEW_FRONT];
	bool scaled = a->patient.height_m > 0;

	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		struct samples *to = measure_into(a, PARAM_foot_progression, s, VIEW_FRONT, 1,
			v->used && !scaled ? REASON_no_height : why);
		double foot_m = foot_length_m(a, s);
		for (size_t i = 0; i < v->cycles.count && v->used && scaled; i++) {
			const struct cycle *c = &v->cycles.list[i];
			if (c->foot == s && !v->track.no_feet &&
				samples_add(to, progression(v, c, foot_m), c->strike, e) < 0)
				return -1;
		}
	}
	return 0;
}

static int from_the_front(struct analysis *a, struct err *e)
{
	const struct view_result *v = &a->view[VIEW_FRONT];
	enum reason why = v->used ? REASON_not_seen : measure_why_unused(a, VIEW_FRONT);
	struct samples *sway = measure_into(a, PARAM_trunk_sway, SIDE_LEFT, VIEW_FRONT, 1, why);
	struct samples *tilt = measure_into(a, PARAM_pelvic_obliquity, SIDE_LEFT, VIEW_FRONT, 1, why);

	for (enum side s = SIDE_LEFT; s < SIDES && v->used; s++)
		if (ranges_over(v, s, sideways_lean, slow_range_over, sway, e) < 0 ||
			ranges_over(v, s, hips_tilt, slow_range_over, tilt, e) < 0)
			return -1;
	return foot_progression(a, why, e);
}

int measure_posture(struct analysis *a, cycle_curves *curves, struct err *e)
{
	return from_the_side(a, curves, e) < 0 || from_the_front(a, e) < 0 ? -1 : 0;
}
