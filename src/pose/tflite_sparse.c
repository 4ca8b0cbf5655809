#include "pose/tflite_sparse.h"

#include <stdbool.h>

#define MAX_LEVELS      8
#define TFL_SPARSE_DIMS 4

enum { LEVEL_DENSE = 0, LEVEL_CSR = 1 };

/* Index vectors are stored in the narrowest type that holds them. */
enum { INDEX_NONE, INDEX_INT32, INDEX_UINT16, INDEX_UINT8 };

struct index_vec {
	int kind;
	struct fb_vec v;
};

struct level {
	int format, dense_size;
	int axis;      /* of the dense shape */
	bool in_block; /* walks inside a block of that axis */
	int block;     /* the block's size on that axis, 1 without blocks */
	struct index_vec segments, indices;
};

struct walk {
	struct level level[MAX_LEVELS];
	int nlevels, ndims;
};

static struct index_vec read_index_vec(struct fb_table t, unsigned type_field)
{
	static const size_t width[] = { 1, 4, 2, 1 };
	struct index_vec r = { .kind = fb_i8(t, type_field, INDEX_NONE) };

	if (r.kind < INDEX_NONE || r.kind > INDEX_UINT8)
		r.kind = INDEX_NONE;
	r.v = fb_vec(fb_sub(t, type_field + 1), 0, width[r.kind]);
	return r;
}

static int index_at(const struct index_vec *x, uint32_t k)
{
	switch (x->kind) {
	case INDEX_INT32:
		return fb_vec_i32(x->v, k);
	case INDEX_UINT16:
		return fb_vec_u16(x->v, k);
	case INDEX_UINT8:
		return fb_vec_u8(x->v, k);
	default:
		return -1;
	}
}

static int read_levels(struct fb_table sparsity, int ndims, struct walk *w, struct err *e)
{
	struct fb_vec order = fb_vec(sparsity, 0, 4), blocks = fb_vec(sparsity, 1, 4),
		      meta = fb_vec(sparsity, 2, 4);
	int block_of_axis[MAX_LEVELS] = { 1, 1, 1, 1, 1, 1, 1, 1 };

	if (order.len > MAX_LEVELS || order.len != meta.len || order.len != (uint32_t)ndims + blocks.len)
		return err_set(e, ERR_CORRUPT, "sparsity has %u levels for %d dimensions", order.len, ndims);
	w->nlevels = (int)order.len;
	w->ndims = ndims;
	for (uint32_t i = 0; i < order.len; i++) {
		struct fb_table m = fb_vec_table(meta, i);
		struct level *l = &w->level[i];
		int axis = fb_vec_i32(order, i);

		l->format = fb_i8(m, 0, LEVEL_DENSE);
		l->dense_size = fb_i32(m, 1, 0);
		l->segments = read_index_vec(m, 2);
		l->indices = read_index_vec(m, 4);
		l->in_block = axis >= ndims;
		l->axis = l->in_block && axis - ndims < (int)blocks.len
				  ? fb_vec_i32(blocks, (uint32_t)(axis - ndims))
				  : axis;
		if (l->axis < 0 || l->axis >= ndims || (l->format != LEVEL_DENSE && l->format != LEVEL_CSR) ||
			l->dense_size < 0)
			return err_set(e, ERR_CORRUPT, "sparsity level %u", i);
		if (l->in_block)
			block_of_axis[l->axis] = l->dense_size;
	}
	for (int i = 0; i < w->nlevels; i++)
		w->level[i].block = block_of_axis[w->level[i].axis];
	return fb_ok(sparsity.fb) ? 0 : err_set(e, ERR_CORRUPT, "sparsity outside the file");
}

struct cursor {
	int64_t at, end, segment;
	int index;
};

/* Set the cursor to the first child of @segment on this level. */
static int enter(const struct level *l, int64_t segment, struct cursor *c)
{
	c->segment = segment;
	if (l->format == LEVEL_DENSE) {
		c->at = 0;
		c->end = l->dense_size;
		return 0;
	}
	if (segment < 0 || segment >= UINT32_MAX - 1)
		return -1;
	c->at = index_at(&l->segments, (uint32_t)segment);
	c->end = index_at(&l->segments, (uint32_t)segment + 1);
	return c->at < 0 || c->end < c->at ? -1 : 0;
}

static bool place(const struct walk *w, const struct cursor *c, const int *dims, size_t *ret_offset)
{
	int64_t coord[TFL_SPARSE_DIMS] = { 0 };
	size_t offset = 0;

	for (int i = 0; i < w->nlevels; i++) {
		const struct level *l = &w->level[i];
		coord[l->axis] += l->in_block ? c[i].index : (int64_t)c[i].index * l->block;
	}
	for (int d = 0; d < w->ndims; d++) {
		if (coord[d] < 0 || coord[d] >= dims[d])
			return false;
		offset = offset * (size_t)dims[d] + (size_t)coord[d];
	}
	*ret_offset = offset;
	return true;
}

int tfl_densify(struct fb_table sparsity, const int *dims, int ndims, struct fb_vec stored, uint16_t *out,
	size_t count, struct err *e)
{
	struct walk w = { 0 };
	struct cursor c[MAX_LEVELS] = { 0 };
	uint32_t used = 0;
	int depth = 0;
	/* Every value costs at most one step a level; an input that takes more walks in empty levels. */
	uint64_t steps = 0, max_steps = ((uint64_t)count + 1024) * (MAX_LEVELS + 1);

	if (ndims < 1 || ndims > TFL_SPARSE_DIMS)
		return err_set(e, ERR_CORRUPT, "sparse constant of %d dimensions", ndims);
	if (read_levels(sparsity, ndims, &w, e) < 0)
		return err_wrap(e, "sparse constant");
	if (enter(&w.level[0], 0, &c[0]) < 0)
		return err_set(e, ERR_CORRUPT, "sparse constant: segments");
	while (depth >= 0) {
		struct cursor *now = &c[depth];
		const struct level *l = &w.level[depth];
		size_t offset;

		if (!fb_ok(sparsity.fb) || ++steps > max_steps)
			return err_set(e, ERR_CORRUPT, "sparse constant: indices");
		if (now->at >= now->end) {
			depth--;
			if (depth >= 0)
				c[depth].at++;
			continue;
		}
		now->index =
			l->format == LEVEL_DENSE ? (int)now->at : index_at(&l->indices, (uint32_t)now->at);
		if (depth + 1 < w.nlevels) {
			int64_t child =
				l->format == LEVEL_DENSE ? now->segment * l->dense_size + now->at : now->at;
			if (child > (int64_t)count || enter(&w.level[depth + 1], child, &c[depth + 1]) < 0)
				return err_set(e, ERR_CORRUPT, "sparse constant: segments");
			depth++;
			continue;
		}
		if (!place(&w, c, dims, &offset) || offset >= count || used >= stored.len)
			return err_set(e, ERR_CORRUPT, "sparse constant: a value outside its shape");
		out[offset] = fb_vec_u16(stored, used++);
		now->at++;
	}
	return used == stored.len
		       ? 0
		       : err_set(e, ERR_CORRUPT, "sparse constant: %u values left over", stored.len - used);
}
