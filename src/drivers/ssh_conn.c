#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/ssh_key.h"
#include "drivers/ssh_parts.h"

enum { KEEPALIVE_S = 15 };

int ssh_conn_error(const struct ssh_conn *c, struct err *e, const char *what)
{
	char *text = NULL;
	int number = libssh2_session_last_error(c->session, &text, NULL, 0);

	return err_set(
		e, ERR_UNAVAILABLE, "%s: %s (libssh2 %d)", what, text && *text ? text : "failed", number);
}

int ssh_conn_wait(struct ssh_conn *c, int64_t deadline_ms, int64_t slice_ms, struct err *e)
{
	int directions = libssh2_session_block_directions(c->session);
	int64_t left = deadline_ms - clock_mono_ms();
	struct pollfd p = { .fd = c->fd };

	if (left <= 0)
		return err_set(e, ERR_TIMEOUT, "no answer in time");
	if (left > slice_ms)
		left = slice_ms;
	if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
		p.events |= POLLOUT;
	if ((directions & LIBSSH2_SESSION_BLOCK_INBOUND) || !p.events)
		p.events |= POLLIN;
	if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
		return err_errno(e, ERR_IO, "poll");
	return 0;
}

bool ssh_conn_has_room(const struct ssh_conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLOUT };

	return !(libssh2_session_block_directions(c->session) & LIBSSH2_SESSION_BLOCK_OUTBOUND) &&
	       poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

bool ssh_conn_is_dead(const struct ssh_conn *c)
{
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void ssh_conn_close(struct ssh_conn *c, enum ssh_goodbye how)
{
	if (c->session && how == SSH_POLITE)
		(void)libssh2_session_disconnect(c->session, "done");
	/* First: freeing channels must not wait for a peer that may be gone, nor say a word in the middle of
	 * what a parent process says. */
	if (c->fd >= 0 && how != SSH_FOREIGN)
		(void)shutdown(c->fd, SHUT_RDWR);
	else if (c->fd >= 0)
		(void)close(take_fd(&c->fd));
	if (c->session)
		for (int i = 0; i < 100 && libssh2_session_free(c->session) == LIBSSH2_ERROR_EAGAIN; i++)
			;
	if (c->fd >= 0)
		(void)close(c->fd);
	*c = (struct ssh_conn){ .fd = -1 };
}

static void conn_p(struct ssh_conn *c)
{
	ssh_conn_close(c, SSH_ABRUPT);
}

static void hosts_p(struct ssh_hosts **h)
{
	ssh_hosts_free(*h);
}

static int handshake(
	const struct ssh_options *o, struct ssh_conn *c, int64_t deadline, int *ret_rc, struct err *e)
{
	int r;

	while ((r = libssh2_session_handshake(c->session, c->fd)) == LIBSSH2_ERROR_EAGAIN)
		if (ssh_conn_wait(c, deadline, INT32_MAX, e) < 0)
			return err_wrap(e, "%s port %d: key exchange", o->host, o->port);
	*ret_rc = r;
	if (r == 0)
		return 0;
	char what[300];
	snprintf(what, sizeof what, "%s port %d is no SSH server that can be spoken to", o->host, o->port);
	return ssh_conn_error(c, e, what);
}

static int login(const struct ssh_options *o, struct ssh_conn *c, int64_t deadline, struct err *e)
{
	struct err cause = { 0 };
	int r;

	if (ssh_key_check(o->key_file, &cause) < 0)
		return err_set(e, ERR_UNAVAILABLE, "%s", cause.msg);
	while ((r = libssh2_userauth_publickey_fromfile_ex(c->session, o->user, (unsigned)strlen(o->user),
			NULL, o->key_file, NULL)) == LIBSSH2_ERROR_EAGAIN)
		if (ssh_conn_wait(c, deadline, INT32_MAX, e) < 0)
			return err_wrap(e, "log in as %s", o->user);
	if (r == 0)
		return 0;
	if (r == LIBSSH2_ERROR_AUTHENTICATION_FAILED || r == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED)
		return err_set(e, ERR_UNAVAILABLE,
			"%s refuses to log %s in with the key %s: is its public half in the account's "
			"authorized_keys, and is the account locked (passwd -S; usermod -p '*' unlocks it "
			"for keys)?",
			o->host, o->user, o->key_file);
	return ssh_conn_error(c, e, "log in");
}

/* Without @methods whatever the server prefers is taken: that only serves to see its key. */
static int start(const struct ssh_options *o, int64_t deadline, const struct probe *p, bool any_key,
	struct ssh_conn *c, struct ssh_hosts **ret_hosts, struct err *e)
{
	char methods[SSH_METHODS_BYTES];
	int rc = 0;

	if (ssh_tcp(o, deadline, p, &c->fd, e) < 0)
		return -1;
	c->session = libssh2_session_init();
	if (!c->session)
		return err_set(e, ERR_NOMEM, "SSH session");
	libssh2_session_set_blocking(c->session, 0);
	libssh2_keepalive_config(c->session, 1, KEEPALIVE_S);
	if (ssh_hosts_load(c->session, o->known_hosts_file, ret_hosts, e) < 0)
		return probe_step(p, "host key", -1, NULL, e);
	ssh_hosts_methods(*ret_hosts, o->host, o->port, methods);
	if (!any_key && methods[0] &&
		libssh2_session_method_pref(c->session, LIBSSH2_METHOD_HOSTKEY, methods) != 0)
		return ssh_conn_error(c, e, "host key algorithms");
	if (handshake(o, c, deadline, &rc, e) == 0)
		return 0;
	if (rc == LIBSSH2_ERROR_KEX_FAILURE && !any_key && methods[0])
		return 1;
	return probe_step(p, "host key", -1, NULL, e);
}

int ssh_conn_open(const struct ssh_options *o, const struct probe *p, struct ssh_conn *ret, struct err *e)
{
	CLEANUP(conn_p) struct ssh_conn c = { .fd = -1 };
	CLEANUP(hosts_p) struct ssh_hosts *hosts = NULL;
	int64_t deadline = clock_mono_ms() + o->connect_timeout_ms;
	char text[SSH_FINGERPRINT_BYTES];

	int r = start(o, deadline, p, false, &c, &hosts, e);
	if (r == 1) {
		/* The server has none of the algorithms that are known of it: look which key it has, for the
		 * message. It cannot be the known one. */
		ssh_hosts_free(TAKE(hosts));
		ssh_conn_close(&c, SSH_ABRUPT);
		r = start(o, deadline, NULL, true, &c, &hosts, e);
	}
	if (r < 0)
		return -1;
	if (probe_step(p, "host key", ssh_hosts_check(hosts, c.session, o->host, o->port, text, e), text, e) <
		0)
		return -1;
	if (probe_step(p, "login", login(o, &c, deadline, e), o->user, e) < 0)
		return -1;
	/* The list was made with this session and must not outlive it. */
	ssh_hosts_free(TAKE(hosts));
	*ret = c;
	c = (struct ssh_conn){ .fd = -1 };
	return 0;
}
