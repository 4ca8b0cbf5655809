#include "pose/gait_analyze_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/sandbox.h"
#include "base/scorer_frame.h"
#include "pose/gait_analyze_request.h"

/* How a worker tells that there was no request any more. */
enum { EXIT_OVER = 4, CPU_S = 60, WARM_BYTES = 2 << 20, PAGE_BYTES = 4096, HEAP_BYTES = 32 << 20 };
#define MEMORY_MAX (INT64_C(2) << 30)

/* Return 0; 1 where the stream ended before the first byte; -1 */
static int read_full(void *to, size_t len, struct err *e)
{
	size_t have = 0;

	for (ssize_t n; have < len; have += (size_t)n) {
		n = read(STDIN_FILENO, (char *)to + have, len - have);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return err_errno(e, ERR_IO, "stdin");
		else if (n == 0)
			return have == 0 ? 1 : err_set(e, ERR_INVALID, "stdin ended within a frame");
	}
	return 0;
}

static int write_frame(enum scorer_kind kind, uint32_t id, const struct buf *body, struct err *e)
{
	struct scorer_head h = { .kind = kind, .id = id, .len[SCORER_BODY] = body ? (uint32_t)body->len : 0 };
	unsigned char head[SCORER_HEAD_BYTES];

	if (scorer_head_put(&h, head, e) < 0 || fsx_write_all(STDOUT_FILENO, head, sizeof head, e) < 0)
		return -1;
	return body ? fsx_write_all(STDOUT_FILENO, buf_str(body), body->len, e) : 0;
}

/* Return 0, 1 at the end of stdin, -1 */
static int read_request(struct scorer_head *h, struct buf parts[SCORER_PARTS], struct err *e)
{
	unsigned char head[SCORER_HEAD_BYTES];
	int r = read_full(head, sizeof head, e);

	if (r != 0)
		return r;
	if (scorer_head_get(head, h, e) < 0)
		return -1;
	if (h->kind != SCORER_ANALYZE)
		return err_set(e, ERR_INVALID, "no request");
	for (int i = 0; i < SCORER_PARTS; i++) {
		buf_init(&parts[i], h->len[i]);
		if (h->len[i] == 0)
			continue;
		if (buf_reserve(&parts[i], h->len[i], e) < 0 || read_full(parts[i].data, h->len[i], e) != 0)
			return -1;
		parts[i].len = h->len[i];
		parts[i].data[parts[i].len] = '\0';
	}
	return 0;
}

/* What every worker inherits. */
struct server {
	const struct options *opt;
	struct model *model; /* NULL: none */
	struct sandbox_seal seal;
};

static void server_deinit(struct server *s)
{
	model_free(s->model);
	sandbox_seal_deinit(&s->seal);
}

/* The worker's whole life. Nothing is freed: the process is over. Return its exit status */
static int work(const struct server *s, struct err *e)
{
	struct buf parts[SCORER_PARTS], text, words;
	struct scorer_refusal refusal = { .kind = ERR_NONE };
	struct scorer_head h;

	int r = read_request(&h, parts, e);
	if (r != 0)
		return r < 0 ? -1 : EXIT_OVER;
	buf_init(&text, SCORER_RESULT_MAX);
	buf_init(&words, SCORER_REFUSAL_MAX);
	if (analyze_request(parts, s->model, s->opt->allow_demonstration, &text, &refusal))
		return write_frame(SCORER_RESULT, h.id, &text, e);
	return scorer_refusal_put(&refusal, &words, e) < 0 ? -1
							   : write_frame(SCORER_REFUSED, h.id, &words, e);
}

struct worker {
	pid_t pid;
	int go;   /* a byte sent here lets it read its request; -1: sent */
	int done; /* a byte comes from here once its answer is written */
};

static int end_of(struct worker *w, struct err *e)
{
	int status;

	close_p(&w->done);
	while (waitpid(w->pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, ERR_CHILD, "wait for a worker");
	if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == EXIT_OVER))
		return WEXITSTATUS(status);
	if (WIFSIGNALED(status))
		return err_set(e, ERR_CHILD, "a worker ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	return err_set(e, ERR_CHILD, "a worker ended with exit code %d", WEXITSTATUS(status));
}

/* The memory that a request of the usual size touches, touched while there is time. */
static void warm_up(void)
{
	volatile char *block = malloc(WARM_BYTES);

	for (size_t i = 0; block && i < WARM_BYTES; i += PAGE_BYTES)
		block[i] = 1;
	free((void *)(uintptr_t)block);
}

_Noreturn static void worker_main(const struct server *s, pid_t server, int go, int done)
{
	struct err e = { 0 };
	char byte;

	/* A worker without its server would wait for a request that nobody sends. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != server)
		_exit(err_exit_code(ERR_CHILD));
	warm_up();
	int r = sandbox_seal(&s->seal, s->opt->max_cpu_s ? s->opt->max_cpu_s : CPU_S, &e);
	if (read(go, &byte, 1) != 1)
		_exit(0); /* not needed any more */
	if (r == 0)
		r = work(s, &e);
	if (r == 0 && write(done, "", 1) != 1)
		r = err_errno(&e, ERR_CHILD, "tell of the answer");
	if (r < 0)
		fprintf(stderr, "gait-analyze: %s\n", e.msg);
	fflush(stderr);
	_exit(r < 0 ? err_exit_code(e.kind) : r);
}

static int worker_start(const struct server *s, struct worker *ret, struct err *e)
{
	pid_t server = getpid();
	int go[2], done[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		return err_errno(e, ERR_CHILD, "pipe");
	if (pipe2(done, O_CLOEXEC) < 0) {
		close(go[0]);
		close(go[1]);
		return err_errno(e, ERR_CHILD, "pipe");
	}
	pid_t pid = fork();
	if (pid == 0) {
		close(go[1]);
		close(done[0]);
		worker_main(s, server, go[0], done[1]);
	}
	close(go[0]);
	close(done[1]);
	if (pid < 0) {
		close(go[1]);
		close(done[0]);
		return err_errno(e, ERR_CHILD, "fork");
	}
	*ret = (struct worker){ pid, go[1], done[0] };
	return 0;
}

static void worker_go(struct worker *w)
{
	ssize_t n = write(w->go, "", 1); /* one that is gone is noticed by waiting for it */

	(void)n;
	close_p(&w->go);
	w->go = -1;
}

static void worker_dismiss(struct worker *w)
{
	close_p(&w->go);
	close_p(&w->done);
	(void)waitpid(w->pid, NULL, 0);
}

/* Wait for the answer, not for the end: what a process gives back to the system it may give back while the
 * next one works. Return 0 answered; EXIT_OVER, with the worker waited for; -1 likewise */
static int answer_of(struct worker *w, struct err *e)
{
	char byte;
	ssize_t n;

	do
		n = read(w->done, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return 0;
	int r = end_of(w, e);
	return r != 0 ? r : err_set(e, ERR_CHILD, "a worker ended without an answer");
}

/* While one works the next is made ready, and the one before it ends. Return 0 where stdin ended; -1 */
static int serve(const struct server *s, struct err *e)
{
	struct worker last = { .pid = -1 }, now, next;
	int r;

	if (worker_start(s, &now, e) < 0)
		return -1;
	for (;;) {
		worker_go(&now);
		if (worker_start(s, &next, e) < 0) {
			(void)end_of(&now, NULL);
			return -1;
		}
		if (last.pid >= 0 &&
			end_of(&last, e) < 0) { /* it answered, and then broke: not to be trusted */
			worker_dismiss(&now);
			r = -1;
			break;
		}
		r = answer_of(&now, e);
		if (r != 0)
			break;
		last = now;
		now = next;
	}
	worker_dismiss(&next);
	return r < 0 ? -1 : 0;
}

int serve_run(const struct options *o, struct err *e)
{
	/* No limit of CPU time here: this process serves for weeks. No core file or any other may it write.
	 */
	const struct sandbox limits = { .max_memory_bytes =
						o->max_memory_bytes ? o->max_memory_bytes : MEMORY_MAX,
		.max_file_bytes = 1 };
	struct server s __attribute__((cleanup(server_deinit))) = { .opt = o };

	/* What a worker touched beforehand it must not give back and take again. */
	(void)mallopt(M_MMAP_THRESHOLD, HEAP_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_BYTES);
	if (sandbox_seal_make(&s.seal, e) < 0 || sandbox_enter(&limits, e) < 0)
		return -1;
	if (o->model_dir && model_open(o->model_dir, &s.model, e) < 0)
		return err_wrap(e, "model");
	if (write_frame(SCORER_READY, 0, NULL, e) < 0)
		return -1;
	return serve(&s, e);
}
