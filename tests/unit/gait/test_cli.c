#include "support/testing.h"

#include <math.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/fsx.h"
#include "base/json.h"
#include "schema_check.h"
#include "synth.h"

/* gait-analyze as its callers see it: a folder in, a file and an exit code out. */
#define PROGRAM GAIT_BINARY_DIR "/bin/gait-analyze"
enum { TIME_MS = 60000 };

struct run {
	int code;
	char out[16384], err[4096];
};

static void run(struct run *r, const char *const *args)
{
	const char *argv[32] = { PROGRAM };
	BUF_CLEANUP struct buf out;
	BUF_CLEANUP struct buf text;
	struct child_end end;
	struct err e = { 0 };

	for (size_t i = 0; args[i]; i++)
		argv[i + 1] = args[i];
	buf_init(&out, sizeof r->out - 1);
	buf_init(&text, sizeof r->err - 1);
	struct child_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	assert_ok(child_run(&spec, TIME_MS, &out, &text, &end, &e), &e);
	assert_true(end.exited);
	r->code = end.code;
	memcpy(r->out, buf_str(&out), out.len + 1);
	memcpy(r->err, buf_str(&text), text.len + 1);
}

static void path_in(char *out, size_t size, const char *dir, const char *name)
{
	struct err e = { 0 };

	assert_ok(fsx_join(out, size, dir, name, &e), &e);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[600];
	FILE *f;

	path_in(path, sizeof path, dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void write_view(const char *dir, const char *sub, enum view view, char *ret, size_t size)
{
	KEYPOINTS_CLEANUP struct keypoints k;
	struct synth s = synth_adult(view);
	struct err e = { 0 };

	path_in(ret, size, dir, sub);
	assert_int_equal(mkdir(ret, 0700), 0);
	keypoints_init(&k);
	s.noise_px = 1;
	s.seconds = 6;
	synth_fill(&s, &k);
	write_file(
		ret, "meta.json", "{\"fps\":30,\"width\":1280,\"height\":720,\"engine\":\"gait-pose test\"}");
	for (size_t f = 0; f < k.frames; f++) {
		BUF_CLEANUP struct buf b;
		char name[64];
		buf_init(&b, 1 << 16);
		assert_ok(buf_adds(&b, "{\"version\":1.3,\"people\":[{\"pose_keypoints_2d\":[", &e), &e);
		for (int i = 0; i < BODY_POINTS; i++) {
			const struct keypoint *p = &k.person[f].p[i];
			assert_ok(buf_addf(&b, &e, "%s%.3f,%.3f,%.3f", i ? "," : "", (double)p->x,
					  (double)p->y, (double)p->c),
				&e);
		}
		assert_ok(buf_adds(&b, "]}]}", &e), &e);
		snprintf(name, sizeof name, "walk_%012zu_keypoints.json", f);
		write_file(ret, name, buf_str(&b));
	}
}

static void read_json(const char *path, struct json **ret)
{
	BUF_CLEANUP struct buf text;
	struct err e = { 0 };

	buf_init(&text, 1 << 24);
	assert_ok(fsx_read_file(path, &text, &e), &e);
	assert_ok(json_parse(text.data, text.len, 32, ret, &e), &e);
}

static void a_pair_gives_a_result_that_fits_the_schema(void **state)
{
	char dir[TEST_DIR_BYTES], front[400], side[400], out[400];
	struct json *schema __attribute__((cleanup(json_free_p))) = NULL;
	struct json *result __attribute__((cleanup(json_free_p))) = NULL;
	static struct run r;
	struct err e = { 0 };

	(void)state;
	test_dir(dir);
	write_view(dir, "front", VIEW_FRONT, front, sizeof front);
	write_view(dir, "side", VIEW_SIDE, side, sizeof side);
	path_in(out, sizeof out, dir, "result.json");
	static const char sum[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const char models[] = GAIT_SOURCE_DIR "/models/demonstration";
	static const char height[] = "5'7\"";
	const char *args[] = { "--front", front, "--side", side, "--height", height, "--age", "30", "--sex",
		"F", "--walking-aid", "none", "--footwear", "shoes", "--model", models,
		"--allow-demonstration", "--input-sha256-side", sum, "--out", out, "--summary", "--timing",
		NULL };
	run(&r, args);
	assert_string_equal(r.err + strlen(r.err) - 4, " ms\n");
	assert_int_equal(r.code, 0);
	assert_has(r.out, "cadence");
	assert_has(r.out, "not a diagnosis");
	read_json(GAIT_SOURCE_DIR "/schema/result.schema.json", &schema);
	read_json(out, &result);
	assert_ok(schema_check(schema, schema, result, &e), &e);
	const struct json *patient = json_get(result, "patient");
	near(json_num(json_get(patient, "height_cm"), 0), 170.2, 1e-9);
	near(json_num(json_get(patient, "age_months"), 0), 360, 1e-9);
	assert_string_equal(json_str(json_get(patient, "sex"), ""), "F");
	assert_string_equal(json_str(json_get(patient, "walking_aid"), ""), "none");
	assert_string_equal(json_str(json_get(patient, "footwear"), ""), "shoes");
	assert_true(json_is_null(json_get(patient, "orthosis")));
	const struct json *cadence = json_get(json_get(result, "parameters"), "cadence");
	near(json_num(json_get(cadence, "value"), 0), 110, 1.5);
	const struct json *input = json_get(json_get(json_get(result, "inputs"), "side"), "video_sha256");
	assert_string_equal(json_str(input, ""), sum);
	assert_true(json_is_num(json_get(json_get(result, "score"), "value")));
	test_dir_remove(dir);
}

static void wrong_usage_is_refused(void **state)
{
	static const struct {
		const char *args[6];
		int code;
		const char *why;
	} rows[] = {
		{ { NULL }, 64, "--front" },
		{ { "--side", "/tmp", NULL }, 64, "--out" },
		{ { "--colour", NULL }, 64, "option" },
		{ { "--side", NULL }, 64, "option" },
		{ { "--side", "/tmp", "more", NULL }, 64, "more" },
		{ { "--height", "172", NULL }, 65, "--height" },
		{ { "--height", "10cm", NULL }, 65, "--height" },
		{ { "--height", "5'13\"", NULL }, 65, "--height" },
		{ { "--height", "cm", NULL }, 65, "--height" },
		{ { "--height", "-172cm", NULL }, 65, "--height" },
		{ { "--age", "0", NULL }, 65, "age" },
		{ { "--age", "thirty", NULL }, 65, "age" },
		{ { "--age-months", "11", NULL }, 65, "age-months" },
		{ { "--sex", "X", NULL }, 65, "--sex" },
		{ { "--walking-aid", "stick", NULL }, 65, "hand_held or other" },
		{ { "--orthosis", "", NULL }, 65, "--orthosis: none, left, right or both" },
		{ { "--footwear", "Shoes", NULL }, 65, "--footwear: barefoot" },
		{ { "--input-sha256-front", "12", NULL }, 65, "sha256" },
		{ { "--layout", "halpe_26", NULL }, 65, "body_25b" },
		{ { "--side", "/tmp", "--keypoints", "/tmp/k.tar.gz", NULL }, 64, "instead" },
		{ { "--side", "/nonexistent", "--out", "/dev/null", NULL }, 66, "nonexistent" },
	};
	static struct run r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		run(&r, rows[i].args);
		if (r.code != rows[i].code || !strstr(r.err, rows[i].why))
			fail_msg("row %zu: %d %s", i, r.code, r.err);
	}
	const char *help[] = { "--help", NULL };
	run(&r, help);
	assert_int_equal(r.code, 0);
	assert_has(r.out, "--allow-demonstration");
}

/* One bad file among good ones is named, and no result is left behind. */
static void hostile_folders_are_refused_by_name(void **state)
{
	static const struct {
		const char *name, *text;
		int code;
		const char *why;
	} rows[] = {
		{ "walk_000000000050_keypoints.json", "{\"people\":[{\"pose_keypoints_2d\":[1]}]}", 65,
			"walk_000000000050_keypoints.json" },
		{ "walk_000000000050_keypoints.json", "\xff\xfe", 65, "walk_000000000050_keypoints.json" },
		{ "other_000000000050_keypoints.json", "{\"people\":[]}", 65, "same frame" },
		{ "walk_000900000000_keypoints.json", "{\"people\":[]}", 65, "span" },
		{ "meta.json", "{\"fps\":-1}", 65, "meta.json" },
		{ "meta.json", "not json", 65, "meta.json" },
	};
	static struct run r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char dir[TEST_DIR_BYTES], side[400], out[400];
		test_dir(dir);
		write_view(dir, "side", VIEW_SIDE, side, sizeof side);
		write_file(side, rows[i].name, rows[i].text);
		path_in(out, sizeof out, dir, "result.json");
		const char *args[] = { "--side", side, "--out", out, NULL };
		run(&r, args);
		if (r.code != rows[i].code || !strstr(r.err, rows[i].why))
			fail_msg("row %zu: %d %s", i, r.code, r.err);
		assert_false(fsx_exists(out));
		test_dir_remove(dir);
	}
}

static void pipes_and_links_do_not_hang_it(void **state)
{
	char dir[TEST_DIR_BYTES], side[400], out[400], path[500];
	static struct run r;

	(void)state;
	test_dir(dir);
	write_view(dir, "side", VIEW_SIDE, side, sizeof side);
	path_in(out, sizeof out, dir, "result.json");
	path_in(path, sizeof path, side, "walk_000000000070_keypoints.json");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	const char *args[] = { "--side", side, "--out", out, NULL };
	run(&r, args);
	assert_int_equal(r.code, 65);
	assert_has(r.err, "not a regular file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/zero", path), 0);
	run(&r, args);
	assert_int_equal(r.code, 65);
	/* Left out altogether, the frame is one without people and the rest is measured. */
	assert_int_equal(unlink(path), 0);
	run(&r, args);
	assert_int_equal(r.code, 0);
	assert_true(fsx_exists(out));
	test_dir_remove(dir);
}

static void no_meta_needs_fps(void **state)
{
	char dir[TEST_DIR_BYTES], side[400], out[400], path[500];
	static struct run r;

	(void)state;
	test_dir(dir);
	write_view(dir, "side", VIEW_SIDE, side, sizeof side);
	path_in(out, sizeof out, dir, "result.json");
	path_in(path, sizeof path, side, "meta.json");
	assert_int_equal(unlink(path), 0);
	const char *args[] = { "--side", side, "--out", out, NULL, NULL, NULL };
	run(&r, args);
	assert_int_equal(r.code, 66);
	assert_has(r.err, "--fps");
	args[4] = "--fps";
	args[5] = "30";
	run(&r, args);
	assert_int_equal(r.code, 0);
	test_dir_remove(dir);
}

/* The folder's frames as one document, by putting their texts behind each other. */
static void write_document(const char *folder, const char *out, const char *head)
{
	BUF_CLEANUP struct buf text;
	BUF_CLEANUP struct buf one;
	struct err e = { 0 };
	char path[600], name[64];

	buf_init(&text, 1 << 24);
	buf_init(&one, 1 << 20);
	assert_ok(
		buf_addf(&text, &e,
			"{%s\"width\":1280,\"height\":720,\"engine\":\"gait-pose test\",\"frames\":[", head),
		&e);
	for (size_t f = 0; f < 180; f++) {
		snprintf(name, sizeof name, "walk_%012zu_keypoints.json", f);
		path_in(path, sizeof path, folder, name);
		buf_reset(&one);
		assert_ok(fsx_read_file(path, &one, &e), &e);
		assert_ok(buf_addf(&text, &e, "%s%s", f ? "," : "", buf_str(&one)), &e);
	}
	assert_ok(buf_adds(&text, "]}", &e), &e);
	assert_ok(fsx_replace(out, text.data, text.len, 0600, &e), &e);
}

static void same_file(const char *a, const char *b)
{
	BUF_CLEANUP struct buf x;
	BUF_CLEANUP struct buf y;
	struct err e = { 0 };

	buf_init(&x, 1 << 24);
	buf_init(&y, 1 << 24);
	assert_ok(fsx_read_file(a, &x, &e), &e);
	assert_ok(fsx_read_file(b, &y, &e), &e);
	assert_string_equal(buf_str(&x), buf_str(&y));
}

static void tar(const char *dir, const char *archive, const char *const *names)
{
	const char *argv[16] = { "tar", "-C", dir, "-czf", archive };
	BUF_CLEANUP struct buf text;
	struct child_end end;
	struct err e = { 0 };

	for (size_t i = 0; names[i]; i++)
		argv[5 + i] = names[i];
	buf_init(&text, 1 << 16);
	struct child_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	assert_ok(child_run(&spec, TIME_MS, &text, NULL, &end, &e), &e);
	assert_true(end.exited && end.code == 0);
}

/* Folder, document and archive hold the same key points: the same result, byte for byte. */
static void folders_documents_and_archives_agree(void **state)
{
	char dir[TEST_DIR_BYTES], front[400], side[400], out[400], again[400], document[400], archive[400];
	static struct run r;

	(void)state;
	test_dir(dir);
	write_view(dir, "front", VIEW_FRONT, front, sizeof front);
	write_view(dir, "side", VIEW_SIDE, side, sizeof side);
	path_in(out, sizeof out, dir, "result.json");
	path_in(again, sizeof again, dir, "again.json");
	path_in(document, sizeof document, dir, "side.json");
	path_in(archive, sizeof archive, dir, "keypoints.tar.gz");
	const char *pair[] = { "--front", front, "--side", side, "--out", out, NULL };
	run(&r, pair);
	assert_int_equal(r.code, 0);
	write_document(side, document, "\"fps\":30,");
	const char *mixed[] = { "--front", front, "--side", document, "--out", again, NULL };
	run(&r, mixed);
	assert_string_equal(r.err, "");
	same_file(out, again);
	const char *names[] = { "front", "side", NULL };
	tar(dir, archive, names);
	const char *kept[] = { "--keypoints", archive, "--out", again, NULL };
	assert_int_equal(unlink(again), 0);
	run(&r, kept);
	assert_string_equal(r.err, "");
	same_file(out, again);
	/* One view alone, with names as "tar -C side/.. ./side" gives them. */
	const char *alone[] = { "./side", NULL }, *one[] = { "--side", side, "--out", out, NULL };
	tar(dir, archive, alone);
	run(&r, one);
	run(&r, kept);
	assert_string_equal(r.err, "");
	same_file(out, again);
	test_dir_remove(dir);
}

static void a_document_without_fps_needs_the_option(void **state)
{
	char dir[TEST_DIR_BYTES], side[400], out[400], document[400];
	static struct run r;

	(void)state;
	test_dir(dir);
	write_view(dir, "side", VIEW_SIDE, side, sizeof side);
	path_in(out, sizeof out, dir, "result.json");
	path_in(document, sizeof document, dir, "side.json");
	write_document(side, document, "");
	const char *args[] = { "--side", document, "--out", out, NULL, NULL, NULL };
	run(&r, args);
	assert_int_equal(r.code, 66);
	assert_has(r.err, "--fps");
	args[4] = "--fps";
	args[5] = "30";
	run(&r, args);
	assert_int_equal(r.code, 0);
	/* 75 numbers are no 54. */
	args[4] = "--layout";
	args[5] = "coco_18";
	run(&r, args);
	assert_int_equal(r.code, 65);
	assert_has(r.err, "side.json: frame 0: person 0: 75 numbers");
	test_dir_remove(dir);
}

static void hostile_archives_are_refused(void **state)
{
	static const char good[] = "{\"people\":[]}";
	static const struct {
		const char *name, *text; /* in side/; text NULL: a link of that name */
		int code;
		const char *why;
	} rows[] = {
		{ "walk_0_keypoints.json", NULL, 65, "not a regular file" },
		{ "other.txt", NULL, 65, "not a regular file" },
		{ "walk_0_keypoints.json", "{\"people\":", 65, "side: walk_0_keypoints.json" },
		{ "walk_00_keypoints.json", good, 65, "same frame" },
		{ "walk_900000_keypoints.json", good, 65, "span" },
		{ "meta.json", "{}", 65, "side: meta.json: fps" },
		{ "other.txt", "ignored", 0, "" },
	};
	char dir[TEST_DIR_BYTES], side[400], out[400], archive[400], path[500];
	const char *names[] = { "side", NULL };
	static struct run r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_dir(dir);
		path_in(side, sizeof side, dir, "side");
		path_in(archive, sizeof archive, dir, "keypoints.tar.gz");
		path_in(out, sizeof out, dir, "result.json");
		path_in(path, sizeof path, side, rows[i].name);
		assert_int_equal(mkdir(side, 0700), 0);
		write_file(side, "meta.json", "{\"fps\":30}");
		write_file(side, "walk_0_keypoints.json", good);
		(void)unlink(path);
		if (rows[i].text)
			write_file(side, rows[i].name, rows[i].text);
		else
			assert_int_equal(symlink("/etc/passwd", path), 0);
		tar(dir, archive, names);
		const char *args[] = { "--keypoints", archive, "--out", out, NULL };
		run(&r, args);
		if (r.code != rows[i].code || !strstr(r.err, rows[i].why))
			fail_msg("row %zu: %d %s", i, r.code, r.err);
		assert_true(fsx_exists(out) == (r.code == 0));
		test_dir_remove(dir);
	}
}

/* A tar that says more than it has, one that is none, one cut short, one of other folders, one too large. */
static void damaged_archives_are_refused(void **state)
{
	char dir[TEST_DIR_BYTES], sub[400], out[400], archive[400];
	const char *other[] = { "other", NULL };
	BUF_CLEANUP struct buf b;
	struct err e = { 0 };
	static struct run r;

	(void)state;
	test_dir(dir);
	path_in(sub, sizeof sub, dir, "other");
	path_in(archive, sizeof archive, dir, "keypoints.tar.gz");
	path_in(out, sizeof out, dir, "result.json");
	const char *args[] = { "--keypoints", archive, "--out", out, NULL };
	run(&r, args);
	assert_int_equal(r.code, 66);
	write_file(dir, "keypoints.tar.gz", "no archive at all");
	run(&r, args);
	assert_int_equal(r.code, 65);
	assert_int_equal(mkdir(sub, 0700), 0);
	write_file(sub, "walk_0_keypoints.json", "{\"people\":[]}");
	tar(dir, archive, other);
	run(&r, args);
	assert_int_equal(r.code, 66);
	assert_has(r.err, "neither front/ nor side/");
	buf_init(&b, 1 << 20);
	assert_ok(fsx_read_file(archive, &b, &e), &e);
	assert_ok(fsx_replace(archive, b.data, b.len / 2, 0600, &e), &e);
	run(&r, args);
	assert_int_equal(r.code, 65);
	/* A file of 2 MB that is of no use is refused all the same: it would have to be unpacked. */
	buf_reset(&b);
	assert_ok(buf_reserve(&b, 1 << 19, &e), &e);
	memset(b.data, 'x', 1 << 19);
	b.data[1 << 19] = '\0';
	b.len = 1 << 19;
	char big[500];
	path_in(big, sizeof big, sub, "big");
	FILE *f = fopen(big, "w");
	assert_non_null(f);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fwrite(b.data, 1, b.len, f), b.len);
	assert_int_equal(fclose(f), 0);
	tar(dir, archive, other);
	run(&r, args);
	assert_int_equal(r.code, 65);
	assert_has(r.err, "other/big: more than");
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_gives_a_result_that_fits_the_schema),
		cmocka_unit_test(wrong_usage_is_refused),
		cmocka_unit_test(hostile_folders_are_refused_by_name),
		cmocka_unit_test(pipes_and_links_do_not_hang_it),
		cmocka_unit_test(no_meta_needs_fps),
		cmocka_unit_test(folders_documents_and_archives_agree),
		cmocka_unit_test(a_document_without_fps_needs_the_option),
		cmocka_unit_test(hostile_archives_are_refused),
		cmocka_unit_test(damaged_archives_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
