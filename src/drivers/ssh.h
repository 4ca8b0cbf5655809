#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "ports/probe.h"

/* A warm SSH session to one account, over libssh2. Connected when it is first needed and again after it
 * broke; one command at a time, further callers wait. Errors are of kinds that may be retried: whatever is
 * wrong with the way to a machine says nothing about what runs there.
 *
 * Circuit breaker: after three failures in a row to reach the other side, calls fail at once until a back-off
 * (5 s doubling to 5 minutes, with jitter) has passed; then one of them tries again. */

struct ssh_options {
	const char *host; /* a name or an address */
	int port;         /* 0: 22 */
	const char *user;
	const char *key_file;         /* private key, OpenSSH's format, no passphrase, mode 0600 */
	const char *known_hosts_file; /* the host's key must be in it: nothing is learned or accepted */
	int64_t connect_timeout_ms;   /* TCP (all addresses), key exchange and login together; 0: 15 s */
	int64_t backoff_ms;           /* the first one; 0: 5 s */
};

struct ssh;

enum { SSH_IN_LATER = -2 };

/* One command and its three streams. */
struct ssh_run {
	const char *command; /* a line for the account's shell: pbs_quote() */
	int64_t timeout_ms;  /* for all of it; 0: 60 s */
	/* Standard input: @in, or what @read gives (bytes, 0 at the end, SSH_IN_LATER, -1 and @e). */
	const void *in;
	size_t in_len;
	ssize_t (*read)(void *arg, void *out, size_t size, struct err *e);
	/* Standard output: into @out (its cap bounds it), or to @write (0, -1 and @e). */
	struct buf *out;
	int (*write)(void *arg, const void *data, size_t len, struct err *e);
	/* Standard error: the last bytes that fit; may be NULL. Always drained. */
	struct buf *err_text;
	int (*poll)(void *arg); /* now and then, with @poll_arg: a negative answer aborts with ERR_CONFLICT */
	void *poll_arg;
	void *arg; /* of read and write */
};

struct ssh_end {
	int code;        /* -1 where a signal ended it, or the server did not say */
	char signal[16]; /* "KILL", or "" */
};

/**
 * ssh_open() - a link to that account; connects nothing yet
 * @o        borrowed for the call only
 * Return    0; -1 with ERR_CONFIG (something is missing), ERR_NOMEM
 */
int ssh_open(const struct ssh_options *o, struct ssh **ret, struct err *e);
void ssh_close(struct ssh *s);

/**
 * ssh_run() - run one command to its end
 * A session that broke meanwhile is replaced once, as long as the command was not sent. After that a failure
 * leaves open whether the command ran.
 * Return   0 and *@ret_end however it ended; -1 with ERR_UNAVAILABLE (not reached, host key, login, broken
 * off), ERR_TIMEOUT, ERR_BUSY (MaxSessions), ERR_TOO_LARGE (more output than @run->out takes), ERR_CONFLICT
 *          (aborted), what read or write said. All but ERR_BUSY drop the session.
 * Threads  any; one at a time is served
 * Source   RFC 4254 (2006), section 6.10; libssh2 1.10
 */
int ssh_run(struct ssh *s, const struct ssh_run *run, struct ssh_end *ret_end, struct err *e);

/* Connect anew, reporting "DNS", "TCP", "host key" and "login" to @p. The breaker is not asked, but told. */
int ssh_probe(struct ssh *s, const struct probe *p, struct err *e);
