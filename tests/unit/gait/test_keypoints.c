#include "support/testing.h"

#include <math.h>

#include "base/buf.h"
#include "gait/keypoints.h"
#include "gait/person.h"
#include "synth.h"

/* What follows the first point's three numbers. */
#define ZEROS(...) ",0,0,0,0,0,0,0,0,0"
#define REST       ZEROS() ZEROS() ZEROS() ZEROS() ZEROS() ZEROS() ZEROS() ZEROS()

static void numbers(struct buf *b, int count, const char *one)
{
	struct err e = { 0 };

	for (int i = 0; i < count; i++)
		assert_ok(buf_addf(b, &e, "%s%s", i ? "," : "", one), &e);
}

/* A frame around the text that stands for one person's 75 numbers. */
static int add(struct keypoints *k, const char *list, struct err *e)
{
	BUF_CLEANUP struct buf b;

	buf_init(&b, KEYPOINTS_MAX_TEXT);
	assert_ok(buf_addf(&b, e, "{\"version\":1.3,\"people\":[{\"pose_keypoints_2d\":%s}]}", list), e);
	return keypoints_add(k, b.data, b.len, e);
}

static void hostile_frames_are_refused_with_the_reason(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	BUF_CLEANUP struct buf list;
	static const struct {
		const char *text;
		enum err_kind kind;
		const char *why;
	} rows[] = {
		{ "", ERR_INVALID, "JSON" },
		{ "{\"people\":", ERR_INVALID, "JSON" },
		{ "[]", ERR_INVALID, "people" },
		{ "{}", ERR_INVALID, "people" },
		{ "{\"people\":{}}", ERR_INVALID, "people" },
		{ "{\"people\":[7]}", ERR_INVALID, "pose_keypoints_2d" },
		{ "{\"people\":[{\"pose_keypoints_2d\":7}]}", ERR_INVALID, "pose_keypoints_2d" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[]}]}", ERR_INVALID, "75" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[1,2,0.5]}]}", ERR_INVALID, "75" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[\"a\",2,0.5]}]}", ERR_INVALID, "not a number" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[null,2,0.5]}]}", ERR_INVALID, "not a number" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[1e300,2,0.5" REST "]}]}", ERR_INVALID, "pixel" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[1,-1e6,0.5" REST "]}]}", ERR_INVALID, "pixel" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[1e999,2,0.5]}]}", ERR_INVALID, "number" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[1,2,7" REST "]}]}", ERR_INVALID, "confidence" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[1,2,-1" REST "]}]}", ERR_INVALID, "confidence" },
		{ "{\"people\":[[[[[[[[[[[[]]]]]]]]]]]]}", ERR_INVALID, "nested" },
		{ "{\"people\":[],\"people\":[]}", ERR_INVALID, "people stands twice" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[],\"pose_keypoints_2d\":[]}]}", ERR_INVALID,
			"twice" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[NaN,2,0.5" REST "]}]}", ERR_INVALID, "byte 33" },
		{ "{\"people\":[{\"pose_keypoints_2d\":[-Infinity,2,0.5" REST "]}]}", ERR_INVALID,
			"byte 34" },
		{ "{\"people\":[],\"x\":\"\xff\"}", ERR_INVALID, "UTF-8" },
		{ "{\"people\":[],\"x\":\"\\u0000\"}", ERR_INVALID, "escape" },
		{ "\xef\xbb\xbf{\"people\":[]}", ERR_INVALID, "byte order mark" },
		{ "{\"people\":[]}{\"people\":[]}", ERR_INVALID, "after the JSON value at byte 13" },
	};

	(void)state;
	keypoints_init(&k);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		assert_fails(keypoints_add(&k, rows[i].text, strlen(rows[i].text), &e), &e, rows[i].kind);
		assert_has(e.msg, rows[i].why);
		assert_int_equal(k.frames, 0);
		assert_int_equal(k.people, 0);
	}
	struct err e = { 0 };
	buf_init(&list, 1 << 16);
	assert_ok(buf_addc(&list, '[', &e), &e);
	numbers(&list, 76, "0.5");
	assert_ok(buf_addc(&list, ']', &e), &e);
	assert_fails(add(&k, list.data, &e), &e, ERR_INVALID);
	assert_has(e.msg, "body_25");
}

static void caps_hold(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	BUF_CLEANUP struct buf b;
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	buf_init(&b, KEYPOINTS_MAX_TEXT + 10);
	assert_ok(buf_adds(&b, "{\"people\":[", &e), &e);
	for (int i = 0; i <= KEYPOINTS_MAX_PEOPLE; i++) {
		assert_ok(buf_adds(&b, i ? ",{\"pose_keypoints_2d\":[" : "{\"pose_keypoints_2d\":[", &e), &e);
		numbers(&b, 75, "0");
		assert_ok(buf_adds(&b, "]}", &e), &e);
	}
	assert_ok(buf_adds(&b, "]}", &e), &e);
	assert_fails(keypoints_add(&k, b.data, b.len, &e), &e, ERR_TOO_LARGE);
	while (b.len <= KEYPOINTS_MAX_TEXT)
		assert_ok(buf_addc(&b, ' ', &e), &e);
	assert_fails(keypoints_add(&k, b.data, b.len, &e), &e, ERR_TOO_LARGE);
	for (int i = 0; i < KEYPOINTS_MAX_FRAMES; i++)
		assert_ok(keypoints_add_empty(&k, &e), &e);
	assert_fails(keypoints_add_empty(&k, &e), &e, ERR_TOO_LARGE);
	assert_int_equal(k.frames, KEYPOINTS_MAX_FRAMES);
}

static void overshoot_of_confidence_is_clamped(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	BUF_CLEANUP struct buf list;
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	buf_init(&list, 1 << 16);
	assert_ok(buf_addc(&list, '[', &e), &e);
	numbers(&list, 75, "1.05");
	assert_ok(buf_addc(&list, ']', &e), &e);
	assert_ok(add(&k, list.data, &e), &e);
	assert_int_equal(k.frames, 1);
	near((double)k.person[0].p[24].c, 1, 0);
	near((double)k.person[0].p[24].x, 1.05, 1e-6);
}

static void meta_is_checked(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "{\"fps\":29.97,\"width\":1280,\"height\":720,\"engine\":\"gait-pose 0.1.0\"}", true },
		{ "{\"fps\":30}", true },
		{ "{\"fps\":30,\"engine\":{\"name\":\"openpose\",\"version\":\"1.7\"}}", true },
		{ "{}", false },
		{ "{\"fps\":0}", false },
		{ "{\"fps\":-30}", false },
		{ "{\"fps\":\"30\"}", false },
		{ "{\"fps\":1e9}", false },
		{ "{\"fps\":30,\"width\":0}", false },
		{ "{\"fps\":30,\"width\":99999999}", false },
		{ "{\"fps\":30,\"height\":10.5}", false },
		{ "{\"fps\":30,\"engine\":\"\\u0007\"}", false },
		{ "[", false },
		{ "[]", false },
		{ "{\"fps\":30,\"fps\":30}", false },
		{ "{\"fps\":30,\"layout\":\"coco_18\",\"coordinates\":\"normalized\"}", true },
		{ "{\"fps\":30,\"layout\":\"halpe_26\"}", false },
		{ "{\"fps\":30,\"layout\":25}", false },
		{ "{\"fps\":30,\"coordinates\":\"inches\"}", false },
		{ "{\"fps\":30,\"engine\":"
		  "\"0123456789012345678901234567890123456789012345678901234567890123\"}",
			false },
		{ "{\"fps\":30,\"width\":1e999}", false },
		{ "{\"fps\":30} x", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		KEYPOINTS_CLEANUP struct keypoints k;
		struct err e = { 0 };
		keypoints_init(&k);
		int r = keypoints_meta(&k, rows[i].text, strlen(rows[i].text), &e);
		if (r != (rows[i].good ? 0 : -1))
			fail_msg("%s: %d %s", rows[i].text, r, e.msg);
		assert_true(rows[i].good == (k.fps > 0));
	}
}

/* Point i of a layout lies at (i, 1000 + i): what each point of BODY_25 is made of, by name. */
static void layouts_are_mapped_by_name(void **state)
{
	static const struct {
		enum layout layout;
		size_t points;
		struct {
			enum body_point point;
			double from; /* index, a half between two; -1: none */
		} want[12];
	} rows[] = {
		{ LAYOUT_BODY_25, 25,
			{ { BODY_NOSE, 0 }, { BODY_NECK, 1 }, { BODY_MID_HIP, 8 }, { BODY_R_KNEE, 10 },
				{ BODY_L_ANKLE, 14 }, { BODY_L_BIG_TOE, 19 }, { BODY_L_SMALL_TOE, 20 },
				{ BODY_R_HEEL, 24 } } },
		{ LAYOUT_BODY_25B, 25,
			{ { BODY_NOSE, 0 }, { BODY_NECK, 5.5 }, { BODY_MID_HIP, 11.5 }, { BODY_R_KNEE, 14 },
				{ BODY_L_ANKLE, 15 }, { BODY_L_BIG_TOE, 19 }, { BODY_R_WRIST, 10 },
				{ BODY_R_HEEL, 24 }, { BODY_R_EAR, 4 } } },
		{ LAYOUT_COCO_18, 18,
			{ { BODY_NOSE, 0 }, { BODY_NECK, 1 }, { BODY_MID_HIP, 9.5 }, { BODY_R_KNEE, 9 },
				{ BODY_L_ANKLE, 13 }, { BODY_L_BIG_TOE, -1 }, { BODY_R_HEEL, -1 },
				{ BODY_L_EAR, 17 }, { BODY_R_EYE, 14 } } },
		{ LAYOUT_COCO_17, 17,
			{ { BODY_NOSE, 0 }, { BODY_NECK, 5.5 }, { BODY_MID_HIP, 11.5 }, { BODY_R_KNEE, 14 },
				{ BODY_L_ANKLE, 15 }, { BODY_L_BIG_TOE, -1 }, { BODY_R_HEEL, -1 },
				{ BODY_L_EYE, 1 }, { BODY_L_ELBOW, 7 } } },
		{ LAYOUT_MEDIAPIPE_33, 33,
			{ { BODY_NOSE, 0 }, { BODY_NECK, 11.5 }, { BODY_MID_HIP, 23.5 }, { BODY_R_KNEE, 26 },
				{ BODY_L_ANKLE, 27 }, { BODY_L_BIG_TOE, 31 }, { BODY_L_SMALL_TOE, -1 },
				{ BODY_R_HEEL, 30 }, { BODY_L_EYE, 2 }, { BODY_R_EAR, 8 } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double v[LAYOUT_MAX_NUMBERS];
		enum layout l = rows[i].layout, again = LAYOUTS;
		struct person p;
		struct err e = { 0 };
		for (size_t j = 0; j < rows[i].points; j++) {
			v[3 * j] = (double)j;
			v[3 * j + 1] = 1000 + (double)j;
			v[3 * j + 2] = 0.5 + 0.01 * (double)j;
		}
		assert_ok(layout_map(&l, v, 3 * rows[i].points, &p, &e), &e);
		assert_true(layout_of_name(layout_name(l), &again) && again == l);
		for (size_t j = 0; j < ARRAY_LEN(rows[i].want) && (j == 0 || rows[i].want[j].point); j++) {
			const struct keypoint *k = &p.p[rows[i].want[j].point];
			double from = rows[i].want[j].from;
			near((double)k->x, from < 0 ? 0 : from, 0);
			near((double)k->y, from < 0 ? 0 : 1000 + from, 0);
			if (from < 0 || floor(from) >= from) /* of a mean: the next test */
				near((double)k->c, from < 0 ? 0 : 0.5 + 0.01 * from, 1e-6);
		}
		l = LAYOUT_BY_COUNT;
		assert_ok(layout_map(&l, v, 3 * rows[i].points, &p, &e), &e);
		assert_int_equal(l, rows[i].layout == LAYOUT_BODY_25B ? LAYOUT_BODY_25 : rows[i].layout);
		for (size_t n = 0; n <= LAYOUT_MAX_NUMBERS; n++) {
			l = rows[i].layout;
			bool fits = n == 3 * rows[i].points ||
				    (l == LAYOUT_MEDIAPIPE_33 && (n == 4 * 33 || n == 5 * 33));
			memset(v, 0, sizeof v);
			assert_int_equal(layout_map(&l, v, n, &p, &e), fits ? 0 : -1);
		}
	}
}

/* A neck between a shoulder that was seen and one that was not is no neck. */
static void a_mean_needs_both_sides(void **state)
{
	double v[51] = { 0 };
	enum layout l = LAYOUT_COCO_17;
	struct person p;
	struct err e = { 0 };

	(void)state;
	v[15] = 100, v[16] = 200, v[17] = 0.9; /* left shoulder alone */
	v[33] = 100, v[34] = 300, v[35] = 0.9; /* both hips */
	v[36] = 140, v[37] = 310, v[38] = 0.4;
	assert_ok(layout_map(&l, v, 51, &p, &e), &e);
	near((double)p.p[BODY_NECK].x, 0, 0);
	near((double)p.p[BODY_NECK].c, 0, 0);
	near((double)p.p[BODY_MID_HIP].x, 120, 0);
	near((double)p.p[BODY_MID_HIP].y, 305, 0);
	near((double)p.p[BODY_MID_HIP].c, 0.4, 1e-6);
}

/* A person at (x, y) as a stick of @size pixels. */
static struct person at(float x, float y, float size)
{
	struct person p = { 0 };

	for (int i = 0; i < BODY_POINTS; i++)
		p.p[i] = (struct keypoint){ x + (i % 2 ? 5 : -5), y + size * (float)i / BODY_POINTS, 0.9f };
	return p;
}

static void put(struct keypoints *k, const struct person *list, size_t n)
{
	struct err e = { 0 };

	k->person = realloc(k->person, (k->people + n + 1) * sizeof *k->person);
	assert_non_null(k->person);
	assert_ok(keypoints_add_empty(k, &e), &e);
	memcpy(k->person + k->people, list, n * sizeof *list);
	k->people += n;
	k->first[k->frames] = (uint32_t)k->people;
}

/* A large walker among a small bystander who stays longer, in changing order, with a hole in between. */
static void the_walker_is_followed(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	struct person_choice who;
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	k.fps = 30;
	for (int f = 0; f < 100; f++) {
		struct person walker = at(10 + 8 * (float)f, 100, 300), other = at(500, 200, 90);
		bool there = f >= 10 && (f < 50 || f >= 56);
		struct person list[2] = { f % 3 ? other : walker, f % 3 ? walker : other };
		put(&k, there ? list : &other, there ? 2 : 1);
	}
	assert_ok(person_choose(&k, &who, &e), &e);
	assert_int_equal(who.seen, 84);
	assert_int_equal(who.most_people, 2);
	assert_false(who.ambiguous);
	for (int f = 0; f < 100; f++) {
		bool there = f >= 10 && (f < 50 || f >= 56);
		assert_int_equal(who.of_frame[f] >= 0, there);
		if (there)
			near((double)k.person[who.of_frame[f]].p[1].x, 15 + 8.0 * f, 0.01);
	}
	free(who.of_frame);
}

static void two_alike_are_called_ambiguous(void **state)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	struct person_choice who;
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	k.fps = 30;
	for (int f = 0; f < 30; f++) {
		struct person list[2] = { at(100, 100, 300), at(700, 100, 280) };
		put(&k, list, 2);
	}
	assert_ok(person_choose(&k, &who, &e), &e);
	assert_true(who.ambiguous);
	assert_int_equal(who.seen, 30);
	free(who.of_frame);
}

/* Two figures in one video: @a of each frame first or second by turns. Who is chosen must be @a throughout.
 */
static void assert_first_is_followed(
	const struct synth *a, const struct synth *b, bool ambiguous, const char *what)
{
	KEYPOINTS_CLEANUP struct keypoints ka;
	KEYPOINTS_CLEANUP struct keypoints kb;
	KEYPOINTS_CLEANUP struct keypoints k;
	struct person_choice who;
	struct err e = { 0 };
	size_t right = 0;

	keypoints_init(&ka);
	keypoints_init(&kb);
	keypoints_init(&k);
	synth_fill(a, &ka);
	synth_fill(b, &kb);
	k.fps = a->fps;
	for (size_t f = 0; f < kb.frames; f++) {
		/* The other stands to the right of the image, well apart. */
		for (int i = 0; i < BODY_POINTS; i++)
			kb.person[f].p[i].x += 2500;
		struct person list[2] = { f < ka.frames ? ka.person[f] : kb.person[f], kb.person[f] };
		if (f >= ka.frames)
			put(&k, list, 1);
		else if (f % 2)
			put(&k, (struct person[]){ list[1], list[0] }, 2);
		else
			put(&k, list, 2);
	}
	assert_ok(person_choose(&k, &who, &e), &e);
	for (size_t f = 0; f < ka.frames; f++)
		right += who.of_frame[f] >= 0 && k.person[who.of_frame[f]].p[BODY_NOSE].x < 2000;
	if (right < ka.frames * 95 / 100)
		fail_msg("%s: %zu of %zu frames", what, right, ka.frames);
	if (who.ambiguous != ambiguous)
		fail_msg("%s: ambiguous %d", what, who.ambiguous);
	free(who.of_frame);
}

/* A larger person who stands, and stays four times as long, does not win, in either view, walking on the spot
 * of a treadmill too, and with key points that jitter. */
static void who_stands_does_not_win(void **state)
{
	(void)state;
	for (int view = VIEW_FRONT; view < VIEWS; view++)
		for (int jitter = 0; jitter < 3; jitter++)
			for (int kind = 0; kind < 3; kind++) {
				struct synth walker = synth_adult(view), other = synth_adult(view);
				char what[64];
				walker.noise_px = other.noise_px = 2.5 * jitter; /* of 272 px */
				walker.dir = kind == 1 ? -1 : 1;
				walker.treadmill = kind == 2;
				other.px_per_m *= 2.5;
				other.noise_px *= 2.5;
				other.seed = 8;
				other.seconds = 4 * walker.seconds;
				other.start_s = other.seconds; /* never sets off */
				snprintf(what, sizeof what, "%s, kind %d, jitter %d", view_name(view), kind,
					jitter);
				assert_first_is_followed(&walker, &other, false, what);
			}
}

/* Where both walk it is size that counts: a mirror image is farther away, and so smaller. */
static void the_nearer_of_two_walkers_wins(void **state)
{
	(void)state;
	for (int view = VIEW_FRONT; view < VIEWS; view++) {
		struct synth walker = synth_adult(view), mirror = synth_adult(view);
		mirror.px_per_m *= 0.6;
		mirror.dir = -walker.dir;
		assert_first_is_followed(&walker, &mirror, true, view_name(view));
		mirror.px_per_m *= 0.5;
		assert_first_is_followed(&walker, &mirror, false, view_name(view));
	}
}

/* Where nobody walks the largest is taken, as before. */
static void of_two_who_stand_the_larger_is_taken(void **state)
{
	struct synth large = synth_adult(VIEW_SIDE), small = synth_adult(VIEW_SIDE);

	(void)state;
	large.start_s = small.start_s = large.seconds;
	small.px_per_m *= 0.4;
	assert_first_is_followed(&large, &small, false, "standing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_frames_are_refused_with_the_reason),
		cmocka_unit_test(caps_hold),
		cmocka_unit_test(overshoot_of_confidence_is_clamped),
		cmocka_unit_test(meta_is_checked),
		cmocka_unit_test(layouts_are_mapped_by_name),
		cmocka_unit_test(a_mean_needs_both_sides),
		cmocka_unit_test(the_walker_is_followed),
		cmocka_unit_test(who_stands_does_not_win),
		cmocka_unit_test(the_nearer_of_two_walkers_wins),
		cmocka_unit_test(of_two_who_stand_the_larger_is_taken),
		cmocka_unit_test(two_alike_are_called_ambiguous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
