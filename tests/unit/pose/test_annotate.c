#include "support/testing.h"

#include <math.h>

#include "pose/annotate.h"
#include "pose/overlay.h"

/* What is drawn where, on a picture of the test's own. */
enum { W = 640, H = 360, GREY = 128, BAND_MAX = 200 };

static uint8_t luma[W * (H + BAND_MAX)], u[W * (H + BAND_MAX) / 4], v[W * (H + BAND_MAX) / 4];

static struct canvas picture_of(int height)
{
	memset(luma, GREY, sizeof luma);
	memset(u, 128, sizeof u);
	memset(v, 128, sizeof v);
	return (struct canvas){
		.plane = { luma, u, v }, .stride = { W, W / 2, W / 2 }, .width = W, .height = height
	};
}

static size_t changed(int x0, int y0, int x1, int y1)
{
	size_t n = 0;

	for (int y = y0; y < y1; y++)
		for (int x = x0; x < x1; x++)
			n += luma[y * W + x] != GREY;
	return n;
}

/* How much more blue (left) or red (right) than grey the square round (x, y) is. */
static void tint(int x, int y, int half, int *ret_blue, int *ret_red)
{
	*ret_blue = *ret_red = 0;
	for (int j = (y - half) / 2; j < (y + half) / 2; j++)
		for (int i = (x - half) / 2; i < (x + half) / 2; i++) {
			*ret_blue += u[j * (W / 2) + i] - 128;
			*ret_red += v[j * (W / 2) + i] - 128;
		}
}

/* A person whose left heel is at 200, 300 and whose right one is at 400, 300. */
static struct body25 person(void)
{
	struct body25 b = { .found = true };

	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		const struct body_leg *leg = &body_legs[s];
		float x = s == SIDE_LEFT ? 200 : 400;
		const float at[4][3] = { { (float)leg->knee, x, 240 }, { (float)leg->ankle, x, 292 },
			{ (float)leg->heel, x, 300 }, { (float)leg->toe, x + 40, 300 } };
		for (int i = 0; i < 4; i++) {
			b.x[(int)at[i][0]] = at[i][1];
			b.y[(int)at[i][0]] = at[i][2];
			b.confidence[(int)at[i][0]] = 0.9F;
		}
	}
	return b;
}

static void a_strike_is_ringed_for_a_quarter_of_a_second(void **state)
{
	struct mark left[] = { { 1, true } }, right[] = { { 2, true } };
	const struct marks m = { .of = { left, right }, .n = { 1, 1 } };
	const struct body25 b = person();

	(void)state;
	for (int frame = 0; frame < 90; frame++) {
		struct canvas c = picture_of(H);
		double now_s = frame / 30.0;
		int blue, red;
		annotate_body(&c, &b, &m, now_s, 1 / 30.0);
		bool is_left = frame >= 30 && frame <= 37, is_right = frame >= 60 && frame <= 67;
		if ((changed(170, 270, 230, 330) > 0) != is_left ||
			(changed(370, 270, 430, 330) > 0) != is_right)
			fail_msg("frame %d", frame);
		assert_int_equal(changed(0, 0, W, 240), 0);
		tint(200, 300, 30, &blue, &red);
		assert_true(is_left ? blue > 1000 && red < 0 : blue == 0 && red == 0);
		tint(400, 300, 30, &blue, &red);
		assert_true(is_right ? red > 1000 && blue < red / 2 : blue == 0 && red == 0);
	}
}

/* An event lies between two frames: the nearer one shows it first. */
static void the_nearest_frame_is_the_first(void **state)
{
	struct mark left[] = { { 1.01, true } };
	const struct marks m = { .of = { left, NULL }, .n = { 1, 0 } };
	const struct body25 b = person();
	struct canvas c = picture_of(H);

	(void)state;
	annotate_body(&c, &b, &m, 1.0 - 1 / 30.0, 1 / 30.0);
	assert_int_equal(changed(0, 0, W, H), 0);
	annotate_body(&c, &b, &m, 1.0, 1 / 30.0);
	assert_true(changed(170, 270, 230, 330) > 100);
}

static void a_toe_off_is_shown_at_the_toe(void **state)
{
	struct mark left[] = { { 1, false } };
	const struct marks m = { .of = { left, NULL }, .n = { 1, 0 } };
	const struct body25 b = person();
	struct canvas c = picture_of(H);

	(void)state;
	annotate_body(&c, &b, &m, 1.05, 1 / 30.0);
	assert_true(changed(220, 280, 260, 320) > 30);
	assert_int_equal(changed(170, 270, 215, 330), 0);
	c = picture_of(H);
	annotate_body(&c, &b, &m, 1.2, 1 / 30.0);
	assert_int_equal(changed(0, 0, W, H), 0);
}

static void where_nobody_is_seen_nothing_is_drawn(void **state)
{
	struct mark left[] = { { 1, true } };
	const struct marks m = { .of = { left, NULL }, .n = { 1, 0 } };
	struct body25 b = person();
	struct canvas c = picture_of(H);

	(void)state;
	b.confidence[BODY_L_HEEL] = 0;
	annotate_body(&c, &b, &m, 1.1, 1 / 30.0);
	assert_true(changed(180, 270, 220, 320) > 0); /* the ankle stands in */
	c = picture_of(H);
	b.confidence[BODY_L_ANKLE] = 0.1F;
	annotate_body(&c, &b, &m, 1.1, 1 / 30.0);
	assert_int_equal(changed(0, 0, W, H), 0);
	b = person();
	b.found = false;
	annotate_body(&c, &b, &m, 1.1, 1 / 30.0);
	assert_int_equal(changed(0, 0, W, H), 0);
}

/* Points outside of the picture, and numbers that are none, from a hostile file. */
static void wild_points_are_harmless(void **state)
{
	static const float wild[] = { -1e30F, 1e30F, -50, W + 50, NAN, INFINITY, W - 1, 0 };
	struct mark left[] = { { 1, true }, { 1, false } };
	const struct marks m = { .of = { left, left }, .n = { 2, 2 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wild); i++)
		for (size_t k = 0; k < ARRAY_LEN(wild); k++) {
			struct canvas c = picture_of(H);
			struct body25 b = { .found = true };
			for (int p = 0; p < BODY25; p++) {
				b.x[p] = p % 2 ? wild[i] : wild[k];
				b.y[p] = p % 3 ? wild[k] : wild[i];
				b.confidence[p] = 1;
			}
			overlay_skeleton(&c, &b);
			annotate_body(&c, &b, &m, 1.05, 1 / 30.0);
		}
}

static int cursor(const struct canvas *c)
{
	int best = 0, most = 0;

	/* Between the lanes, where nothing else is white. */
	for (int x = 0; x < c->width; x++) {
		int y = (int)(3.28F * (float)c->height / 6.2F);
		if (luma[y * W + x] > most) {
			most = luma[y * W + x];
			best = x;
		}
	}
	return most > 180 ? best : -1;
}

static void the_cursor_follows_time(void **state)
{
	static const double durations[] = { 4, 60 };
	const struct marks none = { 0 };
	int last;

	(void)state;
	for (size_t d = 0; d < ARRAY_LEN(durations); d++) {
		last = -1;
		for (int i = 0; i <= 20; i++) {
			struct canvas c = picture_of(annotate_band_height(W, H));
			annotate_band(&c, &none, durations[d] * i / 20, durations[d]);
			int x = cursor(&c);
			if (x < last || (durations[d] < 10 && x == last))
				fail_msg("%g s, %d: %d after %d", durations[d], i, x, last);
			last = x;
		}
		assert_true(last > W * 9 / 10);
	}
}

static void stances_are_bars_of_their_side(void **state)
{
	struct mark left[] = { { 1, true }, { 1.6, false }, { 2.1, true } };
	const struct marks m = { .of = { left, NULL }, .n = { 3, 0 } };
	struct canvas c = picture_of(annotate_band_height(W, H));
	float cap = (float)c.height / 6.2F;
	int blue, red, lane = (int)(2.75F * cap), right_lane = (int)(3.8F * cap);
	float x0 = 2.4F * cap, per_s = ((float)W - 1.2F * cap - x0) / 4;

	(void)state;
	annotate_band(&c, &m, 0.2, 4);
	tint((int)(x0 + 1.3F * per_s), lane, 4, &blue, &red);
	assert_true(blue > 100 && red < 0);
	tint((int)(x0 + 1.85F * per_s), lane, 4, &blue, &red);
	assert_true(abs(blue) < 100); /* swing */
	tint((int)(x0 + 1.3F * per_s), right_lane, 4, &blue, &red);
	assert_true(abs(blue) < 100);
	for (int w = 16; w <= 1280; w *= 2)
		assert_int_equal(annotate_band_height(w, 1280) % 2, 0);
}

static void letters_have_their_widths(void **state)
{
	struct canvas c = picture_of(H);

	(void)state;
	assert_float_equal(paint_text_width("", 12), 0, 0);
	assert_float_equal(paint_text_width("11", 12), paint_text_width("88", 12), 1e-4);
	paint_text(&c, 100, 100, 24, "RIGHT STANCE 0.5 s", paint_ink(&c, 1, 1, 1));
	assert_true(changed(100, 98, 340, 128) > 500);
	assert_int_equal(changed(100 + (int)paint_text_width("RIGHT STANCE 0.5 s", 24) + 3, 0, W, H), 0);
	assert_int_equal(changed(0, 0, 98, H), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_strike_is_ringed_for_a_quarter_of_a_second),
		cmocka_unit_test(the_nearest_frame_is_the_first),
		cmocka_unit_test(a_toe_off_is_shown_at_the_toe),
		cmocka_unit_test(where_nobody_is_seen_nothing_is_drawn),
		cmocka_unit_test(wild_points_are_harmless), cmocka_unit_test(the_cursor_follows_time),
		cmocka_unit_test(stances_are_bars_of_their_side),
		cmocka_unit_test(letters_have_their_widths) };

	return cmocka_run_group_tests_name("pose/annotate", tests, NULL, NULL);
}
