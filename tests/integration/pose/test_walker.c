#include "support/testing.h"

#include <math.h>

#include "base/buf.h"
#include "base/fsx.h"
#include "base/json.h"
#include "engine.h"
#include "film.h"
#include "pose/video_in.h"
#include "pose/pose_run.h"

/* The walker of known truth is found and followed, however the video is turned and timed. */

enum { MAX_FRAMES = 600, POINTS = 25 };

struct points {
	size_t frames;
	bool found[MAX_FRAMES];
	float xy[MAX_FRAMES][POINTS][3];
};

static char dir[TEST_DIR_BYTES], side_video[512], front_video[512];
static struct points got, truth;

static struct json *load(const char *path)
{
	BUF_CLEANUP struct buf text;
	struct json *root = NULL;
	struct err e;

	buf_init(&text, (size_t)64 << 20);
	if (fsx_read_file(path, &text, &e) < 0 || json_parse(text.data, text.len, 16, &root, &e) < 0)
		fail_msg("%s: %s", path, e.msg);
	return root;
}

/* The sample pair of this build, or the first one made, beside the repository. */
static void find_videos(void)
{
	static const char *const pairs[][2] = { { GAIT_BINARY_DIR "/sample/side.mp4",
							GAIT_BINARY_DIR "/sample/front.mp4" },
		{ GAIT_SOURCE_DIR "/../shared/data/walker/final_side.mp4",
			GAIT_SOURCE_DIR "/../shared/data/walker/final_front.mp4" } };

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (!fsx_exists(pairs[i][0]) || !fsx_exists(pairs[i][1]))
			continue;
		(void)snprintf(side_video, sizeof side_video, "%s", pairs[i][0]);
		(void)snprintf(front_video, sizeof front_video, "%s", pairs[i][1]);
		return;
	}
	printf("skipped: neither the sample pair (target sample_pair) nor ../shared/data/walker is here\n");
	exit(77);
}

static void read_numbers(const struct json *list, size_t frame, bool with_confidence)
{
	const struct json *v = json_first(list);

	for (int i = 0; i < POINTS; i++) {
		truth.xy[frame][i][2] = 1;
		for (int c = 0; c < (with_confidence ? 3 : 2); c++, v = json_next(v))
			truth.xy[frame][i][c] = (float)json_num(v, 0);
	}
}

/* Both formats: the walker's own truth.json (views), and the one beside the first pair (frame). */
static void load_truth(const char *video, const char *view)
{
	char path[600];

	memset(&truth, 0, sizeof truth);
	(void)snprintf(path, sizeof path, "%s", video);
	char *end = strrchr(path, strstr(video, "final_") ? '.' : '/');
	(void)snprintf(
		end, sizeof path - (size_t)(end - path), strstr(video, "final_") ? ".json" : "/truth.json");
	CLEANUP(json_free_p) struct json *root = load(path);
	const struct json *frames = json_get(json_get(json_get(root, "views"), view), "key_points");
	const struct json *old = json_get(root, "frame");
	for (const struct json *f = json_first(old ? old : frames); f && truth.frames < MAX_FRAMES;
		f = json_next(f))
		read_numbers(old ? json_get(f, "kp") : f, truth.frames++, false);
}

static void load_points(const char *json_dir, const char *name)
{
	memset(&got, 0, sizeof got);
	for (; got.frames < MAX_FRAMES; got.frames++) {
		char path[700];
		(void)snprintf(path, sizeof path, "%s/%s_%012zu_keypoints.json", json_dir, name, got.frames);
		if (!fsx_exists(path))
			return;
		CLEANUP(json_free_p) struct json *root = load(path);
		const struct json *person = json_first(json_get(root, "people"));
		const struct json *v = json_first(json_get(person, "pose_keypoints_2d"));
		got.found[got.frames] = person != NULL;
		for (int i = 0; person && i < 3 * POINTS; i++, v = json_next(v))
			got.xy[got.frames][i / 3][i % 3] = (float)json_num(v, 0);
	}
}

static size_t frames_found(void)
{
	size_t n = 0;

	for (size_t k = 0; k < got.frames; k++)
		n += got.found[k];
	return n;
}

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* Median distance of the sure points from the truth; @when: frame of the truth (fractions: between two) that
 * output frame k shows. */
static float median_error(double (*when)(size_t k))
{
	static float all[MAX_FRAMES * POINTS];
	size_t n = 0;

	for (size_t k = 0; k < got.frames; k++) {
		double at = when ? when(k) : (double)k;
		size_t i = (size_t)at;
		float w = (float)(at - (double)i);
		if (!got.found[k] || i + 1 >= truth.frames)
			continue;
		for (int p = 0; p < POINTS; p++) {
			const float *a = truth.xy[i][p], *b = truth.xy[i + 1][p], *g = got.xy[k][p];
			if (g[2] > 0.3F)
				all[n++] = hypotf(
					g[0] - a[0] - w * (b[0] - a[0]), g[1] - a[1] - w * (b[1] - a[1]));
		}
	}
	assert_true(n > 0);
	qsort(all, n, sizeof all[0], ascending);
	return all[n / 2];
}

static struct json *run(const char *video, const char *name, const char *extra)
{
	char json[600], path[700];
	BUF_CLEANUP struct buf said;

	(void)snprintf(json, sizeof json, "%s/%s.json.d", dir, name);
	const char *args[] = { "--input", video, "--write_json", json, extra, NULL };
	buf_init(&said, 1 << 16);
	int code = engine_run(args, NULL, &said);
	if (code != 0)
		fail_msg("%s: exit %d: %s", video, code, buf_str(&said));
	load_points(json, name);
	(void)snprintf(path, sizeof path, "%s/meta.json", json);
	return load(path);
}

static bool has_flag(const struct json *meta, const char *flag)
{
	for (const struct json *f = json_first(json_get(meta, "flags")); f; f = json_next(f))
		if (strcmp(json_str(f, ""), flag) == 0)
			return true;
	return false;
}

static const char *stem(const char *video)
{
	static char name[256];
	const char *slash = strrchr(video, '/');

	(void)snprintf(name, sizeof name, "%s", slash + 1);
	*strrchr(name, '.') = '\0';
	return name;
}

static void both_views_are_followed(void **state)
{
	(void)state;
	for (int view = 0; view < 2; view++) {
		const char *video = view ? front_video : side_video;
		load_truth(video, view ? "front" : "side");
		CLEANUP(json_free_p) struct json *meta = run(video, stem(video), NULL);

		assert_int_equal(got.frames, truth.frames);
		assert_int_equal(json_int(json_get(meta, "frames"), 0), got.frames);
		assert_int_equal(json_int(json_get(meta, "frames_with_person"), 0), frames_found());
		assert_true(frames_found() >= got.frames * 97 / 100);
		assert_int_equal(json_int(json_get(meta, "width"), 0), 1280);
		assert_int_equal(json_int(json_get(meta, "height"), 0), 720);
		assert_float_equal((float)json_num(json_get(meta, "fps"), 0), 30, 1e-3);
		assert_string_equal(json_str(json_get(meta, "model"), ""), "blazepose-full");
		assert_int_equal(strlen(json_str(json_get(meta, "model_sha256"), "")), 64);
		assert_false(has_flag(meta, "several_people"));
		float error = median_error(NULL);
		printf("%s: %zu of %zu frames, median error %.2f px\n", stem(video), frames_found(),
			got.frames, (double)error);
		assert_true(error < 9);
	}
}

/* The index lies in front of the pictures. */
static void assert_faststart(const char *path)
{
	BUF_CLEANUP struct buf file;
	struct err e;

	buf_init(&file, (size_t)64 << 20);
	assert_ok(fsx_read_file(path, &file, &e), &e);
	const char *moov = memmem(file.data, file.len, "moov", 4),
		   *mdat = memmem(file.data, file.len, "mdat", 4);
	assert_non_null(moov);
	assert_true(moov < mdat);
}

static const char *made(const char *name, const struct film *f)
{
	static char path[512];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	film_copy(path, side_video, f);
	return path;
}

/* Inside this process, without the sandbox: here the leak check sees the whole of it. */
static void the_overlay_plays_everywhere(void **state)
{
	static const struct film f = { .format = "mp4", .frames = 45 };
	char overlay[600];
	struct pose_options o = { .input = made("short.mp4", &f),
		.weights_dir = engine_weights(),
		.video_file = overlay,
		.limits = { .max_seconds = 60,
			.max_pixels = 1 << 22,
			.working_side = 1280,
			.max_frames = 1000,
			.threads = 1 },
		.max_fps = 60,
		.progress_fd = -1 };
	struct pose_result result;
	struct err e = { 0 };
	bool h264_420;
	int w, h;

	(void)state;
	(void)snprintf(overlay, sizeof overlay, "%s/o:verlay.mp4", dir);
	assert_ok(pose_run(&o, &result, &e), &e);
	assert_int_equal(result.frames, 45);
	assert_int_equal(film_count(overlay, &w, &h, &h264_420), 45);
	assert_int_equal(w, 1280);
	assert_int_equal(h, 720);
	assert_true(h264_420);
	assert_faststart(overlay);
}

static void turned_videos_are_upright_again(void **state)
{
	(void)state;
	load_truth(side_video, "side");
	for (int turn = 90; turn < 360; turn += 90) {
		struct film f = { .format = "mp4", .frames = 40, .clockwise = turn };
		char name[32];
		(void)snprintf(name, sizeof name, "turned%d.mp4", turn);
		CLEANUP(json_free_p) struct json *meta = run(made(name, &f), stem(made(name, &f)), NULL);

		assert_int_equal(json_int(json_get(meta, "rotation"), -1), turn);
		assert_int_equal(json_int(json_get(meta, "width"), 0), 1280);
		assert_int_equal(json_int(json_get(meta, "height"), 0), 720);
		assert_true(frames_found() >= 38);
		assert_true(median_error(NULL) < 10);
	}
}

/* A clock worse than any phone's: frames between 10 and 56 ms apart. */
static double uneven(int i)
{
	return i / 30.0 + 0.4 / 30 * sin(i * 2.1);
}

static double uneven_fps;

/* Which source frame is shown at output frame @k: the inverse of uneven(). */
static double source_of(size_t k)
{
	double t = uneven(0) + (double)k / uneven_fps;
	int i = 0;

	while (uneven(i + 1) < t)
		i++;
	return i + fmax(0, (t - uneven(i)) / (uneven(i + 1) - uneven(i)));
}

static void uneven_frames_are_placed_by_time(void **state)
{
	static const struct film f = { .format = "matroska", .frames = 75, .time = uneven };

	(void)state;
	load_truth(side_video, "side");
	CLEANUP(json_free_p) struct json *meta = run(made("uneven.mkv", &f), "uneven", NULL);
	assert_true(has_flag(meta, "variable_frame_rate"));
	uneven_fps = json_num(json_get(meta, "fps"), 0);
	assert_true(uneven_fps > 26 && uneven_fps < 34);
	assert_int_equal(got.frames, (size_t)lrint((uneven(74) - uneven(0)) * uneven_fps) + 1);
	assert_true(frames_found() >= got.frames - 2);
	assert_true(median_error(source_of) < 9);
}

/* What is shown at a quarter of its speed was walked four times as fast. */
static double four_times_slower(int i)
{
	return i * 4 / 30.0;
}

static void slow_motion_is_timed_as_it_was_walked(void **state)
{
	static const struct film slow = {
		.format = "mp4", .frames = 60, .time = four_times_slower, .capture_fps = "30.000000"
	};
	static const struct film plain = { .format = "mp4", .frames = 40, .capture_fps = "30.000000" };

	(void)state;
	load_truth(side_video, "side");
	CLEANUP(json_free_p) struct json *meta = run(made("slow.mp4", &slow), "slow", NULL);
	assert_true(has_flag(meta, "slow_motion"));
	assert_false(has_flag(meta, "cut_off"));
	assert_true(fabs(json_num(json_get(meta, "fps"), 0) - 30) < 0.1);
	assert_true(fabs(json_num(json_get(meta, "source_fps"), 0) - 30) < 0.1);
	assert_int_equal(got.frames, 60);
	assert_true(median_error(NULL) < 9);
	/* The same note in a video that plays as fast as it was taken. */
	CLEANUP(json_free_p) struct json *usual = run(made("usual.mp4", &plain), "usual", NULL);
	assert_false(has_flag(usual, "slow_motion"));
	assert_true(fabs(json_num(json_get(usual, "fps"), 0) - 30) < 0.1);
}

static void a_hint_is_honoured_and_its_miss_is_said(void **state)
{
	static const struct film f = { .format = "mp4", .frames = 40 };
	char hint[64];

	(void)state;
	load_truth(side_video, "side");
	(void)snprintf(hint, sizeof hint, "--subject_hint=%.0f,%.0f", (double)truth.xy[0][8][0],
		(double)truth.xy[0][8][1]);
	CLEANUP(json_free_p) struct json *hit = run(made("hint.mp4", &f), "hint", hint);
	assert_true(has_flag(hit, "subject_hint_used"));
	(void)snprintf(hint, sizeof hint, "--subject_hint=%.3f,%.3f", (double)truth.xy[0][8][0] / 1280,
		(double)truth.xy[0][8][1] / 720);
	CLEANUP(json_free_p) struct json *fraction = run(made("hint.mp4", &f), "hint", hint);
	assert_true(has_flag(fraction, "subject_hint_used"));
	CLEANUP(json_free_p) struct json *miss = run(made("hint.mp4", &f), "hint", "--subject_hint=1270,20");
	assert_true(has_flag(miss, "subject_hint_missed"));
	assert_true(frames_found() >= 38);
}

/* A woman walks to the left in front of a man on a roof, who jumps down later. */
static void the_walker_beside_another_person(void **state)
{
	const char *video = GAIT_SOURCE_DIR "/../shared/data/video/sports2d_demo.mp4";
	size_t there = 0;

	(void)state;
	if (!fsx_exists(video))
		skip_because("../shared/data/video is not here");
	CLEANUP(json_free_p) struct json *meta = run(video, "sports2d_demo", NULL);
	assert_int_equal(got.frames, 230);
	assert_true(json_len(json_get(meta, "people")) >= 2);
	for (size_t k = 0; k < got.frames; k++) {
		if (!got.found[k])
			continue;
		float x = got.xy[k][8][0], y = got.xy[k][8][1];
		/* her hips' way across the picture; the man's hips are above y = 500 until he jumps */
		float want = 1650 - (float)(k > 43 ? k - 43 : 0) * 10.4F;
		if (fabsf(x - want) > 200 || y < 600)
			fail_msg("frame %zu: hips at %.0f, %.0f", k, (double)x, (double)y);
		there++;
	}
	printf("the walker in %zu frames\n", there);
	assert_true(there > 120);
}

/* A runner in an upright picture: detections that jump, lie upside down or cut the body must not lose her. */
static void the_runner_on_a_treadmill(void **state)
{
	const char *video = GAIT_SOURCE_DIR "/../shared/data/video/running_side.mp4";

	(void)state;
	if (!fsx_exists(video))
		skip_because("../shared/data/video is not here");
	CLEANUP(json_free_p) struct json *meta = run(video, "running_side", NULL);
	assert_int_equal(got.frames, 360);
	assert_true(frames_found() >= 350);
	assert_false(has_flag(meta, "several_people"));
	assert_int_equal(json_int(json_get(meta, "width"), 0), 720);
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(both_views_are_followed),
		cmocka_unit_test(the_overlay_plays_everywhere),
		cmocka_unit_test(turned_videos_are_upright_again),
		cmocka_unit_test(uneven_frames_are_placed_by_time),
		cmocka_unit_test(slow_motion_is_timed_as_it_was_walked),
		cmocka_unit_test(a_hint_is_honoured_and_its_miss_is_said),
		cmocka_unit_test(the_walker_beside_another_person),
		cmocka_unit_test(the_runner_on_a_treadmill) };

	engine_need_weights();
	video_init();
	find_videos();
	return cmocka_run_group_tests_name("pose/walker", tests, make_dir, remove_dir);
}
