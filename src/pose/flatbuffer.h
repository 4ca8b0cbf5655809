#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A reader of FlatBuffers that trusts nothing: every access is checked against the file's end. A read that
 * would leave it answers zero and marks the file bad; the mark stays, so that a parser may read on and ask
 * fb_ok() once at the end of each part.
 * Source: FlatBuffers internals, https://flatbuffers.dev/internals (2024) */
struct fb {
	const uint8_t *bytes;
	size_t len;
	bool bad;
};

/* A table inside the file; pos 0 means "absent", and all its fields then have their defaults. */
struct fb_table {
	struct fb *fb;
	size_t pos;
};

/* A vector whose @len elements of the asked size lie inside the file; len 0 where absent. */
struct fb_vec {
	struct fb *fb;
	size_t first; /* byte offset of element 0 */
	uint32_t len;
};

/**
 * fb_init() - look at @len bytes; borrowed, they must outlive every table and vector
 */
void fb_init(struct fb *fb, const void *bytes, size_t len);
bool fb_ok(const struct fb *fb);

/**
 * fb_root() - the root table of a file with the four letters @id behind its first offset
 * Return the table; an absent one (and the file marked bad) where @id differs or the file is too short
 */
struct fb_table fb_root(struct fb *fb, const char id[4]);

/* Field number @field of a table, or @fallback where it is absent. */
int32_t fb_i32(struct fb_table t, unsigned field, int32_t fallback);
int fb_i8(struct fb_table t, unsigned field, int fallback);
struct fb_table fb_sub(struct fb_table t, unsigned field);

/**
 * fb_vec() - the vector in field @field whose elements have @elem_bytes bytes
 * Return it with len 0 where it is absent or does not fit into the file (then marked bad)
 */
struct fb_vec fb_vec(struct fb_table t, unsigned field, size_t elem_bytes);

/* Element @k; beyond the end: zero or an absent table, and the file marked bad. */
int32_t fb_vec_i32(struct fb_vec v, uint32_t k);
uint16_t fb_vec_u16(struct fb_vec v, uint32_t k);
uint8_t fb_vec_u8(struct fb_vec v, uint32_t k);
struct fb_table fb_vec_table(struct fb_vec v, uint32_t k);
