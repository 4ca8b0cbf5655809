#include "support/testing.h"

#include "base/buf.h"
#include "base/fsx.h"
#include "engine.h"
#include "film.h"
#include "pose/video_in.h"

/* Whatever is handed in as a video: an exit code that docs/pose.md names and a line that says why. */

static char dir[TEST_DIR_BYTES];

static const char *in_dir(const char *name)
{
	static char path[8][512];
	static int next;
	char *p = path[next++ % 8];

	(void)snprintf(p, 512, "%s/%s", dir, name);
	return p;
}

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static const struct film small = { .format = "mp4", .width = 320, .height = 240, .frames = 30, .fps = 30 };

static int make_all(void **state)
{
	struct film f = small;
	static const char junk[] =
		"This is a text that calls itself a video. It is long enough to look into.";
	static const char ftyp[] =
		"\0\0\0\x18"
		"ftypmp42\0\0\0\0mp42isom\0\0\x10\0moov, but what follows is no box at all";
	static const char riff[] = "RIFF\xff\xff\xff\xff"
				   "AVI LIST\xff\xff\xff\xff"
				   "hdrlavih";
	static const char ebml[] = "\x1a\x45\xdf\xa3\xff\xff\xff\xff\xff\xff\xff\xff\x42\x86\x81\x01";

	(void)state;
	test_dir(dir);
	write_file(in_dir("empty.mp4"), "", 0);
	write_file(in_dir("text.mp4"), junk, sizeof junk);
	write_file(in_dir("ftyp.mp4"), ftyp, sizeof ftyp);
	write_file(in_dir("riff.avi"), riff, sizeof riff);
	write_file(in_dir("ebml.mkv"), ebml, sizeof ebml);
	film_sound(in_dir("sound.mp4"));
	film_empty(in_dir("nobody.mp4"), &f);
	f.format = "matroska";
	film_empty(in_dir("nobody.mkv"), &f);
	f.format = "avi";
	film_empty(in_dir("nobody.avi"), &f);
	f = small;
	f.frames = 1;
	film_empty(in_dir("one.mp4"), &f);
	f.frames = 100;
	film_empty(in_dir("long.mp4"), &f);
	f = (struct film){ .format = "mp4", .width = 7680, .height = 4320, .frames = 1, .fps = 30 };
	film_empty(in_dir("8k.mp4"), &f);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	test_dir_remove(dir);
	return 0;
}

static void every_bad_file_has_its_answer(void **state)
{
	static const struct {
		const char *file, *extra;
		int code;
		const char *part;
	} rows[] = {
		{ "absent.mp4", NULL, 66, "absent.mp4" },
		{ ".", NULL, 65, "regular file" },
		{ "empty.mp4", NULL, 65, "empty" },
		{ "text.mp4", NULL, 65, "not an MP4" },
		{ "ftyp.mp4", NULL, 65, "ftyp.mp4" },
		{ "riff.avi", NULL, 65, "riff.avi" },
		{ "ebml.mkv", NULL, 65, "ebml.mkv" },
		{ "sound.mp4", NULL, 65, "no video" },
		{ "one.mp4", NULL, 65, "1 frame" },
		{ "8k.mp4", NULL, 65, "7680 x 4320" },
		{ "long.mp4", "--max_seconds=2", 65, "limit of 2 s" },
		{ "long.mp4", "--max_pixels=5000", 65, "320 x 240" },
		{ "nobody.mp4", NULL, 3, "no walking person" },
		{ "nobody.mkv", NULL, 3, "no walking person" },
		{ "nobody.avi", NULL, 3, "no walking person" },
		{ "nobody.mp4", "--model=huge", 64, "huge" },
		{ "nobody.mp4", "--weights=/nonexistent", 78, "scripts/weights" },
		{ "nobody.mp4", "--write_json=/proc/nowhere", 74, "/proc/nowhere" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_CLEANUP struct buf said;
		const char *args[] = { "--input", in_dir(rows[i].file), rows[i].extra, NULL };

		buf_init(&said, 1 << 16);
		int code = engine_run(args, NULL, &said);
		if (code != rows[i].code || !strstr(buf_str(&said), rows[i].part))
			fail_msg("%s %s: exit %d: %s", rows[i].file, rows[i].extra ? rows[i].extra : "", code,
				buf_str(&said));
	}
}

/* What gaitd asks before it asks a scheduler for time: the head alone, thinned as a run would. */
static void the_head_tells_the_frames(void **state)
{
	static const struct {
		const char *file, *extra;
		int code;
		const char *said;
	} rows[] = {
		{ "nobody.mp4", NULL, 0, "{\"seconds\":1.000,\"frames\":30}\n" },
		{ "nobody.mkv", NULL, 0, "{\"seconds\":1." },
		{ "nobody.avi", NULL, 0, "\"frames\":30}\n" },
		{ "nobody.mp4", "--max_fps=10", 0, "\"frames\":10}\n" },
		{ "sound.mp4", NULL, 65, "" },
		{ "text.mp4", NULL, 65, "" },
		{ "long.mp4", "--max_seconds=2", 65, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_CLEANUP struct buf said;
		const char *args[] = { "--describe", "--input", in_dir(rows[i].file), rows[i].extra, NULL };

		buf_init(&said, 1 << 12);
		int code = engine_run(args, &said, NULL);
		if (code != rows[i].code || !strstr(buf_str(&said), rows[i].said))
			fail_msg("%s %s: exit %d: %s", rows[i].file, rows[i].extra ? rows[i].extra : "", code,
				buf_str(&said));
	}
}

/* Nothing of a run that failed may look like a result. */
static void a_failed_run_leaves_no_result(void **state)
{
	const char *json = in_dir("json"), *video = in_dir("overlay.mp4");
	const char *args[] = { "--input", in_dir("nobody.mp4"), "--write_json", json, "--write_video", video,
		NULL };
	struct err e;

	(void)state;
	assert_ok(fsx_mkdirs(json, 0755, &e), &e);
	write_file(in_dir("json/meta.json"), "{}", 2);
	write_file(in_dir("json/nobody_000000000000_keypoints.json"), "{}", 2);
	assert_int_equal(engine_run(args, NULL, NULL), 3);
	assert_false(fsx_exists(in_dir("json/meta.json")));
	assert_false(fsx_exists(in_dir("json/nobody_000000000000_keypoints.json")));
	assert_false(fsx_exists(video));
	assert_false(fsx_exists(in_dir("overlay.mp4.part")));
}

static void answer_is_documented(const char *path, const char *what, size_t n)
{
	BUF_CLEANUP struct buf said;
	const char *args[] = { "--input", path, NULL };

	buf_init(&said, 1 << 16);
	int code = engine_run(args, NULL, &said);
	if ((code != 65 && code != 3) || said.len == 0)
		fail_msg("%s %zu: exit %d: %s", what, n, code, buf_str(&said));
}

static void cut_off_files_are_no_crash(void **state)
{
	static const char *const names[] = { "nobody.mp4", "nobody.mkv", "nobody.avi" };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		BUF_CLEANUP struct buf whole;
		struct err e;

		buf_init(&whole, 1 << 24);
		assert_ok(fsx_read_file(in_dir(names[k]), &whole, &e), &e);
		for (size_t i = 1; i < 7; i++) {
			write_file(in_dir("cut"), whole.data, whole.len * i / 7);
			answer_is_documented(in_dir("cut"), names[k], i);
		}
	}
}

static void damaged_files_are_no_crash(void **state)
{
	static const char *const names[] = { "nobody.mp4", "nobody.mkv", "nobody.avi" };
	uint32_t noise = 3;

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		BUF_CLEANUP struct buf whole;
		struct err e;

		buf_init(&whole, 1 << 24);
		assert_ok(fsx_read_file(in_dir(names[k]), &whole, &e), &e);
		for (size_t i = 0; i < 8; i++) {
			for (int j = 0; j < 12; j++) {
				noise = noise * 1664525U + 1013904223U;
				/* odd rounds: the headers alone, at either end */
				size_t span = i % 2 ? whole.len : 600;
				size_t at = (noise >> 4) % (span < whole.len ? span : whole.len);
				whole.data[k == 0 && i % 2 == 0 ? whole.len - 1 - at : at] ^=
					(char)(noise >> 24);
			}
			write_file(in_dir("damaged"), whole.data, whole.len);
			answer_is_documented(in_dir("damaged"), names[k], i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_bad_file_has_its_answer),
		cmocka_unit_test(the_head_tells_the_frames), cmocka_unit_test(a_failed_run_leaves_no_result),
		cmocka_unit_test(cut_off_files_are_no_crash), cmocka_unit_test(damaged_files_are_no_crash) };

	engine_need_weights();
	video_init();
	return cmocka_run_group_tests_name("pose/media", tests, make_all, remove_all);
}
