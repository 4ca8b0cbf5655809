#include "support/testing.h"

#include <math.h>

#include "pose/track.h"

/* A person of a scene: in view from @from to @to, at (x, y) then, moving by (vx, vy) a second, @size growing.
 */
struct actor {
	double from, to;
	float x, y, vx, vy, size, grow;
};

struct scene {
	struct actor actors[4];
	size_t n;
	float hint[2]; /* 0, 0: none */
	/* wanted */
	int walker; /* index of the actor whose place the choice must follow; -1: nobody */
	bool several, hint_used, hint_missed;
};

static struct detection seen(const struct actor *a, double t, uint32_t *noise)
{
	float dt = (float)(t - a->from), jitter[2];

	for (int i = 0; i < 2; i++) {
		*noise = *noise * 1664525U + 1013904223U;
		jitter[i] = (float)(*noise >> 8) * 0x1p-24F - 0.5F;
	}
	float x = a->x + a->vx * dt + 10 * jitter[0], y = a->y + a->vy * dt,
	      s = (a->size + a->grow * dt) * (1 + 0.2F * jitter[1]);
	return (struct detection){ x, y, x, y - s, 0.9F };
}

static void play(const struct scene *s, struct tracks *ts)
{
	uint32_t noise = 7;
	struct err e;

	for (double t = 0; t < 8; t += 0.5) {
		struct detection d[4];
		size_t n = 0;
		for (size_t i = 0; i < s->n; i++)
			if (t >= s->actors[i].from && t <= s->actors[i].to)
				d[n++] = seen(&s->actors[i], t, &noise);
		assert_ok(tracks_add(ts, t, d, n, &e), &e);
	}
}

static void the_walker_is_chosen(void **state)
{
	static const struct scene rows[] = {
		/* one walks by */
		{ { { 0, 7, 100, 300, 150, 0, 150, 0 } }, 1, { 0, 0 }, 0, false, false, false },
		/* one stands nearer the camera, another walks by */
		{ { { 0, 7, 600, 300, 0, 0, 200, 0 }, { 1, 6, 1200, 350, -220, 0, 160, 0 } }, 2, { 0, 0 }, 1,
			false, false, false },
		/* a walker and the mirror image: smaller, the same way */
		{ { { 0, 7, 100, 400, 160, 0, 180, 0 }, { 0, 7, 150, 200, 80, 0, 60, 0 } }, 2, { 0, 0 }, 0,
			false, false, false },
		/* towards the camera, a bystander in the corner */
		{ { { 0, 7, 640, 350, 0, 5, 90, 25 }, { 0, 7, 1100, 300, 0, 0, 110, 0 } }, 2, { 0, 0 }, 0,
			false, false, false },
		/* two walk side by side: said, not silently chosen */
		{ { { 0, 7, 100, 300, 150, 0, 150, 0 }, { 0, 7, 100, 600, 150, 0, 140, 0 } }, 2, { 0, 0 }, 0,
			true, false, false },
		/* the same with a hint */
		{ { { 0, 7, 100, 300, 150, 0, 150, 0 }, { 0, 7, 100, 600, 150, 0, 140, 0 } }, 2, { 110, 610 },
			1, false, true, false },
		/* a hint beside everybody */
		{ { { 0, 7, 100, 300, 150, 0, 150, 0 } }, 1, { 1200, 50 }, 0, false, false, true },
		/* the hint wins against size */
		{ { { 0, 7, 600, 300, 0, 0, 250, 0 }, { 0, 7, 1200, 350, -160, 0, 100, 0 } }, 2,
			{ 1190, 340 }, 1, false, true, false },
		/* two cross each other's way in the middle */
		{ { { 0, 7, 100, 300, 150, 0, 170, 0 }, { 0, 7, 1150, 320, -150, 0, 110, 0 } }, 2, { 0, 0 },
			0, true, false, false },
		/* a flicker of one sample is nobody */
		{ { { 0, 7, 100, 300, 150, 0, 150, 0 }, { 3, 3, 900, 100, 0, 0, 300, 0 } }, 2, { 0, 0 }, 0,
			false, false, false },
		{ .walker = -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tracks ts = { 0 };
		struct track_choice c;
		const struct scene *s = &rows[i];

		play(s, &ts);
		int r = tracks_choose(&ts, s->hint[0] > 0 ? s->hint : NULL, &c);
		assert_int_equal(r, s->walker < 0 ? TRACK_NOBODY : 0);
		if (c.several != s->several || c.hint_used != s->hint_used || c.hint_missed != s->hint_missed)
			fail_msg("scene %zu: several %d, hint used %d, missed %d", i, c.several, c.hint_used,
				c.hint_missed);
		for (double t = 0; s->walker >= 0 && t < 8; t += 0.1) {
			const struct actor *a = &s->actors[s->walker];
			struct detection d;
			bool there = t >= a->from && t <= a->to, found = track_at(&ts, t, 0, &d);
			float dt = (float)(t - a->from);
			if (there != found && fabs(t - a->from) > 0.01 && fabs(t - a->to) > 0.01)
				fail_msg("scene %zu at %.1f: %d", i, t, found);
			if (found)
				assert_true(hypotf(d.hip_x - a->x - a->vx * dt, d.hip_y - a->y - a->vy * dt) <
					    0.4F * a->size);
		}
		tracks_deinit(&ts);
	}
}

/* To the right, out of view for 1.5 s and more, back again: one walker, two tracks. */
static void who_comes_back_is_the_same(void **state)
{
	static const struct scene s = { { { 0, 3, 100, 300, 300, 0, 150, 0 },
						{ 5, 7.5, 1100, 300, -300, 0, 160, 0 } },
		2, { 0, 0 }, 0, false, false, false };
	struct tracks ts = { 0 };
	struct track_choice c;
	struct detection d;

	(void)state;
	play(&s, &ts);
	assert_int_equal(tracks_choose(&ts, NULL, &c), 0);
	assert_int_equal(c.people, 1);
	assert_true(track_at(&ts, 2, 0, &d));
	assert_false(track_at(&ts, 4, 0, &d));
	assert_true(track_at(&ts, 6, 0, &d));
	tracks_deinit(&ts);
}

/* A bystander who is seen only while the walker is away is not taken for the walker. */
static void a_bystander_is_not_joined(void **state)
{
	static const struct scene s = { { { 0, 3, 100, 300, 300, 0, 150, 0 },
						{ 5, 7.5, 300, 500, 0, 0, 150, 0 } },
		2, { 0, 0 }, 0, false, false, false };
	struct tracks ts = { 0 };
	struct track_choice c;
	struct detection d;

	(void)state;
	play(&s, &ts);
	assert_int_equal(tracks_choose(&ts, NULL, &c), 0);
	assert_int_equal(c.people, 2);
	assert_true(track_at(&ts, 2, 0, &d));
	assert_false(track_at(&ts, 6, 0, &d));
	assert_true(track_is_other(&ts, 6, 310, 500, 50));
	assert_false(track_is_other(&ts, 2, 700, 300, 50));
	tracks_deinit(&ts);
}

static void a_crowd_is_bounded(void **state)
{
	struct tracks ts = { 0 };
	struct detection d[DETECTOR_MAX];
	struct track_choice c;
	struct err e;

	(void)state;
	for (int k = 0; k < 200; k++) {
		for (int i = 0; i < DETECTOR_MAX; i++) {
			float x = (float)(i * 1000 + k % 7 * 300), y = (float)(k % 11 * 400);
			d[i] = (struct detection){ x, y, x, y - 100, 0.9F };
		}
		assert_ok(tracks_add(&ts, k * 0.5, d, DETECTOR_MAX, &e), &e);
	}
	assert_true(ts.n <= 64);
	assert_int_equal(tracks_choose(&ts, NULL, &c), 0);
	tracks_deinit(&ts);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_walker_is_chosen),
		cmocka_unit_test(who_comes_back_is_the_same), cmocka_unit_test(a_bystander_is_not_joined),
		cmocka_unit_test(a_crowd_is_bounded) };

	return cmocka_run_group_tests_name("pose/track", tests, NULL, NULL);
}
