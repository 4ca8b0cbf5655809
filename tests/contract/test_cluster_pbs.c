#include "support/testing.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "cluster_contract.h"
#include "drivers/cluster_pbs.h"

/* cluster_pbs against the contract: sshd, the real gait-cluster and Slurm's PBS commands (fixture "cluster"),
 * with the suite's job script in place of the real one. And what only it does. */

static char folder[128], scratch[192], port_text[16], account[64];
static struct passwd *owner;

static void path_in(const char *dir, const char *name, char out[512])
{
	assert_int_equal(fsx_join(out, 512, dir, name, NULL), 0);
}

static void first_line(const char *name, char *out, size_t size)
{
	char path[512];

	path_in(folder, name, path);
	CLEANUP(fclose_p) FILE *f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(out, (int)size, f));
	out[strcspn(out, "\n")] = '\0';
}

static void tool(const char *const *argv)
{
	struct child_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	struct child_end end;
	struct err e = { 0 };

	assert_ok(child_run(&spec, 60000, NULL, NULL, &end, &e), &e);
	assert_true(end.exited && end.code == 0);
}

static void write_file(const char *dir, const char *name, mode_t mode, const char *fmt, ...)
{
	char path[512], text[2048];
	struct err e = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	path_in(dir, name, path);
	assert_ok(fsx_replace(path, text, strlen(text), mode, &e), &e);
	assert_int_equal(chmod(path, mode), 0);
}

/* A key of our own in the account's list, which may run our copy of gait-cluster with our settings. */
static void allow_key(const char *command)
{
	char keys[512], line[1024], key[512];
	struct buf text;
	struct err e = { 0 };

	buf_init(&text, 4096);
	path_in(scratch, "id.pub", key);
	assert_ok(fsx_read_file(key, &text, &e), &e);
	snprintf(line, sizeof line, "restrict,command=\"%s\" %s", command, buf_str(&text));
	buf_deinit(&text);
	path_in(folder, "sshd/authorized_keys", keys);
	CLEANUP(close_p) int fd = open(keys, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
}

/* Our key's lines out of the list again. */
static void forbid_key(void)
{
	char keys[512], expression[256];
	const char *argv[] = { "sed", "-i", expression, keys, NULL };

	path_in(folder, "sshd/authorized_keys", keys);
	snprintf(expression, sizeof expression, "\\|%s|d", scratch);
	tool(argv);
}

static void prepare(void)
{
	char from[512], pbs[512], job[512], key[512], root[512], command[1024];
	const char *copy[] = { "cp", "-r", from, pbs, NULL };
	const char *swap[] = { "cp", GAIT_SOURCE_DIR "/tests/contract/cluster_job.sh", job, NULL };
	const char *mode[] = { "chmod", "-R", "u=rwX,go=rX", pbs, NULL };
	const char *keygen[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", scratch, "-f", key,
		NULL };

	first_line("port", port_text, sizeof port_text);
	first_line("account", account, sizeof account);
	owner = getpwnam(account);
	assert_non_null(owner);
	snprintf(scratch, sizeof scratch, "%s/contract.XXXXXX", folder);
	assert_non_null(mkdtemp(scratch));
	assert_int_equal(chmod(scratch, 0777), 0);
	path_in(folder, "pbs", from);
	path_in(scratch, "pbs", pbs);
	path_in(scratch, "pbs/gait-job.pbs", job);
	path_in(scratch, "id", key);
	path_in(scratch, "root", root);
	tool(copy);
	tool(swap);
	tool(mode);
	tool(keygen);
	write_file(scratch, "cluster.conf", 0644, "ROOT=%s\nGAIT_TEST_DIR=%s\n", root, scratch);
	assert_int_equal(mkdir(root, 0700), 0);
	assert_int_equal(chown(root, owner->pw_uid, owner->pw_gid), 0);
	snprintf(command, sizeof command, "%s/gait-cluster --config %s/cluster.conf", pbs, scratch);
	allow_key(command);
}

static int open_with(struct pbs_site site, struct cluster **ret, struct err *e)
{
	char key[512], known[512];
	struct cluster_pbs_options o = { .host = "127.0.0.1",
		.port = atoi(port_text),
		.user = account,
		.key_file = key,
		.known_hosts_file = known,
		.site = site };

	path_in(scratch, "id", key);
	path_in(folder, "known_hosts", known);
	return cluster_pbs_open(&o, ret, e);
}

static const struct pbs_site usual = { .scheduler = PBS_SLURM, .cpus = 1, .gpus = 1, .memory_mb = 200 };

static int open_usual(void *arg, struct cluster **ret, struct err *e)
{
	(void)arg;
	return open_with(usual, ret, e);
}

static struct cluster *opened(struct pbs_site site)
{
	struct cluster *c = NULL;
	struct err e = { 0 };

	assert_ok(open_with(site, &c, &e), &e);
	return c;
}

/* What the scheduler refuses for good is refused for good; nothing of it is left to be found. */
static void refused_by_the_scheduler(void **state)
{
	struct pbs_site site = usual;
	struct err e = { 0 };

	(void)state;
	site.queue = "nowhere";
	struct cluster *c = opened(site);
	assert_fails(cluster_contract_submit(c, "refused-1", "ok", 60, &e), &e, ERR_INVALID);
	assert_has(e.msg, "partition");
	c->ops->close(c);
	/* With the setting mended the same attempt runs. */
	c = opened(usual);
	assert_ok(cluster_contract_submit(c, "refused-1", "ok", 60, &e), &e);
	cluster_contract_await(c, "refused-1", CLUSTER_FINISHED);
	cluster_contract_forget(c, "refused-1");
	c->ops->close(c);
}

/* Longer than the partition allows: it would wait for ever, and the scheduler says so. */
static void never_runs(void **state)
{
	struct cluster *c = opened(usual);
	struct err e = { 0 };
	struct cluster_status s;

	(void)state;
	assert_ok(cluster_contract_submit(c, "never-1", "ok", 5 * 3600, &e), &e);
	for (int64_t deadline = clock_mono_ms() + 30000;; (void)poll(NULL, 0, 100)) {
		s = cluster_contract_await(c, "never-1", CLUSTER_QUEUED);
		if (s.never_runs)
			break;
		assert_true(clock_mono_ms() < deadline);
	}
	assert_has(s.detail, "PartitionTimeLimit");
	assert_ok(c->ops->cancel(c, "never-1", &e), &e);
	s = cluster_contract_await(c, "never-1", CLUSTER_FINISHED);
	assert_false(s.has_outcome);
	assert_string_equal(s.end, "deleted");
	cluster_contract_forget(c, "never-1");
	c->ops->close(c);
}

/* Nobody but the attempt's own status file says how it ended; the scheduler only that it did. */
static void words_of_the_scheduler(void **state)
{
	static const struct {
		const char *behaviour, *detail;
	} rows[] = { { "silent", "exit status 3" }, { "die", "139" }, { "quiet", "" } };
	struct cluster *c = opened(usual);
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char attempt[48];
		snprintf(attempt, sizeof attempt, "word-%s", rows[i].behaviour);
		assert_ok(cluster_contract_submit(c, attempt, rows[i].behaviour, 60, &e), &e);
		struct cluster_status s = cluster_contract_await(c, attempt, CLUSTER_FINISHED);
		assert_false(s.has_outcome);
		assert_has(s.detail, rows[i].detail);
		cluster_contract_forget(c, attempt);
	}
	c->ops->close(c);
}

/* Slurm counts walltimes in minutes and looks every half: this one ends while the others run. */
static int start_too_long(void)
{
	struct cluster *c = NULL;
	struct err e = { 0 };
	int r = open_with(usual, &c, &e);

	if (r == 0)
		r = cluster_contract_submit(c, "long-1", "deaf", 60, &e);
	if (c)
		c->ops->close(c);
	if (r != 0)
		(void)fprintf(stderr, "the attempt that is to reach its walltime: %s\n", e.msg);
	return r != 0;
}

/* Killed, since it does not listen: only the scheduler tells that it was for its time. */
static void ended_by_walltime(void **state)
{
	struct cluster *c = opened(usual);

	(void)state;
	struct cluster_status s = cluster_contract_await(c, "long-1", CLUSTER_FINISHED);
	assert_false(s.has_outcome);
	assert_string_equal(s.end, "walltime");
	cluster_contract_forget(c, "long-1");
	c->ops->close(c);
}

struct steps {
	char seen[512];
};

static void note_step(void *arg, const char *what, enum probe_outcome outcome, const char *text)
{
	struct steps *s = arg;
	size_t used = strlen(s->seen);

	(void)text;
	snprintf(s->seen + used, sizeof s->seen - used, "%s%s%s", used ? "," : "", what,
		outcome == PROBE_FAILED    ? "!"
		: outcome == PROBE_SKIPPED ? "-"
					   : "");
}

static void probed(void **state)
{
	struct steps steps = { "" };
	struct probe p = { .step = note_step, .arg = &steps };
	struct pbs_site site = usual;
	struct err e = { 0 };
	struct cluster *c = opened(usual);

	(void)state;
	assert_ok(c->ops->probe(c, &p, &e), &e);
	assert_has(steps.seen, "DNS,TCP,host key,login,forced command,scheduler,folder,tools,scheduler");
	c->ops->close(c);
	site.scheduler = PBS_OPENPBS;
	steps.seen[0] = '\0';
	c = opened(site);
	assert_fails(c->ops->probe(c, &p, &e), &e, ERR_UNAVAILABLE);
	assert_string_equal(steps.seen, "DNS,TCP,host key,login,forced command,scheduler!");
	assert_has(e.msg, "slurm");
	c->ops->close(c);
}

/* The key's forced command is not gait-cluster, or cannot be run. */
static void forced_command_is_wrong(void **state)
{
	static const struct {
		const char *command, *part;
	} rows[] = { { "echo hello", "not gait-cluster" }, { "/nonexistent/gait-cluster", "not found" },
		{ "echo gait-cluster 2 slurm", "version" }, { "kill -KILL $$", "KILL" },
		{ "echo some noise; exit 78", "not set up" }, { "exit 64", "exit code 64" },
		{ "echo no data >&2; exit 65", "exit code 65: no data" },
		{ "yes hello", "not gait-cluster" } };
	char command[1024], pbs[512];
	struct err e = { 0 };
	struct cluster_status s = { .attempt = "any-1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		forbid_key();
		allow_key(rows[i].command);
		struct cluster *c = opened(usual);
		assert_fails(c->ops->probe(c, NULL, &e), &e, ERR_UNAVAILABLE);
		assert_has(e.msg, rows[i].part);
		/* No word of theirs is taken for a word about attempts. */
		assert_fails(c->ops->status(c, &s, 1, &e), &e, ERR_UNAVAILABLE);
		assert_fails(cluster_contract_submit(c, "any-1", "ok", 60, &e), &e, ERR_UNAVAILABLE);
		c->ops->close(c);
	}
	forbid_key();
	path_in(scratch, "pbs", pbs);
	snprintf(command, sizeof command, "%s/gait-cluster --config %s/cluster.conf", pbs, scratch);
	allow_key(command);
}

struct transfer {
	struct cluster *c;
	char path[512];
	struct cluster_file is;
	int r;
	atomic_bool done;
	struct err e;
};

static void *transfer(void *arg)
{
	struct transfer *t = arg;

	t->r = t->c->ops->put(t->c, "large-1", "front.mp4", t->path, &t->is, NULL, NULL, &t->e);
	atomic_store(&t->done, true);
	return NULL;
}

/* A video under way holds no question and no submission up. */
static void files_and_commands_together(void **state)
{
	enum { LARGE = 96 << 20 };
	struct transfer t = { .c = opened(usual) };
	struct cluster_status s = { .attempt = "large-1" };
	struct err e = { 0 };
	pthread_t thread;
	unsigned answers = 0;

	(void)state;
	path_in(scratch, "large", t.path);
	CLEANUP(close_p) int fd = open(t.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, LARGE), 0);
	assert_ok(sha256_of_file(t.path, t.is.sha256, &t.is.bytes, &e), &e);
	assert_ok(t.c->ops->status(t.c, &s, 1, &e), &e); /* connected */
	assert_int_equal(pthread_create(&thread, NULL, transfer, &t), 0);
	while (!atomic_load(&t.done)) {
		assert_ok(t.c->ops->status(t.c, &s, 1, &e), &e);
		answers += !atomic_load(&t.done);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_ok(t.r, &t.e);
	assert_true(answers > 0);
	cluster_contract_forget(t.c, "large-1");
	t.c->ops->close(t.c);
}

static void bad_settings(void **state)
{
	struct pbs_site site = usual;
	struct cluster *c = NULL;
	struct err e = { 0 };

	(void)state;
	site.queue = "a;id";
	assert_fails(open_with(site, &c, &e), &e, ERR_CONFIG);
	assert_has(e.msg, "cluster.queue");
}

struct caller {
	struct cluster *c;
	const struct transfer *file;
	char attempt[48];
	struct err e;
	bool went_well;
};

static void *call_all(void *arg)
{
	struct caller *a = arg;
	const struct cluster_ops *ops = a->c->ops;
	struct cluster_status s = { .state = CLUSTER_RUNNING };
	struct buf log;

	snprintf(s.attempt, sizeof s.attempt, "%s", a->attempt);
	buf_init(&log, 1000);
	a->went_well = ops->put(a->c, a->attempt, "front.mp4", a->file->path, &a->file->is, NULL, NULL,
			       &a->e) == 0 &&
		       ops->status(a->c, &s, 1, &a->e) == 0 && s.state == CLUSTER_UNKNOWN &&
		       ops->log(a->c, a->attempt, &log, &a->e) == 0 &&
		       ops->cancel(a->c, a->attempt, &a->e) == 0 && ops->forget(a->c, a->attempt, &a->e) == 0;
	if (!a->went_well && !a->e.msg[0])
		(void)err_set(&a->e, ERR_INTERNAL, "state %d: %s", (int)s.state, s.detail);
	buf_deinit(&log);
	return NULL;
}

static void many_threads(void **state)
{
	struct caller callers[8] = { 0 };
	pthread_t threads[ARRAY_LEN(callers)];
	struct transfer file = { .c = opened(usual) };
	struct err e = { 0 };

	(void)state;
	write_file(scratch, "small", 0600, "a video");
	path_in(scratch, "small", file.path);
	assert_ok(sha256_of_file(file.path, file.is.sha256, &file.is.bytes, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		callers[i].c = file.c;
		callers[i].file = &file;
		snprintf(callers[i].attempt, sizeof callers[i].attempt, "caller-%zu", i);
		assert_int_equal(pthread_create(&threads[i], NULL, call_all, &callers[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		if (!callers[i].went_well)
			fail_msg("%s: %s", callers[i].attempt, callers[i].e.msg);
	}
	file.c->ops->close(file.c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_by_the_scheduler),
		cmocka_unit_test(never_runs),
		cmocka_unit_test(words_of_the_scheduler),
		cmocka_unit_test(probed),
		cmocka_unit_test(forced_command_is_wrong),
		cmocka_unit_test(files_and_commands_together),
		cmocka_unit_test(many_threads),
		cmocka_unit_test(bad_settings),
		cmocka_unit_test(ended_by_walltime),
	};
	const struct cluster_contract contract = { .name = "cluster_pbs",
		.open = open_usual,
		.scratch = scratch,
		.unsupervised = true,
		.patience_ms = 120000 };
	const char *record = getenv("GAIT_CLUSTER_RECORD");
	FILE *f = record ? fopen(record, "re") : NULL;

	if (!f || !fgets(folder, sizeof folder, f)) {
		(void)fprintf(stderr, "skipped: there is no cluster here (tests/support/cluster.sh)\n");
		return 77;
	}
	(void)fclose(f);
	folder[strcspn(folder, "\n")] = '\0';
	(void)signal(SIGPIPE, SIG_IGN);
	prepare();
	int failed = start_too_long() + cluster_contract_run(&contract) +
		     cmocka_run_group_tests(tests, NULL, NULL);
	forbid_key();
	(void)fsx_remove_tree(scratch, NULL);
	return failed;
}
