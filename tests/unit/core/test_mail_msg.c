#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "core/mail_msg.h"
#include "core/mail_template.h"
#include "core/mail_text.h"

#define JOB "01jd8f3k7q0000000000000000"
#define URL "https://gait.example.org/jobs/" JOB "?a=1&b=2"

static struct mail_facts sample(enum mail_kind kind)
{
	static char id[MAIL_MESSAGE_ID_BYTES];
	char local[80];

	snprintf(local, sizeof local, "%s." JOB ".1", mail_kind_name(kind));
	assert_int_equal(mail_message_id(local, "example.org", id, NULL), 0);
	return (struct mail_facts){ .kind = kind,
		.job_id = JOB,
		.ordinal = 17,
		.job_url = URL,
		.from = "gaitd@example.org",
		.from_name = "Gait Lab",
		.to = "parent@example.net",
		.message_id = id,
		.date_ms = 1795336200000,
		.failure_text = "The side video shows nobody.",
		.site_name = "Example Clinic" };
}

static struct buf rendered(const struct mail_facts *f)
{
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, 1 << 17);
	if (mail_render(f, &out, &e) < 0)
		fail_msg("%s", e.msg);
	return out;
}

/* The decoded part of @message whose type is @type into @out. */
static void body_of(const char *message, const char *type, struct buf *out)
{
	char head[64];

	snprintf(head, sizeof head, "Content-Type: %s;", type);
	const char *p = strstr(message, head);
	assert_non_null(p);
	p = strstr(p, "\r\n\r\n");
	assert_non_null(p);
	const char *end = strstr(p += 4, "\r\n--=_");
	assert_non_null(end);
	while (p < end) {
		uint8_t byte;
		char code[3] = { 0 };
		if (*p == '=' && p[1] == '\r') {
			p += 3;
		} else if (*p == '=') {
			memcpy(code, p + 1, 2);
			assert_null(strpbrk(code, "abcdef")); /* RFC 2045: upper case */
			code[0] = (char)(code[0] >= 'A' ? code[0] + 32 : code[0]);
			code[1] = (char)(code[1] >= 'A' ? code[1] + 32 : code[1]);
			assert_int_equal(hex_decode(code, &byte, 1), 1);
			assert_int_equal(buf_addc(out, (char)byte, NULL), 0);
			p += 3;
		} else {
			if (*p != '\r')
				assert_int_equal(buf_addc(out, *p, NULL), 0);
			p++;
		}
	}
	assert_int_equal(buf_addc(out, '\n', NULL), 0);
}

static void assert_in_bodies(const struct mail_facts *f, const char *text, bool in_text, bool in_html)
{
	BUF_CLEANUP struct buf mail = rendered(f), text_body, html_body;

	buf_init(&text_body, 1 << 16);
	buf_init(&html_body, 1 << 16);
	body_of(buf_str(&mail), "text/plain", &text_body);
	body_of(buf_str(&mail), "text/html", &html_body);
	if (!!strstr(buf_str(&text_body), text) != in_text || !!strstr(buf_str(&html_body), text) != in_html)
		fail_msg("%s: %d %d in\n%s\n%s", text, in_text, in_html, buf_str(&text_body),
			buf_str(&html_body));
}

/* 7-bit, CRLF at every line's end and nowhere else, no trailing blank, no line over 76 characters. */
static void assert_well_formed(const char *mail, size_t max_line)
{
	for (const char *p = mail, *line = mail; *p; p++) {
		assert_true((*p >= ' ' && *p <= '~') || *p == '\r' || *p == '\n' || *p == '\t');
		if (*p == '\n')
			assert_true(p > mail && p[-1] == '\r');
		if (*p != '\r')
			continue;
		assert_int_equal(p[1], '\n');
		assert_true((size_t)(p - line) <= max_line);
		assert_true(p == line || p[-1] != ' ');
		assert_true(line[0] != '.' && strncmp(line, "From ", 5) != 0);
		line = p + 2;
	}
}

static const enum mail_kind all_kinds[] = { MAIL_RECEIVED, MAIL_RESULT, MAIL_FAILURE, MAIL_ANALYSED };

static void every_kind_is_complete(void **state)
{
	static const char *const subjects[] = { "Request no. 17 has arrived", "Request no. 17 is done",
		"Request no. 17 could not be completed", "Request no. 17 has been analysed" };
	static const char *const names[] = { "received", "result", "failure", "analysed" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all_kinds); i++) {
		struct mail_facts f = sample(all_kinds[i]);
		BUF_CLEANUP struct buf mail = rendered(&f), again = rendered(&f);
		char head[600];
		assert_string_equal(buf_str(&mail), buf_str(&again));
		assert_well_formed(buf_str(&mail), 76);
		snprintf(head, sizeof head,
			"Date: Sun, 22 Nov 2026 08:30:00 +0000\r\nFrom: \"Gait Lab\" <gaitd@example.org>\r\n"
			"To: <parent@example.net>\r\nSubject: %s\r\nMessage-ID: <%s." JOB
			".1@example.org>\r\n"
			"Auto-Submitted: auto-generated\r\n",
			subjects[i], names[i]);
		assert_memory_equal(buf_str(&mail), head, strlen(head));
		assert_null(strstr(buf_str(&mail), "{{"));
		assert_in_bodies(&f, "not a diagnosis", true, true);
		assert_in_bodies(&f, URL, true, false);
		assert_in_bodies(
			&f, "href=\"https://gait.example.org/jobs/" JOB "?a=1&amp;b=2\"", false, true);
		assert_in_bodies(&f, "Example Clinic", true, true);
		assert_in_bodies(&f, "nobody", all_kinds[i] == MAIL_FAILURE, all_kinds[i] == MAIL_FAILURE);
		assert_in_bodies(&f, "demonstration model", false, false);
		assert_in_bodies(&f, "Score:", false, false);
	}
}

/* Of a result that its submitter does not see (yet), and of a clinician's words about one: only that there
 * are some. */
static void release_of_results(void **state)
{
	struct mail_facts waits = sample(MAIL_ANALYSED), never = sample(MAIL_ANALYSED);
	struct mail_facts plain = sample(MAIL_RESULT), commented = sample(MAIL_RESULT);

	(void)state;
	never.withheld = true;
	commented.commented = true;
	waits.has_score = waits.with_score = never.has_score = never.with_score = true;
	waits.score = never.score = 0.73;
	assert_in_bodies(&waits, "A clinician reads the result now.", true, true);
	assert_in_bodies(&waits, "individual results", false, false);
	assert_in_bodies(&waits, "0.73", false, false);
	assert_in_bodies(&never, "individual results", true, true);
	assert_in_bodies(&never, "reads the result", false, false);
	assert_in_bodies(&never, "0.73", false, false);
	assert_in_bodies(&plain, "wrote a comment", false, false);
	assert_in_bodies(&commented, "wrote a comment", true, true);
}

static void score_only_where_asked_for(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 8; bits++)
		for (size_t k = 0; k < ARRAY_LEN(all_kinds); k++) {
			struct mail_facts f = sample(all_kinds[k]);
			f.score = 0.7349;
			f.with_score = bits & 1;
			f.has_score = bits & 2;
			f.demonstration = bits & 4;
			bool result = f.kind == MAIL_RESULT;
			bool told = result && (bits & 3) == 3;
			assert_in_bodies(&f, "0.73", told, told);
			assert_in_bodies(&f, "73", told, told);
			bool demo = result && (bits & 6) == 6;
			assert_in_bodies(&f, "demonstration model", demo, demo);
		}
}

static void reasons_stand_for_the_score(void **state)
{
	static const char *const reasons[] = { "too few steps (3 < 5)",
		"the side view was taken from the front" };
	struct mail_facts f = sample(MAIL_RESULT);

	(void)state;
	f.reasons = reasons;
	f.reason_count = 2;
	assert_in_bodies(&f, "too few steps", false, false);
	f.with_score = true;
	assert_in_bodies(
		&f, "- too few steps (3 < 5)\n- the side view was taken from the front\n", true, false);
	assert_in_bodies(&f,
		"<li>too few steps (3 &lt; 5)</li>\n<li>the side view was taken from the front</li>\n", false,
		true);
	f.has_score = true;
	f.score = 1;
	assert_in_bodies(&f, "too few steps", false, false);
	assert_in_bodies(&f, "1.00", true, true);
	f.score = 0.994;
	assert_in_bodies(&f, "0.99", true, true);
	f.score = 0;
	assert_in_bodies(&f, "0.00", true, true);
}

static void values_are_escaped(void **state)
{
	struct mail_facts f = sample(MAIL_FAILURE);

	(void)state;
	f.failure_text =
		"<script>alert('x')</script> & \"q\"\r\n.\r\n--=_\r\nBcc: x@y.zz {{job_id}} \xff\xe2\x80\xae"
		"tfel ü";
	assert_in_bodies(&f, "<script>", true, false);
	assert_in_bodies(&f,
		"&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot;  .  --=_  Bcc: x@y.zz "
		"{{job_id}} \xef\xbf\xbd tfel ü",
		false, true);
	f.failure_text = "x";
	f.site_name = "<b>&";
	assert_in_bodies(&f, "<b>&", true, false);
	assert_in_bodies(&f, "&lt;b&gt;&amp;", false, true);
	f.site_name = f.failure_text = NULL;
	assert_in_bodies(&f, "could not be completed", true, true);
}

/* What a relay gets in parts is what the message holds. */
static void parts_are_the_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all_kinds); i++) {
		struct mail_facts f = sample(all_kinds[i]);
		BUF_CLEANUP struct buf mail = rendered(&f), text, html;
		struct mail_parts parts;
		struct err e = { 0 };
		char subject[100];
		buf_init(&text, 1 << 16);
		buf_init(&html, 1 << 16);
		if (mail_parts_make(&f, &parts, &e) < 0)
			fail_msg("%s", e.msg);
		body_of(buf_str(&mail), "text/plain", &text);
		body_of(buf_str(&mail), "text/html", &html);
		assert_string_equal(buf_str(&parts.text), buf_str(&text));
		assert_string_equal(buf_str(&parts.html), buf_str(&html));
		snprintf(subject, sizeof subject, "\r\nSubject: %s\r\n", parts.subject);
		assert_non_null(strstr(buf_str(&mail), subject));
		mail_parts_free(&parts);
		f.to = "a@b.org\r\nBcc: c@d.org";
		assert_int_equal(mail_parts_make(&f, &parts, &e), -1);
		mail_parts_free(&parts);
	}
}

static void headers_cannot_be_injected(void **state)
{
	static const char *const names[] = { "a\r\nBcc: evil@example.org", "a\nBcc: evil@example.org",
		"a\rBcc: e", "\"<evil@example.org>\"", "\\", "a\" <evil@example.org>, \"b",
		"=?UTF-8?Q?=0D=0ABcc:_e?=", "Ganglabor M\xc3\xbcnchen\r\n\r\nbody",
		"\xc2\x85"
		"Bcc: x",
		"\xff\xfe", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct mail_facts f = sample(MAIL_RECEIVED);
		f.from_name = names[i];
		BUF_CLEANUP struct buf mail = rendered(&f);
		assert_well_formed(buf_str(&mail), 76);
		assert_null(strstr(buf_str(&mail), "\nBcc"));
		const char *from = strstr(buf_str(&mail), "\r\nFrom:"),
			   *to = strstr(buf_str(&mail), "\r\nTo:");
		assert_non_null(from);
		assert_true(to > from);
		assert_memory_equal(to - 20, " <gaitd@example.org>", 20);
		/* Header lines end at the first empty line, which comes where it should. */
		assert_non_null(strstr(buf_str(&mail), "\"\r\n\r\n--=_"));
		assert_ptr_equal(
			strstr(buf_str(&mail), "\"\r\n\r\n--=_") + 1, strstr(buf_str(&mail), "\r\n\r\n"));
	}
}

static void refuses_malformed_facts(void **state)
{
	static const struct {
		const char *from, *to, *id, *url;
		double score;
	} cases[] = {
		{ "a@b.org\r\nBcc: x@y.zz", NULL, NULL, NULL, 0 },
		{ "", NULL, NULL, NULL, 0 },
		{ NULL, "a b@example.org", NULL, NULL, 0 },
		{ NULL, "a@b.org,c@d.org", NULL, NULL, 0 },
		{ NULL, "\"a\"@b.org", NULL, NULL, 0 },
		{ NULL, NULL, "id", NULL, 0 },
		{ NULL, NULL, "id@host.org>\r\nX: y", NULL, 0 },
		{ NULL, NULL, NULL, "javascript:alert(1)", 0 },
		{ NULL, NULL, NULL, "https://x/\" onclick=\"y", 0 },
		{ NULL, NULL, NULL, "https://x/ y", 0 },
		{ NULL, NULL, NULL, "https://x/\r\n", 0 },
		{ NULL, NULL, NULL, NULL, 1.01 },
		{ NULL, NULL, NULL, NULL, -0.01 },
		{ NULL, NULL, NULL, NULL, NAN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mail_facts f = sample(MAIL_RESULT);
		BUF_CLEANUP struct buf out;
		struct err e = { 0 };
		buf_init(&out, 1 << 17);
		assert_int_equal(buf_adds(&out, "before", NULL), 0);
		f.from = cases[i].from ? cases[i].from : f.from;
		f.to = cases[i].to ? cases[i].to : f.to;
		f.message_id = cases[i].id ? cases[i].id : f.message_id;
		f.job_url = cases[i].url ? cases[i].url : f.job_url;
		f.score = cases[i].score;
		f.has_score = true;
		assert_int_equal(mail_render(&f, &out, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_string_equal(buf_str(&out), "before");
	}
	struct mail_facts f = sample(MAIL_RESULT);
	BUF_CLEANUP struct buf small;
	struct err e = { 0 };
	buf_init(&small, 1500);
	assert_int_equal(mail_render(&f, &small, &e), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	assert_string_equal(buf_str(&small), "");
	f.kind = MAIL_KIND_COUNT;
	assert_int_equal(mail_render(&f, &small, &e), -1);
	assert_int_equal(e.kind, ERR_INVALID);
}

static void long_values_stay_within_the_limits(void **state)
{
	static char name[1500], reason[900], host[241], to[255], url[900];
	static const char *reasons[40];
	struct mail_facts f = sample(MAIL_RESULT);

	(void)state;
	for (size_t i = 0; i + 3 < sizeof name; i += 3)
		memcpy(name + i, i % 2 ? "\xe6\xad\xa9" : "x y", 3);
	memset(reason, 'r', sizeof reason - 1);
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		reasons[i] = i == 0 ? reason : "short";
	for (size_t i = 0; i < 240; i++)
		host[i] = i % 60 == 59 ? '.' : 'h';
	host[239] = 'h';
	snprintf(to, sizeof to, "someone@%s", host);
	memset(url, 'u', sizeof url - 1);
	memcpy(url, "https://", 8);
	f.from_name = name;
	f.to = to;
	f.job_url = url;
	f.reasons = reasons;
	f.reason_count = ARRAY_LEN(reasons);
	f.with_score = true;
	BUF_CLEANUP struct buf mail = rendered(&f);
	assert_well_formed(buf_str(&mail), 998);
	reason[399] = '\0'; /* the longest that is not cut */
	assert_in_bodies(&f, reason, true, true);
	reason[399] = 'r';
	assert_in_bodies(&f, reason, false, false);
	assert_in_bodies(&f, "rrr \xe2\x80\xa6\n- short", true, false);
	assert_in_bodies(&f, "rrr \xe2\x80\xa6</li>\n<li>short", false, true);
	/* A cut never tears a character. */
	memcpy(reason + 394, "\xe6\xad\xa9", 3);
	assert_in_bodies(&f, "rrr \xe2\x80\xa6", true, true);
	assert_in_bodies(&f, "\xef\xbf\xbd", false, false);
	assert_in_bodies(&f, url, true, true);
	/* Only the address is longer than 76, alone on its line. */
	for (const char *p = buf_str(&mail); *p;) {
		const char *end = strstr(p, "\r\n");
		if (end - p > 76)
			assert_true(str_starts(p, " <someone@"));
		p = end + 2;
	}
}

static void message_ids(void **state)
{
	static const struct {
		const char *local, *host, *want;
	} cases[] = {
		{ "received." JOB ".0", "example.org", "received." JOB ".0@example.org" },
		{ "result." JOB ".12.2", "a.b.c", "result." JOB ".12.2@a.b.c" },
		{ "", "example.org", NULL },
		{ "result.a b.1", "example.org", NULL },
		{ "result.a>\r\n.1", "example.org", NULL },
		{ "result." JOB ".1", "", NULL },
		{ "result." JOB ".1", "ex ample.org", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char id[MAIL_MESSAGE_ID_BYTES] = "untouched";
		int rc = mail_message_id(cases[i].local, cases[i].host, id, NULL);
		assert_int_equal(rc, cases[i].want ? 0 : -1);
		assert_string_equal(id, cases[i].want ? cases[i].want : "untouched");
	}
	for (size_t i = 0; i < ARRAY_LEN(all_kinds); i++) {
		enum mail_kind kind = MAIL_KIND_COUNT;
		assert_true(mail_kind_parse(mail_kind_name(all_kinds[i]), &kind));
		assert_int_equal(kind, all_kinds[i]);
	}
	assert_null(mail_kind_name(MAIL_KIND_COUNT));
	enum mail_kind kind;
	assert_false(mail_kind_parse("other", &kind));
}

static void quoted_printable(void **state)
{
#define X70 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "", "" },
		{ "a", "a\r\n" },
		{ "a\n\nb\n", "a\r\n\r\nb\r\n" },
		{ "1=1\n", "1=3D1\r\n" },
		{ "end \nend\t\n", "end=20\r\nend=09\r\n" },
		{ "-- \n", "--=20\r\n" },
		{ ".\n..a\n", "=2E\r\n=2E.a\r\n" },
		{ "From x\nFrom\na From x\n", "=46rom x\r\nFrom\r\na From x\r\n" },
		{ "ü\r\n", "=C3=BC=0D\r\n" },
		{ X70 "12345\n", X70 "12345\r\n" },
		{ X70 "123456\n", X70 "12345=\r\n6\r\n" },
		{ X70 "123ü\n", X70 "123=\r\n=C3=BC\r\n" },
		{ X70 "12345.\n", X70 "12345=\r\n=2E\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		BUF_CLEANUP struct buf out;
		buf_init(&out, 1024);
		assert_int_equal(mail_text_quoted_printable(cases[i].in, strlen(cases[i].in), &out, NULL), 0);
		assert_string_equal(buf_str(&out), cases[i].want);
	}
}

static void header_text(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "plain", "Subject: plain\r\n" },
		{ "Gang \xc3\xbc", "Subject: =?UTF-8?Q?Gang_=C3=BC?=\r\n" },
		{ "a\r\n b", "Subject: a   b\r\n" },
		{ "=?x", "Subject: =?UTF-8?Q?=3D=3Fx?=\r\n" },
		/* A character is never torn over two words: 20 times U+6B69, 9 bytes each when escaped. */
		{ "\xe6\xad\xa9\xe6\xad\xa9\xe6\xad\xa9\xe6\xad\xa9\xe6\xad\xa9\xe6\xad\xa9\xe6\xad\xa9",
			"Subject: =?UTF-8?Q?=E6=AD=A9=E6=AD=A9=E6=AD=A9=E6=AD=A9=E6=AD=A9=E6=AD=A9?=\r\n"
			" =?UTF-8?Q?=E6=AD=A9?=\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		BUF_CLEANUP struct buf out;
		buf_init(&out, 1024);
		assert_int_equal(mail_text_header("Subject", cases[i].in, &out, NULL), 0);
		assert_string_equal(buf_str(&out), cases[i].want);
	}
}

static void templates(void **state)
{
	static const char *const list[] = { "1", "<2>" };
	static const struct mail_value values[] = { { .name = "a", .text = "A&" }, { .name = "none" },
		{ .name = "list", .items = list, .n = 2 }, { .name = "empty", .items = list, .n = 0 },
		{ .name = NULL } };
	static const struct {
		const char *in, *want; /* NULL: refused */
	} cases[] = {
		{ "x {{a}} y", "x A&amp; y" },
		{ "{{&a}}", "A&" },
		{ "{{#a}}in{{/a}}{{#none}}out{{/none}}", "in" },
		{ "1\n{{#a}}\n2\n{{/a}}\n3\n{{#none}}\n4\n{{/none}}\n5\n", "1\n2\n3\n5\n" },
		{ "{{#list}}[{{.}}{{a}}]{{/list}}", "[1A&amp;][&lt;2&gt;A&amp;]" },
		{ "{{#a}}{{#list}}{{.}}{{/list}}{{/a}}", "1&lt;2&gt;" },
		{ "{{#empty}}x{{/empty}}", "" },
		{ "{{b}}", NULL },
		{ "{{none}}", NULL },
		{ "{{list}}", NULL },
		{ "{{.}}", NULL },
		{ "{{a", NULL },
		{ "{{#a}}x", NULL },
		{ "{{#a}}x{{/b}}", NULL },
		{ "x{{/a}}", NULL },
		{ "{{#b}}x{{/b}}", NULL },
		{ "{{}}", NULL },
		{ "}} { {", "}} { {" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		BUF_CLEANUP struct buf out;
		buf_init(&out, 1024);
		int rc = mail_template_fill(cases[i].in, true, values, &out, NULL);
		assert_int_equal(rc, cases[i].want ? 0 : -1);
		if (cases[i].want)
			assert_string_equal(buf_str(&out), cases[i].want);
	}
	BUF_CLEANUP struct buf out;
	buf_init(&out, 1024);
	assert_int_equal(mail_template_render("absent.txt", values, &out, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_kind_is_complete),
		cmocka_unit_test(release_of_results), cmocka_unit_test(score_only_where_asked_for),
		cmocka_unit_test(reasons_stand_for_the_score), cmocka_unit_test(values_are_escaped),
		cmocka_unit_test(headers_cannot_be_injected), cmocka_unit_test(parts_are_the_message),
		cmocka_unit_test(refuses_malformed_facts),
		cmocka_unit_test(long_values_stay_within_the_limits), cmocka_unit_test(message_ids),
		cmocka_unit_test(quoted_printable), cmocka_unit_test(header_text),
		cmocka_unit_test(templates) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
