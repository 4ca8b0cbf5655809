#include "pose/flatbuffer.h"

#include <string.h>

static bool inside(struct fb *fb, size_t pos, size_t n)
{
	if (pos <= fb->len && n <= fb->len - pos)
		return true;
	fb->bad = true;
	return false;
}

static uint32_t read_u32(struct fb *fb, size_t pos)
{
	uint32_t v = 0;

	if (inside(fb, pos, sizeof v))
		memcpy(&v, fb->bytes + pos, sizeof v);
	return v;
}

static uint16_t read_u16(struct fb *fb, size_t pos)
{
	uint16_t v = 0;

	if (inside(fb, pos, sizeof v))
		memcpy(&v, fb->bytes + pos, sizeof v);
	return v;
}

static uint8_t read_u8(struct fb *fb, size_t pos)
{
	return inside(fb, pos, 1) ? fb->bytes[pos] : 0;
}

void fb_init(struct fb *fb, const void *bytes, size_t len)
{
	*fb = (struct fb){ .bytes = bytes, .len = len };
	/* Offsets are 32 bits and sums of two stay far from SIZE_MAX below this. */
	if (len > INT32_MAX)
		fb->bad = true;
}

bool fb_ok(const struct fb *fb)
{
	return !fb->bad;
}

/* Follow the forward offset stored at @pos; 0 where that leaves the file or is no offset at all. */
static size_t follow(struct fb *fb, size_t pos)
{
	uint32_t off = read_u32(fb, pos);

	if (off == 0 || !inside(fb, pos, off)) {
		fb->bad = true;
		return 0;
	}
	return pos + off;
}

struct fb_table fb_root(struct fb *fb, const char id[4])
{
	if (fb->bad || !inside(fb, 4, 4) || memcmp(fb->bytes + 4, id, 4) != 0) {
		fb->bad = true;
		return (struct fb_table){ fb, 0 };
	}
	return (struct fb_table){ fb, follow(fb, 0) };
}

/* Where field @field of the table lies; 0 where it is absent. */
static size_t field_pos(struct fb_table t, unsigned field)
{
	if (t.pos == 0)
		return 0;
	int64_t vtable = (int64_t)t.pos - (int32_t)read_u32(t.fb, t.pos);
	if (vtable < 0 || (uint64_t)vtable > t.fb->len) {
		t.fb->bad = true;
		return 0;
	}
	size_t slot = 4 + 2 * (size_t)field;
	if (slot + 2 > read_u16(t.fb, (size_t)vtable))
		return 0;
	uint16_t off = read_u16(t.fb, (size_t)vtable + slot);
	return off ? t.pos + off : 0;
}

int32_t fb_i32(struct fb_table t, unsigned field, int32_t fallback)
{
	size_t pos = field_pos(t, field);

	return pos ? (int32_t)read_u32(t.fb, pos) : fallback;
}

int fb_i8(struct fb_table t, unsigned field, int fallback)
{
	size_t pos = field_pos(t, field);

	return pos ? (int8_t)read_u8(t.fb, pos) : fallback;
}

struct fb_table fb_sub(struct fb_table t, unsigned field)
{
	size_t pos = field_pos(t, field);

	return (struct fb_table){ t.fb, pos ? follow(t.fb, pos) : 0 };
}

struct fb_vec fb_vec(struct fb_table t, unsigned field, size_t elem_bytes)
{
	struct fb_vec v = { .fb = t.fb };
	size_t pos = field_pos(t, field);
	size_t at = pos ? follow(t.fb, pos) : 0;

	if (at == 0)
		return v;
	uint32_t len = read_u32(t.fb, at);
	if (len > t.fb->len / elem_bytes || !inside(t.fb, at + 4, len * elem_bytes)) {
		t.fb->bad = true;
		return v;
	}
	v.first = at + 4;
	v.len = len;
	return v;
}

static bool has(struct fb_vec v, uint32_t k)
{
	if (k < v.len)
		return true;
	v.fb->bad = true;
	return false;
}

int32_t fb_vec_i32(struct fb_vec v, uint32_t k)
{
	return has(v, k) ? (int32_t)read_u32(v.fb, v.first + 4 * (size_t)k) : 0;
}

uint16_t fb_vec_u16(struct fb_vec v, uint32_t k)
{
	return has(v, k) ? read_u16(v.fb, v.first + 2 * (size_t)k) : 0;
}

uint8_t fb_vec_u8(struct fb_vec v, uint32_t k)
{
	return has(v, k) ? read_u8(v.fb, v.first + k) : 0;
}

struct fb_table fb_vec_table(struct fb_vec v, uint32_t k)
{
	return (struct fb_table){ v.fb, has(v, k) ? follow(v.fb, v.first + 4 * (size_t)k) : 0 };
}
