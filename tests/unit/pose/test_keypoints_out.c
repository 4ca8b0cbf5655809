#include "support/testing.h"

#include "base/buf.h"
#include "base/fsx.h"
#include "base/json.h"
#include "pose/keypoints_out.h"

static void files_are_openpose_s(void **state)
{
	char dir[TEST_DIR_BYTES], path[512];
	BUF_CLEANUP struct buf text;
	CLEANUP(json_free_p) struct json *root = NULL;
	struct body25 b = { .found = true };
	struct err e;

	(void)state;
	test_dir(dir);
	for (int i = 0; i < BODY25; i++) {
		b.x[i] = (float)i;
		b.y[i] = (float)i + 0.25F;
		b.confidence[i] = 0.5F;
	}
	assert_ok(keypoints_write(dir, "a walk", 12, &b, 2, &e), &e);
	(void)snprintf(path, sizeof path, "%s/a walk_000000000012_keypoints.json", dir);
	buf_init(&text, 1 << 16);
	assert_ok(fsx_read_file(path, &text, &e), &e);
	assert_ok(json_parse(text.data, text.len, 8, &root, &e), &e);
	assert_float_equal(json_num(json_get(root, "version"), 0), 1.3, 1e-9);
	const struct json *people = json_get(root, "people");
	assert_int_equal(json_len(people), 1);
	const struct json *points = json_get(json_first(people), "pose_keypoints_2d");
	assert_int_equal(json_len(points), 75);
	const struct json *v = json_first(points);
	for (int i = 0; i < 75; i++, v = json_next(v)) {
		double want = i % 3 == 0 ? 2 * (i / 3) : i % 3 == 1 ? 2 * (i / 3) + 0.5 : 0.5;
		assert_float_equal(json_num(v, -1), want, 1e-6);
	}
	assert_true(json_is_array(json_get(json_first(people), "hand_left_keypoints_2d")));
	test_dir_remove(dir);
}

static void nobody_is_an_empty_list(void **state)
{
	char dir[TEST_DIR_BYTES], path[512];
	BUF_CLEANUP struct buf text;
	struct body25 b = { .found = false };
	struct err e;

	(void)state;
	test_dir(dir);
	assert_ok(keypoints_write(dir, "n", 0, &b, 1, &e), &e);
	(void)snprintf(path, sizeof path, "%s/n_000000000000_keypoints.json", dir);
	buf_init(&text, 1 << 16);
	assert_ok(fsx_read_file(path, &text, &e), &e);
	assert_string_equal(buf_str(&text), "{\"version\":1.3,\"people\":[]}\n");
	test_dir_remove(dir);
}

static void an_earlier_run_is_cleared(void **state)
{
	char dir[TEST_DIR_BYTES], sub[512], path[600];
	static const struct {
		const char *name;
		bool stays;
	} rows[] = { { "side_000000000007_keypoints.json", false }, { "side_x_keypoints.json", false },
		{ "other_000000000007_keypoints.json", true }, { "side.mp4", true },
		{ "notes_keypoints.json", true } };
	struct err e;

	(void)state;
	test_dir(dir);
	(void)snprintf(sub, sizeof sub, "%s/made/by/it", dir);
	assert_ok(keypoints_clear(sub, "side", &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", sub, rows[i].name);
		assert_ok(fsx_replace(path, "x", 1, 0644, &e), &e);
	}
	assert_ok(keypoints_clear(sub, "side", &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", sub, rows[i].name);
		assert_int_equal(fsx_exists(path), rows[i].stays);
	}
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(files_are_openpose_s),
		cmocka_unit_test(nobody_is_an_empty_list), cmocka_unit_test(an_earlier_run_is_cleared) };

	return cmocka_run_group_tests_name("pose/keypoints_out", tests, NULL, NULL);
}
