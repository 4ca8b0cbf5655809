#include "support/testing.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/crypto.h"
#include "core/pbs_cmd.h"

static const struct pbs_site plain = { .cpus = 4, .gpus = 1 };

static void joined(const struct pbs_words *w, char out[2048])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < w->count; i++)
		used += (size_t)snprintf(out + used, 2048 - used, "%s%s", i ? " " : "", w->word[i]);
	assert_null(w->word[w->count]);
}

#define END "-r n -j oe -m n -W umask=077"

static void argument_lists(void **state)
{
	static const struct {
		struct pbs_site site;
		int64_t walltime_s;
		bool want_gpu;
		const char *want;
	} rows[] = {
		{ { .cpus = 4, .gpus = 1 }, 3600, true,
			"-N g-a-1 -l select=1:ncpus=4:ngpus=1 -l walltime=01:00:00 " END },
		{ { .cpus = 1, .gpus = 1 }, 59, false,
			"-N g-a-1 -l select=1:ncpus=1 -l walltime=00:00:59 " END },
		{ { .cpus = 8,
			  .gpus = 2,
			  .memory_mb = 16000,
			  .queue = "gpu",
			  .account = "acct_1",
			  .project = "gait",
			  .place = "pack:excl" },
			90061, true,
			"-N g-a-1 -l select=1:ncpus=8:ngpus=2:mem=16000mb -l place=pack:excl -l "
			"walltime=25:01:01 "
			"-q gpu -A acct_1 -P gait " END },
		{ { .cpus = 8,
			  .gpus = 2,
			  .memory_mb = 16000,
			  .resources = "select=1:ncpus={cpus}:ngpus={gpus}:mem={memory_mb}mb:host=big  "
				       "software=x" },
			60, true,
			"-N g-a-1 -l select=1:ncpus=8:ngpus=2:mem=16000mb:host=big -l software=x "
			"-l walltime=00:01:00 " END },
		{ { .cpus = 8, .gpus = 2, .resources = "nodes=1:ppn={cpus}:gpus={gpus}" }, 60, false,
			"-N g-a-1 -l nodes=1:ppn=8:gpus=0 -l walltime=00:01:00 " END },
		{ { .scheduler = PBS_SLURM, .cpus = 2, .gpus = 1 }, 3600, true,
			"-N g-a-1 -l nodes=1:ppn=2:gpus=1,walltime=01:00:00 " END },
		{ { .scheduler = PBS_SLURM,
			  .cpus = 2,
			  .gpus = 1,
			  .memory_mb = 2000,
			  .queue = "batch",
			  .account = "a",
			  .project = "no-such-key",
			  .place = "free" },
			3600, false,
			"-N g-a-1 -l nodes=1:ppn=2,mem=2000mb,walltime=01:00:00 -q batch -A a " END },
		{ { .scheduler = PBS_SLURM,
			  .cpus = 2,
			  .gpus = 1,
			  .resources = "nodes=n1:ppn={cpus} mem=4gb" },
			60, true, "-N g-a-1 -l nodes=n1:ppn=2,mem=4gb,walltime=00:01:00 " END },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		struct pbs_words w;
		char text[2048];
		assert_ok(pbs_qsub(&rows[i].site, "a-1", rows[i].walltime_s, rows[i].want_gpu, &w, &e), &e);
		joined(&w, text);
		assert_string_equal(text, rows[i].want);
	}
}

static void refused_settings(void **state)
{
	static const struct {
		const char *what;
		struct pbs_site site;
	} rows[] = {
		{ "queue", { .cpus = 1, .queue = "a;id>f;" } },
		{ "queue", { .cpus = 1, .queue = "a b" } },
		{ "queue", { .cpus = 1, .queue = "-q" } },
		{ "account", { .cpus = 1, .account = "$(id)" } },
		{ "account", { .cpus = 1, .account = "a'b" } },
		{ "project", { .cpus = 1, .project = "a\nb" } },
		{ "project", { .cpus = 1, .project = "a\\b" } },
		{ "place", { .cpus = 1, .place = "free,pack" } },
		{ "resources", { .cpus = 1, .resources = "select=1`id`" } },
		{ "resources", { .cpus = 1, .resources = "select={nodes}" } },
		{ "resources", { .cpus = 1, .resources = "select=1 -lx=y" } },
		{ "resources", { .cpus = 1, .resources = "a={cpus" } },
		{ "resources", { .cpus = 1, .resources = "a=\xc3\xa9" } },
		{ "cpus", { .cpus = 0 } },
		{ "cpus", { .cpus = 1000000 } },
		{ "gpus", { .cpus = 1, .gpus = -1 } },
		{ "memory", { .cpus = 1, .memory_mb = -1 } },
		{ "memory", { .cpus = 1, .memory_mb = INT64_MAX } },
	};
	char too_long[PBS_WORD_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		struct pbs_words w;
		const char *what = "";
		assert_fails(pbs_site_check(&rows[i].site, &what, &e), &e, ERR_CONFIG);
		assert_string_equal(what, rows[i].what);
		assert_has(e.msg, rows[i].what);
		assert_fails(pbs_qsub(&rows[i].site, "a-1", 60, true, &w, &e), &e, ERR_CONFIG);
	}
	memset(too_long, 'a', sizeof too_long - 1);
	too_long[sizeof too_long - 1] = '\0';
	struct pbs_site site = { .cpus = 1, .queue = too_long };
	struct err e = { 0 };
	const char *what;
	assert_fails(pbs_site_check(&site, &what, &e), &e, ERR_CONFIG);
	char many[600];
	for (size_t i = 0; i < sizeof many; i++)
		many[i] = i % 2 ? ' ' : 'a';
	many[sizeof many - 1] = '\0';
	for (int scheduler = PBS_OPENPBS; scheduler <= PBS_SLURM; scheduler++) {
		site = (struct pbs_site){
			.cpus = 1, .scheduler = (enum pbs_scheduler)scheduler, .resources = many
		};
		assert_fails(pbs_site_check(&site, &what, &e), &e, ERR_CONFIG);
	}
}

static void refused_attempts(void **state)
{
	static const char *const names[] = { "", "-a", "A", "a.b", "a b", "a;id>f;", "a/b",
		"a-name-of-more-than-forty-seven-characters-is-too-long" };
	static const int64_t walltimes[] = { 0, -1, INT64_MIN, INT64_MAX, 100 * 24 * 3600 };
	struct pbs_words w;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_fails(pbs_qsub(&plain, names[i], 60, true, &w, &e), &e, ERR_INVALID);
	for (size_t i = 0; i < ARRAY_LEN(walltimes); i++)
		assert_fails(pbs_qsub(&plain, "a", walltimes[i], true, &w, &e), &e, ERR_INVALID);
}

static void quoting(void **state)
{
	static const struct {
		const char *argv[5], *want;
	} rows[] = {
		{ { "gait-cluster", "submit", "a-1" }, "gait-cluster submit a-1" },
		{ { "", "a b" }, "'' 'a b'" },
		{ { "it's", "$(id)", "a=b" }, "'it'\\''s' '$(id)' 'a=b'" },
		{ { "-l", "x,y", "~", "*" }, "-l 'x,y' '~' '*'" },
		{ { NULL }, "" },
	};
	static const char *const broken[] = { "a", "b\nc", NULL }, *const cr[] = { "b\rc", NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_CLEANUP struct buf out;
		struct err e = { 0 };
		buf_init(&out, 1000);
		assert_ok(pbs_quote(rows[i].argv, &out, &e), &e);
		assert_string_equal(buf_str(&out), rows[i].want);
	}
	BUF_CLEANUP struct buf out;
	struct err e = { 0 };
	buf_init(&out, 8);
	assert_fails(pbs_quote(broken, &out, &e), &e, ERR_INVALID);
	assert_string_equal(buf_str(&out), "");
	assert_fails(pbs_quote(cr, &out, &e), &e, ERR_INVALID);
	const char *const wide[] = { "a b c d e f", NULL };
	assert_fails(pbs_quote(wide, &out, &e), &e, ERR_TOO_LARGE);
	assert_string_equal(buf_str(&out), "");
}

/* Through a real shell: whatever the words are, it gives them back. Many commands in one run of sh. */
enum { COMMANDS = 400, WORDS = 6, WORD_MAX = 40 };

static void make_word(char *word)
{
	static const char nasty[] = "'\"\\$`;&|<>(){}[]*?!#~ \t=%-abcZ09./:,^\x01\x7f\xc3\xa9\xff";
	uint8_t dice[WORD_MAX + 1];

	random_bytes(dice, sizeof dice);
	size_t len = dice[WORD_MAX] % WORD_MAX;
	for (size_t i = 0; i < len; i++) {
		char c = dice[i] % 3 ? nasty[dice[i] % (sizeof nasty - 1)] : (char)dice[i];
		word[i] = c == '\0' || c == '\n' || c == '\r' ? 'x' : c;
	}
	word[len] = '\0';
}

static void a_real_shell_agrees(void **state)
{
	BUF_CLEANUP struct buf script, want, got;
	char dir[TEST_DIR_BYTES], path[300];
	struct err e = { 0 };

	(void)state;
	buf_init(&script, 1 << 20);
	buf_init(&want, 1 << 20);
	buf_init(&got, 1 << 20);
	for (int i = 0; i < COMMANDS; i++) {
		char words[WORDS][WORD_MAX + 1];
		const char *argv[WORDS + 1];
		/* The format has a newline, which no word may have: it is written by hand. */
		assert_ok(buf_adds(&script, "printf '%s\\n' ", &e), &e);
		for (int k = 0; k < WORDS; k++) {
			make_word(words[k]);
			argv[k] = words[k];
			assert_ok(buf_addf(&want, &e, "%s\n", words[k]), &e);
		}
		argv[WORDS] = NULL;
		assert_ok(pbs_quote(argv, &script, &e), &e);
		assert_ok(buf_addc(&script, '\n', &e), &e);
	}
	test_dir(dir);
	snprintf(path, sizeof path, "%s/script", dir);
	CLEANUP(close_p) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, script.data, script.len), (ssize_t)script.len);
	const char *const argv[] = { "/bin/sh", path, NULL };
	struct child_spec spec = { .argv = argv, .cwd = dir, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	struct child_end end;
	assert_ok(child_run(&spec, 20000, &got, NULL, &end, &e), &e);
	test_dir_remove(dir);
	assert_true(end.exited && end.code == 0);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, want.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(argument_lists),
		cmocka_unit_test(refused_settings),
		cmocka_unit_test(refused_attempts),
		cmocka_unit_test(quoting),
		cmocka_unit_test(a_real_shell_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
