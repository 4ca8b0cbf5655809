#include "people.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"

enum { PAPER_PEOPLE = 4000, PAPER_TRAIN = 3000 };

/* What the others follow from, or what needs another leg than the numbers below have, is left out; so are the
 * variability of lengths, which the walker's even steps do not have, and what only differs by chance. */
const enum feature people_features[] = { FEATURE_speed_normalized, FEATURE_cadence_normalized,
	FEATURE_step_length_normalized, FEATURE_step_width_normalized, FEATURE_stance, FEATURE_double_support,
	FEATURE_stride_time_cv, FEATURE_step_time_cv, FEATURE_step_time_asymmetry, FEATURE_hip_range,
	FEATURE_knee_range, FEATURE_ankle_range, FEATURE_contact_angle, FEATURE_toe_walking_index,
	FEATURE_trunk_sway, FEATURE_arm_swing, FEATURE_age_months };
const size_t people_feature_count = ARRAY_LEN(people_features);

#define UNKNOWN_PART 0.04 /* of the values are left out, so that the model meets missing ones */

/* Mean and SD of typical adults as this project's measurement gives them, and the second group's shift in SD.
 * Shifts: Lum 2021 (wider, slower, longer and more variable steps in time), Kindregan 2015 (shorter strides,
 * less ankle and knee motion). */
struct norm {
	double mean, sd, shift;
};

static const struct norm cadence = { 110, 8, -0.3 };          /* steps/min */
static const struct norm step_length = { 0.78, 0.07, -0.35 }; /* of the leg's length */
static const struct norm stride_time_cv = { 2.0, 0.8, 0.6 };  /* %; a step's is √2 of it */
static const struct norm rest[FEATURES] = {
	[FEATURE_stance] = { 62.5, 1.8, 0.4 },
	[FEATURE_double_support] = { 25, 3.5, 0.4 },
	[FEATURE_step_width_normalized] = { 0.11, 0.035, 0.6 },
	[FEATURE_step_time_asymmetry] = { 2.5, 1.6, 0.2 },
	[FEATURE_hip_range] = { 43, 5, -0.1 },
	[FEATURE_knee_range] = { 57, 6, -0.3 },
	[FEATURE_ankle_range] = { 28, 5, -0.4 },
};

void people_deinit(struct people *p)
{
	free(p->list);
}

struct synthetic *people_append(struct people *p, struct err *e)
{
	if (p->count == p->room) {
		size_t room = p->room ? 2 * p->room : 1024;
		struct synthetic *list = realloc(p->list, room * sizeof *list);
		if (!list) {
			(void)err_set(e, ERR_NOMEM, "no memory for %zu people", room);
			return NULL;
		}
		p->list = list;
		p->room = room;
	}
	struct synthetic *new = &p->list[p->count++];
	*new = (struct synthetic){ .source = SOURCE_PAPER };
	for (enum feature f = 0; f < FEATURES; f++)
		new->x[f] = NAN;
	return new;
}

static double uniform(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 (Steele 2014) */

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

/* Sum of twelve uniforms less six: normal enough here, and without libm, whose last bits differ by machine.
 */
static double draw(const struct norm *n, int group, uint64_t *state)
{
	double z = -6;

	for (int i = 0; i < 12; i++)
		z += uniform(state);
	return n->mean + n->sd * (z + group * n->shift);
}

static void fill(float *x, int group, uint64_t *state)
{
	double c = draw(&cadence, group, state), l = draw(&step_length, group, state),
	       cv = fmax(0, draw(&stride_time_cv, group, state));

	for (enum feature f = 0; f < FEATURES; f++)
		if (rest[f].sd > 0)
			x[f] = (float)fmax(0, draw(&rest[f], group, state));
	/* Hof 1996 with l0 = 0.90 m: sqrt(l0 / g) = sqrt(0.90 / 9.81) = 0.3029; speed = l · l0 · c / 60. */
	x[FEATURE_cadence_normalized] = (float)(c / 60 * 0.3029);
	x[FEATURE_step_length_normalized] = (float)l;
	x[FEATURE_speed_normalized] = (float)(l * c / 60 * 0.3029);
	x[FEATURE_stride_time_cv] = (float)cv;
	x[FEATURE_step_time_cv] = (float)(1.414 * cv * (0.9 + 0.2 * uniform(state)));
	for (enum feature f = 0; f < FEATURES; f++)
		if (uniform(state) < UNKNOWN_PART)
			x[f] = NAN;
	x[FEATURE_age_months] = (float)(180 + (int)(600 * uniform(state)));
}

int people_draw(struct people *p, struct err *e)
{
	uint64_t state = 20211;

	for (int i = 0; i < PAPER_PEOPLE; i++) {
		struct synthetic *new = people_append(p, e);
		if (!new)
			return -1;
		new->group = i % 2;
		new->set = i < PAPER_TRAIN ? SET_TRAIN : SET_TEST;
		fill(new->x, new->group, &state);
	}
	return 0;
}
