#pragma once

#include <libssh2.h>

#include "drivers/ssh.h"

/* Parts of drivers/ssh: a connection, its host key, one command over it. */

struct ssh_conn {
	int fd;
	LIBSSH2_SESSION *session;
};

/* TCP to the first of the host's addresses that answers, each with its share of the time. */
int ssh_tcp(
	const struct ssh_options *o, int64_t deadline_ms, const struct probe *p, int *ret_fd, struct err *e);

/**
 * ssh_conn_open() - TCP, key exchange, host key, login
 * @p      is told the steps; may be NULL
 * @ret    on 0: ends with ssh_conn_close()
 */
int ssh_conn_open(const struct ssh_options *o, const struct probe *p, struct ssh_conn *ret, struct err *e);

enum ssh_goodbye {
	SSH_POLITE,  /* say so to the other side, where that needs no waiting */
	SSH_ABRUPT,  /* what is under way is broken off */
	SSH_FOREIGN, /* a parent process still uses it: only our descriptor goes */
};
void ssh_conn_close(struct ssh_conn *c, enum ssh_goodbye how);

/* Did the other side leave while nothing was going on? */
bool ssh_conn_is_dead(const struct ssh_conn *c);

/* Until the session's socket can go on or @slice_ms are over. 0; -1 with ERR_TIMEOUT past the deadline. */
int ssh_conn_wait(struct ssh_conn *c, int64_t deadline_ms, int64_t slice_ms, struct err *e);

/* Would a few bytes go out now, behind nothing that is half sent? */
bool ssh_conn_has_room(const struct ssh_conn *c);

/* "what: libssh2's words (number)" */
int ssh_conn_error(const struct ssh_conn *c, struct err *e, const char *what);

enum { SSH_NOT_SENT = 1, SSH_NO_CHANNEL = 2, SSH_CALLER = 3 };

/**
 * ssh_exec() - one command over a connection
 * Return 0; SSH_NOT_SENT (and @e) the connection broke before the command was sent; SSH_NO_CHANNEL (and @e)
 *        the server opens no further channel; SSH_CALLER (and @e) the caller's streams or poll() ended it;
 *        -1 and @e. After all but 0 the connection must be dropped
 */
int ssh_exec(struct ssh_conn *c, const struct ssh_run *run, struct ssh_end *ret_end, struct err *e);

struct ssh_hosts;

/* The entries of a known_hosts file; what cannot be read in it is passed over. */
int ssh_hosts_load(LIBSSH2_SESSION *session, const char *path, struct ssh_hosts **ret, struct err *e);
void ssh_hosts_free(struct ssh_hosts *h);

/* The key algorithms that are known of that host, as for libssh2_session_method_pref(); "" where none is. */
enum { SSH_METHODS_BYTES = 160 };
void ssh_hosts_methods(struct ssh_hosts *h, const char *host, int port, char out[SSH_METHODS_BYTES]);

/**
 * ssh_hosts_check() - is the key of the connected server the one that is known?
 * @ret_text  on 0: "ssh-ed25519 SHA256:…"
 * Return     0; -1 with ERR_UNAVAILABLE and the fingerprints
 */
enum { SSH_FINGERPRINT_BYTES = 96 };
int ssh_hosts_check(struct ssh_hosts *h, LIBSSH2_SESSION *session, const char *host, int port,
	char ret_text[SSH_FINGERPRINT_BYTES], struct err *e);
