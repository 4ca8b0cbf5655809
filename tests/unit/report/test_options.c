#include "support/testing.h"

#include <sys/stat.h>

#include "base/child.h"
#include "base/fsx.h"
#include "kit.h"

/* The options of gait-analyze that write the outputs, under its sandbox. */
#define PROGRAM GAIT_BINARY_DIR "/bin/gait-analyze"
enum { TIME_MS = 60000 };

static const struct {
	const char *option, *file, *begins;
	bool needs_walk; /* not made without one */
} outputs[] = {
	{ "--csv", "p.csv", "name,side,value,", false },
	{ "--csv-curves", "c.csv", "percent,hip_left_mean,", false },
	{ "--trc", "m.trc", "PathFileType\t4\t", true },
	{ "--mot", "a.mot", "Coordinates\nversion=1\n", true },
	{ "--svg-curves", "curves.svg", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg ", false },
	{ "--svg-events", "events.svg", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg ", false },
	{ "--svg-table", "table.svg", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg ", false },
	{ "--pdf", "r.pdf", "%PDF-1.", false },
};

static int run(const char *const *argv, struct buf *out, struct buf *text)
{
	struct child_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	struct child_end end;
	struct err e = { 0 };

	buf_reset(out);
	buf_reset(text);
	assert_ok(child_run(&spec, TIME_MS, out, text, &end, &e), &e);
	assert_true(end.exited);
	return end.code;
}

static void write_walk(const char *dir, bool stands)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	struct synth s = synth_adult(VIEW_SIDE);
	char path[TEST_DIR_BYTES + 64];
	struct err e = { 0 };

	assert_int_equal(mkdir(dir, 0700), 0);
	keypoints_init(&k);
	s.start_s = stands ? s.seconds : 0;
	synth_fill(&s, &k);
	snprintf(path, sizeof path, "%s/meta.json", dir);
	static const char meta[] = "{\"fps\":30,\"width\":1280,\"height\":720,\"engine\":\"gait-pose test\"}";
	assert_ok(fsx_replace(path, meta, sizeof meta - 1, 0600, &e), &e);
	for (size_t f = 0; f < k.frames; f++) {
		BUF_CLEANUP struct buf b;
		buf_init(&b, 1 << 16);
		assert_ok(buf_adds(&b, "{\"version\":1.3,\"people\":[{\"pose_keypoints_2d\":[", &e), &e);
		for (int i = 0; i < BODY_POINTS; i++) {
			const struct keypoint *p = &k.person[f].p[i];
			assert_ok(buf_addf(&b, &e, "%s%.3f,%.3f,%.3f", i ? "," : "", (double)p->x,
					  (double)p->y, (double)p->c),
				&e);
		}
		assert_ok(buf_adds(&b, "]}]}", &e), &e);
		snprintf(path, sizeof path, "%s/walk_%012zu_keypoints.json", dir, f);
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs(buf_str(&b), file);
		assert_int_equal(fclose(file), 0);
	}
}

/* Every output of a walk; of someone who stands, all but the OpenSim files, and no stale one is left. */
static void every_output_is_written(void **state)
{
	(void)state;
	for (int stands = 0; stands < 2; stands++) {
		char dir[TEST_DIR_BYTES], side[TEST_DIR_BYTES + 8], result[TEST_DIR_BYTES + 16];
		static char paths[ARRAY_LEN(outputs)][TEST_DIR_BYTES + 32];
		const char *argv[32] = { PROGRAM, "--side", side, "--height", "170cm", "--age", "9", "--out",
			result };
		size_t n = 9;
		BUF_CLEANUP struct buf out;
		BUF_CLEANUP struct buf text;
		struct err e = { 0 };
		buf_init(&out, 1 << 16);
		buf_init(&text, 1 << 16);
		test_dir(dir);
		snprintf(side, sizeof side, "%s/side", dir);
		snprintf(result, sizeof result, "%s/result.json", dir);
		write_walk(side, stands == 1);
		for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
			snprintf(paths[i], sizeof paths[i], "%s/%s", dir, outputs[i].file);
			argv[n++] = outputs[i].option;
			argv[n++] = paths[i];
			assert_ok(fsx_replace(paths[i], "stale", 5, 0600, &e), &e);
		}
		if (run(argv, &out, &text) != 0)
			fail_msg("%s", buf_str(&text));
		for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
			BUF_CLEANUP struct buf b;
			if (stands && outputs[i].needs_walk) {
				assert_false(fsx_exists(paths[i]));
				assert_has(buf_str(&text), outputs[i].option);
				continue;
			}
			buf_init(&b, 32 << 20);
			assert_ok(fsx_read_file(paths[i], &b, &e), &e);
			assert_true(b.len > strlen(outputs[i].begins));
			assert_memory_equal(b.data, outputs[i].begins, strlen(outputs[i].begins));
		}
		test_dir_remove(dir);
	}
}

static void help_names_every_output(void **state)
{
	const char *argv[] = { PROGRAM, "--help", NULL };
	BUF_CLEANUP struct buf out;
	BUF_CLEANUP struct buf text;

	(void)state;
	buf_init(&out, 1 << 16);
	buf_init(&text, 1 << 16);
	assert_int_equal(run(argv, &out, &text), 0);
	for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
		char words[64];
		snprintf(words, sizeof words, "%s FILE", outputs[i].option);
		assert_has(buf_str(&out), words);
	}
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	char dir[TEST_DIR_BYTES], side[TEST_DIR_BYTES + 8], result[TEST_DIR_BYTES + 16],
		pdf[TEST_DIR_BYTES + 16];
	const char *argv[] = { PROGRAM, "--side", side, "--out", result, "--pdf", pdf, NULL };
	BUF_CLEANUP struct buf out;
	BUF_CLEANUP struct buf text;

	(void)state;
	buf_init(&out, 1 << 16);
	buf_init(&text, 1 << 16);
	test_dir(dir);
	snprintf(side, sizeof side, "%s/side", dir);
	snprintf(result, sizeof result, "%s/result.json", dir);
	snprintf(pdf, sizeof pdf, "%s/no/r.pdf", dir);
	write_walk(side, false);
	assert_int_not_equal(run(argv, &out, &text), 0);
	assert_has(buf_str(&text), "no/r.pdf");
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_output_is_written),
		cmocka_unit_test(help_names_every_output),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
