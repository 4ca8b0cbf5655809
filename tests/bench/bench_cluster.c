#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/strv.h"
#include "drivers/cluster_pbs_parts.h"

/* What gaitd adds to a submission, and how fast a status answer is read.
 *   bench_cluster submit HOST PORT USER KEY KNOWN_HOSTS QUEUE NAME COUNT
 *     one line: milliseconds of COUNT submissions, the first one with a new connection
 *   bench_cluster dispatch HOST PORT USER KEY KNOWN_HOSTS QUEUE NAME COUNT FREE_KEY COMMAND
 *     two lines: milliseconds of COUNT submissions over a warm session, and of COMMAND over another warm one,
 * in turns bench_cluster ssh HOST PORT USER KEY KNOWN_HOSTS COMMAND COUNT the same of COUNT commands over one
 * session bench_cluster parse ATTEMPTS ROUNDS FILE one line: milliseconds of processor time of each reading;
 * the scheduler's part of the answer is left in FILE */

enum { COUNT_MAX = 1000 };

static double read_ms(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double now_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

static int fail(const struct err *e)
{
	(void)fprintf(stderr, "bench_cluster: %s\n", e->msg);
	return 1;
}

static int open_cluster(char **a, struct cluster **c, struct err *e)
{
	int64_t port;

	if (!str_to_i64(a[1], 1, 65535, &port))
		return err_set(e, ERR_INVALID, "PORT %s", a[1]);
	const struct cluster_pbs_options o = { .host = a[0],
		.port = (int)port,
		.user = a[2],
		.key_file = a[3],
		.known_hosts_file = a[4],
		.site = { .scheduler = PBS_SLURM, .cpus = 1, .queue = a[5] } };
	return cluster_pbs_open(&o, c, e);
}

static int submit_once(struct cluster *c, const char *name, int64_t number, double *ms, struct err *e)
{
	char attempt[48], id[CLUSTER_ID_BYTES];
	const struct cluster_job job = { .attempt = attempt,
		.token = "ga_bench-0123456789",
		.callback_url = "http://127.0.0.1:9/api/v1",
		.walltime_s = 60 };

	snprintf(attempt, sizeof attempt, "%s-%" PRId64, name, number);
	double before = now_ms();
	if (c->ops->submit(c, &job, id, e) < 0)
		return -1;
	*ms = now_ms() - before;
	return 0;
}

static void print_ms(const double *ms, int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		printf("%s%.3f", i ? " " : "", ms[i]);
	printf("\n");
}

static int submit(char **a)
{
	int64_t count;
	double ms[COUNT_MAX];
	struct cluster *c = NULL;
	struct err e = { 0 };

	if (!str_to_i64(a[7], 1, COUNT_MAX, &count))
		return 64;
	if (open_cluster(a, &c, &e) < 0)
		return fail(&e);
	for (int64_t i = 0; i < count && !e.kind; i++)
		(void)submit_once(c, a[6], i, &ms[i], &e);
	c->ops->close(c);
	if (e.kind)
		return fail(&e);
	print_ms(ms, count);
	return 0;
}

static int open_ssh(char **a, const char *key, struct ssh **s, struct err *e)
{
	int64_t port;

	if (!str_to_i64(a[1], 1, 65535, &port))
		return err_set(e, ERR_INVALID, "PORT %s", a[1]);
	const struct ssh_options o = {
		.host = a[0], .port = (int)port, .user = a[2], .key_file = key, .known_hosts_file = a[4]
	};
	return ssh_open(&o, s, e);
}

static int run_once(struct ssh *s, const char *command, double *ms, struct err *e)
{
	BUF_CLEANUP struct buf out;
	struct ssh_end end;

	buf_init(&out, 65536);
	const struct ssh_run run = { .command = command, .out = &out };
	double before = now_ms();
	if (ssh_run(s, &run, &end, e) < 0)
		return -1;
	*ms = now_ms() - before;
	return end.code == 0 ? 0 : err_set(e, ERR_UNAVAILABLE, "%s: code %d", command, end.code);
}

static int ssh(char **a)
{
	int64_t count;
	double ms[COUNT_MAX];
	struct ssh *s = NULL;
	struct err e = { 0 };

	if (!str_to_i64(a[6], 1, COUNT_MAX, &count))
		return 64;
	if (open_ssh(a, a[3], &s, &e) < 0)
		return fail(&e);
	for (int64_t i = 0; i < count && !e.kind; i++)
		(void)run_once(s, a[5], &ms[i], &e);
	ssh_close(s);
	if (e.kind)
		return fail(&e);
	print_ms(ms, count);
	return 0;
}

/* Both sessions are warm after a first turn, which is not told. */
static int dispatch(char **a)
{
	int64_t count;
	double ours[COUNT_MAX + 1], theirs[COUNT_MAX + 1];
	struct cluster *c = NULL;
	struct ssh *s = NULL;
	struct err e = { 0 };

	if (!str_to_i64(a[7], 1, COUNT_MAX, &count))
		return 64;
	if (open_cluster(a, &c, &e) == 0 && open_ssh(a, a[8], &s, &e) == 0)
		for (int64_t i = 0; i <= count && !e.kind; i++) {
			if (i % 2 && run_once(s, a[9], &theirs[i], &e) < 0)
				break;
			if (submit_once(c, a[6], i, &ours[i], &e) < 0)
				break;
			if (i % 2 == 0)
				(void)run_once(s, a[9], &theirs[i], &e);
		}
	if (s)
		ssh_close(s);
	if (c)
		c->ops->close(c);
	if (e.kind)
		return fail(&e);
	print_ms(ours + 1, count);
	print_ms(theirs + 1, count);
	return 0;
}

/* As long as OpenPBS makes it for a job of ours. */
static int add_job(struct buf *b, int i, struct err *e)
{
	return buf_addf(b, e,
		"%s\t\t\"%d.pbs\":\t{\n\t\t\t\"Job_Name\":\t\"g-attempt-%d\",\n\t\t\t\"Job_Owner\":\t\"gait@"
		"login\",\n"
		"\t\t\t\"resources_used\":\t{\n\t\t\t\t\"cpupercent\":\t98,\n\t\t\t\t\"cput\":\t\"00:10:04\","
		"\n"
		"\t\t\t\t\"mem\":\t\"4811280kb\",\n\t\t\t\t\"ncpus\":\t4,\n\t\t\t\t\"walltime\":\t\"00:03:"
		"01\"\n\t\t\t},\n"
		"\t\t\t\"job_state\":\t\"%s\",\n\t\t\t\"queue\":\t\"gpu\",\n\t\t\t\"server\":\t\"pbs\",\n"
		"\t\t\t\"Checkpoint\":\t\"u\",\n\t\t\t\"ctime\":\t\"Sat Nov 21 22:55:19 2026\",\n"
		"\t\t\t\"Error_Path\":\t\"login:/home/gait/g.e1\",\n\t\t\t\"exec_host\":\t\"node17/0*4\",\n"
		"\t\t\t\"exec_vnode\":\t\"(node17:ncpus=4:ngpus=1:mem=16384000kb)\",\n\t\t\t\"Hold_Types\":"
		"\t\"n\",\n"
		"\t\t\t\"Join_Path\":\t\"oe\",\n\t\t\t\"Keep_Files\":\t\"n\",\n\t\t\t\"Mail_Points\":\t\"n\","
		"\n"
		"\t\t\t\"mtime\":\t\"Sat Nov 21 22:55:21 "
		"2026\",\n\t\t\t\"Output_Path\":\t\"login:/dev/null\",\n"
		"\t\t\t\"Priority\":\t0,\n\t\t\t\"qtime\":\t\"Sat Nov 21 22:55:19 "
		"2026\",\n\t\t\t\"Rerunable\":\t\"False\",\n"
		"\t\t\t\"Resource_List\":\t{\n\t\t\t\t\"mem\":\t\"16000mb\",\n\t\t\t\t\"ncpus\":\t4,"
		"\n\t\t\t\t\"ngpus\":\t1,\n"
		"\t\t\t\t\"nodect\":\t1,\n\t\t\t\t\"place\":\t\"pack\",\n"
		"\t\t\t\t\"select\":\t\"1:ncpus=4:ngpus=1:mem=16000mb\",\n\t\t\t\t\"walltime\":\t\"01:00:"
		"00\"\n\t\t\t},\n"
		"\t\t\t\"stime\":\t\"Sat Nov 21 22:55:19 "
		"2026\",\n\t\t\t\"jobdir\":\t\"/home/gait\",\n\t\t\t\"substate\":\t%d,\n"
		"\t\t\t\"Variable_List\":\t{\n\t\t\t\t\"PBS_O_HOME\":\t\"/home/"
		"gait\",\n\t\t\t\t\"PBS_O_LOGNAME\":\t\"gait\",\n"
		"\t\t\t\t\"PBS_O_PATH\":\t\"/opt/pbs/bin:/usr/bin:/bin\",\n\t\t\t\t\"PBS_O_SHELL\":\t\"/bin/"
		"bash\",\n"
		"\t\t\t\t\"PBS_O_WORKDIR\":\t\"/home/gait\",\n\t\t\t\t\"PBS_O_SYSTEM\":\t\"Linux\",\n"
		"\t\t\t\t\"PBS_O_QUEUE\":\t\"gpu\",\n\t\t\t\t\"PBS_O_HOST\":\t\"login\"\n\t\t\t},\n"
		"\t\t\t\"comment\":\t\"Job run at Sat Nov 21 at 22:55 on (node17:ncpus=4:ngpus=1)\",\n"
		"\t\t\t\"etime\":\t\"Sat Nov 21 22:55:19 2026\",\n\t\t\t\"run_count\":\t1,\n"
		"\t\t\t\"project\":\t\"_pbs_project_default\"\n\t\t}",
		i ? ",\n" : "", i, i, i % 3 ? "R" : "F", i % 3 ? 42 : 92);
}

static int make_answer(int attempts, const char *file, struct buf *out, struct err *e)
{
	BUF_CLEANUP struct buf jobs;

	buf_init(&jobs, 1u << 30);
	if (buf_adds(&jobs, "{\n\t\"timestamp\":\t1795301915,\n\t\"Jobs\":\t{\n", e) < 0 ||
		buf_adds(out, "gait-cluster 1 openpbs\n", e) < 0)
		return -1;
	for (int i = 0; i < attempts; i++)
		if (add_job(&jobs, i, e) < 0 || buf_addf(out, e, "attempt attempt-%d %d.pbs\n", i, i) < 0 ||
			(i % 3 == 0 &&
				buf_addf(out, e,
					"outcome attempt-%d {\"attempt\":\"attempt-%d\",\"exit_code\":0,"
					"\"result_sha256\":null,\"error\":null}\n",
					i, i) < 0))
			return -1;
	if (buf_adds(&jobs, "\n\t}\n}\n", e) < 0 ||
		buf_addf(out, e, "scheduler openpbs-json 0 %zu\n", jobs.len) < 0 ||
		buf_add(out, jobs.data, jobs.len, e) < 0 || buf_adds(out, "end\n", e) < 0)
		return -1;
	CLEANUP(fclose_p) FILE *f = fopen(file, "we");
	if (!f || fwrite(jobs.data, 1, jobs.len, f) != jobs.len)
		return err_errno(e, ERR_IO, "%s", file);
	return 0;
}

static int parse(char **a)
{
	int64_t attempts, rounds;
	BUF_CLEANUP struct buf answer;
	struct err e = { 0 };

	buf_init(&answer, 1u << 30);
	if (!str_to_i64(a[0], 1, 100000, &attempts) || !str_to_i64(a[1], 1, 1000, &rounds))
		return 64;
	CLEANUP(free_p) struct cluster_status *s = calloc((size_t)attempts, sizeof *s);
	if (!s || make_answer((int)attempts, a[2], &answer, &e) < 0)
		return fail(&e);
	for (int64_t i = 0; i < attempts; i++)
		snprintf(s[i].attempt, sizeof s[i].attempt, "attempt-%" PRId64, i);
	for (int64_t i = 0; i < rounds; i++) {
		double before = read_ms(CLOCK_PROCESS_CPUTIME_ID);
		if (cluster_pbs_status_read(answer.data, answer.len, s, (unsigned)attempts, &e) < 0)
			return fail(&e);
		printf("%s%.3f", i ? " " : "", read_ms(CLOCK_PROCESS_CPUTIME_ID) - before);
	}
	printf("\n");
	for (int64_t i = 0; i < attempts; i++)
		if (s[i].state != (i % 3 ? CLUSTER_RUNNING : CLUSTER_FINISHED))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 10 && strcmp(argv[1], "submit") == 0)
		return submit(argv + 2);
	if (argc == 12 && strcmp(argv[1], "dispatch") == 0)
		return dispatch(argv + 2);
	if (argc == 9 && strcmp(argv[1], "ssh") == 0)
		return ssh(argv + 2);
	if (argc == 5 && strcmp(argv[1], "parse") == 0)
		return parse(argv + 2);
	(void)fprintf(stderr, "usage: see the source's head\n");
	return 64;
}
