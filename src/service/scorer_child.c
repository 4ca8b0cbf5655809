#include "service/scorer_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* PIPE_BYTES: fewer changes between the two processes than with the usual 64 KiB. */
enum { PIPE_BYTES = 1 << 20, LOOK_MS = 10, WORDS_BYTES = 4096 };

void scorer_child_init(struct scorer_child *c)
{
	*c = (struct scorer_child){ -1, -1, -1, -1 };
}

static void close_fd(int *fd)
{
	close_p(fd);
	*fd = -1;
}

/* @ours is made non-blocking, @theirs is not. */
static int make_pipe(int *ours, int *theirs, bool we_write, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(e, ERR_CHILD, "pipe");
	*ours = fds[we_write ? 1 : 0];
	*theirs = fds[we_write ? 0 : 1];
	(void)fcntl(*ours, F_SETPIPE_SZ, PIPE_BYTES); /* where the system allows so much */
	if (fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
		return err_errno(e, ERR_CHILD, "pipe");
	return 0;
}

static int spawn(struct scorer_child *c, const struct scorer_child_spec *spec, struct err *e)
{
	CLEANUP(close_p) int in = -1;
	CLEANUP(close_p) int out = -1;
	CLEANUP(close_p) int err = -1;
	char memory[32], cpu[32];
	const char *argv[12];
	size_t n = 0;

	snprintf(memory, sizeof memory, "%lld", (long long)spec->memory_bytes);
	/* One who computes all the time until the deadline has used no more than this. */
	snprintf(cpu, sizeof cpu, "%lld", (long long)(spec->deadline_ms / 1000 + 2));
	argv[n++] = spec->program;
	argv[n++] = "--serve";
	argv[n++] = "--max-memory";
	argv[n++] = memory;
	argv[n++] = "--max-cpu";
	argv[n++] = cpu;
	if (*spec->model_dir) {
		argv[n++] = "--model";
		argv[n++] = spec->model_dir;
	}
	if (spec->allow_demonstration)
		argv[n++] = "--allow-demonstration";
	argv[n] = NULL;
	if (make_pipe(&c->in, &in, true, e) < 0 || make_pipe(&c->out, &out, false, e) < 0 ||
		make_pipe(&c->err, &err, false, e) < 0)
		return -1;
	/* Not die_with_parent: that is the thread, and this one serves a single request. It ends with its
	 * stdin. */
	const struct child_spec child = {
		.argv = argv, .in_fd = in, .out_fd = out, .err_fd = err, .no_new_privs = true
	};
	return child_start(&child, &c->pid, e);
}

/* An exchange: what is still to be sent, and what has come. */
struct exchange {
	struct scorer_child *c;
	struct iovec out[1 + SCORER_PARTS];
	int first, count;
	unsigned char head_bytes[SCORER_HEAD_BYTES];
	size_t head_len;
	struct scorer_head head;
	struct buf *body;
	int64_t until_ms;
};

/* Return 0; SCORER_CHILD_DIED */
static int send_some(struct exchange *x)
{
	ssize_t n = writev(x->c->in, x->out + x->first, x->count - x->first);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : SCORER_CHILD_DIED;
	for (size_t left = (size_t)n; x->first < x->count; x->first++) {
		struct iovec *v = &x->out[x->first];
		if (left < v->iov_len) {
			v->iov_base = (char *)v->iov_base + left;
			v->iov_len -= left;
			break;
		}
		left -= v->iov_len;
	}
	return 0;
}

static bool answered(const struct exchange *x)
{
	return x->head_len == SCORER_HEAD_BYTES && x->body->len == x->head.len[SCORER_BODY];
}

/* Return 0; SCORER_CHILD_DIED; -1 */
static int receive_some(struct exchange *x, struct err *e)
{
	bool head = x->head_len < SCORER_HEAD_BYTES;
	void *to = head ? (char *)x->head_bytes + x->head_len : x->body->data + x->body->len;
	size_t want = head ? SCORER_HEAD_BYTES - x->head_len : x->head.len[SCORER_BODY] - x->body->len;
	ssize_t n = read(x->c->out, to, want);

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : SCORER_CHILD_DIED;
	if (!head) {
		x->body->len += (size_t)n;
		x->body->data[x->body->len] = '\0';
		return 0;
	}
	x->head_len += (size_t)n;
	if (x->head_len < SCORER_HEAD_BYTES)
		return 0;
	if (scorer_head_get(x->head_bytes, &x->head, NULL) < 0)
		return SCORER_CHILD_DIED;
	buf_reset(x->body);
	return buf_reserve(x->body, x->head.len[SCORER_BODY], e);
}

/* Both directions until the answer is whole. Return 0; SCORER_CHILD_DIED; -1 */
static int pump(struct exchange *x, struct err *e)
{
	while (!answered(x)) {
		int64_t left = x->until_ms - clock_mono_ms();
		struct pollfd p[2] = { { .fd = x->c->out, .events = POLLIN },
			{ .fd = x->first < x->count ? x->c->in : -1, .events = POLLOUT } };
		if (left <= 0)
			return err_set(e, ERR_TIMEOUT, "the analysis took longer than it may");
		if (poll(p, 2, left < INT32_MAX ? (int)left : INT32_MAX) < 0 && errno != EINTR)
			return err_errno(e, ERR_CHILD, "poll");
		int r = p[1].revents ? send_some(x) : 0;
		if (r == 0 && p[0].revents)
			r = receive_some(x, e);
		if (r != 0)
			return r;
	}
	return x->first < x->count ? SCORER_CHILD_DIED : 0; /* an answer to what it has not read */
}

int scorer_child_start(
	struct scorer_child *c, const struct scorer_child_spec *spec, int64_t until_ms, struct err *e)
{
	struct buf body BUF_CLEANUP;
	char words[400];

	buf_init(&body, 0);
	if (!*spec->program)
		return err_set(e, ERR_CONFIG, "analysis.path is empty: nothing measures key points here");
	struct exchange x = { .c = c, .body = &body, .until_ms = until_ms };
	int r = spawn(c, spec, e);
	if (r == 0) {
		r = pump(&x, e);
		if (r == 0 && x.head.kind != SCORER_READY)
			r = SCORER_CHILD_DIED;
	}
	if (r == 0)
		return 0;
	scorer_child_end(c, words, sizeof words);
	return r < 0 ? -1 : err_set(e, ERR_CHILD, "%s: %s", spec->program, words);
}

int scorer_child_ask(struct scorer_child *c, const struct scorer_head *request,
	const struct strv parts[SCORER_PARTS], int64_t until_ms, enum scorer_kind *ret_kind, struct buf *body,
	struct err *e)
{
	struct exchange x = { .c = c, .body = body, .until_ms = until_ms };
	unsigned char head[SCORER_HEAD_BYTES];

	if (scorer_head_put(request, head, e) < 0)
		return -1;
	x.out[x.count++] = (struct iovec){ head, sizeof head };
	for (int i = 0; i < SCORER_PARTS; i++)
		if (request->len[i])
			x.out[x.count++] = (struct iovec){ (void *)(uintptr_t)parts[i].p, request->len[i] };
	int r = pump(&x, e);
	if (r == 0 &&
		(x.head.id != request->id || (x.head.kind != SCORER_RESULT && x.head.kind != SCORER_REFUSED)))
		r = SCORER_CHILD_DIED;
	if (r == 0)
		*ret_kind = x.head.kind;
	return r;
}

/* Its last words, on one line. */
static void read_words(int fd, char *out, size_t size)
{
	char text[WORDS_BYTES];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	text[n > 0 ? n : 0] = '\0';
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	for (char *p = text; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
	str_cut(out, size, text);
}

static void reap(struct scorer_child *c, struct child_end *end)
{
	int status = 0;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	*end = (struct child_end){ .exited = WIFEXITED(status),
		.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0 };
	c->pid = -1;
}

/* How it ended by itself, if it did within a moment: afterwards it would only be "killed". */
static void wait_a_moment(struct scorer_child *c, int64_t ms)
{
	siginfo_t info = { 0 };

	for (int64_t end = clock_mono_ms() + ms;;) {
		if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
			info.si_pid == c->pid || clock_mono_ms() >= end)
			return;
		(void)poll(NULL, 0, LOOK_MS);
	}
}

static void end_after(struct scorer_child *c, int64_t grace_ms, char *words, size_t size)
{
	struct child_end end = { 0 };
	char how[80] = "it could not be started", said[320] = "";

	close_fd(&c->in);
	close_fd(&c->out);
	if (c->pid >= 0) {
		wait_a_moment(c, grace_ms);
		kill(-c->pid, SIGKILL);
		reap(c, &end);
		child_end_text(&end, how, sizeof how);
		read_words(c->err, said, sizeof said);
	}
	close_fd(&c->err);
	if (words)
		snprintf(words, size, "%s%s%s", how, *said ? ": " : "", said);
}

void scorer_child_end(struct scorer_child *c, char *words, size_t size)
{
	enum { A_MOMENT_MS = 200 };

	end_after(c, A_MOMENT_MS, words, size);
}

void scorer_child_close(struct scorer_child *c, int64_t grace_ms)
{
	end_after(c, grace_ms, NULL, 0);
}
