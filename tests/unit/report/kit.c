#include "support/testing.h"

#include "kit.h"

#include <math.h>

static const struct {
	const char *name;
	bool front, side;
	double height_m, age_months;
} cases[KIT_CASES] = {
	[KIT_ADULT] = { "adult", true, true, 1.70, 360 },
	[KIT_CHILD] = { "child", true, true, 1.20, 86 },
	[KIT_LEFTWARDS] = { "leftwards", true, true, 1.70, 360 },
	[KIT_SIDE_ONLY] = { "side only", false, true, 1.70, 360 },
	[KIT_FRONT_ONLY] = { "front only", true, false, 1.70, 360 },
	[KIT_NO_HEIGHT] = { "no height", true, true, NAN, 360 },
	[KIT_UNKNOWN] = { "unknown", false, true, NAN, NAN },
	[KIT_STANDING] = { "standing", true, true, 1.70, 360 },
	[KIT_NOBODY] = { "nobody", true, true, 1.70, 360 },
	[KIT_EXCHANGED] = { "exchanged", true, true, 1.70, 360 },
	[KIT_TREADMILL] = { "treadmill", false, true, 1.70, 360 },
	[KIT_HOLES] = { "holes", true, true, 1.70, 360 },
	[KIT_LONG] = { "long", false, true, 1.70, 360 },
	[KIT_NO_FEET] = { "no feet", true, true, 1.70, 360 },
};

const char *kit_name(enum kit_case c)
{
	return cases[c].name;
}

static void forget_feet(struct keypoints *k)
{
	for (size_t i = 0; i < k->people; i++)
		for (int b = BODY_L_BIG_TOE; b <= BODY_R_HEEL; b++)
			k->person[i].p[b] = (struct keypoint){ 0 };
}

static void walk(struct keypoints *k, enum view view, enum kit_case c)
{
	struct synth s =
		synth_adult(c == KIT_EXCHANGED ? (view == VIEW_FRONT ? VIEW_SIDE : VIEW_FRONT) : view);
	struct err e = { 0 };

	s.seconds = 6;
	s.noise_px = 0.7;
	if (c == KIT_CHILD) {
		s.height_m = 1.20;
		s.step_m = 0.42;
		s.cadence = 132;
		s.px_per_m = 210;
	}
	if (c == KIT_LEFTWARDS && view == VIEW_SIDE)
		s.dir = -1;
	if (c == KIT_STANDING)
		s.start_s = s.seconds;
	s.treadmill = c == KIT_TREADMILL || c == KIT_LONG;
	if (c == KIT_LONG)
		s.seconds = 100;
	s.drop = c == KIT_HOLES ? 0.1 : 0;
	if (c != KIT_NOBODY) {
		synth_fill(&s, k);
		if (c == KIT_NO_FEET)
			forget_feet(k);
	} else {
		k->fps = 30;
		for (int i = 0; i < 90; i++)
			assert_ok(keypoints_add_empty(k, &e), &e);
	}
	snprintf(k->engine, sizeof k->engine, "synthetic 1.0");
}

void kit_open(struct kit *k, enum kit_case c)
{
	struct patient p;
	struct err e = { 0 };

	*k = (struct kit){ 0 };
	patient_init(&p);
	p.height_m = cases[c].height_m;
	p.age_months = cases[c].age_months;
	p.sex = c == KIT_UNKNOWN ? 0 : 'F';
	for (enum view v = VIEW_FRONT; v < VIEWS; v++) {
		keypoints_init(&k->k[v]);
		if (v == VIEW_FRONT ? cases[c].front : cases[c].side)
			walk(&k->k[v], v, c);
	}
	assert_ok(analyze(cases[c].front ? &k->k[VIEW_FRONT] : NULL, cases[c].side ? &k->k[VIEW_SIDE] : NULL,
			  &p, &k->a, &e),
		&e);
	k->r = (struct report){ .analysis = &k->a, .program = "gaitd test" };
	k->r.score = (struct report_score){ .value = NAN, .low = NAN, .high = NAN };
	k->r.score.reasons[k->r.score.reason_count++] = "no model is configured";
	buf_init(&k->out, 64 << 20);
}

void kit_close(struct kit *k)
{
	for (enum view v = VIEW_FRONT; v < VIEWS; v++)
		keypoints_deinit(&k->k[v]);
	analysis_deinit(&k->a);
	buf_deinit(&k->out);
	report_release();
}

int kit_write(struct kit *k, int (*writer)(const struct report *, struct buf *, struct err *))
{
	struct err e = { 0 };

	buf_reset(&k->out);
	int r = writer(&k->r, &k->out, &e);
	if (r < 0)
		fail_msg("writer: %s", e.msg);
	return r;
}
