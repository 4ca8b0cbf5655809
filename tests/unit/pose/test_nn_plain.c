#include "support/testing.h"

#include <math.h>

#include "base/buf.h"
#include "base/fsx.h"
#include "pose/detector.h"
#include "pose/landmarks.h"
#include "pose/nn.h"
#include "pose/tflite.h"
#include "tiny_model.h"

/* The browser's network (nn_plain.c, renamed) against XNNPACK (nn.c): the same numbers for the same input. */
int plain_open(struct tfl_graph *g, unsigned outputs, struct nn **ret, struct err *e);
void plain_close(struct nn *n);
float *plain_input(struct nn *n, int *ret_side);
int plain_run(struct nn *n, struct err *e);
const float *plain_output(const struct nn *n, int k, size_t *ret_count);

static struct tiny t;

static float noise(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (float)(*seed >> 8) * 0x1p-24F;
}

static struct tfl_graph *graph_of(const void *bytes, size_t len)
{
	struct tfl_graph *g = NULL;
	struct err e;

	assert_ok(tfl_read(bytes, len, &g, &e), &e);
	return g;
}

static void compare_outputs(const struct nn *one, const struct nn *other, unsigned outputs, float within)
{
	for (int k = 0; k < TFL_MAX_OUTPUTS; k++) {
		size_t count = 0, other_count = 0;
		const float *a = nn_output(one, k, &count), *b = plain_output(other, k, &other_count);
		assert_int_equal(a != NULL, outputs >> k & 1U);
		assert_int_equal(a != NULL, b != NULL);
		assert_int_equal(count, other_count);
		for (size_t i = 0; i < count; i++)
			if (!(fabsf(a[i] - b[i]) <= within * (1 + fabsf(a[i]))))
				fail_msg("output %d, value %zu: %g and %g", k, i, (double)a[i], (double)b[i]);
	}
}

/* Twice: what the first run left behind must not matter. */
static void compare(const void *bytes, size_t len, unsigned outputs, float within)
{
	struct nn *one = NULL, *other = NULL;
	uint32_t seed = 7;
	struct err e;
	int side, other_side;

	assert_ok(nn_open(graph_of(bytes, len), outputs, &one, &e), &e);
	assert_ok(plain_open(graph_of(bytes, len), outputs, &other, &e), &e);
	for (int turn = 0; turn < 2; turn++) {
		float *a = nn_input(one, &side), *b = plain_input(other, &other_side);
		assert_int_equal(side, other_side);
		for (int i = 0; i < side * side * 3; i++)
			a[i] = b[i] = noise(&seed);
		assert_ok(nn_run(one, &e), &e);
		assert_ok(plain_run(other, &e), &e);
		compare_outputs(one, other, outputs, within);
	}
	nn_close(one);
	plain_close(other);
}

static void every_operator_agrees(void **state)
{
	(void)state;
	tiny_of_all(&t);
	compare(t.bytes, t.len, 3, 1e-5F);
	compare(t.bytes, t.len, 2, 1e-5F);
	tiny_sparse(&t);
	compare(t.bytes, t.len, 1, 1e-5F);
}

struct shape {
	int code, side, out_channels, filter, stride, dilation, same, activation;
};

static int slide(const struct shape *s)
{
	int reach = (s->filter - 1) * s->dilation + 1;

	return s->same ? (s->side + s->stride - 1) / s->stride : (s->side - reach) / s->stride + 1;
}

/* One convolution of an image of three channels. */
static void make_conv(const struct shape *s)
{
	static float w[4096], bias[64];
	const int out = slide(s), image[] = { 1, s->side, s->side, 3 },
		  y[] = { 1, out, out, s->out_channels };
	const int conv_w[] = { s->out_channels, s->filter, s->filter, 3 },
		  depthwise_w[] = { 1, s->filter, s->filter, s->out_channels };
	const bool is_conv = s->code == TFL_CONV;
	size_t n = (size_t)(s->filter * s->filter * s->out_channels * (is_conv ? 3 : 1));
	uint32_t seed = (uint32_t)(s->out_channels + s->filter);

	assert_true(n <= ARRAY_LEN(w));
	for (size_t i = 0; i < n; i++)
		w[i] = noise(&seed) - 0.5F;
	for (int i = 0; i < s->out_channels; i++)
		bias[i] = noise(&seed) - 0.5F;
	tiny_init(&t);
	t.input = tiny_tensor(&t, 0, image, 4, NULL, 0);
	int in[] = { t.input, tiny_tensor(&t, 0, is_conv ? conv_w : depthwise_w, 4, w, n * sizeof w[0]),
		tiny_tensor(&t, 0, &s->out_channels, 1, bias, (size_t)s->out_channels * sizeof bias[0]) };
	t.outputs[0] = tiny_tensor(&t, 0, y, 4, NULL, 0);
	t.noutputs = 1;
	const int conv[] = { !s->same, s->stride, s->stride, s->activation, s->dilation, s->dilation },
		  depthwise[] = { !s->same, s->stride, s->stride, s->out_channels / 3, s->activation,
			  s->dilation, s->dilation };
	tiny_op(&t, s->code, in, 3, t.outputs[0], is_conv ? conv : depthwise, is_conv ? 6 : 7);
	tiny_write(&t);
}

static void convolutions_of_every_shape_agree(void **state)
{
	static const struct shape rows[] = {
		{ TFL_CONV, 6, 1, 1, 1, 1, 1, 0 },
		{ TFL_CONV, 5, 8, 1, 1, 1, 0, 1 },
		{ TFL_CONV, 7, 13, 1, 2, 1, 1, 0 },
		{ TFL_CONV, 7, 4, 3, 1, 1, 1, 3 },
		{ TFL_CONV, 8, 9, 3, 2, 1, 1, 0 },
		{ TFL_CONV, 9, 16, 3, 2, 1, 0, 1 },
		{ TFL_CONV, 9, 5, 2, 1, 2, 1, 0 },
		{ TFL_CONV, 6, 12, 5, 1, 1, 1, 0 },
		{ TFL_CONV, 3, 7, 3, 1, 1, 0, 0 },
		{ TFL_DEPTHWISE, 8, 3, 3, 1, 1, 1, 0 },
		{ TFL_DEPTHWISE, 9, 3, 5, 2, 1, 1, 3 },
		{ TFL_DEPTHWISE, 9, 3, 3, 2, 1, 0, 1 },
		{ TFL_DEPTHWISE, 9, 3, 3, 1, 2, 1, 0 },
		{ TFL_DEPTHWISE, 8, 6, 3, 1, 1, 1, 0 },
		{ TFL_DEPTHWISE, 7, 12, 3, 2, 1, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		make_conv(&rows[i]);
		compare(t.bytes, t.len, 1, 1e-5F);
	}
}

/* The models themselves, where scripts/weights has fetched them. */
static void the_pose_models_agree(void **state)
{
	static const struct {
		const char *file;
		unsigned outputs;
	} rows[] = { { "pose_detection.tflite", DETECTOR_OUTPUTS },
		{ "pose_landmark_full.tflite", LANDMARKS_OUTPUTS } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_CLEANUP struct buf file;
		char path[512];
		struct err e;

		buf_init(&file, (size_t)16 << 20);
		snprintf(path, sizeof path, "%s/build/weights/%s", GAIT_SOURCE_DIR, rows[i].file);
		if (fsx_read_file(path, &file, &e) < 0)
			skip_because("the model files are absent, run scripts/weights");
		compare(file.data, file.len, rows[i].outputs, 2e-3F);
	}
}

static void what_cannot_be_run_is_refused(void **state)
{
	struct nn *n = NULL;
	struct err e;

	(void)state;
	tiny_of_all(&t);
	assert_fails(plain_open(graph_of(t.bytes, t.len), 4, &n, &e), &e, ERR_INVALID);
	assert_fails(plain_open(graph_of(t.bytes, t.len), 0, &n, &e), &e, ERR_INVALID);
	make_conv(&(struct shape){ TFL_CONV, 6, 1, 1, 1, 1, 1, 0 });
	t.tensors[t.input].dims[0] = 2;
	t.tensors[t.outputs[0]].dims[0] = 2;
	tiny_write(&t);
	assert_fails(plain_open(graph_of(t.bytes, t.len), 1, &n, &e), &e, ERR_INVALID);
	assert_null(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_operator_agrees),
		cmocka_unit_test(convolutions_of_every_shape_agree), cmocka_unit_test(the_pose_models_agree),
		cmocka_unit_test(what_cannot_be_run_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
