#include "support/testing.h"

#include "pose/image_rgba.h"

static uint8_t picture[9 * 7 * 4];

static void paint(int width, int x, int y, int r, int g, int b)
{
	uint8_t *p = picture + 4 * (y * width + x);

	p[0] = (uint8_t)r;
	p[1] = (uint8_t)g;
	p[2] = (uint8_t)b;
	p[3] = 255;
}

/* A plain colour comes out of a crop as it went in. */
static void colours_survive(void **state)
{
	static const uint8_t rows[][3] = { { 0, 0, 0 }, { 255, 255, 255 }, { 255, 0, 0 }, { 0, 255, 0 },
		{ 0, 0, 255 }, { 12, 130, 200 }, { 250, 240, 3 } };
	struct rgba_planes planes = { 0 };
	const struct roi whole = { 4, 3, 4, 0 };
	float out[4 * 4 * 3];
	struct image im;
	struct err e;

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		for (int i = 0; i < 8 * 6; i++)
			paint(8, i % 8, i / 8, rows[k][0], rows[k][1], rows[k][2]);
		assert_ok(image_from_rgba(&planes, picture, 8, 6, &im, &e), &e);
		image_crop(&im, &whole, 4, IMAGE_REPEAT, 255, 0, out);
		for (int i = 0; i < 4 * 4 * 3; i++)
			assert_float_equal(out[i], rows[k][i % 3], 2);
	}
	free(planes.memory);
}

/* An odd width and height: the last column and row are there, once. */
static void odd_sides_end_where_they_should(void **state)
{
	struct rgba_planes planes = { 0 };
	struct image im;
	struct err e;

	(void)state;
	for (int i = 0; i < 9 * 7; i++)
		paint(9, i % 9, i / 9, i % 9 == 8 ? 255 : 0, i % 9 == 8 ? 255 : 0, i / 9 == 6 ? 255 : 0);
	assert_ok(image_from_rgba(&planes, picture, 9, 7, &im, &e), &e);
	assert_int_equal(im.width, 9);
	assert_int_equal(im.stride[1], 5);
	assert_int_equal(im.plane[0][8], 226);     /* yellow */
	assert_int_equal(im.plane[0][7], 0);       /* black */
	assert_int_equal(im.plane[0][6 * 9], 29);  /* blue */
	assert_int_equal(im.plane[1][4], 1);       /* yellow: 128 - 127.5, no blue at all */
	assert_int_equal(im.plane[1][3 * 5], 255); /* blue */
	assert_int_equal(im.plane[1][0], 128);
	assert_int_equal(image_upright_height(&im), 7);
	free(planes.memory);
}

static void absurd_sizes_are_refused(void **state)
{
	static const int rows[][2] = { { 1, 5 }, { 5, 0 }, { -3, 5 }, { 8193, 2 }, { 2, 1 << 30 } };
	struct rgba_planes planes = { 0 };
	struct image im;
	struct err e;

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(rows); k++)
		assert_fails(
			image_from_rgba(&planes, picture, rows[k][0], rows[k][1], &im, &e), &e, ERR_INVALID);
	assert_null(planes.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(colours_survive),
		cmocka_unit_test(odd_sides_end_where_they_should),
		cmocka_unit_test(absurd_sizes_are_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
