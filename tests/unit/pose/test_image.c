#include "support/testing.h"

#include <math.h>

#include "pose/image.h"

enum { W = 64, H = 48 };

static uint8_t luma[W * H], u[W / 2 * H / 2], v[W / 2 * H / 2];

/* Luma rises by 2 a column and 1 a row; no colour. Full range, so that it is the grey value itself. */
static struct image ramp(void)
{
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			luma[y * W + x] = (uint8_t)(2 * x + y);
	memset(u, 128, sizeof u);
	memset(v, 128, sizeof v);
	return (struct image){ .plane = { luma, u, v },
		.stride = { W, W / 2, W / 2 },
		.width = W,
		.height = H,
		.color = color_matrix(false, true),
		.full_range = true };
}

static float grey(float x, float y)
{
	return (2 * (x - 0.5F) + (y - 0.5F)) / 255;
}

static void a_crop_samples_where_it_should(void **state)
{
	static const struct roi rows[] = { { 32, 24, 16, 0 }, { 30.5F, 20.25F, 20, 0 }, { 32, 24, 16, 0.5F },
		{ 32, 24, 16, 3 }, { 32, 24, 30, -1.2F } };
	struct image im = ramp();
	float out[16 * 16 * 3];

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		image_crop(&im, &rows[k], 16, IMAGE_REPEAT, 1, 0, out);
		for (int i = 0; i < 16 * 16; i++) {
			float x, y;
			roi_to_upright(&rows[k], ((float)(i % 16) + 0.5F) / 16, ((float)(i / 16) + 0.5F) / 16,
				&x, &y);
			for (int c = 0; c < 3; c++)
				assert_float_equal(out[3 * i + c], grey(x, y), 0.02);
		}
	}
}

/* Each of the eight ways a phone may be held: the crop is taken in upright coordinates. */
static void every_turn_is_undone(void **state)
{
	static const struct {
		int32_t a, b, c, d;
		int degrees;
		bool mirrored;
	} rows[] = { { 1, 0, 0, 1, 0, false }, { 0, 1, -1, 0, 90, false }, { -1, 0, 0, -1, 180, false },
		{ 0, -1, 1, 0, 270, false }, { -1, 0, 0, 1, 0, true }, { 1, 0, 0, -1, 180, true },
		{ 0, 1, 1, 0, 90, true }, { 0, -1, -1, 0, 270, true } };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		const int32_t m[9] = { rows[k].a * 65536, rows[k].b * 65536, 0, rows[k].c * 65536,
			rows[k].d * 65536, 0, 0, 0, 1 << 30 };
		struct image im = ramp();
		bool mirrored;
		int degrees;
		float out[2 * 2 * 3];

		im.orient = orient_from_matrix(m, &degrees, &mirrored);
		assert_int_equal(degrees, rows[k].degrees);
		assert_int_equal(mirrored, rows[k].mirrored);
		assert_int_equal(image_upright_width(&im), rows[k].a ? W : H);
		/* Where the matrix puts a stored point: x' = a x + c y, y' = b x + d y, moved into the
		 * picture. */
		float sx = 20.5F, sy = 30.5F;
		float x = (float)rows[k].a * sx + (float)rows[k].c * sy,
		      y = (float)rows[k].b * sx + (float)rows[k].d * sy;
		x += x < 0 ? (float)image_upright_width(&im) : 0;
		y += y < 0 ? (float)image_upright_height(&im) : 0;
		struct roi r = { x, y, 2, 0 };
		image_crop(&im, &r, 2, IMAGE_REPEAT, 1, 0, out);
		float mean = (out[0] + out[3] + out[6] + out[9]) / 4;
		assert_float_equal(mean, grey(sx, sy), 0.005);
	}
}

static void nonsense_matrices_mean_upright(void **state)
{
	static const int32_t zero[9] = { 0 }, slanted[9] = { 60000, 20000, 0, -20000, 60000 };
	bool mirrored;
	int degrees;

	(void)state;
	const int32_t *const rows[] = { NULL, zero, slanted };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct orient o = orient_from_matrix(rows[i], &degrees, &mirrored);
		assert_false(o.swap || o.flip_x || o.flip_y || mirrored);
		assert_int_equal(degrees, 0);
	}
}

static void beyond_the_frame_is_black_or_repeated(void **state)
{
	struct image im = ramp();
	struct roi r = { 0, 0, 32, 0 };
	float out[16 * 16 * 3];

	(void)state;
	image_crop(&im, &r, 16, IMAGE_BLACK, 2, -1, out);
	assert_float_equal(out[0], -1, 1e-6);
	assert_float_equal(out[3 * (15 * 16)], -1, 1e-6); /* left of it */
	assert_true(out[3 * (15 * 16 + 15)] > -1);        /* inside */
	image_crop(&im, &r, 16, IMAGE_REPEAT, 1, 0, out);
	assert_float_equal(out[0], 0, 1e-6);                          /* the corner, repeated */
	assert_float_equal(out[3 * (15 * 16)], grey(0.5F, 15), 0.01); /* the first column, repeated */
}

static void absurd_squares_are_black(void **state)
{
	static const struct roi rows[] = { { 0, 0, 0, 0 }, { 0, 0, -4, 0 }, { NAN, 0, 4, 0 },
		{ 0, 0, INFINITY, 0 }, { 1e9F, 0, 4, 0 }, { 5, 5, 5, NAN }, { 0, 0, 1e9F, 0 } };
	struct image im = ramp();
	float out[4 * 4 * 3];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		image_crop(&im, &rows[i], 4, IMAGE_REPEAT, 1, 0, out);
		for (int k = 0; k < 48; k++)
			assert_float_equal(out[k], 0, 0);
	}
}

static void colours_follow_the_standards(void **state)
{
	/* Y, U, V and the colour they mean (ITU-R BT.601 table, 100 % bars; BT.709). */
	static const struct {
		bool is_709, full;
		uint8_t y, u, v;
		float r, g, b;
	} rows[] = { { false, false, 235, 128, 128, 1, 1, 1 }, { false, false, 16, 128, 128, 0, 0, 0 },
		{ false, false, 81, 90, 240, 1, 0, 0 }, { false, false, 145, 54, 34, 0, 1, 0 },
		{ false, false, 41, 240, 110, 0, 0, 1 }, { true, false, 63, 102, 240, 1, 0, 0 },
		{ true, false, 173, 42, 26, 0, 1, 0 }, { false, true, 76, 85, 255, 1, 0, 0 },
		{ false, true, 255, 255, 255, 1, 0.473F, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct image im = ramp();
		struct roi r = { 20, 20, 8, 0 };
		float out[2 * 2 * 3];

		memset(luma, rows[i].y, sizeof luma);
		memset(u, rows[i].u, sizeof u);
		memset(v, rows[i].v, sizeof v);
		im.color = color_matrix(rows[i].is_709, rows[i].full);
		image_crop(&im, &r, 2, IMAGE_REPEAT, 1, 0, out);
		assert_float_equal(out[0], rows[i].r, 0.012);
		assert_float_equal(out[1], rows[i].g, 0.012);
		assert_float_equal(out[2], rows[i].b, 0.012);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_crop_samples_where_it_should),
		cmocka_unit_test(every_turn_is_undone), cmocka_unit_test(nonsense_matrices_mean_upright),
		cmocka_unit_test(beyond_the_frame_is_black_or_repeated),
		cmocka_unit_test(absurd_squares_are_black), cmocka_unit_test(colours_follow_the_standards) };

	return cmocka_run_group_tests_name("pose/image", tests, NULL, NULL);
}
