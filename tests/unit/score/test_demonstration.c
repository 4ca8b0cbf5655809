#include "support/testing.h"

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "kit.h"
#include "score/model.h"
#include "synth.h"

#define CARD  GAIT_SOURCE_DIR "/docs/model-card-demonstration.md"
#define WALKS MODELS "/walks.csv"

static int train(const char *walks, const char *dir)
{
	char command[] = GAIT_BINARY_DIR "/bin/train-demo-model", walks_[600], dir_[600];
	char *argv[] = { command, walks_, dir_, NULL };
	int status = 0;

	snprintf(walks_, sizeof walks_, "%s", walks);
	snprintf(dir_, sizeof dir_, "%s", dir);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execv(command, argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void read_in(const char *dir, const char *name, struct buf *ret)
{
	char path[700];
	struct err e = { 0 };

	buf_init(ret, 1 << 20);
	assert_ok(fsx_join(path, sizeof path, dir, name, &e), &e);
	assert_ok(fsx_read_file(path, ret, &e), &e);
}

static void same_bytes(const char *dir, const char *name)
{
	BUF_CLEANUP struct buf made;
	BUF_CLEANUP struct buf shipped;

	read_in(dir, name, &made);
	read_in(MODELS, name, &shipped);
	if (made.len != shipped.len || memcmp(made.data, shipped.data, made.len) != 0)
		fail_msg("%s differs from the one in the repository: run scripts/train-demo-model", name);
}

static void same_answers(const char *dir)
{
	CLEANUP(model_free_p) struct model *shipped = NULL;
	CLEANUP(model_free_p) struct model *made = NULL;
	struct err e = { 0 };
	uint64_t seed = 9;

	assert_ok(model_open(MODELS, &shipped, &e), &e);
	assert_ok(model_open(dir, &made, &e), &e);
	for (int i = 0; i < 200; i++) {
		float x[FEATURES], a, b;
		for (int f = 0; f < FEATURES; f++)
			x[f] = (float)(synth_uniform(&seed) < 0.1 ? NAN : 130 * pow(synth_uniform(&seed), 3));
		assert_ok(model_margins(shipped, x, 1, &a, &e), &e);
		assert_ok(model_margins(made, x, 1, &b, &e), &e);
		near((double)a, (double)b, 1e-3);
	}
}

/* "version":[1,7,4] of an XGBoost file; another release may grow other trees. */
static bool made_by_same_library(const char *dir)
{
	BUF_CLEANUP struct buf made;
	BUF_CLEANUP struct buf shipped;

	read_in(dir, "model.json", &made);
	read_in(MODELS, "model.json", &shipped);
	const char *a = strstr(buf_str(&made), "\"version\""), *b = strstr(buf_str(&shipped), "\"version\"");
	return a && b && strncmp(a, b, strcspn(a, "]")) == 0;
}

/* exp() of other processors may differ in the last bit, which another tree can hang on. */
static bool is_usual_processor(void)
{
#ifdef __x86_64__
	return __builtin_cpu_supports("fma");
#else
	return false;
#endif
}

/* From the walks that lie there: the same answers, and where library and processor are alike the same bytes
 * and the tables that its card has. */
static void it_can_be_made_again(void **state)
{
	BUF_CLEANUP struct buf card;
	BUF_CLEANUP struct buf tables;
	struct err e = { 0 };
	char dir[TEST_DIR_BYTES];

	(void)state;
	test_dir(dir);
	buf_init(&card, 1 << 20);
	assert_ok(fsx_read_file(CARD, &card, &e), &e);
	assert_int_equal(train(WALKS, dir), 0);
	read_in(dir, "tables.md", &tables);
	assert_has(buf_str(&tables), "Demonstration on synthetic data");
	same_answers(dir);
	if (made_by_same_library(dir) && is_usual_processor()) {
		same_bytes(dir, "model.json");
		same_bytes(dir, "manifest.json");
		assert_has(buf_str(&card), buf_str(&tables));
	}
	test_dir_remove(dir);
}

static void damaged_walks_are_refused(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = { { ",stance,", ",stances," }, { "0,train,", "0,trains," },
		{ "0,train,0,", "0,train,0,M,2," }, { "\n1,train,1,", "\n1,train,1" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_CLEANUP struct buf text;
		char dir[TEST_DIR_BYTES], path[600];
		test_dir(dir);
		read_in(MODELS, "walks.csv", &text);
		replace(&text, rows[i].from, rows[i].to);
		write_in(dir, "walks.csv", &text);
		snprintf(path, sizeof path, "%s/walks.csv", dir);
		assert_int_equal(train(path, dir), err_exit_code(ERR_CORRUPT));
		test_dir_remove(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_can_be_made_again),
		cmocka_unit_test(damaged_walks_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
