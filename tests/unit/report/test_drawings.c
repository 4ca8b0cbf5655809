#include "support/testing.h"

#include <math.h>

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "kit.h"
#include "report/canvas.h"

static void parse(const struct buf *b, xmlDoc **ret)
{
	xmlDoc *doc =
		xmlReadMemory(b->data, (int)b->len, "drawing.svg", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);

	if (!doc)
		fail_msg("not well-formed: %.2000s", buf_str(b));
	xmlNode *root = xmlDocGetRootElement(doc);
	assert_string_equal((const char *)root->name, "svg");
	assert_string_equal((const char *)root->ns->href, "http://www.w3.org/2000/svg");
	*ret = doc;
}

/* How many nodes an XPath with the prefix s: finds. */
static int count(xmlDoc *doc, const char *path)
{
	xmlXPathContext *x = xmlXPathNewContext(doc);
	int n;

	assert_non_null(x);
	assert_int_equal(
		xmlXPathRegisterNs(x, (const xmlChar *)"s", (const xmlChar *)"http://www.w3.org/2000/svg"),
		0);
	xmlXPathObject *o = xmlXPathEvalExpression((const xmlChar *)path, x);
	assert_non_null(o);
	n = o->nodesetval ? o->nodesetval->nodeNr : 0;
	xmlXPathFreeObject(o);
	xmlXPathFreeContext(x);
	return n;
}

static const struct {
	const char *name;
	int (*write)(const struct report *, struct buf *, struct err *);
} writers[] = { { "curves", report_svg_curves }, { "events", report_svg_events },
	{ "table", report_svg_table } };

static void every_case_is_well_formed_and_titled(void **state)
{
	(void)state;
	for (enum kit_case c = 0; c < KIT_CASES; c++) {
		struct kit k;
		kit_open(&k, c);
		for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
			xmlDoc *doc;
			assert_int_equal(kit_write(&k, writers[i].write), 0);
			parse(&k.out, &doc);
			assert_int_equal(count(doc, "/s:svg/s:title"), 1);
			assert_int_equal(count(doc, "/s:svg/s:desc"), 1);
			assert_true(count(doc, "//s:text") > 3);
			assert_null(strstr(buf_str(&k.out), "nan"));
			assert_null(strstr(buf_str(&k.out), "inf\""));
			assert_null(strstr(buf_str(&k.out), "<script"));
			xmlFreeDoc(doc);
		}
		kit_close(&k);
	}
}

/* All numbers stay on the paper. */
static void nothing_leaves_the_paper(void **state)
{
	(void)state;
	for (enum kit_case c = 0; c < KIT_CASES; c++) {
		struct kit k;
		kit_open(&k, c);
		for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
			double w = 0, h = 0;
			assert_int_equal(kit_write(&k, writers[i].write), 0);
			const char *at = strstr(buf_str(&k.out), "viewBox=\"0 0 ");
			assert_non_null(at);
			w = strtod(at + 13, (char **)&at);
			h = strtod(at, NULL);
			for (at = buf_str(&k.out); (at = strstr(at, " d=\"M")); at++)
				for (const char *p = at + 5; *p != '"'; p += strspn(p, "LZ")) {
					double x = strtod(p, (char **)&p), y = strtod(p, (char **)&p);
					if (!(x >= 0 && x <= w && y >= 0 && y <= h))
						fail_msg("%s of %s: a point at %g, %g", writers[i].name,
							kit_name(c), x, y);
				}
		}
		kit_close(&k);
	}
}

static void curves_hold_every_point(void **state)
{
	struct kit k;
	xmlDoc *doc;
	int lines = 0;

	(void)state;
	kit_open(&k, KIT_ADULT);
	assert_int_equal(kit_write(&k, report_svg_curves), 0);
	parse(&k.out, &doc);
	for (enum joint j = JOINT_HIP; j < JOINTS; j++) {
		char path[128];
		snprintf(path, sizeof path, "//s:g[s:title='%s']", joint_name(j));
		assert_int_equal(count(doc, path), 1);
	}
	assert_int_equal(count(doc, "//s:text[contains(., 'Winter 1991')]"), 1);
	xmlFreeDoc(doc);
	/* A mean curve has 101 points, a band 202; two sides of five joints, three reference curves. */
	for (const char *at = buf_str(&k.out); (at = strstr(at, "<path d=\"M")); at++) {
		size_t n = 1;
		for (const char *p = at; *p != '>'; p++)
			n += *p == 'L' ? 1 : 0;
		lines += n == CURVE_POINTS ? 1 : 0;
	}
	assert_int_equal(lines, 2 * JOINTS + 3);
	kit_close(&k);
}

/* The highest point of the left knee's line in the drawing stands over the place of its largest angle. */
static void a_curve_peaks_where_the_knee_does(void **state)
{
	struct kit k;
	int want = 0, found = 0;
	double best = INFINITY;

	(void)state;
	kit_open(&k, KIT_SIDE_ONLY);
	const double *mean = k.a.curves[SIDE_LEFT][JOINT_KNEE].mean;
	for (int i = 1; i < CURVE_POINTS; i++)
		want = mean[i] > mean[want] ? i : want;
	assert_int_equal(kit_write(&k, report_svg_curves), 0);
	const char *at = strstr(buf_str(&k.out), "<title>knee</title>");
	assert_non_null(at);
	for (; (at = strstr(at, "<path d=\"M")); at++) {
		int i = 0;
		const char *end = strchr(at, '>'), *p = at + 10;
		if (!memmem(at, (size_t)(end - at), "fill=\"none\" stroke=\"#005c9b\"", 28))
			continue;
		for (; *p != '"'; p += *p == 'L' ? 1 : 0, i++) {
			(void)strtod(p, (char **)&p);
			double y = strtod(p, (char **)&p);
			if (y < best && i < CURVE_POINTS) {
				best = y;
				found = i;
			}
		}
		if (i == CURVE_POINTS)
			break;
		best = INFINITY;
	}
	assert_non_null(at);
	assert_in_range(found, want - 1, want + 1);
	kit_close(&k);
}

static void events_have_a_mark_each(void **state)
{
	struct kit k;
	xmlDoc *doc;
	size_t toe_offs = 0;

	(void)state;
	kit_open(&k, KIT_ADULT);
	for (enum view v = VIEW_FRONT; v < VIEWS; v++)
		for (size_t i = 0; i < k.a.view[v].events.count; i++)
			toe_offs += k.a.view[v].events.list[i].kind == EVENT_TOE_OFF ? 1 : 0;
	assert_true(toe_offs > 4);
	assert_int_equal(kit_write(&k, report_svg_events), 0);
	parse(&k.out, &doc);
	assert_int_equal(count(doc, "//s:g[s:title='Events of the front view']"), 1);
	/* White with a coloured edge. */
	assert_int_equal(
		count(doc, "//s:g[s:title='Events of the side view']/s:path[@fill='#ffffff'][@stroke]"),
		toe_offs);
	xmlFreeDoc(doc);
	kit_close(&k);
}

/* A drawing has the room that a page has not. */
static void a_long_walk_is_drawn_whole(void **state)
{
	struct kit k;
	xmlDoc *doc;
	size_t toe_offs = 0;

	(void)state;
	kit_open(&k, KIT_LONG);
	for (size_t i = 0; i < k.a.view[VIEW_SIDE].events.count; i++)
		toe_offs += k.a.view[VIEW_SIDE].events.list[i].kind == EVENT_TOE_OFF ? 1 : 0;
	assert_true(toe_offs > 150);
	assert_int_equal(kit_write(&k, report_svg_events), 0);
	parse(&k.out, &doc);
	assert_int_equal(
		count(doc, "//s:g[s:title='Events of the side view']/s:path[@fill='#ffffff'][@stroke]"),
		toe_offs);
	xmlFreeDoc(doc);
	kit_close(&k);
}

static void unused_views_have_no_events(void **state)
{
	struct kit k;
	xmlDoc *doc;

	(void)state;
	kit_open(&k, KIT_STANDING);
	assert_int_equal(kit_write(&k, report_svg_events), 0);
	parse(&k.out, &doc);
	assert_int_equal(count(doc, "//s:text[contains(., 'not used')]"), 2);
	assert_int_equal(count(doc, "//s:g/s:path[@fill='#ffffff'][@stroke]"), 0);
	xmlFreeDoc(doc);
	assert_int_equal(kit_write(&k, report_svg_table), 0);
	assert_has(buf_str(&k.out), "no regular walking was found");
	kit_close(&k);
}

/* How many triangles the table's drawing has in its one ink. */
static int verdicts(struct kit *k)
{
	int n = 0;

	assert_int_equal(kit_write(k, report_svg_table), 0);
	for (const char *at = buf_str(&k->out); (at = strstr(at, "<path d=\"M")); at++) {
		const char *end = strchr(at, '>');
		size_t corners = 1;
		for (const char *p = at; p < end; p++)
			corners += *p == 'L' ? 1 : 0;
		n += corners == 3 && memmem(at, (size_t)(end - at), "fill=\"#1a1a1a\"", 14) ? 1 : 0;
	}
	return n;
}

/* What the reader sees decides: 64.04 is printed as 64.0 and is not above 64.0. */
static void a_triangle_marks_what_lies_outside_the_reference(void **state)
{
	static const struct {
		double stance;
		int marks;
	} rows[] = { { 61, 0 }, { 64.04, 0 }, { 64.06, 1 }, { 70, 1 }, { 58, 0 }, { 57.96, 0 }, { 57.9, 1 },
		{ 50, 1 } };
	struct kit k;

	(void)state;
	kit_open(&k, KIT_ADULT);
	struct value *stance = k.a.params.of[PARAM_stance];
	stance[SIDE_LEFT].value = stance[SIDE_RIGHT].value = 61;
	int before = verdicts(&k);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* Left, right and their mean stand alike. */
		stance[SIDE_LEFT].value = stance[SIDE_RIGHT].value = rows[i].stance;
		if (verdicts(&k) - before != 3 * rows[i].marks)
			fail_msg("stance %g", rows[i].stance);
	}
	kit_close(&k);
}

static void hostile_texts_are_escaped(void **state)
{
	static const char *const texts[] = { "<script>alert(1)</script>", "\" onload=\"x", "a & b",
		"bad \xff\xfe bytes", "controls \x01\x1b[31m", "]]>", "\xc2\x85 next line",
		"\xef\xbf\xbf no character", "\xe2\x80", "&#0;" };
	BUF_CLEANUP struct buf out;
	struct canvas *c;
	xmlDoc *doc;
	struct err e = { 0 };

	(void)state;
	buf_init(&out, 1 << 20);
	assert_ok(canvas_svg(&out, 100, 100, "a < b", "\"quoted\" & more", &c, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct text_style s = { .size = 10, .colour = { 0, 0, 0, 1 } };
		canvas_group(c, texts[i]);
		canvas_text(c, 10, 10, s, texts[i]);
		canvas_text_fit(c, 10, 10, 30, s, texts[i]);
		canvas_wrap(c, 10, 10, 30, 10, 2, s, texts[i]);
		canvas_group_end(c);
	}
	assert_ok(canvas_end(c, &e), &e);
	parse(&out, &doc);
	assert_int_equal(count(doc, "//s:script"), 0);
	assert_int_equal(count(doc, "//@onload"), 0);
	assert_int_equal(count(doc, "//s:text[. = '<script>alert(1)</script>']"), 1);
	xmlFreeDoc(doc);
}

static void long_texts_are_cut_between_characters(void **state)
{
	BUF_CLEANUP struct buf out;
	struct canvas *c;
	xmlDoc *doc;
	struct err e = { 0 };
	struct text_style s = { .size = 10, .colour = { 0, 0, 0, 1 } };
	char text[5000];

	(void)state;
	for (size_t i = 0; i < sizeof text - 2; i += 2)
		memcpy(text + i, "é", 2);
	text[sizeof text - 2] = '\0';
	buf_init(&out, 1 << 20);
	assert_ok(canvas_svg(&out, 100, 100, "t", "d", &c, &e), &e);
	canvas_text_fit(c, 0, 10, 60, s, text);
	assert_int_equal(
		canvas_wrap(c, 0, 10, 60, 10, 3, s, "one two three four five six seven eight nine ten"), 3);
	assert_int_equal(canvas_wrap_lines(c, 1000, s, "one two three"), 1);
	assert_int_equal(canvas_wrap_lines(c, 60, s, ""), 0);
	assert_true(canvas_wrap_lines(c, 60, s, "one two three four five six seven eight nine ten") > 3);
	assert_ok(canvas_end(c, &e), &e);
	parse(&out, &doc);
	assert_int_equal(count(doc, "//s:text[contains(., '…')]"), 2);
	xmlFreeDoc(doc);
}

static void a_full_buffer_is_an_error(void **state)
{
	struct kit k;
	struct err e = { 0 };

	(void)state;
	kit_open(&k, KIT_ADULT);
	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		for (size_t room = 64; room < 6000; room *= 3) {
			BUF_CLEANUP struct buf out;
			buf_init(&out, room);
			assert_fails(writers[i].write(&k.r, &out, &e), &e, ERR_TOO_LARGE);
		}
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_is_well_formed_and_titled),
		cmocka_unit_test(nothing_leaves_the_paper),
		cmocka_unit_test(curves_hold_every_point),
		cmocka_unit_test(a_curve_peaks_where_the_knee_does),
		cmocka_unit_test(events_have_a_mark_each),
		cmocka_unit_test(a_long_walk_is_drawn_whole),
		cmocka_unit_test(unused_views_have_no_events),
		cmocka_unit_test(a_triangle_marks_what_lies_outside_the_reference),
		cmocka_unit_test(hostile_texts_are_escaped),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(a_full_buffer_is_an_error),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	xmlCleanupParser();
	return failed;
}
