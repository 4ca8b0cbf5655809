#include "support/testing.h"

#include <math.h>

#include "base/buf.h"
#include "base/fsx.h"
#include "base/json.h"
#include "engine.h"
#include "film.h"
#include "pose/annotate.h"
#include "pose/keypoints_out.h"

/* The video once more, with key points and events of the test's own: no model is needed for that. */

enum { LEFT_X = 30, RIGHT_X = 70, HEEL_Y = 80 }; /* of the heels, hundredths of the picture */

static char dir[TEST_DIR_BYTES];

/* One string a name, good until the end. */
static const char *in_dir(const char *name)
{
	static char path[64][600];
	static size_t n;
	char text[600];

	(void)snprintf(text, sizeof text, "%s/%s", dir, name);
	for (size_t i = 0; i < n; i++)
		if (strcmp(path[i], text) == 0)
			return path[i];
	assert_true(n < ARRAY_LEN(path));
	memcpy(path[n], text, sizeof text);
	return path[n++];
}

static void write_text(const char *path, const char *text)
{
	struct err e;

	assert_ok(fsx_replace(path, text, strlen(text), 0600, &e), &e);
}

/* Somebody who stands still, the same in each frame. */
static void write_keys(const char *video, int frames, double fps, int width, int height)
{
	char text[200], name[KEYPOINTS_NAME_BYTES];
	struct body25 b = { .found = true };
	struct err e;

	for (int p = 0; p < BODY25; p++) {
		bool left = p == BODY_L_HIP || p == BODY_L_KNEE || p == BODY_L_ANKLE || p == BODY_L_HEEL ||
			    p == BODY_L_BIG_TOE;
		b.x[p] = (float)(width * (left ? LEFT_X : RIGHT_X)) / 100;
		b.y[p] = (float)height * 0.3F;
		b.confidence[p] = 0.9F;
	}
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		b.y[body_legs[s].knee] = (float)height * 0.6F;
		b.y[body_legs[s].ankle] = (float)height * 0.77F;
		b.y[body_legs[s].heel] = b.y[body_legs[s].toe] = (float)(height * HEEL_Y) / 100;
	}
	keypoints_name(video, name);
	assert_ok(keypoints_clear(in_dir("keys"), name, &e), &e);
	for (int k = 0; k < frames; k++)
		assert_ok(keypoints_write(in_dir("keys"), name, (size_t)k, &b, 1, &e), &e);
	(void)snprintf(text, sizeof text,
		"{\"engine\":\"test\",\"fps\":%.6f,\"frames\":%d,\"width\":%d,\"height\":%d}", fps, frames,
		width, height);
	write_text(in_dir("keys/meta.json"), text);
}

#define STRIKE(view, foot, time)                                                                             \
	"{\"view\":\"" view "\",\"foot\":\"" foot "\",\"kind\":\"heel_strike\",\"frame\":0,\"time_s\":" time \
	"}"
#define TOE_OFF(view, foot, time)                                                                            \
	"{\"view\":\"" view "\",\"foot\":\"" foot "\",\"kind\":\"toe_off\",\"frame\":0,\"time_s\":" time "}"

static int replay(const char *video, const char *events, const char *view, const char *out, struct buf *said)
{
	char text[2000];

	(void)snprintf(text, sizeof text, "{\"events\":[%s]}", events);
	write_text(in_dir("result.json"), text);
	const char *args[] = { "--input", video, "--read_json", in_dir("keys"), "--events",
		in_dir("result.json"), "--view", view, "--write_video", out, "--progress=stderr", NULL };
	return engine_run(args, NULL, said);
}

static void replay_ok(const char *video, const char *events, const char *view, const char *out)
{
	BUF_CLEANUP struct buf said;

	buf_init(&said, 1 << 16);
	if (replay(video, events, view, out, &said) != 0)
		fail_msg("%s: %s", video, buf_str(&said));
	assert_has(buf_str(&said), "progress 100");
}

/* Of each frame, how blue and how red the squares round the two heels are, and the brightest column between
 * the band's lanes. */
enum { SEEN_MAX = 400 };
#define MARKED 2 /* more colour than without a ring, on the average of the square */
struct seen {
	int n, width, height, picture_height;
	double last_s, blue[SEEN_MAX], red[SEEN_MAX];
	int cursor[SEEN_MAX];
};

static double mean_of(const struct film_picture *p, int plane, int x, int y, int half)
{
	double sum = 0;

	for (int j = (y - half) / 2; j < (y + half) / 2; j++)
		for (int i = (x - half) / 2; i < (x + half) / 2; i++)
			sum += p->plane[plane][j * p->stride[plane] + i];
	return sum / (half * half);
}

static void look(void *arg, int i, const struct film_picture *p)
{
	struct seen *s = arg;
	int h = s->picture_height, half = (p->width + h) / 36 & ~1;
	int between = h + (int)(3.28F * (float)(p->height - h) / 6.2F), most = 0;

	assert_true(i < SEEN_MAX);
	s->n = i + 1;
	s->width = p->width;
	s->height = p->height;
	s->last_s = p->time_s;
	s->blue[i] = mean_of(p, 1, p->width * LEFT_X / 100, h * HEEL_Y / 100, half) - 128;
	s->red[i] = mean_of(p, 2, p->width * RIGHT_X / 100, h * HEEL_Y / 100, half) - 128;
	for (int x = 0; x < p->width; x++)
		if (p->plane[0][between * p->stride[0] + x] > most) {
			most = p->plane[0][between * p->stride[0] + x];
			s->cursor[i] = x;
		}
}

static struct seen *seen_in(const char *path, int picture_height)
{
	static struct seen both[2];
	static unsigned n;
	struct seen *s = &both[++n % 2];

	*s = (struct seen){ .picture_height = picture_height };
	film_each(path, look, s);
	return s;
}

/* Landscape and portrait, small and large, turned and not: frames and duration are the input's, the picture
 * is upright and whole, and an event changes the frames of its quarter of a second and no other. */
static void events_are_marked_when_and_where_they_are(void **state)
{
	static const struct {
		int width, height, clockwise, shown_width, shown_height;
	} rows[] = { { 854, 480, 0, 854, 480 }, { 480, 854, 0, 480, 854 }, { 1920, 1080, 0, 1280, 720 },
		{ 1080, 1920, 0, 720, 1280 }, { 854, 480, 90, 480, 854 }, { 322, 182, 0, 322, 182 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct film f = { .format = "mp4",
			.width = rows[i].width,
			.height = rows[i].height,
			.frames = 75,
			.fps = 30,
			.clockwise = rows[i].clockwise };
		const char *video = in_dir("film.mp4");
		bool on_side = f.clockwise == 90;
		int w = on_side ? f.height : f.width, h = on_side ? f.width : f.height;
		bool h264_420;
		int out_w, out_h;

		film_empty(video, &f);
		write_keys(video, 75, 30, w, h);
		replay_ok(video, "", "side", in_dir("plain.mp4"));
		replay_ok(video,
			STRIKE("side", "left", "0.5") "," TOE_OFF("side", "left", "1.2") "," STRIKE(
				"side", "right", "1.0") "," STRIKE("front", "left", "1.5"),
			"side", in_dir("marked.mp4"));
		assert_int_equal(film_count(in_dir("marked.mp4"), &out_w, &out_h, &h264_420), 75);
		assert_true(h264_420);
		assert_int_equal(out_w, rows[i].shown_width);
		assert_int_equal(
			out_h, rows[i].shown_height + annotate_band_height(out_w, rows[i].shown_height));
		const struct seen *plain = seen_in(in_dir("plain.mp4"), rows[i].shown_height),
				  *marked = seen_in(in_dir("marked.mp4"), rows[i].shown_height);
		assert_true(fabs(marked->last_s - 74 / 30.0) < 0.001);
		for (int k = 0; k < 75; k++) {
			bool left = k >= 15 && k < 23, right = k >= 30 && k < 38, toe = k >= 36 && k < 41;
			if (toe) /* a diamond at the same place, here */
				continue;
			if ((marked->blue[k] - plain->blue[k] > MARKED) != left ||
				(marked->red[k] - plain->red[k] > MARKED) != right)
				fail_msg("%d x %d, frame %d: blue %g %g, red %g %g", f.width, f.height, k,
					marked->blue[k], plain->blue[k], marked->red[k], plain->red[k]);
			assert_true(k == 0 || marked->cursor[k] >= marked->cursor[k - 1]);
		}
		assert_true(marked->cursor[74] - marked->cursor[0] > out_w * 3 / 4);
	}
}

/* Nothing moved for a second, and no frame came: the first run put empty frames there. */
static double with_a_gap(int i)
{
	return i / 30.0 + (i >= 30 ? 1 : 0);
}

/* Frames that were placed by time stand there again; OpenPose's are the source's, whatever their time. */
static void uneven_frames_keep_their_times(void **state)
{
	static const struct film f = {
		.format = "matroska", .width = 320, .height = 240, .frames = 60, .fps = 30, .time = with_a_gap
	};
	const char *video = in_dir("gap.mkv");

	(void)state;
	film_empty(video, &f);
	for (int openpose = 0; openpose < 2; openpose++) {
		write_keys(video, openpose ? 60 : 90, 30, 320, 240);
		/* 2.2 s: output frame 66. Frame 36 of the source is shown then, so 1.2 s for who counts
		 * frames. */
		replay_ok(video, openpose ? STRIKE("front", "left", "1.2") : STRIKE("front", "left", "2.2"),
			"front", in_dir("gap.mp4"));
		const struct seen *s = seen_in(in_dir("gap.mp4"), 240);
		assert_int_equal(s->n, 90);
		for (int k = 0; k < 90; k++)
			if ((s->blue[k] > s->blue[0] + MARKED) != (k >= 66 && k < 74))
				fail_msg("%s, frame %d: %g, first %g", openpose ? "by frame" : "by time", k,
					s->blue[k], s->blue[0]);
	}
}

static void key_points_may_be_missing(void **state)
{
	static const struct film f = {
		.format = "mp4", .width = 320, .height = 240, .frames = 30, .fps = 30
	};
	const char *video = in_dir("film.mp4");

	(void)state;
	film_empty(video, &f);
	write_keys(video, 30, 30, 320, 240);
	for (int k = 8; k < 30; k++) {
		char name[64];
		(void)snprintf(name, sizeof name, "keys/film_%012d_keypoints.json", k);
		assert_int_equal(unlink(in_dir(name)), 0);
	}
	replay_ok(video, STRIKE("side", "left", "0.2"), "side", in_dir("few.mp4"));
	const struct seen *s = seen_in(in_dir("few.mp4"), 240);
	assert_int_equal(s->n, 30);
	for (int k = 0; k < 30; k++)
		if ((s->blue[k] > s->blue[0] + MARKED) != (k == 6 || k == 7) || (s->blue[k] < 1) != (k >= 8))
			fail_msg("frame %d: %g, first %g", k, s->blue[k], s->blue[0]);
}

static void what_cannot_be_used_is_named(void **state)
{
	static const struct film f = {
		.format = "mp4", .width = 320, .height = 240, .frames = 30, .fps = 30
	};
	static const struct {
		const char *file, *text; /* spoilt so; NULL: taken away */
		int code;
		const char *part;
	} rows[] = { { "keys/meta.json", NULL, 66, "meta.json" }, { "keys/meta.json", "{", 65, "meta.json" },
		{ "keys/meta.json", "{\"fps\":30}", 65, "how many frames" },
		{ "keys/meta.json", "{\"fps\":30,\"frames\":1e9}", 65, "how many frames" },
		{ "keys/film_000000000003_keypoints.json", "{\"people\":3}", 65, "film_000000000003" },
		{ "film.mp4", "no video", 65, "film.mp4" }, { "film.mp4", NULL, 66, "film.mp4" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_CLEANUP struct buf said;
		film_empty(in_dir("film.mp4"), &f);
		write_keys(in_dir("film.mp4"), 30, 30, 320, 240);
		if (rows[i].text)
			write_text(in_dir(rows[i].file), rows[i].text);
		else
			assert_int_equal(unlink(in_dir(rows[i].file)), 0);
		buf_init(&said, 1 << 16);
		int code = replay(in_dir("film.mp4"), "", "side", in_dir("none.mp4"), &said);
		if (code != rows[i].code || !strstr(buf_str(&said), rows[i].part))
			fail_msg("%s: exit %d: %s", rows[i].file, code, buf_str(&said));
		assert_false(fsx_exists(in_dir("none.mp4")));
		assert_false(fsx_exists(in_dir("none.mp4.part")));
	}
	BUF_CLEANUP struct buf said;
	buf_init(&said, 1 << 16);
	film_empty(in_dir("film.mp4"), &f);
	write_keys(in_dir("film.mp4"), 30, 30, 320, 240);
	assert_int_equal(replay(in_dir("film.mp4"), "7", "side", in_dir("none.mp4"), &said), 65);
	assert_has(buf_str(&said), "result.json");
}

static int make_dir(void **state)
{
	(void)state;
	test_dir(dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	test_dir_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(events_are_marked_when_and_where_they_are),
		cmocka_unit_test(uneven_frames_keep_their_times), cmocka_unit_test(key_points_may_be_missing),
		cmocka_unit_test(what_cannot_be_used_is_named) };

	return cmocka_run_group_tests_name("pose/replay", tests, make_dir, remove_dir);
}
