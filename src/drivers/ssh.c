#include "drivers/ssh.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "core/retry.h"
#include "drivers/ssh_parts.h"

enum {
	DEFAULT_PORT = 22,
	DEFAULT_CONNECT_MS = 15000,
	BREAK_AFTER = 3, /* failures in a row */
	BACKOFF_FIRST_MS = 5000,
	BACKOFF_MOST_MS = 300000,
	WAIT_SLICE_NS = 250000000,
	NS_PER_S = 1000000000,
};

struct ssh {
	/* Whose turn it is; the lock is held for moments only, so that who waits can be asked meanwhile. */
	pthread_mutex_t lock;
	pthread_cond_t turn_ended;
	bool is_taken;
	/* Of whoever has the turn: */
	struct ssh_options o; /* text is ours */
	struct ssh_conn conn;
	pid_t owner; /* a forked child must leave its parent's connection alone */
	int failures;
	int64_t closed_until_ms;
	char last[256];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int init_failed;

static void init(void)
{
	init_failed = libssh2_init(0);
}

static void drop(struct ssh *s, enum ssh_goodbye how)
{
	ssh_conn_close(&s->conn, s->owner == getpid() ? how : SSH_FOREIGN);
}

static void end_turn_p(struct ssh **slot)
{
	struct ssh *s = *slot;

	if (!s)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->is_taken = false;
	(void)pthread_cond_signal(&s->turn_ended);
	(void)pthread_mutex_unlock(&s->lock);
}

/* Whoever is before us may send a gigabyte: @poll (may be NULL) is asked meanwhile. 0; -1 with ERR_CONFLICT
 */
static int take_turn(struct ssh *s, int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	struct timespec until;
	bool is_ours = false;

	while (!is_ours) {
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += WAIT_SLICE_NS;
		until.tv_sec += until.tv_nsec / NS_PER_S;
		until.tv_nsec %= NS_PER_S;
		(void)pthread_mutex_lock(&s->lock);
		while (s->is_taken && pthread_cond_timedwait(&s->turn_ended, &s->lock, &until) == 0)
			;
		is_ours = !s->is_taken;
		s->is_taken = true;
		(void)pthread_mutex_unlock(&s->lock);
		if (!is_ours && poll && poll(poll_arg) < 0)
			return err_set(e, ERR_CONFLICT, "aborted");
	}
	return 0;
}

static uint32_t dice(void)
{
	uint32_t n;

	random_bytes(&n, sizeof n);
	return n;
}

static void note_failure(struct ssh *s, const struct err *e)
{
	s->failures++;
	snprintf(s->last, sizeof s->last, "%s", e->msg);
	if (s->failures >= BREAK_AFTER)
		s->closed_until_ms = clock_mono_ms() + retry_delay_ms(s->failures - BREAK_AFTER + 1,
							       s->o.backoff_ms, BACKOFF_MOST_MS, dice());
}

static void note_success(struct ssh *s)
{
	s->failures = 0;
	s->closed_until_ms = 0;
}

static int ask_breaker(const struct ssh *s, struct err *e)
{
	int64_t left = s->closed_until_ms - clock_mono_ms();

	if (s->failures < BREAK_AFTER || left <= 0)
		return 0;
	return err_set(e, ERR_UNAVAILABLE,
		"not tried: %d failures in a row, next try in %" PRId64 " s; the last: %s", s->failures,
		(left + 999) / 1000, s->last);
}

static int connect_now(struct ssh *s, const struct probe *p, struct err *e)
{
	s->owner = getpid();
	if (ssh_conn_open(&s->o, p, &s->conn, e) < 0) {
		note_failure(s, e);
		return -1;
	}
	return 0;
}

/* A connection that looks alive. */
static int ensure(struct ssh *s, struct err *e)
{
	if (s->conn.fd >= 0 && (s->owner != getpid() || ssh_conn_is_dead(&s->conn)))
		drop(s, SSH_ABRUPT);
	return s->conn.fd >= 0 ? 0 : connect_now(s, NULL, e);
}

/* 0, SSH_CALLER, -1 */
static int run_locked(struct ssh *s, const struct ssh_run *run, struct ssh_end *ret_end, struct err *e)
{
	for (int tries = 0;; tries++) {
		if (ensure(s, e) < 0)
			return -1;
		int r = ssh_exec(&s->conn, run, ret_end, e);
		if (r == 0) {
			note_success(s);
			return 0;
		}
		/* Whatever it was, what is still open in this session is not worth looking at. A second try
		 * is harmless only while nothing was sent. */
		drop(s, SSH_ABRUPT);
		if (r == SSH_CALLER)
			return r;
		if (r < 0 || tries > 0)
			break;
	}
	note_failure(s, e);
	return -1;
}

int ssh_run(struct ssh *s, const struct ssh_run *run, struct ssh_end *ret_end, struct err *e)
{
	struct err own = { 0 };

	if (take_turn(s, run->poll, run->poll_arg, e) < 0)
		return -1;
	CLEANUP(end_turn_p) struct ssh *ours = s;
	if (ask_breaker(s, e) < 0)
		return -1;
	int r = run_locked(s, run, ret_end, &own);
	if (r == 0)
		return 0;
	if (r == SSH_CALLER || strstr(own.msg, s->o.host))
		return err_set(e, own.kind, "%s", own.msg);
	return err_set(e, own.kind, "%s@%s: %s", s->o.user, s->o.host, own.msg);
}

int ssh_probe(struct ssh *s, const struct probe *p, struct err *e)
{
	(void)take_turn(s, NULL, NULL, e);
	CLEANUP(end_turn_p) struct ssh *ours = s;

	drop(s, SSH_POLITE);
	if (connect_now(s, p, e) < 0)
		return -1;
	note_success(s);
	return 0;
}

void ssh_close(struct ssh *s)
{
	if (!s)
		return;
	drop(s, SSH_POLITE);
	(void)pthread_cond_destroy(&s->turn_ended);
	(void)pthread_mutex_destroy(&s->lock);
	free((char *)s->o.host);
	free((char *)s->o.user);
	free((char *)s->o.key_file);
	free((char *)s->o.known_hosts_file);
	free(s);
}

static int init_turns(struct ssh *s)
{
	pthread_condattr_t monotonic;

	int r = pthread_condattr_init(&monotonic);
	if (r == 0)
		r = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	if (r == 0)
		r = pthread_cond_init(&s->turn_ended, &monotonic);
	if (r == 0)
		r = pthread_mutex_init(&s->lock, NULL);
	return r;
}

int ssh_open(const struct ssh_options *o, struct ssh **ret, struct err *e)
{
	const struct {
		const char *value, *what;
	} needed[] = { { o->host, "host" }, { o->user, "user" }, { o->key_file, "key_file" },
		{ o->known_hosts_file, "known_hosts_file" } };

	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (!needed[i].value || !needed[i].value[0])
			return err_set(e, ERR_CONFIG, "SSH needs a %s", needed[i].what);
	(void)pthread_once(&once, init);
	struct ssh *s = init_failed ? NULL : calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "SSH");
	s->conn.fd = -1;
	s->o = (struct ssh_options){ .host = strdup(o->host),
		.port = o->port ? o->port : DEFAULT_PORT,
		.user = strdup(o->user),
		.key_file = strdup(o->key_file),
		.known_hosts_file = strdup(o->known_hosts_file),
		.connect_timeout_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : DEFAULT_CONNECT_MS,
		.backoff_ms = o->backoff_ms > 0 ? o->backoff_ms : BACKOFF_FIRST_MS };
	if (!s->o.host || !s->o.user || !s->o.key_file || !s->o.known_hosts_file || init_turns(s) != 0) {
		ssh_close(s);
		return err_set(e, ERR_NOMEM, "SSH");
	}
	*ret = s;
	return 0;
}
