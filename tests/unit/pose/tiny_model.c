#include "tiny_model.h"

#include <assert.h>
#include <string.h>

/* Tables are written parent first, with all offsets pointing forward, as the format wants. */

static void put_u16(struct tiny *t, size_t at, size_t v)
{
	uint16_t x = (uint16_t)v;

	memcpy(t->bytes + at, &x, 2);
}

static void put_u32(struct tiny *t, size_t at, size_t v)
{
	uint32_t x = (uint32_t)v;

	memcpy(t->bytes + at, &x, 4);
}

static size_t room(struct tiny *t, size_t n)
{
	size_t at = (t->len + 3) & ~(size_t)3;

	assert(at + n <= sizeof t->bytes);
	memset(t->bytes + t->len, 0, at + n - t->len);
	t->len = at + n;
	return at;
}

/* A table whose fields are all absent until set. */
static size_t table(struct tiny *t, size_t fields)
{
	size_t vtable = room(t, 4 + 2 * fields), at = room(t, 4 + 4 * fields);

	put_u16(t, vtable, 4 + 2 * fields);
	put_u16(t, vtable + 2, 4 + 4 * fields);
	put_u32(t, at, at - vtable);
	return at;
}

static size_t field(struct tiny *t, size_t at, size_t k)
{
	uint32_t back;

	memcpy(&back, t->bytes + at, 4);
	put_u16(t, at - back + 4 + 2 * k, 4 + 4 * k);
	return at + 4 + 4 * k;
}

static void set_i32(struct tiny *t, size_t at, size_t k, int v)
{
	put_u32(t, field(t, at, k), (size_t)(uint32_t)v);
}

static void set_ref(struct tiny *t, size_t at, size_t k, size_t target)
{
	size_t pos = field(t, at, k);

	put_u32(t, pos, target - pos);
}

static size_t vec(struct tiny *t, const void *data, size_t count, size_t elem)
{
	size_t at = room(t, 4 + count * elem);

	put_u32(t, at, count);
	if (data)
		memcpy(t->bytes + at + 4, data, count * elem);
	return at;
}

static void vec_ref(struct tiny *t, size_t v, size_t k, size_t target)
{
	put_u32(t, v + 4 + 4 * k, target - (v + 4 + 4 * k));
}

void tiny_init(struct tiny *t)
{
	memset(t, 0, sizeof *t);
	t->nbuffers = 1; /* buffer 0 is the empty one */
}

int tiny_tensor(struct tiny *t, int type, const int *dims, int ndims, const void *data, size_t bytes)
{
	int i = t->ntensors++;

	t->tensors[i].type = type;
	t->tensors[i].ndims = ndims;
	memcpy(t->tensors[i].dims, dims, (size_t)ndims * sizeof *dims);
	if (data) {
		t->buffers[t->nbuffers].data = data;
		t->buffers[t->nbuffers].len = bytes;
		t->tensors[i].buffer = t->nbuffers++;
	}
	return i;
}

void tiny_op(struct tiny *t, int code, const int *in, int nin, int out, const int *options, int noptions)
{
	int i = t->nops++;

	t->ops[i].code = code;
	t->ops[i].nin = nin;
	t->ops[i].out = out;
	memcpy(t->ops[i].in, in, (size_t)nin * sizeof *in);
	for (int k = 0; k < 8; k++)
		t->ops[i].options[k] = k < noptions ? options[k] : -1;
}

static size_t write_sparsity(struct tiny *t, const struct tiny_sparsity *s)
{
	size_t at = table(t, 3);

	set_ref(t, at, 0, vec(t, s->order, (size_t)s->norder, 4));
	set_ref(t, at, 1, vec(t, s->blocks, (size_t)s->nblocks, 4));
	size_t levels = vec(t, NULL, (size_t)s->norder, 4);
	set_ref(t, at, 2, levels);
	for (int i = 0; i < s->norder; i++) {
		size_t l = table(t, 6);
		vec_ref(t, levels, (size_t)i, l);
		set_i32(t, l, 0, s->levels[i].format);
		set_i32(t, l, 1, s->levels[i].dense_size);
		if (s->levels[i].format == 0)
			continue;
		set_i32(t, l, 2, 1);
		size_t segments = table(t, 1);
		set_ref(t, l, 3, segments);
		set_ref(t, segments, 0, vec(t, s->levels[i].segments, (size_t)s->levels[i].nsegments, 4));
		set_i32(t, l, 4, 1);
		size_t indices = table(t, 1);
		set_ref(t, l, 5, indices);
		set_ref(t, indices, 0, vec(t, s->levels[i].indices, (size_t)s->levels[i].nindices, 4));
	}
	return at;
}

static void write_tensors(struct tiny *t, size_t graph)
{
	size_t list = vec(t, NULL, (size_t)t->ntensors, 4);

	set_ref(t, graph, 0, list);
	for (int i = 0; i < t->ntensors; i++) {
		size_t x = table(t, 7);
		vec_ref(t, list, (size_t)i, x);
		set_ref(t, x, 0, vec(t, t->tensors[i].dims, (size_t)t->tensors[i].ndims, 4));
		set_i32(t, x, 1, t->tensors[i].type);
		set_i32(t, x, 2, t->tensors[i].buffer);
		if (t->tensors[i].sparse)
			set_ref(t, x, 6, write_sparsity(t, t->sparsity));
	}
}

static void write_ops(struct tiny *t, size_t model, size_t graph)
{
	size_t codes = vec(t, NULL, (size_t)t->nops, 4);

	set_ref(t, model, 1, codes);
	for (int i = 0; i < t->nops; i++) {
		size_t c = table(t, 4);
		vec_ref(t, codes, (size_t)i, c);
		set_i32(t, c, 0, t->ops[i].code < 127 ? t->ops[i].code : 127);
		set_i32(t, c, 3, t->ops[i].code);
	}
	size_t list = vec(t, NULL, (size_t)t->nops, 4);
	set_ref(t, graph, 3, list);
	for (int i = 0; i < t->nops; i++) {
		size_t op = table(t, 5);
		vec_ref(t, list, (size_t)i, op);
		set_i32(t, op, 0, i);
		set_ref(t, op, 1, vec(t, t->ops[i].in, (size_t)t->ops[i].nin, 4));
		set_ref(t, op, 2, vec(t, &t->ops[i].out, 1, 4));
		size_t o = table(t, 8);
		set_ref(t, op, 4, o);
		for (size_t k = 0; k < 8; k++)
			if (t->ops[i].options[k] != -1)
				set_i32(t, o, k, t->ops[i].options[k]);
	}
}

void tiny_write(struct tiny *t)
{
	t->len = 0;
	size_t head = room(t, 8), model = table(t, 5), graphs, graph, buffers;

	put_u32(t, head, model);
	memcpy(t->bytes + head + 4, "TFL3", 4);
	set_i32(t, model, 0, 3);
	graphs = vec(t, NULL, 1, 4);
	set_ref(t, model, 2, graphs);
	graph = table(t, 5);
	vec_ref(t, graphs, 0, graph);
	write_tensors(t, graph);
	set_ref(t, graph, 1, vec(t, &t->input, 1, 4));
	set_ref(t, graph, 2, vec(t, t->outputs, (size_t)t->noutputs, 4));
	write_ops(t, model, graph);
	buffers = vec(t, NULL, (size_t)t->nbuffers, 4);
	set_ref(t, model, 4, buffers);
	for (int i = 0; i < t->nbuffers; i++) {
		size_t b = table(t, 1);
		vec_ref(t, buffers, (size_t)i, b);
		if (t->buffers[i].len)
			set_ref(t, b, 0, vec(t, t->buffers[i].data, t->buffers[i].len, 1));
	}
}

#define D(...)                      ((const int[]){ __VA_ARGS__ })
#define LEN(a)                      ((int)(sizeof(a) / sizeof((a)[0])))
#define TENSOR(t, type, dims, data) tiny_tensor(t, type, dims, LEN(dims), data, sizeof(data))
#define COMPUTED(t, dims)           tiny_tensor(t, 0, dims, LEN(dims), NULL, 0)

void tiny_of_all(struct tiny *t)
{
	static const int image[] = { 1, 8, 8, 3 }, padded[] = { 1, 10, 10, 3 }, conv[] = { 1, 8, 8, 4 },
			 half_w[] = { 4, 3, 3, 3 }, four[] = { 4 }, dw[] = { 1, 4, 4, 4 },
			 dw_w[] = { 1, 3, 3, 4 }, pairs[] = { 4, 2 }, pooled[] = { 1, 4, 4, 4 },
			 space[] = { 1, 8, 8, 1 }, one_w[] = { 1, 8, 8, 1 }, one[] = { 1 },
			 one_y[] = { 1, 1, 1, 1 }, flat[] = { 1, 1 }, big[] = { 1, 8, 8, 4 },
			 many[] = { 1, 64, 1 }, many4[] = { 1, 256, 1 }, joined[] = { 1, 320, 1 };
	static const int amounts[] = { 0, 0, 1, 1, 1, 1, 0, 0 };
	static uint16_t half[4 * 3 * 3 * 3]; /* all zero but the middle tap of the channel itself: 1.0 */
	static float bias[4] = { 0, 0, 0, 0.5F }, dw_v[36], one_v[64], zero[1];
	for (int c = 0; c < 3; c++)
		half[((c * 3 + 1) * 3 + 1) * 3 + c] = 0x3c00;
	for (int i = 0; i < 36; i++)
		dw_v[i] = i / 4 == 4 ? 2.0F : 0.0F; /* the middle tap doubles */
	for (int i = 0; i < 64; i++)
		one_v[i] = 1.0F / 64;

	tiny_init(t);
	t->input = COMPUTED(t, image);
	int p = TENSOR(t, 2, pairs, amounts), x1 = COMPUTED(t, padded);
	int h = TENSOR(t, 1, half_w, half), w = COMPUTED(t, half_w), b = TENSOR(t, 0, four, bias),
	    x2 = COMPUTED(t, conv);
	int dwv = TENSOR(t, 0, dw_w, dw_v), x3 = COMPUTED(t, dw), x4 = COMPUTED(t, pooled),
	    x5 = COMPUTED(t, pooled), x6 = COMPUTED(t, space), x7 = COMPUTED(t, big),
	    ow = TENSOR(t, 0, one_w, one_v), ob = TENSOR(t, 0, one, zero), x8 = COMPUTED(t, one_y),
	    x9 = COMPUTED(t, one_y), y1 = COMPUTED(t, flat), m1 = COMPUTED(t, many), m2 = COMPUTED(t, many4),
	    y0 = COMPUTED(t, joined);
	tiny_op(t, 34, D(t->input, p), 2, x1, D(-1), 1);
	tiny_op(t, 6, D(h), 1, w, D(-1), 1);
	tiny_op(t, 3, D(x1, w, b), 3, x2, D(1, 1, 1, 3, 1, 1), 6);       /* valid, stride 1, relu6 */
	tiny_op(t, 4, D(x2, dwv, -1), 3, x3, D(0, 2, 2, 1, 0, 1, 1), 7); /* same, stride 2 */
	tiny_op(t, 17, D(x3), 1, x4, D(0, 1, 1, 2, 2, 0), 6);            /* same, stride 1, 2 x 2 */
	tiny_op(t, 0, D(x3, x4), 2, x5, D(0), 1);
	tiny_op(t, 5, D(x5), 1, x6, D(2), 1);
	tiny_op(t, 23, D(x5), 1, x7, D(-1, -1, 0, 1), 4);
	tiny_op(t, 3, D(x6, ow, ob), 3, x8, D(1, 1, 1, 0, 1, 1), 6);
	tiny_op(t, 14, D(x8), 1, x9, D(-1), 1);
	tiny_op(t, 22, D(x9), 1, y1, D(-1), 1);
	tiny_op(t, 22, D(x6), 1, m1, D(-1), 1);
	tiny_op(t, 22, D(x7), 1, m2, D(-1), 1);
	tiny_op(t, 2, D(m1, m2), 2, y0, D(1, 0), 2);
	t->outputs[0] = y0;
	t->outputs[1] = y1;
	t->noutputs = 2;
	tiny_write(t);
}

void tiny_sparse(struct tiny *t)
{
	static const int image[] = { 1, 4, 4, 3 }, wd[] = { 2, 1, 1, 3 }, out[] = { 1, 4, 4, 2 };
	static const uint16_t values[] = { 0x4000, 0x4200 }; /* 2, 3 */
	static const int segments[] = { 0, 1, 2 }, indices[] = { 0, 2 };
	static const struct tiny_sparsity s = { .order = { 0, 1, 2, 3 },
		.norder = 4,
		.levels = { { .format = 0, .dense_size = 2 }, { .format = 0, .dense_size = 1 },
			{ .format = 0, .dense_size = 1 },
			{ .format = 1,
				.segments = segments,
				.nsegments = 3,
				.indices = indices,
				.nindices = 2 } } };

	tiny_init(t);
	t->sparsity = &s;
	t->input = COMPUTED(t, image);
	int stored = TENSOR(t, 1, wd, values), half = tiny_tensor(t, 1, wd, 4, NULL, 0), w = COMPUTED(t, wd),
	    y = COMPUTED(t, out);
	t->tensors[stored].sparse = 1;
	tiny_op(t, 124, D(stored), 1, half, D(-1), 1);
	tiny_op(t, 6, D(half), 1, w, D(-1), 1);
	tiny_op(t, 3, D(t->input, w, -1), 3, y, D(0, 1, 1, 0, 1, 1), 6);
	t->outputs[0] = y;
	t->noutputs = 1;
	tiny_write(t);
}
