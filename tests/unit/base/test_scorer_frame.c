#include "support/testing.h"

#include "base/scorer_frame.h"

static struct scorer_head request(
	uint32_t facts, uint32_t front, uint32_t side, uint32_t body, uint32_t archive)
{
	return (struct scorer_head){ SCORER_ANALYZE, 7, { facts, front, side, body, archive } };
}

static void a_head_comes_back_as_it_went(void **state)
{
	static const struct scorer_head rows[] = {
		{ SCORER_READY, 0, { 0 } },
		{ SCORER_ANALYZE, 1, { 4096, 1, 0x01020304, 0, 0 } },
		{ SCORER_ANALYZE, UINT32_MAX, { 0, 0, 64 << 20, 0, 0 } },
		{ SCORER_ANALYZE, 0x80000001, { 0, 0, 0, 64 << 20, 0 } },
		{ SCORER_ANALYZE, 2, { 17, 0, 0, 0, 300 } },
		{ SCORER_ANALYZE, 2, { 0, 0, 0, 0, 32 << 20, 32 << 20 } },
		{ SCORER_RESULT, 3, { [SCORER_BODY] = 64 << 20 } },
		{ SCORER_REFUSED, 4, { [SCORER_BODY] = 1 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned char bytes[SCORER_HEAD_BYTES];
		struct scorer_head back;
		struct err e = { 0 };
		assert_ok(scorer_head_put(&rows[i], bytes, &e), &e);
		assert_ok(scorer_head_get(bytes, &back, &e), &e);
		assert_memory_equal(&back, &rows[i], sizeof back);
	}
}

static void the_bytes_are_fixed(void **state)
{
	static const unsigned char want[SCORER_HEAD_BYTES] = { 'G', 'S', 'F', '1', 2, 0, 0, 0, 1, 2, 3, 4, 0,
		0, 0, 5, 0, 0, 1, 0, 0, 1, 0, 0 };
	struct scorer_head h = { SCORER_ANALYZE, 0x01020304, { 5, 256, 65536, 0, 0 } };
	unsigned char bytes[SCORER_HEAD_BYTES];
	struct err e = { 0 };

	(void)state;
	assert_ok(scorer_head_put(&h, bytes, &e), &e);
	assert_memory_equal(bytes, want, sizeof want);
}

static void what_does_not_belong_together_is_refused_by_both_ends(void **state)
{
	const struct {
		struct scorer_head h;
		enum err_kind kind;
	} rows[] = {
		{ request(10, 0, 0, 0, 0), ERR_INVALID },                    /* nothing to measure */
		{ request(0, 1, 0, 1, 0), ERR_INVALID },                     /* a view and a body */
		{ request(0, 0, 1, 0, 1), ERR_INVALID },                     /* a view and an archive */
		{ request(1, 0, 0, 1, 0), ERR_INVALID },                     /* the body has its own facts */
		{ request(4097, 1, 0, 0, 0), ERR_TOO_LARGE },                /* facts over their limit */
		{ request(0, (64 << 20) + 1, 0, 0, 0), ERR_TOO_LARGE },      /* a view over it */
		{ request(0, 40 << 20, 40 << 20, 0, 0), ERR_TOO_LARGE },     /* both together */
		{ request(0, UINT32_MAX, UINT32_MAX, 0, 0), ERR_TOO_LARGE }, /* their sum must not wrap */
		{ { SCORER_ANALYZE, 0, { [SCORER_KEPT_2] = 1 } },
			ERR_INVALID }, /* the second without the first */
		{ { SCORER_ANALYZE, 0, { 0, 1, 0, 0, 0, 1 } }, ERR_INVALID },
		{ { SCORER_READY, 0, { [SCORER_BODY] = 1 } }, ERR_INVALID },
		{ { SCORER_RESULT, 0, { 0 } }, ERR_INVALID },
		{ { SCORER_RESULT, 0, { [SCORER_BODY] = (64 << 20) + 1 } }, ERR_TOO_LARGE },
		{ { SCORER_RESULT, 0, { [SCORER_FACTS] = 1, [SCORER_BODY] = 1 } }, ERR_INVALID },
		{ { SCORER_REFUSED, 0, { [SCORER_BODY] = 8193 } }, ERR_TOO_LARGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct scorer_head *h = &rows[i].h;
		unsigned char bytes[SCORER_HEAD_BYTES] = { 'G', 'S', 'F', '1', (unsigned char)h->kind };
		struct scorer_head back = { .id = 99 };
		struct err e = { 0 };
		for (int p = 0; p < SCORER_PARTS; p++)
			for (int b = 0; b < 4; b++)
				bytes[12 + 4 * p + b] = (unsigned char)(h->len[p] >> (24 - 8 * b));
		assert_fails(scorer_head_get(bytes, &back, &e), &e, rows[i].kind);
		assert_int_equal(back.id, 99);
		assert_fails(scorer_head_put(h, bytes, &e), &e, rows[i].kind);
	}
}

static void every_damaged_byte_of_the_frame_is_seen(void **state)
{
	struct scorer_head h = { SCORER_READY, 0, { 0 } }, back;
	unsigned char bytes[SCORER_HEAD_BYTES];
	struct err e = { 0 };

	(void)state;
	assert_ok(scorer_head_put(&h, bytes, &e), &e);
	for (size_t i = 0; i < SCORER_HEAD_BYTES; i++) {
		if (i >= 8 && i < 12) /* any id may be */
			continue;
		bytes[i] ^= 0x40;
		assert_true(scorer_head_get(bytes, &back, &e) < 0);
		bytes[i] ^= 0x40;
	}
	for (int kind = 0; kind < 256; kind++) {
		bytes[4] = (unsigned char)kind;
		assert_int_equal(scorer_head_get(bytes, &back, &e), kind == SCORER_READY ? 0 : -1);
	}
}

static void a_refusal_comes_back_as_it_went(void **state)
{
	struct scorer_refusal r = { .kind = ERR_FIELD, .detail = "words" }, back;
	struct buf out BUF_CLEANUP;
	struct err e = { 0 };
	char long_text[400];

	(void)state;
	buf_init(&out, SCORER_REFUSAL_MAX);
	memset(long_text, 'x', sizeof long_text);
	long_text[sizeof long_text - 1] = '\0';
	scorer_refusal_add(&r, "front", "frame 3: no people");
	scorer_refusal_add(&r, "front", "the second complaint does not count");
	scorer_refusal_add(&r, "", "");
	for (char name[] = "a"; name[0] <= 'h'; name[0]++)
		scorer_refusal_add(&r, name, long_text);
	assert_int_equal(r.n, 8);
	assert_ok(scorer_refusal_put(&r, &out, &e), &e);
	assert_ok(scorer_refusal_get(buf_str(&out), out.len, &back, &e), &e);
	assert_int_equal(back.kind, ERR_FIELD);
	assert_string_equal(back.detail, "words");
	assert_int_equal(back.n, 8);
	assert_string_equal(back.items[0].reason, "frame 3: no people");
	assert_string_equal(back.items[1].field, "");
	assert_int_equal(strlen(back.items[7].reason), sizeof back.items[7].reason - 1);
}

static void a_child_is_not_believed_further_than_needed(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int kind; /* -1: refused */
	} rows[] = {
		{ "", 0, -1 },
		{ "\0", 1, -1 },
		{ "ERR_FIELD", 9, -1 },
		{ "ERR_FIELD\0", 10, -1 },
		{ "ERR_FIELD\0d\0front\0", 18, -1 },
		{ "ERR_FIELD\0d\0front\0no", 20, -1 },
		{ "ERR_FIELD\0d\0front\0no\0", 21, ERR_FIELD },
		{ "ERR_NOMEM\0d\0", 12, ERR_NOMEM },
		{ "ERR_TOO_LARGE\0d\0", 16, ERR_TOO_LARGE },
		{ "ERR_INVALID\0d\0", 14, ERR_INVALID },
		{ "ERR_UNAUTHENTICATED\0d\0", 22, ERR_INTERNAL },
		{ "ERR_NOT_FOUND\0d\0", 16, ERR_INTERNAL },
		{ "\0\0", 2, ERR_INTERNAL },
	};
	static char large[SCORER_REFUSAL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scorer_refusal r;
		struct err e = { 0 };
		/* On the heap, so that a step past the end is seen. */
		char *bytes = malloc(rows[i].len ? rows[i].len : 1);
		assert_non_null(bytes);
		memcpy(bytes, rows[i].bytes, rows[i].len);
		int got = scorer_refusal_get(bytes, rows[i].len, &r, &e) < 0 ? -1 : (int)r.kind;
		free(bytes);
		if (got != rows[i].kind)
			fail_msg("row %zu: %d, not %d", i, got, rows[i].kind);
	}
	struct scorer_refusal r;
	struct err e = { 0 };
	assert_fails(scorer_refusal_get(large, sizeof large, &r, &e), &e, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_comes_back_as_it_went),
		cmocka_unit_test(the_bytes_are_fixed),
		cmocka_unit_test(what_does_not_belong_together_is_refused_by_both_ends),
		cmocka_unit_test(every_damaged_byte_of_the_frame_is_seen),
		cmocka_unit_test(a_refusal_comes_back_as_it_went),
		cmocka_unit_test(a_child_is_not_believed_further_than_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
