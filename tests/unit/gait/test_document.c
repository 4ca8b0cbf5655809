#include "support/testing.h"

#include <math.h>

#include "base/buf.h"
#include "gait/keypoints.h"
#include "gait/keypoints_document.h"
#include "synth.h"

/* A list of @count numbers: point i is (10 i, 10 i + 1), and what stands behind is @tail. */
static void numbers(struct buf *b, int points, const char *tail, double scale)
{
	struct err e = { 0 };

	assert_ok(buf_addc(b, '[', &e), &e);
	for (int i = 0; i < points; i++)
		assert_ok(buf_addf(b, &e, "%s%.4f,%.4f,%s", i ? "," : "", scale * 10 * i,
				  scale * (10 * i + 1), tail),
			&e);
	assert_ok(buf_addc(b, ']', &e), &e);
}

/* The text with each '#' replaced by 75 numbers, '@' by 51, '%' by 33 landmarks of width 1. */
static void expand(struct buf *b, const char *text)
{
	struct err e = { 0 };

	buf_init(b, 1 << 20);
	for (; *text; text++) {
		if (*text == '#' || *text == '@') {
			numbers(b, *text == '#' ? 25 : 17, "0.5", 1);
		} else if (*text == '%') {
			for (int i = 0; i < 33; i++)
				assert_ok(buf_addf(b, &e,
						  "%s{\"x\":%.3f,\"y\":%.3f,\"z\":-0.1,\"visibility\":0.8,"
						  "\"presence\":0.5}",
						  i ? "," : "", 0.01 * i, 0.02 * i),
					&e);
		} else {
			assert_ok(buf_addc(b, *text, &e), &e);
		}
	}
}

static int read_text(struct keypoints *k, const char *text, struct err *e)
{
	BUF_CLEANUP struct buf b;

	expand(&b, text);
	return keypoints_document(k, b.data, b.len, e);
}

/* People in each frame, as a string of digits. */
static void assert_people(const struct keypoints *k, const char *want)
{
	char have[64] = "";

	assert_true(k->frames < sizeof have);
	for (size_t f = 0; f < k->frames; f++)
		have[f] = (char)('0' + (k->first[f + 1] - k->first[f]));
	assert_string_equal(have, want);
}

static void ours_is_read(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	assert_ok(read_text(&k,
			  "{\"fps\":25,\"width\":1280,\"height\":720,\"engine\":\"some engine\",\"frames\":["
			  "{\"people\":[{\"pose_keypoints_2d\":#}]},{\"people\":[],\"frame\":3},"
			  "{\"frame\":5,\"people\":[{\"pose_keypoints_2d\":#},{\"pose_keypoints_2d\":#}]},"
			  "{\"people\":[]}]}",
			  &e),
		&e);
	assert_people(&k, "1000020");
	near(k.fps, 25, 0);
	assert_int_equal(k.width, 1280);
	assert_int_equal(k.height, 720);
	assert_string_equal(k.engine, "some engine");
	near((double)k.person[2].p[BODY_R_HEEL].x, 240, 0);
	near((double)k.person[2].p[BODY_R_HEEL].y, 241, 0);
	near((double)k.person[2].p[BODY_R_HEEL].c, 0.5, 0);
}

/* A document is appended behind what is there, and its numbers count from its own first frame. */
static void documents_are_appended(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	assert_ok(read_text(&k, "{\"frames\":[{\"people\":[{\"pose_keypoints_2d\":#}]}]}", &e), &e);
	near(k.fps, 0, 0);
	assert_ok(
		read_text(&k, "{\"frames\":[{\"frame\":2,\"people\":[{\"pose_keypoints_2d\":#}]}]}", &e), &e);
	assert_people(&k, "1001");
	assert_fails(read_text(&k, "{\"frames\":[{\"people\":[{\"pose_keypoints_2d\":#}]},{}]}", &e), &e,
		ERR_INVALID);
	assert_people(&k, "1001");
	assert_int_equal(k.people, 2);
}

/* 75 numbers are BODY_25 unless BODY_25B is said, before the frames or behind them. */
static void a_layout_behind_the_frames_counts(void **state)
{
	static const char *const texts[] = {
		"{\"layout\":\"body_25b\",\"frames\":[{\"people\":[{\"pose_keypoints_2d\":#}]}]}",
		"{\"frames\":[{\"people\":[{\"pose_keypoints_2d\":#}]}],\"layout\":\"body_25b\"}",
	};
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		KEYPOINTS_CLEANUP struct keypoints k;
		keypoints_init(&k);
		assert_ok(read_text(&k, texts[i], &e), &e);
		assert_people(&k, "1");
		assert_int_equal(k.layout, LAYOUT_BODY_25B);
		near((double)k.person[0].p[BODY_L_ANKLE].x, 150, 0);
	}
	KEYPOINTS_CLEANUP struct keypoints k;
	keypoints_init(&k);
	k.layout = LAYOUT_BODY_25; /* told by the caller: that wins */
	assert_ok(read_text(&k, texts[1], &e), &e);
	near((double)k.person[0].p[BODY_L_ANKLE].x, 140, 0);
}

static void cocos_results_are_read_in_any_order(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	KEYPOINTS_CLEANUP struct keypoints ids;
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	assert_ok(read_text(&k,
			  "[{\"image_id\":\"walk_5.jpg\",\"category_id\":1,\"keypoints\":@,\"score\":3.1},"
			  "{\"image_id\":\"out/"
			  "walk_000002.png\",\"category_id\":1,\"keypoints\":@,\"box\":[1,2]},"
			  "{\"keypoints\":@,\"image_id\":5},"
			  "{\"image_id\":3,\"category_id\":7,\"keypoints\":@}]",
			  &e),
		&e);
	assert_people(&k, "001002");
	assert_int_equal(k.layout, LAYOUT_COCO_17);
	near((double)k.person[0].p[BODY_L_ANKLE].x, 150, 0);
	near((double)k.person[0].p[BODY_NECK].x, 55, 0);
	near((double)k.person[0].p[BODY_L_HEEL].c, 0, 0);
	/* Ids of a data base start where they start. */
	keypoints_init(&ids);
	assert_ok(read_text(&ids,
			  "[{\"image_id\":1000000003,\"keypoints\":@},{\"image_id\":1000000001,\"keypoints\":"
			  "@}]",
			  &e),
		&e);
	assert_people(&ids, "101");
}

/* Entries keep their content when they are sorted: one far away says which it is. */
static void sorting_keeps_people_with_their_image(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	BUF_CLEANUP struct buf b;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, 1 << 20);
	assert_ok(buf_addc(&b, '[', &e), &e);
	for (int i = 0; i < 40; i++) {
		int image = i * 7 % 40;
		assert_ok(buf_addf(&b, &e, "%s{\"image_id\":%d,\"keypoints\":", i ? "," : "", image), &e);
		numbers(&b, 17, "1", 1 + image);
		assert_ok(buf_addc(&b, '}', &e), &e);
	}
	assert_ok(buf_addc(&b, ']', &e), &e);
	keypoints_init(&k);
	assert_ok(keypoints_document(&k, b.data, b.len, &e), &e);
	assert_int_equal(k.frames, 40);
	for (size_t f = 0; f < 40; f++)
		near((double)k.person[f].p[BODY_R_EYE].x, 20 * (1 + (double)f), 1e-3);
}

static void mediapipes_landmarks_become_pixels(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	assert_ok(read_text(&k,
			  "{\"fps\":30,\"frames\":[{\"landmarks\":[%]},{\"landmarks\":[]},{\"landmarks\":[[%]"
			  ",[%]]}],"
			  "\"width\":1000,\"height\":500}",
			  &e),
		&e);
	assert_people(&k, "102");
	assert_int_equal(k.layout, LAYOUT_MEDIAPIPE_33);
	assert_int_equal(k.coordinates, COORDINATES_PIXELS);
	assert_string_equal(k.engine, "mediapipe");
	for (size_t i = 0; i < 3; i++) {
		const struct person *p = &k.person[i];
		near((double)p->p[BODY_R_HEEL].x, 300, 1e-3); /* landmark 30 */
		near((double)p->p[BODY_R_HEEL].y, 300, 1e-3);
		near((double)p->p[BODY_R_HEEL].c, 0.4, 1e-6); /* visibility × presence */
		near((double)p->p[BODY_MID_HIP].x, 235, 1e-3);
		near((double)p->p[BODY_L_SMALL_TOE].c, 0, 0);
	}
}

static void coordinates_are_never_guessed_wrong(void **state)
{
	static const struct {
		const char *head;
		double scale;
		const char *why; /* NULL: fine */
		double x;        /* of BODY_25's point 9 */
	} rows[] = {
		{ "\"coordinates\":\"pixels\"", 1e-3, NULL, 0.09 },
		{ "\"coordinates\":\"normalized\",\"width\":200,\"height\":100", 1e-3, NULL, 18 },
		{ "\"coordinates\":\"normalized\",\"height\":100", 1e-3, "width", 0 },
		{ "\"coordinates\":\"normalized\",\"width\":200", 1e-3, "height", 0 },
		{ "\"coordinates\":\"normalized\",\"width\":200,\"height\":100", 1, "normalized", 0 },
		{ "\"coordinates\":\"percent\"", 1, "coordinates", 0 },
		{ "\"width\":200,\"height\":100", 1e-3, "coordinates", 0 },
		{ "\"width\":200,\"height\":100", 1, NULL, 90 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		KEYPOINTS_CLEANUP struct keypoints k;
		BUF_CLEANUP struct buf b;
		struct err e = { 0 };
		buf_init(&b, 1 << 16);
		keypoints_init(&k);
		assert_ok(buf_addf(&b, &e,
				  "{%s,\"frames\":[{\"people\":[{\"pose_keypoints_2d\":", rows[i].head),
			&e);
		numbers(&b, 25, "1", rows[i].scale);
		assert_ok(buf_adds(&b, "}]}]}", &e), &e);
		int r = keypoints_document(&k, b.data, b.len, &e);
		if ((r < 0) != (rows[i].why != NULL) || (rows[i].why && !strstr(e.msg, rows[i].why)))
			fail_msg("row %zu: %s", i, e.msg);
		if (r == 0)
			near((double)k.person[0].p[9].x, rows[i].x, 1e-4);
	}
	KEYPOINTS_CLEANUP struct keypoints k;
	struct err e = { 0 };
	keypoints_init(&k);
	assert_fails(read_text(&k, "{\"frames\":[{\"landmarks\":[%]}]}", &e), &e, ERR_INVALID);
	assert_has(e.msg, "width");
	assert_int_equal(k.people, 0);
}

static void hostile_documents_are_refused_with_the_place(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "byte 0" },
		{ "7", "object" },
		{ "[", "ends too early" },
		{ "[]", "no entry" },
		{ "{}", "frames" },
		{ "{\"frames\":{}}", "list" },
		{ "{\"frames\":[7]}", "frame 0" },
		{ "{\"frames\":[{}]}", "frame 0: neither" },
		{ "{\"frames\":[{\"people\":[]},{\"people\":[{\"pose_keypoints_2d\":[1]}]}]}",
			"frame 1: person 0: 1 numbers" },
		{ "{\"frames\":[{\"people\":[{\"pose_keypoints_2d\":#},{}]}]}",
			"frame 0: person 1: no list" },
		{ "{\"frames\":[{\"people\":[{\"pose_keypoints_2d\":#},{\"pose_keypoints_2d\":@}]}]}",
			"person 1: 51" },
		{ "{\"frames\":[{\"people\":[],\"landmarks\":[]}]}", "both" },
		{ "{\"frames\":[{\"people\":[],\"people\":[]}]}", "twice" },
		{ "{\"frames\":[],\"frames\":[]}", "twice" },
		{ "{\"fps\":30,\"fps\":60,\"frames\":[]}", "twice" },
		{ "{\"fps\":1e999,\"frames\":[]}", "large" },
		{ "{\"fps\":NaN,\"frames\":[]}", "byte 7" },
		{ "{\"layout\":\"body_24\",\"frames\":[]}", "body_25b" },
		{ "{\"layout\":\"coco_18\",\"frames\":[{\"people\":[{\"pose_keypoints_2d\":#}]}]}",
			"coco_18" },
		{ "{\"frames\":[{\"people\":[{\"pose_keypoints_2d\":#}]}],\"layout\":\"coco_17\"}",
			"coco_17" },
		{ "{\"frames\":[{\"people\":[],\"frame\":1},{\"people\":[],\"frame\":1}]}",
			"frame 1: frame must" },
		{ "{\"frames\":[{\"people\":[],\"frame\":-1}]}", "frame must" },
		{ "{\"frames\":[{\"people\":[],\"frame\":0.5}]}", "frame must" },
		{ "{\"frames\":[{\"people\":[],\"frame\":1e18}]}", "more than 108000 frames" },
		{ "{\"frames\":[{\"people\":[],\"frame\":108000}]}", "more than 108000 frames" },
		{ "{\"frames\":[{\"landmarks\":[{\"x\":1,\"y\":1}]}]}", "landmark 0: without" },
		{ "{\"frames\":[{\"landmarks\":[{\"x\":1,\"y\":1,\"visibility\":1}]}]}", "1 landmarks" },
		{ "{\"frames\":[{\"landmarks\":[[]]}]}", "0 landmarks" },
		{ "{\"frames\":[{\"landmarks\":[%,%]}]}", "more than 33" },
		{ "{\"frames\":[{\"landmarks\":[[%],%]}]}", "mixed" },
		{ "{\"frames\":[{\"landmarks\":null}]}", "list" },
		{ "[{\"image_id\":1}]", "entry 0: no keypoints" },
		{ "[{\"keypoints\":@}]", "entry 0: no image_id" },
		{ "[{\"image_id\":\"walk.jpg\",\"keypoints\":@}]", "image_id" },
		{ "[{\"image_id\":-1,\"keypoints\":@}]", "image_id" },
		{ "[{\"image_id\":1.5,\"keypoints\":@}]", "image_id" },
		{ "[{\"image_id\":1e30,\"keypoints\":@}]", "image_id" },
		{ "[{\"image_id\":null,\"keypoints\":@}]", "image_id" },
		{ "[{\"image_id\":0,\"keypoints\":@},{\"image_id\":108000,\"keypoints\":@}]", "span" },
		{ "[{\"image_id\":1,\"keypoints\":@},{\"image_id\":2,\"keypoints\":#}]", "entry 1: 75" },
		{ "[{\"image_id\":1,\"category_id\":2,\"keypoints\":@}]", "no entry" },
		{ "[{\"image_id\":1,\"keypoints\":[1,2,\"3\"]}]", "value 2 is not a number" },
		{ "{\"frames\":[]} {}", "after" },
		{ "\xef\xbb\xbf{\"frames\":[]}", "byte order mark" },
		{ "{\"frames\":[{\"people\":[]}],\"x\":\"\xff\"}", "UTF-8" },
		{ "{\"frames\":[{\"people\":[]}],\"x\":\"\\u0000\"}", "escape" },
		{ "{\"x\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}", "nested" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		KEYPOINTS_CLEANUP struct keypoints k;
		struct err e = { 0 };
		keypoints_init(&k);
		if (read_text(&k, rows[i].text, &e) == 0 || !strstr(e.msg, rows[i].why) ||
			!(e.kind == ERR_INVALID || e.kind == ERR_TOO_LARGE))
			fail_msg("row %zu, %s: \"%s\" is not in \"%s\"", i, rows[i].text, rows[i].why, e.msg);
		assert_int_equal(k.frames, 0);
		assert_int_equal(k.people, 0);
	}
}

static void caps_hold(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	BUF_CLEANUP struct buf b;
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	buf_init(&b, 1 << 20);
	assert_ok(buf_addc(&b, '[', &e), &e);
	for (int i = 0; i <= KEYPOINTS_MAX_PEOPLE; i++) {
		assert_ok(buf_addf(&b, &e, "%s{\"image_id\":4,\"keypoints\":", i ? "," : ""), &e);
		numbers(&b, 17, "1", 1);
		assert_ok(buf_addc(&b, '}', &e), &e);
	}
	assert_ok(buf_addc(&b, ']', &e), &e);
	assert_fails(keypoints_document(&k, b.data, b.len, &e), &e, ERR_TOO_LARGE);
	assert_has(e.msg, "image 4");
	assert_fails(
		keypoints_document(&k, b.data, (size_t)KEYPOINTS_MAX_DOCUMENT + 1, &e), &e, ERR_TOO_LARGE);
	assert_int_equal(k.people, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_is_read),
		cmocka_unit_test(documents_are_appended),
		cmocka_unit_test(a_layout_behind_the_frames_counts),
		cmocka_unit_test(cocos_results_are_read_in_any_order),
		cmocka_unit_test(sorting_keeps_people_with_their_image),
		cmocka_unit_test(mediapipes_landmarks_become_pixels),
		cmocka_unit_test(coordinates_are_never_guessed_wrong),
		cmocka_unit_test(hostile_documents_are_refused_with_the_place),
		cmocka_unit_test(caps_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
