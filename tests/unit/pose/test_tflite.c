#include "support/testing.h"

#include <math.h>

#include "pose/flatbuffer.h"
#include "pose/nn.h"
#include "pose/tflite.h"
#include "tiny_model.h"

static struct tiny t;

static void no_read_leaves_the_file(void **state)
{
	/* A vector that claims more than there is, a table that points before the start, an offset past the
	 * end. */
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "", 0 },
		{ "\x08\0\0\0TFL3", 8 },
		{ "\x08\0\0\0TFL3\xff\xff\xff\x7f", 12 },
		{ "\x08\0\0\0TFL3\x08\0\0\0\x06\0\x08\0\xf0\xff\xff\xff", 20 },
		{ "\xff\xff\xff\xffTFL3", 8 },
		{ "\0\0\0\0TFL3", 8 },
		{ "\x08\0\0\0XXXX\0\0\0\0", 12 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fb fb;
		char *exact = malloc(rows[i].len + !rows[i].len);
		assert_non_null(exact);
		memcpy(exact, rows[i].bytes, rows[i].len);
		fb_init(&fb, exact, rows[i].len);
		struct fb_table root = fb_root(&fb, "TFL3");
		for (unsigned k = 0; k < 4; k++) {
			struct fb_vec v = fb_vec(root, k, 4);
			assert_int_equal(v.len, 0);
			assert_int_equal(fb_vec_i32(v, 0), 0);
		}
		assert_int_equal(fb_i32(root, 1, 7) == 7 || !fb_ok(&fb), 1);
		assert_false(fb_ok(&fb));
		free(exact);
	}
}

static void a_model_is_read(void **state)
{
	struct tfl_graph *g = NULL;
	struct err e;

	(void)state;
	tiny_of_all(&t);
	assert_ok(tfl_read(t.bytes, t.len, &g, &e), &e);
	assert_int_equal(g->noutputs, 2);
	assert_int_equal(g->nops, 13); /* the dequantization is folded */
	assert_int_equal(g->tensors[g->input].dims[1], 8);
	tfl_free(g);
}

static void sparse_weights_become_dense(void **state)
{
	CLEANUP(tfl_free_p) struct tfl_graph *g = NULL;
	static const float want[] = { 2, 0, 0, 0, 0, 3 };
	struct err e;

	(void)state;
	tiny_sparse(&t);
	assert_ok(tfl_read(t.bytes, t.len, &g, &e), &e);
	const float *w = g->tensors[g->ops[0].in[1]].values;
	assert_memory_equal(w, want, sizeof want);
}

/* Cut at every length and with every byte changed in turn: an answer, never a crash. */
static void damage_is_refused_or_harmless(void **state)
{
	size_t refused = 0, runs = 0;

	(void)state;
	for (int which = 0; which < 2; which++) {
		which ? tiny_sparse(&t) : tiny_of_all(&t);
		for (size_t i = 0; i < 2 * t.len; i++, runs++) {
			size_t len = i < t.len ? i : t.len;
			uint8_t *copy = malloc(len + !len);
			struct tfl_graph *g = NULL;
			struct err e = { 0 };

			assert_non_null(copy);
			memcpy(copy, t.bytes, len);
			if (i >= t.len)
				copy[i - t.len] ^= 0x41;
			int r = tfl_read(copy, len, &g, &e);
			if (i < t.len / 2)
				assert_int_equal(r, -1);
			if (r < 0) {
				assert_true(e.kind == ERR_CORRUPT || e.kind == ERR_INVALID);
				assert_true(e.msg[0] != '\0');
				refused++;
			}
			tfl_free(g);
			free(copy);
		}
	}
	assert_true(refused > runs / 2);
}

static void shapes_that_disagree_are_refused(void **state)
{
	/* Tensor numbers of tiny_of_all(), a dimension of it, its wrong value. */
	static const struct {
		int tensor, dim, value;
	} rows[] = { { 2, 1, 11 }, { 2, 3, 4 }, { 6, 3, 5 }, { 6, 1, 9 }, { 8, 1, 5 }, { 9, 2, 3 },
		{ 10, 3, 2 }, { 11, 1, 9 }, { 12, 3, 3 }, { 15, 1, 2 }, { 16, 1, 2 }, { 17, 1, 2 },
		{ 18, 1, 63 }, { 20, 1, 321 }, { 0, 3, 4 }, { 5, 0, 3 }, { 6, 0, 2 }, { 2, 0, -1 },
		{ 2, 0, 0 }, { 2, 1, 1 << 30 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tfl_graph *g = NULL;
		struct err e = { 0 };

		tiny_of_all(&t);
		t.tensors[rows[i].tensor].dims[rows[i].dim] = rows[i].value;
		tiny_write(&t);
		if (tfl_read(t.bytes, t.len, &g, &e) == 0)
			fail_msg("row %zu was accepted", i);
	}
}

static void wild_options_are_refused(void **state)
{
	/* Operator, its option, the value. */
	static const int rows[][3] = { { 2, 1, 0 }, { 2, 2, -5 }, { 2, 4, 0 }, { 2, 4, 1 << 30 }, { 2, 3, 9 },
		{ 3, 1, 100 }, { 4, 3, 0 }, { 4, 4, 1000 }, { 6, 0, 0 }, { 6, 0, 3 }, { 13, 0, 7 },
		{ 13, 0, -9 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tfl_graph *g = NULL;
		struct err e = { 0 };

		tiny_of_all(&t);
		t.ops[rows[i][0]].options[rows[i][1]] = rows[i][2];
		tiny_write(&t);
		if (tfl_read(t.bytes, t.len, &g, &e) == 0)
			fail_msg("row %zu was accepted", i);
	}
}

static void use_before_making_is_refused(void **state)
{
	struct tfl_graph *g = NULL;
	struct err e = { 0 };

	(void)state;
	tiny_of_all(&t);
	t.ops[5].in[1] = t.outputs[1]; /* an addition with what comes last */
	tiny_write(&t);
	assert_fails(tfl_read(t.bytes, t.len, &g, &e), &e, ERR_CORRUPT);
	tiny_of_all(&t);
	t.outputs[0] = 1; /* a constant */
	tiny_write(&t);
	assert_fails(tfl_read(t.bytes, t.len, &g, &e), &e, ERR_CORRUPT);
}

static struct nn *open_tiny(unsigned outputs)
{
	struct tfl_graph *g = NULL;
	struct nn *n = NULL;
	struct err e;

	assert_ok(tfl_read(t.bytes, t.len, &g, &e), &e);
	assert_ok(nn_open(g, outputs, &n, &e), &e);
	return n;
}

static void a_network_computes(void **state)
{
	size_t count;
	struct err e;
	int side;

	(void)state;
	tiny_of_all(&t);
	CLEANUP(nn_close_p) struct nn *n = open_tiny(3);
	float *in = nn_input(n, &side);
	assert_int_equal(side, 8);
	for (int i = 0; i < 8 * 8 * 3; i++)
		in[i] = i % 3 == 0 ? 1.0F : i % 3 == 1 ? 2.0F : 9.0F;
	assert_ok(nn_run(n, &e), &e);
	/* Convolution: the channel itself, at most 6; the fourth is its bias. Doubled, added to its own
	 * maximum (the same, as all is even): 4, 8, 24, 2. */
	const float *joined = nn_output(n, 0, &count);
	assert_int_equal(count, 320);
	for (int i = 0; i < 64; i++) { /* depth to space: 2 x 2 blocks of the four channels */
		static const float block[] = { 4, 8, 24, 2 };
		assert_float_equal(joined[i], block[i / 8 % 2 * 2 + i % 2], 1e-5);
	}
	for (int i = 64; i < 320; i++) { /* the resize of an even picture changes nothing */
		static const float channel[] = { 4, 8, 24, 2 };
		assert_float_equal(joined[i], channel[i % 4], 1e-4);
	}
	const float *one = nn_output(n, 1, &count);
	assert_int_equal(count, 1);
	assert_float_equal(one[0], 1 / (1 + expf(-9.5F)), 1e-5); /* of the mean: (4 + 8 + 24 + 2) / 4 */
	assert_null(nn_output(n, 2, &count));
}

static void a_sparse_network_computes(void **state)
{
	struct err e;
	int side;

	(void)state;
	tiny_sparse(&t);
	CLEANUP(nn_close_p) struct nn *n = open_tiny(1);
	float *in = nn_input(n, &side);
	for (int i = 0; i < 4 * 4 * 3; i++)
		in[i] = (float)(i % 3 + 1);
	assert_ok(nn_run(n, &e), &e);
	const float *y = nn_output(n, 0, NULL);
	for (int i = 0; i < 16; i++) {
		assert_float_equal(y[2 * i], 2, 1e-6);
		assert_float_equal(y[2 * i + 1], 9, 1e-6);
	}
}

static void unwanted_outputs_are_left_out(void **state)
{
	struct tfl_graph *g = NULL;
	struct nn *n = NULL;
	struct err e;

	(void)state;
	tiny_of_all(&t);
	n = open_tiny(2);
	assert_null(nn_output(n, 0, NULL));
	assert_non_null(nn_output(n, 1, NULL));
	assert_ok(nn_run(n, &e), &e);
	nn_close(n);
	assert_ok(tfl_read(t.bytes, t.len, &g, &e), &e);
	assert_fails(nn_open(g, 4, &n, &e), &e, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(no_read_leaves_the_file),
		cmocka_unit_test(a_model_is_read), cmocka_unit_test(sparse_weights_become_dense),
		cmocka_unit_test(damage_is_refused_or_harmless),
		cmocka_unit_test(shapes_that_disagree_are_refused),
		cmocka_unit_test(wild_options_are_refused), cmocka_unit_test(use_before_making_is_refused),
		cmocka_unit_test(a_network_computes), cmocka_unit_test(a_sparse_network_computes),
		cmocka_unit_test(unwanted_outputs_are_left_out) };

	return cmocka_run_group_tests_name("pose/tflite", tests, NULL, NULL);
}
