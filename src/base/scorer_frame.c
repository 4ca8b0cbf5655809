#include "base/scorer_frame.h"

#include <string.h>

#include "base/strv.h"

static const char magic[4] = "GSF1";

/* Which parts a kind may have, and how long each may be. */
static const uint32_t limits[][SCORER_PARTS] = {
	[SCORER_READY] = { 0 },
	[SCORER_ANALYZE] = { SCORER_FACTS_MAX, SCORER_INPUT_MAX, SCORER_INPUT_MAX, SCORER_INPUT_MAX,
		SCORER_INPUT_MAX, SCORER_INPUT_MAX },
	[SCORER_RESULT] = { [SCORER_BODY] = SCORER_RESULT_MAX },
	[SCORER_REFUSED] = { [SCORER_BODY] = SCORER_REFUSAL_MAX },
};

static void put32(unsigned char *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(v >> (24 - 8 * i));
}

static uint32_t get32(const unsigned char *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static int check_request(const struct scorer_head *h, struct err *e)
{
	bool views = h->len[SCORER_FRONT] || h->len[SCORER_SIDE], body = h->len[SCORER_BODY] > 0,
	     kept = h->len[SCORER_KEPT_1] > 0;
	uint64_t sum = 0;

	for (int i = SCORER_FRONT; i < SCORER_PARTS; i++)
		sum += h->len[i];
	if (sum > SCORER_INPUT_MAX)
		return err_set(e, ERR_TOO_LARGE, "key points of more than %d bytes", SCORER_INPUT_MAX);
	if ((views ? 1 : 0) + (body ? 1 : 0) + (kept ? 1 : 0) != 1 || (body && h->len[SCORER_FACTS]) ||
		(!kept && h->len[SCORER_KEPT_2]))
		return err_set(e, ERR_INVALID, "a request has views, a body or archives");
	return 0;
}

static int check(const struct scorer_head *h, struct err *e)
{
	for (int i = 0; i < SCORER_PARTS; i++)
		if (h->len[i] > limits[h->kind][i])
			return err_set(e, limits[h->kind][i] ? ERR_TOO_LARGE : ERR_INVALID,
				"part %d of a frame has %u bytes, at most %u are allowed", i, h->len[i],
				limits[h->kind][i]);
	if (h->kind == SCORER_ANALYZE)
		return check_request(h, e);
	if (h->kind != SCORER_READY && h->len[SCORER_BODY] == 0)
		return err_set(e, ERR_INVALID, "an answer without text");
	return 0;
}

int scorer_head_put(const struct scorer_head *h, unsigned char out[SCORER_HEAD_BYTES], struct err *e)
{
	if (check(h, e) < 0)
		return -1;
	memset(out, 0, SCORER_HEAD_BYTES);
	memcpy(out, magic, sizeof magic);
	out[4] = (unsigned char)h->kind;
	put32(out + 8, h->id);
	for (int i = 0; i < SCORER_PARTS; i++)
		put32(out + 12 + 4 * i, h->len[i]);
	return 0;
}

int scorer_head_get(const unsigned char in[SCORER_HEAD_BYTES], struct scorer_head *ret, struct err *e)
{
	struct scorer_head h = { .id = get32(in + 8) };

	if (memcmp(in, magic, sizeof magic) != 0 || in[5] || in[6] || in[7])
		return err_set(e, ERR_INVALID, "not the head of a frame");
	if (in[4] < SCORER_READY || in[4] > SCORER_REFUSED)
		return err_set(e, ERR_INVALID, "a frame of an unknown kind %d", in[4]);
	h.kind = (enum scorer_kind)in[4];
	for (int i = 0; i < SCORER_PARTS; i++)
		h.len[i] = get32(in + 12 + 4 * i);
	if (check(&h, e) < 0)
		return -1;
	*ret = h;
	return 0;
}

void scorer_refusal_add(struct scorer_refusal *r, const char *field, const char *reason)
{
	for (unsigned i = 0; i < r->n; i++)
		if (strcmp(r->items[i].field, field) == 0)
			return;
	if (r->n == sizeof r->items / sizeof r->items[0])
		return;
	str_cut(r->items[r->n].field, sizeof r->items[0].field, field);
	str_cut(r->items[r->n].reason, sizeof r->items[0].reason, reason);
	r->n++;
}

static int put_text(struct buf *out, const char *text, struct err *e)
{
	return buf_add(out, text, strlen(text) + 1, e);
}

int scorer_refusal_put(const struct scorer_refusal *r, struct buf *out, struct err *e)
{
	if (put_text(out, err_kind_name(r->kind), e) < 0 || put_text(out, r->detail, e) < 0)
		return -1;
	for (unsigned i = 0; i < r->n; i++)
		if (put_text(out, r->items[i].field, e) < 0 || put_text(out, r->items[i].reason, e) < 0)
			return -1;
	return 0;
}

static enum err_kind known_kind(const char *name)
{
	static const enum err_kind kinds[] = { ERR_FIELD, ERR_INVALID, ERR_TOO_LARGE, ERR_NOMEM };

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(name, err_kind_name(kinds[i])) == 0)
			return kinds[i];
	return ERR_INTERNAL;
}

/* The next text of [*at, end), which ends with a NUL; NULL where there is none. */
static const char *next_text(const char **at, const char *end)
{
	const char *text = *at;

	if (text == end)
		return NULL;
	*at += strlen(text) + 1; /* the last byte is a NUL: see the caller */
	return text;
}

int scorer_refusal_get(const char *bytes, size_t len, struct scorer_refusal *ret, struct err *e)
{
	struct scorer_refusal r = { .kind = ERR_INTERNAL };
	const char *at = bytes, *end = bytes + len;

	if (len == 0 || len > SCORER_REFUSAL_MAX || bytes[len - 1] != '\0')
		return err_set(e, ERR_INVALID, "a refusal without words");
	const char *kind = next_text(&at, end), *detail = next_text(&at, end);
	if (!detail)
		return err_set(e, ERR_INVALID, "a refusal without words");
	r.kind = known_kind(kind);
	str_cut(r.detail, sizeof r.detail, detail);
	for (const char *field, *reason; (field = next_text(&at, end));) {
		if (!(reason = next_text(&at, end)))
			return err_set(e, ERR_INVALID, "a refused field without a reason");
		scorer_refusal_add(&r, field, reason);
	}
	*ret = r;
	return 0;
}
