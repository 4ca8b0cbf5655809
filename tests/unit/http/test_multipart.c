#include "support/testing.h"

#include "base/buf.h"
#include "http/multipart.h"

/* What the parser reports, as one text: "F name=value;" for a field, "[name|filename|type:content]" for a
 * file. */
struct seen {
	struct buf text;
	int fail_on_file;
};

static int on_field(void *ctx, const char *name, const char *value, size_t len, struct err *e)
{
	struct seen *s = ctx;

	assert_int_equal(value[len], '\0');
	if (strcmp(name, "refuse") == 0)
		return err_set(e, ERR_FIELD, "the hook refuses");
	return buf_addf(&s->text, e, "F %s=", name) || buf_add(&s->text, value, len, e) ||
			       buf_addc(&s->text, ';', e)
		       ? -1
		       : 0;
}

static int on_file(void *ctx, const char *name, const char *filename, const char *type, struct err *e)
{
	struct seen *s = ctx;

	return buf_addf(&s->text, e, "[%s|%s|%s:", name, filename, type);
}

static int on_data(void *ctx, const void *bytes, size_t len, struct err *e)
{
	assert_true(len > 0);
	return buf_add(&((struct seen *)ctx)->text, bytes, len, e);
}

static int on_end(void *ctx, struct err *e)
{
	return buf_addc(&((struct seen *)ctx)->text, ']', e);
}

static const struct multipart_hooks hooks = { on_field, on_file, on_data, on_end };

#define TYPE "multipart/form-data; boundary=X"
#define CD   "Content-Disposition: form-data; name="
#define END  "\r\n--X--\r\n"

/* want: what is reported where kind is 0; for a failure, its kind and a piece of its text. */
static const struct {
	const char *type, *body;
	enum err_kind kind;
	const char *want;
} cases[] = {
	{ TYPE, "--X\r\n" CD "a\r\n\r\n1" END, 0, "F a=1;" },
	{ TYPE, "--X\r\n" CD "\"a\"\r\n\r\n1\r\n--X\r\n" CD "b\r\n\r\n2\r\n--X--", 0, "F a=1;F b=2;" },
	{ TYPE, "preamble\r\nmore\r\n--X\r\n" CD "a\r\n\r\n1" END "end --X\r\n--X--", 0, "F a=1;" },
	{ TYPE, "\r\n--X\r\n" CD "a\r\n\r\n1" END, 0, "F a=1;" },
	{ TYPE, "--X \t \r\n" CD "a\r\n\r\n1\r\n--X-- \r\n", 0, "F a=1;" },
	{ TYPE, "--X--\r\n", 0, "" },
	{ TYPE, "--X--", 0, "" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n" END, 0, "F a=;" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n--X--", 0, "F a=;" }, /* the blank line is the delimiter's too */
	{ TYPE, "--X\r\n" CD "a\r\n\r\n--Y" END, 0, "F a=--Y;" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n\r\n-\r\n--\r\n--\r\n\r" END, 0, "F a=\r\n-\r\n--\r\n--\r\n\r;" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n\r\r\n\r\r\n--X--", 0, "F a=\r\r\n\r;" },
	{ TYPE, "--X\r\n" CD "f; filename=\"v.mp4\"\r\nContent-Type: video/mp4\r\n\r\nabcd" END, 0,
		"[f|v.mp4|video/mp4:abcd]" },
	{ TYPE, "--X\r\n" CD "f; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n" END, 0,
		"[f||application/octet-stream:]" },
	{ TYPE, "--X\r\n" CD "f; filename=v.mp4;\r\n\r\nx" END, 0, "[f|v.mp4|:x]" },
	{ TYPE, "--X\r\nContent-Type: text/plain\r\nX-Other: 1\r\n" CD "\"a b\"\r\n\r\n1" END, 0,
		"F a b=1;" },
	{ TYPE, "--X\r\ncontent-disposition:form-data;NAME=a\r\n\r\n1" END, 0, "F a=1;" },
	/* names and file names, quoted and escaped */
	{ TYPE, "--X\r\n" CD "\"a\\\"b\"\r\n\r\n1" END, 0, "F a\"b=1;" },
	{ TYPE, "--X\r\n" CD "\"a%22b\"\r\n\r\n1" END, 0, "F a\"b=1;" },
	{ TYPE, "--X\r\n" CD "\"a%20b%\"\r\n\r\n1" END, 0, "F a%20b%=1;" },
	{ TYPE, "--X\r\n" CD "f; filename=\"C:\\dir\\v.mp4\"\r\n\r\nx" END, 0, "[f|C:\\dir\\v.mp4|:x]" },
	{ TYPE, "--X\r\n" CD "f; filename=\"a; name=\\\"x\\\".mp4\"\r\n\r\nx" END, 0,
		"[f|a; name=\"x\".mp4|:x]" },
	{ TYPE, "--X\r\n" CD "f; filename=\"a%0D%0ab\"\r\n\r\nx" END, 0, "[f|a__b|:x]" },
	{ TYPE, "--X\r\n" CD "f; filename=\"G\xc3\xa4ng.mp4\"\r\n\r\nx" END, 0, "[f|G\xc3\xa4ng.mp4|:x]" },
	{ TYPE, "--X\r\n" CD "f; filename=\"G\xe4ng.mp4\"\r\n\r\nx" END, 0, "[f|G_ng.mp4|:x]" },
	{ TYPE, "--X\r\n" CD "f; filename=x; size=3\r\nContent-Transfer-Encoding: BINARY\r\n\r\nx" END, 0,
		"[f|x|:x]" },
	/* content types */
	{ "multipart/form-data;boundary=\"X\"", "--X--", 0, "" },
	{ "Multipart/Form-Data; charset=utf-8; boundary=X", "--X--", 0, "" },
	{ "multipart/form-data; boundary=X; charset=utf-8", "--X\r\n" CD "a\r\n\r\n1" END, 0, "F a=1;" },
	{ "multipart/form-data; boundary=X;", "--X--", 0, "" },
	{ "multipart/form-data; boundary=\"a b:c\"", "--a b:c\r\n" CD "a\r\n\r\n1\r\n--a b:c--", 0,
		"F a=1;" },
	{ "multipart/form-data; boundary=----WebKit7MA4",
		"------WebKit7MA4\r\n" CD "a\r\n\r\n1\r\n------WebKit7MA4--", 0, "F a=1;" },
	{ "multipart/form-data", "", ERR_INVALID, "without a boundary" },
	{ "multipart/form-data; boundary=", "", ERR_INVALID, "no value" },
	{ "multipart/form-data; boundary=\"\"", "", ERR_INVALID, "1 to 70" },
	{ "multipart/form-data; boundary=\"X", "", ERR_INVALID, "no end" },
	{ "multipart/form-data; boundary=\"X \"", "", ERR_INVALID, "ends with a blank" },
	{ "multipart/form-data; boundary=X@", "", ERR_INVALID, "not allowed" },
	{ "multipart/form-data; boundary=X; boundary=Y", "", ERR_INVALID, "given twice" },
	{ "multipart/form-data boundary=X", "", ERR_INVALID, "';'" },
	{ "multipart/form-data; "
	  "boundary=12345678901234567890123456789012345678901234567890123456789012345678901",
		"", ERR_INVALID, "71 characters" },
	{ "multipart/form-data; "
	  "boundary=1234567890123456789012345678901234567890123456789012345678901234567890",
		"--1234567890123456789012345678901234567890123456789012345678901234567890--", 0, "" },
	{ "multipart/form-dataX; boundary=X", "", ERR_MEDIA, "must be" },
	{ "multipart/mixed; boundary=X", "", ERR_MEDIA, "must be" },
	{ "application/json", "", ERR_MEDIA, "must be" },
	/* refused bodies */
	{ TYPE, "", ERR_INVALID, "before its last boundary" },
	{ TYPE, "nothing of the kind", ERR_INVALID, "before its last boundary" },
	{ TYPE, "--X", ERR_INVALID, "before its last boundary" },
	{ TYPE, "--X-", ERR_INVALID, "before its last boundary" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n1\r\n--X", ERR_INVALID, "before its last boundary" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n1\r\n--X\r\n", ERR_INVALID, "before its last boundary" },
	{ TYPE, "--X\r\n" CD "f; filename=x\r\n\r\nabc", ERR_INVALID, "before its last boundary" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n1\r\n--XY\r\n", ERR_INVALID, "goes on behind" },
	{ TYPE, "--X-y", ERR_INVALID, "goes on behind" },
	{ TYPE, "--X\n" CD "a\r\n\r\n1" END, ERR_INVALID, "goes on behind" },
	{ TYPE, "--X\rX", ERR_INVALID, "CR LF" },
	{ TYPE, "--X\r\n\r\n1" END, ERR_INVALID, "no header" },
	{ TYPE, "--X\r\nContent-Type: text/plain\r\n\r\n1" END, ERR_INVALID, "no name" },
	{ TYPE, "--X\r\nContent-Disposition: form-data\r\n\r\n1" END, ERR_INVALID, "no name" },
	{ TYPE, "--X\r\nContent-Disposition: form-data; filename=a\r\n\r\n1" END, ERR_INVALID, "no name" },
	{ TYPE, "--X\r\n" CD "\"\"\r\n\r\n1" END, ERR_INVALID, "no name" },
	{ TYPE, "--X\r\nContent-Disposition: attachment; name=a\r\n\r\n1" END, ERR_INVALID, "not form-data" },
	{ TYPE, "--X\r\n" CD "a; name=b\r\n\r\n1" END, ERR_INVALID, "name twice" },
	{ TYPE, "--X\r\n" CD "a; filename=b; filename=c\r\n\r\n1" END, ERR_INVALID, "filename twice" },
	{ TYPE, "--X\r\n" CD "a\r\n" CD "b\r\n\r\n1" END, ERR_INVALID, "Content-Disposition twice" },
	{ TYPE, "--X\r\n" CD "a; filename*=UTF-8''x\r\n\r\n1" END, ERR_INVALID, "filename* is not allowed" },
	{ TYPE, "--X\r\n" CD "a; name*=UTF-8''x\r\n\r\n1" END, ERR_INVALID, "name* is not allowed" },
	{ TYPE, "--X\r\n" CD "\"a\r\n\r\n1" END, ERR_INVALID, "no end" },
	{ TYPE, "--X\r\n" CD "\"a%0d\"\r\n\r\n1" END, ERR_INVALID, "no clean text" },
	{ TYPE, "--X\r\n" CD "\"a\xff\"\r\n\r\n1" END, ERR_INVALID, "no clean text" },
	{ TYPE, "--X\r\nno colon\r\n\r\n1" END, ERR_INVALID, "malformed" },
	{ TYPE, "--X\r\n folded: x\r\n\r\n1" END, ERR_INVALID, "malformed" },
	{ TYPE, "--X\r\nX: a\nY: b\r\n" CD "a\r\n\r\n1" END, ERR_INVALID, "control character" },
	{ TYPE, "--X\r\n" CD "a\r\nContent-Transfer-Encoding: base64\r\n\r\n1" END, ERR_INVALID, "Transfer" },
	{ TYPE, "--X\r\n" CD "a\r\nContent-Type: multipart/mixed; boundary=Y\r\n\r\n1" END, ERR_INVALID,
		"itself multipart" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n1\r\n--X\r\n" CD "a\r\n\r\n2" END, ERR_INVALID,
		"\"a\" is there twice" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n1\r\n--X\r\n" CD "\"a\"; filename=f\r\n\r\n2" END, ERR_INVALID,
		"twice" },
	{ TYPE, "--X\r\n" CD "refuse\r\n\r\n1" END, ERR_FIELD, "hook refuses" },
	/* limits: 3 parts, 200 bytes of header, 20 of fields, 10 of a file, 30 outside */
	{ TYPE,
		"--X\r\n" CD "a\r\n\r\n1\r\n--X\r\n" CD "b\r\n\r\n1\r\n--X\r\n" CD "c\r\n\r\n1\r\n--X\r\n" CD
		"d\r\n\r\n1" END,
		ERR_TOO_LARGE, "more than 3 parts" },
	{ TYPE, "--X\r\n" CD "f; filename=x\r\n\r\n0123456789" END, 0, "[f|x|:0123456789]" },
	{ TYPE, "--X\r\n" CD "f; filename=x\r\n\r\n0123456789a" END, ERR_TOO_LARGE, "over 10 bytes" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n0123456789\r\n--X\r\n" CD "b\r\n\r\n0123456789" END, 0,
		"F a=0123456789;F b=0123456789;" },
	{ TYPE, "--X\r\n" CD "a\r\n\r\n0123456789\r\n--X\r\n" CD "b\r\n\r\n0123456789x" END, ERR_TOO_LARGE,
		"over 20 bytes" },
	{ TYPE,
		"--X\r\nX: "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaa",
		ERR_TOO_LARGE, "header is over 200" },
	{ TYPE, "0123456789012345678901234567890\r\n--X--", ERR_TOO_LARGE, "outside" },
	{ TYPE, "--X--0123456789012345678901234567890", ERR_TOO_LARGE, "outside" },
};

static const struct multipart_limits limits = { .max_parts = 3,
	.max_header_bytes = 200,
	.max_fields_bytes = 20,
	.max_file_bytes = 10,
	.max_overhead_bytes = 30 };

/* Feed @body in pieces that end at @first, then every @step bytes. Each piece lies in a block of its own
 * size, so that the sanitizer sees a read beyond it. Return what multipart_end() says, or the failure before.
 */
static int parse(const char *type, const char *body, size_t len, size_t first, size_t step, struct seen *s,
	struct err *e)
{
	struct multipart *m CLEANUP(multipart_free_p) = NULL;
	size_t at = 0;

	buf_init(&s->text, 1 << 20);
	if (multipart_new(type, &limits, &hooks, s, &m, e))
		return -1;
	while (at < len) {
		size_t n = at == 0 && first ? first : step;

		if (n > len - at)
			n = len - at;
		char *piece = malloc(n);
		memcpy(piece, body + at, n);
		int rc = multipart_feed(m, piece, n, e);
		free(piece);
		if (rc) {
			struct err again = { 0 };

			assert_int_equal(multipart_feed(m, "x", 1, &again), -1);
			assert_string_equal(again.msg, e->msg);
			assert_int_equal(multipart_end(m, &again), -1);
			assert_int_equal(again.kind, e->kind);
			return -1;
		}
		at += n;
	}
	return multipart_end(m, e);
}

static void says_what_is_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct seen s = { 0 };
		struct err e = { 0 };
		size_t len = strlen(cases[i].body);
		int rc = parse(cases[i].type, cases[i].body, len, 0, len ? len : 1, &s, &e);

		if (rc != (cases[i].kind ? -1 : 0) || e.kind != cases[i].kind)
			fail_msg("%zu: %s\n%d %s %s", i, cases[i].body, rc, err_kind_name(e.kind), e.msg);
		if (cases[i].kind)
			assert_has(e.msg, cases[i].want);
		else
			assert_string_equal(buf_str(&s.text), cases[i].want);
		buf_deinit(&s.text);
	}
}

/* The report is the same for each single cut, and for pieces of 1 to 9 bytes. */
static void cuts_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct seen whole = { 0 };
		struct err why = { 0 };
		size_t len = strlen(cases[i].body);
		int want = parse(cases[i].type, cases[i].body, len, 0, len ? len : 1, &whole, &why);

		for (size_t cut = 1; cut < len + 9; cut++) {
			struct seen s = { 0 };
			struct err e = { 0 };
			int rc = cut < len
					 ? parse(cases[i].type, cases[i].body, len, cut, len, &s, &e)
					 : parse(cases[i].type, cases[i].body, len, 0, cut - len + 1, &s, &e);

			assert_int_equal(rc, want);
			assert_string_equal(e.msg, why.msg);
			assert_int_equal(s.text.len, whole.text.len);
			assert_memory_equal(buf_str(&s.text), buf_str(&whole.text), whole.text.len);
			buf_deinit(&s.text);
		}
		buf_deinit(&whole.text);
	}
}

static void files_may_hold_any_bytes(void **state)
{
	static const char head[] = "--X\r\n" CD "f; filename=x\r\n\r\n";
	char body[sizeof head - 1 + 5 + sizeof END - 1];
	struct seen s = { 0 };
	struct err e = { 0 };

	(void)state;
	memcpy(body, head, sizeof head - 1);
	memcpy(body + sizeof head - 1, "a\0\xff\r\n", 5);
	memcpy(body + sizeof head - 1 + 5, END, sizeof END - 1);
	for (size_t step = 1; step < sizeof body; step++) {
		assert_ok(parse(TYPE, body, sizeof body, 0, step, &s, &e), &e);
		assert_int_equal(s.text.len, 6 + 5 + 1);
		assert_memory_equal(s.text.data, "[f|x|:a\0\xff\r\n]", 12);
		buf_deinit(&s.text);
	}
}

/* A gigabyte of what could be delimiters must not make the parser slow or big: bounded work for each byte. */
static void hostile_line_ends_are_cheap(void **state)
{
	enum { PIECE = 1 << 20, PIECES = 64 };
	struct multipart *m CLEANUP(multipart_free_p) = NULL;
	static const struct multipart_hooks none = { 0 };
	struct err e = { 0 };
	char *piece = malloc(PIECE);

	(void)state;
	for (size_t i = 0; i < PIECE; i++)
		piece[i] = "\r\n--"[i % 4];
	assert_ok(multipart_new("multipart/form-data; boundary=----------------------------0123456789", NULL,
			  &none, NULL, &m, &e),
		&e);
	assert_ok(multipart_feed(m, "------------------------------0123456789\r\n" CD "f; filename=x\r\n\r\n",
			  42 + strlen(CD) + 17, &e),
		&e);
	for (int i = 0; i < PIECES; i++)
		assert_ok(multipart_feed(m, piece, PIECE - (size_t)i, &e), &e);
	assert_ok(multipart_feed(m, "\r\n------------------------------0123456789--", 44, &e), &e);
	assert_ok(multipart_end(m, &e), &e);
	free(piece);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_there),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(files_may_hold_any_bytes),
		cmocka_unit_test(hostile_line_ends_are_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
