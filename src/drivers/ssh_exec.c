#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "drivers/ssh_parts.h"

enum { CHUNK = 32 * 1024, DEFAULT_TIMEOUT_MS = 60000, POLL_SLICE_MS = 250, SLICE_MS = 5000 };

/* One command under way. */
struct exec {
	struct ssh_conn *c;
	const struct ssh_run *run;
	LIBSSH2_CHANNEL *channel;
	int64_t deadline_ms;
	char in[CHUNK], out[CHUNK];
	size_t in_at, in_len, in_taken; /* @in_taken of run->in */
	bool in_done, eof_sent;
	bool by_caller; /* what failed was a stream or poll() of @run */
};

static bool is_broken(int rc)
{
	return rc == LIBSSH2_ERROR_SOCKET_SEND || rc == LIBSSH2_ERROR_SOCKET_RECV ||
	       rc == LIBSSH2_ERROR_SOCKET_DISCONNECT || rc == LIBSSH2_ERROR_BAD_SOCKET;
}

static int ask_caller(struct exec *x, struct err *e)
{
	if (!x->run->poll || x->run->poll(x->run->poll_arg) >= 0)
		return 0;
	x->by_caller = true;
	return err_set(e, ERR_CONFLICT, "aborted");
}

static int wait_more(struct exec *x, struct err *e)
{
	int unused;

	if (ask_caller(x, e) < 0)
		return -1;
	/* A peer that is gone answers no keepalive; then the kernel ends the connection. One that does not
	 * go out whole would stand in the way of what is sent next (libssh2 1.10 forgets it). */
	if (ssh_conn_has_room(x->c) &&
		libssh2_keepalive_send(x->c->session, &unused) == LIBSSH2_ERROR_SOCKET_SEND)
		return ssh_conn_error(x->c, e, "connection lost");
	if (ssh_conn_wait(x->c, x->deadline_ms, x->run->poll ? POLL_SLICE_MS : SLICE_MS, e) < 0)
		return e->kind == ERR_TIMEOUT ? err_set(e, ERR_TIMEOUT, "the command did not end in time")
					      : -1;
	return 0;
}

static int open_channel(struct exec *x, struct err *e)
{
	for (;;) {
		x->channel = libssh2_channel_open_session(x->c->session);
		if (x->channel)
			return 0;
		int rc = libssh2_session_last_errno(x->c->session);
		if (rc == LIBSSH2_ERROR_EAGAIN) {
			if (wait_more(x, e) < 0)
				return -1;
			continue;
		}
		if (rc == LIBSSH2_ERROR_CHANNEL_FAILURE) {
			(void)err_set(e, ERR_BUSY, "the server opens no further session (MaxSessions)");
			return SSH_NO_CHANNEL;
		}
		(void)ssh_conn_error(x->c, e, "connection lost");
		return is_broken(rc) ? SSH_NOT_SENT : -1;
	}
}

static int send_command(struct exec *x, struct err *e)
{
	int rc;

	while ((rc = libssh2_channel_exec(x->channel, x->run->command)) == LIBSSH2_ERROR_EAGAIN)
		if (wait_more(x, e) < 0)
			return -1;
	return rc == 0 ? 0 : ssh_conn_error(x->c, e, "the server did not start the command");
}

/* More for standard input into x->in. */
static int refill(struct exec *x, struct err *e)
{
	const struct ssh_run *run = x->run;

	x->in_at = x->in_len = 0;
	if (run->read) {
		ssize_t n = run->read(run->arg, x->in, sizeof x->in, e);
		if (n == SSH_IN_LATER)
			return 0;
		if (n < 0) {
			x->by_caller = true;
			return -1;
		}
		x->in_len = (size_t)n;
		x->in_done = n == 0;
		return 0;
	}
	size_t left = run->in_len - x->in_taken, n = left < sizeof x->in ? left : sizeof x->in;
	if (n > 0)
		memcpy(x->in, (const char *)run->in + x->in_taken, n);
	x->in_taken += n;
	x->in_len = n;
	x->in_done = n == 0;
	return 0;
}

/* 1 something went out, 0 not now, -1 and @e */
static int feed(struct exec *x, struct err *e)
{
	if (x->eof_sent)
		return 0;
	if (!x->in_done && x->in_at == x->in_len && refill(x, e) < 0)
		return -1;
	if (x->in_at < x->in_len) {
		ssize_t n = libssh2_channel_write(x->channel, x->in + x->in_at, x->in_len - x->in_at);
		if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
			return 0;
		if (n < 0 && is_broken((int)n))
			return ssh_conn_error(x->c, e, "connection lost while the command ran");
		if (n < 0) { /* nobody reads it any more: what the command says tells why */
			x->in_done = x->eof_sent = true;
			return 1;
		}
		x->in_at += (size_t)n;
		return 1;
	}
	if (!x->in_done)
		return 0;
	int rc = libssh2_channel_send_eof(x->channel);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return 0;
	x->eof_sent = true;
	return 1;
}

static void keep_last(struct buf *b, const char *data, size_t len)
{
	if (!b)
		return;
	if (len > b->max) {
		data += len - b->max;
		len = b->max;
	}
	if (b->len + len > b->max) {
		size_t drop = b->len + len - b->max;
		memmove(b->data, b->data + drop, b->len - drop);
		b->len -= drop;
	}
	(void)buf_add(b, data, len, NULL);
}

/* 1 something came, 0 nothing now, -1 and @e */
static int drain(struct exec *x, int stream, struct err *e)
{
	const struct ssh_run *run = x->run;
	ssize_t n = libssh2_channel_read_ex(x->channel, stream, x->out, sizeof x->out);

	if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
		return 0;
	if (n < 0)
		return ssh_conn_error(x->c, e, "connection lost while the command ran");
	if (stream == SSH_EXTENDED_DATA_STDERR) {
		keep_last(run->err_text, x->out, (size_t)n);
	} else if (run->write ? run->write(run->arg, x->out, (size_t)n, e) < 0
			      : run->out && buf_add(run->out, x->out, (size_t)n, e) < 0) {
		x->by_caller = true;
		return run->write ? -1 : err_wrap(e, "the command's output");
	}
	return 1;
}

static int pump(struct exec *x, struct err *e)
{
	for (;;) {
		/* Both, always: a server stops where one of them is full. */
		int out = drain(x, 0, e), err_out = out < 0 ? -1 : drain(x, SSH_EXTENDED_DATA_STDERR, e),
		    in = err_out < 0 ? -1 : feed(x, e);
		if (in < 0)
			return -1;
		if (out > 0 || err_out > 0 || in > 0) {
			if (clock_mono_ms() > x->deadline_ms)
				return err_set(e, ERR_TIMEOUT, "the command did not end in time");
			if (ask_caller(x, e) < 0)
				return -1;
			continue;
		}
		if (libssh2_channel_eof(x->channel))
			return 0;
		if (wait_more(x, e) < 0)
			return -1;
	}
}

/* A signal is looked at first: libssh2 says status 0 of a command that one ended. */
static int read_end(struct exec *x, struct ssh_end *ret, struct err *e)
{
	char *name = NULL;
	size_t len = 0;
	int rc;

	/* The status comes behind the end of the streams, and before the server closes. */
	while ((rc = libssh2_channel_wait_closed(x->channel)) == LIBSSH2_ERROR_EAGAIN)
		if (wait_more(x, e) < 0)
			return -1;
	if (rc != 0)
		return ssh_conn_error(x->c, e, "connection lost while the command ran");
	*ret = (struct ssh_end){ .code = libssh2_channel_get_exit_status(x->channel) };
	if (libssh2_channel_get_exit_signal(x->channel, &name, &len, NULL, NULL, NULL, NULL) == 0 && name) {
		ret->code = -1;
		snprintf(ret->signal, sizeof ret->signal, "%s", name);
		libssh2_free(x->c->session, name);
	}
	return 0;
}

static int run_it(struct exec *x, struct ssh_end *ret_end, struct err *e)
{
	int r = open_channel(x, e);

	if (r != 0)
		return r;
	if (send_command(x, e) < 0 || pump(x, e) < 0 || read_end(x, ret_end, e) < 0)
		return -1;
	while (libssh2_channel_free(x->channel) == LIBSSH2_ERROR_EAGAIN)
		if (wait_more(x, e) < 0)
			return -1;
	return 0;
}

int ssh_exec(struct ssh_conn *c, const struct ssh_run *run, struct ssh_end *ret_end, struct err *e)
{
	CLEANUP(free_p) struct exec *x = calloc(1, sizeof *x);

	if (!x)
		return err_set(e, ERR_NOMEM, "SSH command");
	x->c = c;
	x->run = run;
	x->deadline_ms = clock_mono_ms() + (run->timeout_ms > 0 ? run->timeout_ms : DEFAULT_TIMEOUT_MS);
	int r = run_it(x, ret_end, e);
	return r < 0 && x->by_caller ? SSH_CALLER : r;
}
