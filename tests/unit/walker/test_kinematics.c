#include "support/testing.h"

#include <math.h>
#include <stddef.h>

#include "body.h"
#include "kinematics.h"
#include "skeleton.h"
#include "vec.h"

struct gait {
	const char *name;
	double height, age;
	struct kin_params p;
};

#define PLAIN .knee_scale = { 1, 1 }, .toe_out = KIN_TOE_OUT, .pelvis_drop = RAD(KIN_DROP), .arm_swing = 1
#define LIMP                                                                                                 \
	.asym_length = .2, .asym_time = -.15, .toe_out = KIN_TOE_OUT, .pelvis_drop = RAD(KIN_DROP),          \
	.arm_swing = 1

static const struct gait gaits[] = {
	{ "sample", 1.72, 20, { 104, .62, .10, PLAIN } },
	{ "brisk", 1.80, 20, { 124, .76, .08, PLAIN } },
	{ "slow", 1.60, 20, { 70, .35, .14, PLAIN } },
	{ "limp", 1.72, 20, { 96, .55, .12, LIMP, .knee_scale = { .6, 1 } } },
	{ "child of 3", .956, 3, { 154, .33, .09, PLAIN } },
	{ "child of 1", .75, 1, { 176, .22, .12, PLAIN, .asym_length = -.1, .asym_time = .1 } },
	{ "on the toes", 1.72, 20, { 110, .60, .10, PLAIN, .contact = CONTACT_TOE } },
	{ "child of 4 on the toes", 1.03, 4, { 151, .37, .08, PLAIN, .contact = CONTACT_TOE } },
	{ "child of 2 on the toes", .868, 2, { 156, .275, .10, PLAIN, .contact = CONTACT_TOE } },
	{ "on flat feet", 1.72, 20, { 100, .55, .12, PLAIN, .contact = CONTACT_FLAT } },
	{ "child of 1 on flat feet", .75, 1, { 176, .22, .10, PLAIN, .contact = CONTACT_FLAT } },
	{ "bent, waddling, out-toed", 1.4, 10,
		{ 120, .50, .16, .knee_scale = { 1, 1 }, .toe_out = RAD(25), .pelvis_drop = RAD(9),
			.trunk_lean = RAD(20), .trunk_sway = RAD(10), .arm_swing = .3 } },
	{ "in-toed", 1.2, 7,
		{ 140, .45, .14, .knee_scale = { 1, 1 }, .toe_out = RAD(-15), .arm_swing = 1.5 } },
};

enum { MOMENTS = 400 };

static struct kin solve(const struct gait *g)
{
	struct body b = body_make(g->height, g->age);
	struct kin k;

	kin_init(&k, &b, &g->p);
	return k;
}

static struct vec3 sole_point(const struct skeleton *s, enum bone bone, double x, double z)
{
	return v_add(s->bone[bone].at, m_out(&s->bone[bone].axes, v3d(x, 0, z)));
}

static float apart(struct vec3 a, struct vec3 b)
{
	return v_len(v_sub(a, b));
}

/* The touching point of a planted foot stays where it is: the heel while the toes are up, else the toe tip.
 */
static void planted_feet_do_not_slip(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gaits); i++) {
		struct kin k = solve(&gaits[i]);
		const struct body *b = &k.body;

		for (int s = 0; s < SIDE_COUNT; s++) {
			struct skeleton flat, q;
			struct placement place = { 0, 1 };

			skeleton_at(&k, kin_time_of(&k, 3.2, (enum side)s), place, &flat);
			struct vec3 heel = sole_point(&flat, BONE_FOOT + s, -b->heel, -b->ankle);
			struct vec3 tip = sole_point(&flat, BONE_TOES + s, b->toe - b->ball, 0);
			assert_true(fabsf(tip.z) < 1e-5f);
			if (k.p.contact != CONTACT_TOE)
				assert_true(fabsf(heel.z) < 1e-5f);
			for (int j = 1; j < MOMENTS; j++) {
				double t = kin_time_of(&k, 3 + KIN_STANCE * j / MOMENTS, (enum side)s);
				struct kin_foot foot = kin_foot(&k, t, (enum side)s);

				skeleton_at(&k, t, place, &q);
				if (foot.pitch >= 0)
					assert_true(apart(heel, sole_point(&q, BONE_FOOT + s, -b->heel,
									-b->ankle)) < 2e-5f);
				if (foot.pitch <= 0)
					assert_true(apart(tip, sole_point(&q, BONE_TOES + s, b->toe - b->ball,
								       0)) < 2e-5f);
			}
		}
	}
}

/* No part of a foot goes below the floor, and in mid-swing it is well above. */
static void swing_feet_clear_the_floor(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gaits); i++) {
		struct kin k = solve(&gaits[i]);
		const struct body *b = &k.body;

		for (int j = 0; j < MOMENTS; j++) {
			for (int s = 0; s < SIDE_COUNT; s++) {
				struct skeleton q;
				double t = kin_time_of(&k, 5 + (double)j / MOMENTS, (enum side)s);
				float up = kin_foot(&k, t, (enum side)s).swing > .3 &&
							   kin_foot(&k, t, (enum side)s).swing < .7
						   ? .008f
						   : -1e-4f;

				skeleton_at(&k, t, (struct placement){ 0, 1 }, &q);
				assert_true(sole_point(&q, BONE_FOOT + s, -b->heel, -b->ankle).z >= up);
				assert_true(sole_point(&q, BONE_FOOT + s, b->ball, -b->ankle).z >= up);
				assert_true(sole_point(&q, BONE_TOES + s, b->toe - b->ball, 0).z >= up);
			}
		}
	}
}

/* Who walks on the toes never has a heel on the floor; the others stand on it in mid-stance, and strike as
 * asked. */
static void contact_is_as_requested(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gaits); i++) {
		struct kin k = solve(&gaits[i]);
		const struct body *b = &k.body;

		for (int s = 0; s < SIDE_COUNT; s++) {
			double strike = kin_foot(&k, kin_time_of(&k, 3, (enum side)s), (enum side)s).pitch;
			float least = 1;

			for (int j = 0; j < MOMENTS; j++) {
				struct skeleton q;

				skeleton_at(&k, kin_time_of(&k, 3 + (double)j / MOMENTS, (enum side)s),
					(struct placement){ 0, 1 }, &q);
				least = fminf(least, sole_point(&q, BONE_FOOT + s, -b->heel, -b->ankle).z);
			}
			if (k.p.contact == CONTACT_TOE)
				assert_true(least > .02f * (float)b->height / 1.72f && strike < RAD(-8));
			else
				assert_true(fabsf(least) < 1e-4f);
			if (k.p.contact == CONTACT_FLAT)
				assert_true(fabs(strike) < RAD(.5));
			if (k.p.contact == CONTACT_HEEL)
				assert_true(strike > RAD(8));
		}
	}
}

/* Bones keep their lengths, so that the drawn foot is where its truth says. */
static void legs_reach_their_feet(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gaits); i++) {
		struct kin k = solve(&gaits[i]);

		for (int j = 0; j < MOMENTS; j++) {
			struct skeleton q;

			skeleton_at(&k, k.cycle_s * j / MOMENTS, (struct placement){ 0, 1 }, &q);
			for (int s = 0; s < SIDE_COUNT; s++) {
				float thigh = apart(q.bone[BONE_THIGH + s].at, q.bone[BONE_SHANK + s].at);
				float shank = apart(q.bone[BONE_SHANK + s].at, q.bone[BONE_FOOT + s].at);

				assert_true(fabsf(thigh - (float)k.body.thigh) < 1e-4f);
				assert_true(fabsf(shank - (float)k.body.shank) < 1e-4f);
			}
		}
	}
}

/* Nothing jumps: neither within a cycle nor where stance and swing meet. */
static void motion_is_continuous(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gaits); i++) {
		struct kin k = solve(&gaits[i]);
		struct vec3 last[BODY25], now[BODY25];
		double dt = k.cycle_s / 2000, speed = k.stride / k.cycle_s;

		for (int j = 0; j <= 2000; j++) {
			struct skeleton q;

			skeleton_at(&k, j * dt, (struct placement){ 0, 1 }, &q);
			skeleton_body25(&q, now);
			for (int n = 0; j > 0 && n < BODY25; n++)
				assert_true(apart(last[n], now[n]) < (float)(7 * speed * dt) + 2e-5f);
			memcpy(last, now, sizeof last);
		}
	}
}

static void steps_are_as_requested(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gaits); i++) {
		const struct kin_params *p = &gaits[i].p;
		struct kin k = solve(&gaits[i]);
		struct kin_foot r = kin_foot(&k, kin_time_of(&k, 2.2, SIDE_RIGHT), SIDE_RIGHT);
		struct kin_foot l = kin_foot(&k, kin_time_of(&k, 3.2, SIDE_LEFT), SIDE_LEFT);
		struct kin_foot r2 = kin_foot(&k, kin_time_of(&k, 3.2, SIDE_RIGHT), SIDE_RIGHT);
		double left_s = kin_time_of(&k, 3, SIDE_LEFT) - kin_time_of(&k, 2, SIDE_RIGHT);
		double right_s = kin_time_of(&k, 3, SIDE_RIGHT) - kin_time_of(&k, 3, SIDE_LEFT);

		assert_true(fabs(l.x - r.x - p->step * (1 + p->asym_length / 2)) < 1e-9);
		assert_true(fabs(r2.x - l.x - p->step * (1 - p->asym_length / 2)) < 1e-9);
		assert_true(fabs(kin_step_length(&k, SIDE_LEFT) - (l.x - r.x)) < 1e-9);
		assert_true(fabs(kin_step_length(&k, SIDE_RIGHT) - (r2.x - l.x)) < 1e-9);
		assert_true(fabs(l.y - r.y - p->step_width) < 1e-9);
		assert_true(fabs(left_s + right_s - 120 / p->cadence) < 1e-9);
		assert_true(fabs((left_s - right_s) / (60 / p->cadence) - p->asym_time) < 1e-9);
		assert_true(fabs(kin_step_time(&k, SIDE_LEFT) - left_s) < 1e-9);
		assert_true(fabs(kin_step_time(&k, SIDE_RIGHT) - right_s) < 1e-9);
		assert_true(
			fabs(kin_pelvis_x(&k, 10 * k.cycle_s) - kin_pelvis_x(&k, 0) - 20 * p->step) < 1e-9);
	}
}

static void knee_range(const struct kin *k, enum side s, double *least, double *most)
{
	*least = 1e9;
	*most = -1e9;
	for (int j = 0; j < MOMENTS; j++) {
		struct skeleton q;

		skeleton_at(k, k->cycle_s * j / MOMENTS, (struct placement){ 0, 1 }, &q);
		*least = fmin(*least, q.leg[s].knee);
		*most = fmax(*most, q.leg[s].knee);
	}
}

/* Winter 2009: about 5 degrees at heel strike and 60 to 70 at its peak in swing. */
static void knees_bend_as_in_people(void **state)
{
	double least, most, stiff;
	struct gait g = gaits[0];
	struct kin k = solve(&g);
	struct skeleton q;

	(void)state;
	knee_range(&k, SIDE_LEFT, &least, &most);
	assert_true(least >= 0 && least < 10);
	assert_true(most > 55 && most < 75);
	skeleton_at(&k, kin_time_of(&k, 1e-6, SIDE_LEFT), (struct placement){ 0, 1 }, &q);
	assert_true(q.leg[SIDE_LEFT].knee < 15 && q.leg[SIDE_LEFT].thigh > 12 && q.leg[SIDE_LEFT].thigh < 30);
	g.p.knee_scale[SIDE_LEFT] = .4;
	k = solve(&g);
	knee_range(&k, SIDE_LEFT, &least, &stiff);
	assert_true(stiff < most - 5);
}

/* The left and the right leg of an even gait do the same half a cycle apart. */
static void sides_of_an_even_gait_are_alike(void **state)
{
	struct kin k = solve(&gaits[0]);

	(void)state;
	for (int j = 0; j < 50; j++) {
		struct skeleton a, b;

		skeleton_at(&k, kin_time_of(&k, j / 50., SIDE_RIGHT), (struct placement){ 0, 1 }, &a);
		skeleton_at(&k, kin_time_of(&k, j / 50., SIDE_LEFT), (struct placement){ 0, 1 }, &b);
		assert_true(fabs(a.leg[SIDE_RIGHT].knee - b.leg[SIDE_LEFT].knee) < .05);
		assert_true(fabs(a.leg[SIDE_RIGHT].thigh - b.leg[SIDE_LEFT].thigh) < .05);
		assert_true(fabs(a.leg[SIDE_RIGHT].ankle - b.leg[SIDE_LEFT].ankle) < .05);
	}
}

/* The crown stands at the height; children have larger heads and shorter legs for it. */
static void bodies_have_their_height(void **state)
{
	static const struct {
		double height, age;
	} rows[] = { { 1.72, 20 }, { 1.95, 20 }, { 1.03, 4 }, { .75, 1 }, { 1.38, 10 } };
	double last_head = 0, last_leg = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct body b = body_make(rows[i].height, rows[i].age);
		double crown = b.ankle + body_leg(&b) + .600 * b.trunk_scale + .244 * b.head_scale;

		assert_true(fabs(crown / rows[i].height - 1) < .03);
	}
	for (double age = BODY_AGE_ADULT; age >= BODY_AGE_MIN; age -= 1) {
		struct body b = body_make(1, age);

		assert_true(b.head_scale >= last_head - 1e-9);
		if (age < 14) /* at puberty the legs are relatively longest */
			assert_true(body_leg(&b) <= last_leg + 1e-9);
		last_head = b.head_scale;
		last_leg = body_leg(&b);
		assert_true(body_typical(age).cadence >= 104 && body_typical(age).cadence <= 176);
	}
}

/* Walking to the left is the same walk, turned round. */
static void placement_turns_the_walker(void **state)
{
	struct kin k = solve(&gaits[3]);
	struct skeleton a, b;
	struct vec3 p[BODY25], q[BODY25];

	(void)state;
	skeleton_at(&k, .7, (struct placement){ 0, 1 }, &a);
	skeleton_at(&k, .7, (struct placement){ 5, -1 }, &b);
	skeleton_body25(&a, p);
	skeleton_body25(&b, q);
	for (int i = 0; i < BODY25; i++)
		assert_true(apart(v3(5 - p[i].x, -p[i].y, p[i].z), q[i]) < 1e-5f);
	assert_true(fabs(a.leg[SIDE_LEFT].knee - b.leg[SIDE_LEFT].knee) < 1e-9);
}

/* Least and most of one of the posture's angles over a cycle. */
static void posture_range(const struct gait *g, size_t at, double *least, double *most)
{
	struct kin k = solve(g);

	*least = 1e9;
	*most = -1e9;
	for (int j = 0; j < MOMENTS; j++) {
		struct skeleton q;

		skeleton_at(&k, k.cycle_s * j / MOMENTS, (struct placement){ 3, -1 }, &q);
		double v = *(double *)((char *)&q.posture + at);
		*least = fmin(*least, v);
		*most = fmax(*most, v);
	}
}

static void posture_is_as_requested(void **state)
{
	static const struct {
		size_t at;
		double low[2], high[2]; /* of the plain walk and of the changed one */
	} rows[] = {
		{ offsetof(struct posture, trunk_lean), { 1, 15 }, { 4, 24 } },
		{ offsetof(struct posture, trunk_sway), { -1, -11 }, { 1, 11 } },
		{ offsetof(struct posture, pelvis_obliquity), { -3.6, -9.1 }, { 3.6, 9.1 } },
		{ offsetof(struct posture, arm) + sizeof(double), { -20, -1 }, { 35, 18 } },
	};
	struct gait changed = gaits[0];
	double least, most;

	(void)state;
	changed.p.trunk_lean = RAD(20);
	changed.p.trunk_sway = RAD(10);
	changed.p.pelvis_drop = RAD(9);
	changed.p.arm_swing = .3;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int c = 0; c < 2; c++) {
			posture_range(c ? &changed : &gaits[0], rows[i].at, &least, &most);
			assert_true(least >= rows[i].low[c] && most <= rows[i].high[c]);
			if (rows[i].at != offsetof(struct posture, trunk_lean))
				assert_true(most - least > .5 * (rows[i].high[c] - rows[i].low[c]) ||
					    (c == 0 && i == 1));
		}
}

/* The feet point where they were told to, against the way of walking. */
static void feet_point_as_requested(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gaits); i++) {
		struct kin k = solve(&gaits[i]);

		for (int s = 0; s < SIDE_COUNT; s++) {
			struct skeleton q;

			skeleton_at(&k, kin_time_of(&k, 4.2, (enum side)s), (struct placement){ 0, 1 }, &q);
			struct vec3 x = q.bone[BONE_FOOT + s].axes.x;
			double out = atan2(s == SIDE_LEFT ? x.y : -x.y, x.x);
			assert_true(fabs(out - k.p.toe_out) < 1e-4);
		}
	}
}

/* Who stands keeps both feet where they are, and sways by millimetres. */
static void standing_stands(void **state)
{
	struct gait g = gaits[0];
	struct vec3 first[BODY25], now[BODY25];
	float most = 0;

	(void)state;
	g.p.stand = true;
	struct kin k = solve(&g);
	for (int j = 0; j <= 200; j++) {
		struct skeleton q;

		skeleton_at(&k, .05 * j, (struct placement){ 0, 1 }, &q);
		skeleton_body25(&q, now);
		if (j == 0)
			memcpy(first, now, sizeof first);
		for (int i = 19; i < BODY25; i++)
			assert_true(apart(first[i], now[i]) < 1e-6f);
		most = fmaxf(most, apart(first[0], now[0]));
		assert_true(q.leg[SIDE_LEFT].knee >= 0 && q.leg[SIDE_LEFT].knee < 15);
	}
	assert_true(most > .002f && most < .03f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_feet_do_not_slip),
		cmocka_unit_test(swing_feet_clear_the_floor),
		cmocka_unit_test(contact_is_as_requested),
		cmocka_unit_test(legs_reach_their_feet),
		cmocka_unit_test(motion_is_continuous),
		cmocka_unit_test(steps_are_as_requested),
		cmocka_unit_test(knees_bend_as_in_people),
		cmocka_unit_test(sides_of_an_even_gait_are_alike),
		cmocka_unit_test(bodies_have_their_height),
		cmocka_unit_test(placement_turns_the_walker),
		cmocka_unit_test(posture_is_as_requested),
		cmocka_unit_test(feet_point_as_requested),
		cmocka_unit_test(standing_stands),
	};

	return cmocka_run_group_tests_name("walker/kinematics", tests, NULL, NULL);
}
