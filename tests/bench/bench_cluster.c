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
 *   bench_cluster ssh HOST PORT USER KEY KNOWN_HOSTS COMMAND COUNT
 *     the same of COUNT commands over one session
 *   bench_cluster parse ATTEMPTS ROUNDS FILE
 *     one line: milliseconds of processor time of each reading; the scheduler's part of the answer is left in
 * FILE */

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

static int submit(char **a)
{
	int64_t port, count;
	struct cluster *c = NULL;
	struct err e = { 0 };

	if (!str_to_i64(a[1], 1, 65535, &port) || !str_to_i64(a[7], 1, 1000, &count))
		return 64;
	const struct cluster_pbs_options o = { .host = a[0],
		.port = (int)port,
		.user = a[2],
		.key_file = a[3],
		.known_hosts_file = a[4],
		.site = { .scheduler = PBS_SLURM, .cpus = 1, .queue = a[5] } };
	if (cluster_pbs_open(&o, &c, &e) < 0)
		return fail(&e);
	for (int64_t i = 0; i < count; i++) {
		char attempt[48], id[CLUSTER_ID_BYTES];
		const struct cluster_job job = { .attempt = attempt,
			.token = "ga_bench-0123456789",
			.callback_url = "http://127.0.0.1:9/api/v1",
			.walltime_s = 60 };
		snprintf(attempt, sizeof attempt, "%s-%" PRId64, a[6], i);
		double before = now_ms();
		int r = c->ops->submit(c, &job, id, &e);
		if (r < 0)
			break;
		printf("%s%.3f", i ? " " : "", now_ms() - before);
	}
	printf("\n");
	c->ops->close(c);
	return e.kind ? fail(&e) : 0;
}

static int ssh(char **a)
{
	int64_t port, count;
	struct ssh *s = NULL;
	struct ssh_end end;
	struct err e = { 0 };
	BUF_CLEANUP struct buf out;

	buf_init(&out, 65536);
	if (!str_to_i64(a[1], 1, 65535, &port) || !str_to_i64(a[6], 1, 1000, &count))
		return 64;
	const struct ssh_options o = {
		.host = a[0], .port = (int)port, .user = a[2], .key_file = a[3], .known_hosts_file = a[4]
	};
	if (ssh_open(&o, &s, &e) < 0)
		return fail(&e);
	for (int64_t i = 0; i < count; i++) {
		const struct ssh_run run = { .command = a[5], .out = &out };
		double before = now_ms();
		if (ssh_run(s, &run, &end, &e) < 0)
			break;
		printf("%s%.3f", i ? " " : "", now_ms() - before);
	}
	printf("\n");
	ssh_close(s);
	return e.kind ? fail(&e) : 0;
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
	if (argc == 9 && strcmp(argv[1], "ssh") == 0)
		return ssh(argv + 2);
	if (argc == 5 && strcmp(argv[1], "parse") == 0)
		return parse(argv + 2);
	(void)fprintf(stderr, "usage: see the source's head\n");
	return 64;
}
