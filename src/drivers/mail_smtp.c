#include "drivers/mail_smtp.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/strv.h"
#include "core/mail_address.h"
#include "drivers/mail_net.h"
#include "drivers/mail_smtp_talk.h"

struct smtp {
	struct mailer base;
	struct mail_net net;
	enum mail_smtp_security security;
	char host[256], url[600];
	char *user, *password, *ca_file;
	pthread_mutex_t lock; /* over what follows: the warm connection */
	CURL *curl;
	char problem[CURL_ERROR_SIZE];
	struct mail_net_news news;
};

/* A transfer's own things. */
struct transfer {
	struct smtp_talk talk;
	const char *text;
	size_t left;
};

static const struct {
	const char *name, *scheme;
	int port;
} securities[] = {
	[MAIL_SMTP_STARTTLS] = { "starttls", "smtp", 587 },
	[MAIL_SMTP_TLS] = { "tls", "smtps", 465 },
	[MAIL_SMTP_NONE] = { "none", "smtp", 25 },
};

bool mail_smtp_security_parse(const char *text, enum mail_smtp_security *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(securities); i++)
		if (strcmp(text, securities[i].name) == 0) {
			*ret = (enum mail_smtp_security)i;
			return true;
		}
	return false;
}

static size_t read_text(char *out, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t n = size * count < t->left ? size * count : t->left;

	memcpy(out, t->text, n);
	t->text += n;
	t->left -= n;
	return n;
}

/* What every conversation needs, on a handle of its own. */
static int new_handle(struct smtp *m, char *ret_problem, CURL **ret, struct err *e)
{
	CURL *curl = NULL;
	CURLcode c;

	if (mail_net_handle(&m->net, "smtp,smtps", ret_problem, &curl, e) < 0)
		return -1;
	c = curl_easy_setopt(curl, CURLOPT_URL, m->url);
	if (c == CURLE_OK && m->security != MAIL_SMTP_NONE)
		c = curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (c == CURLE_OK && m->user)
		c = curl_easy_setopt(curl, CURLOPT_USERNAME, m->user);
	if (c == CURLE_OK && m->user)
		c = curl_easy_setopt(curl, CURLOPT_PASSWORD, m->password);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, smtp_talk_watch);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	if (c != CURLE_OK) {
		curl_easy_cleanup(curl);
		return err_set(e, ERR_UNAVAILABLE, "smtp: %s", curl_easy_strerror(c));
	}
	*ret = curl;
	return 0;
}

/* The sender is the same for every message; 552 is about this one's size (RFC 1870, 1995). */
static bool is_about_sender(const struct smtp_talk *t)
{
	return t->stage == SMTP_MAIL && t->code >= 500 && t->code != 552;
}

/* Of a conversation that ended before the message's own commands, or with a word about the site. */
static int site_fault(
	const struct smtp *m, CURLcode code, const struct smtp_talk *t, const char *problem, struct err *e)
{
	if (code == CURLE_LOGIN_DENIED || (t->stage == SMTP_LOGIN && t->code >= 400))
		return err_set(e, ERR_CONFIG,
			"%s does not accept the login (%d): see mail.smtp_user and mail.smtp_password_file",
			m->host, t->code);
	if (t->stage >= SMTP_MAIL && (t->code == 530 || (t->code >= 534 && t->code <= 538)))
		return err_set(e, ERR_CONFIG,
			"%s wants a login or TLS, see mail.smtp_user and mail.smtp_security: %s", m->host,
			t->said);
	if (is_about_sender(t))
		return err_set(e, ERR_CONFIG,
			"%s takes no mail from the address in mail.from, or not from this machine: %s",
			m->host, t->said);
	if (code == CURLE_USE_SSL_FAILED)
		return err_set(
			e, ERR_CONFIG, "%s offers no STARTTLS, which mail.smtp_security asks for", m->host);
	if (t->code >= 400 && code != CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_UNAVAILABLE, "%s answered %s with %s", m->host,
			smtp_stage_name(t->stage), t->said);
	return mail_net_failed(&m->net, code, m->host, problem, e);
}

static bool is_site_code(int code)
{
	return code == 421 || code == 530 || code == 534 || code == 535 || code == 538;
}

/* The outcome of a conversation that failed. The code counts only where curl says that an answer was the
 * cause. */
static int judge(const struct smtp *m, CURLcode code, const struct smtp_talk *t, struct err *e)
{
	bool answered = (code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY) && t->code >= 400;

	if (t->stage < SMTP_MAIL || (answered && (is_site_code(t->code) || is_about_sender(t))))
		return site_fault(m, code, t, m->problem, e);
	if (!answered) {
		(void)mail_net_failed(&m->net, code, m->host, m->problem, e);
		(void)err_wrap(e, "during %s", smtp_stage_name(t->stage));
		return MAILER_DEFERRED;
	}
	bool never = t->code >= 500;
	(void)err_set(e, never ? ERR_INVALID : ERR_BUSY, "%s answered %s with %s", m->host,
		smtp_stage_name(t->stage), t->said);
	return never ? MAILER_REFUSED : MAILER_DEFERRED;
}

/* Without a QUIT: libcurl would wait two minutes for the answer of a server that is stuck. */
static void hang_up(CURL **curl)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (!*curl)
		return;
	if (curl_easy_getinfo(*curl, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD)
		(void)shutdown(fd, SHUT_RDWR);
	curl_easy_cleanup(*curl);
	*curl = NULL;
}

static CURLcode perform(
	struct smtp *m, struct transfer *t, const struct mailer_message *msg, const struct curl_slist *to)
{
	CURLcode c = curl_easy_setopt(m->curl, CURLOPT_MAIL_FROM, msg->from);

	*t = (struct transfer){ .text = msg->rfc5322, .left = strlen(msg->rfc5322) };
	m->problem[0] = '\0';
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_MAIL_RCPT, to);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_UPLOAD, 1L);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_READFUNCTION, read_text);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_READDATA, t);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->left);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_DEBUGDATA, &t->talk);
	return c == CURLE_OK ? curl_easy_perform(m->curl) : c;
}

/* A kept connection that the server closed meanwhile says nothing about the server or the message. Only
 * before the body: a message whose end was sent may have been taken. */
static bool was_stale(struct smtp *m, CURLcode code, const struct smtp_talk *t)
{
	long connects = 1;

	(void)curl_easy_getinfo(m->curl, CURLINFO_NUM_CONNECTS, &connects);
	return connects == 0 && t->stage < SMTP_BODY && code != CURLE_OPERATION_TIMEDOUT &&
	       (t->code < 400 || t->code == 421);
}

/* One conversation on the kept connection or a new one. Only after a good one it is kept: libcurl would use a
 * connection again on which the answer to the last dot is still to come, and take it for the next command's.
 * *@ret_again: a kept connection was found closed. */
static int converse(struct smtp *m, const struct mailer_message *msg, bool *ret_again, struct err *e)
{
	struct transfer t = { .left = 0 };
	struct curl_slist *to = curl_slist_append(NULL, msg->to);
	int r = 0;

	*ret_again = false;
	if (!to)
		return err_set(e, ERR_NOMEM, "no memory for a recipient");
	if (!m->curl && new_handle(m, m->problem, &m->curl, e) < 0) {
		curl_slist_free_all(to);
		return -1;
	}
	CURLcode c = perform(m, &t, msg, to);
	/* What points into this call must not stay behind in the handle. */
	(void)curl_easy_setopt(m->curl, CURLOPT_MAIL_RCPT, NULL);
	(void)curl_easy_setopt(m->curl, CURLOPT_DEBUGDATA, NULL);
	curl_slist_free_all(to);
	if (c != CURLE_OK) {
		r = judge(m, c, &t.talk, e);
		*ret_again = was_stale(m, c, &t.talk);
		hang_up(&m->curl);
	}
	return r;
}

/* Under the lock. */
static int send_locked(struct smtp *m, const struct mailer_message *msg, struct err *e)
{
	bool again;

	FAULT_POINT("mail_smtp.before_send");
	int r = converse(m, msg, &again, e);
	if (again)
		r = converse(m, msg, &again, e);
	FAULT_POINT("mail_smtp.after_send");
	return r;
}

static int smtp_send(struct mailer *mailer, const struct mailer_message *msg, struct err *e)
{
	struct smtp *m = (struct smtp *)mailer;

	if (!mail_address_ok(msg->message_id) || !mail_address_ok(msg->from) || !mail_address_ok(msg->to)) {
		(void)err_set(e, ERR_INVALID, "the message's id, sender or receiver is not well-formed");
		return MAILER_REFUSED;
	}
	pthread_mutex_lock(&m->lock);
	int r = send_locked(m, msg, e);
	pthread_mutex_unlock(&m->lock);
	mail_net_news_put(&m->news, r, e);
	return r;
}

static int probe_handle(struct smtp *m, struct smtp_talk *talk, char *problem, CURL **ret, struct err *e)
{
	CURL *curl = NULL;

	if (new_handle(m, problem, &curl, e) < 0)
		return -1;
	CURLcode c = curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "NOOP");
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_DEBUGDATA, talk);
	*ret = curl;
	return c == CURLE_OK ? 0 : err_set(e, ERR_UNAVAILABLE, "smtp: %s", curl_easy_strerror(c));
}

/* Tell the steps of a conversation that came as far as @last; it failed there where @r is not 0. */
static int tell(const struct smtp *m, const struct probe *p, CURL *curl, enum mail_net_place last, int r,
	const struct err *e)
{
	static const char *const names[] = { "DNS", "TCP", "TLS", "login" };
	char address[120], tls[80];

	mail_net_address(curl, address, sizeof address);
	(void)snprintf(tls, sizeof tls, "%s, certificate good", securities[m->security].name);
	const char *const texts[] = { m->host, address, tls, "accepted" };
	const char *const why_not[] = { NULL, NULL,
		m->security == MAIL_SMTP_NONE ? "mail.smtp_security is none" : NULL,
		m->user ? NULL : "mail.smtp_user is not set" };
	for (int i = MAIL_NET_DNS; i <= MAIL_NET_SPOKEN; i++) {
		bool failed_here = r < 0 && i == (int)last;
		if (failed_here)
			(void)probe_step(p, names[i], -1, NULL, e);
		else if (r < 0 && i > (int)last)
			probe_skip(p, names[i], "an earlier step failed");
		else if (why_not[i])
			probe_skip(p, names[i], why_not[i]);
		else
			(void)probe_step(p, names[i], 0, texts[i], e);
	}
	return r;
}

/* Where it ended: with TLS wanted, everything up to the login belongs to agreeing on it. */
static enum mail_net_place place_of(
	const struct smtp *m, CURL *curl, CURLcode code, const struct smtp_talk *t)
{
	enum mail_net_place place = mail_net_place(curl, code);
	curl_off_t secured = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_APPCONNECT_TIME_T, &secured);
	bool in_clear = m->security == MAIL_SMTP_STARTTLS && t->stage < SMTP_LOGIN && secured == 0;
	return place == MAIL_NET_SPOKEN && (in_clear && code != CURLE_OK) ? MAIL_NET_TLS : place;
}

static int smtp_probe(struct mailer *mailer, const struct probe *p, struct err *e)
{
	struct smtp *m = (struct smtp *)mailer;
	struct smtp_talk talk = { .code = 0 };
	char problem[CURL_ERROR_SIZE];
	int r = 0;
	CURL *curl = NULL;

	if (!p && mail_net_news_get(&m->news, &r, e))
		return r;
	r = probe_handle(m, &talk, problem, &curl, e);
	if (r == 0) {
		CURLcode c = curl_easy_perform(curl);
		if (c != CURLE_OK)
			r = site_fault(m, c, &talk, problem, e);
		else if (m->user && !talk.login_tried)
			r = err_set(
				e, ERR_CONFIG, "%s offers no login although mail.smtp_user is set", m->host);
		r = tell(m, p, curl, place_of(m, curl, c, &talk), r, e);
	}
	mail_net_news_put(&m->news, r, e);
	if (r < 0)
		hang_up(&curl);
	curl_easy_cleanup(curl);
	return r < 0 ? err_wrap(e, "smtp") : 0;
}

static void smtp_close(struct mailer *mailer)
{
	struct smtp *m = (struct smtp *)mailer;

	hang_up(&m->curl);
	pthread_mutex_destroy(&m->lock);
	mail_net_news_deinit(&m->news);
	if (m->password)
		secret_wipe(m->password, strlen(m->password));
	free(m->password);
	free(m->user);
	free(m->ca_file);
	free(m);
}

static const struct mailer_ops smtp_ops = {
	.name = "smtp",
	.send = smtp_send,
	.probe = smtp_probe,
	.close = smtp_close,
};

static int copy_text(const char *text, char **ret)
{
	*ret = text && *text ? strdup(text) : NULL;
	return *ret || !text || !*text ? 0 : -1;
}

static int check(const struct mail_smtp_options *o, struct err *e)
{
	bool login = o->user && *o->user;

	if (!o->host || !mail_net_host_ok(o->host))
		return err_set(e, ERR_CONFIG, "mail.smtp_host names no host");
	if (o->helo && *o->helo && !mail_net_host_ok(o->helo))
		return err_set(e, ERR_CONFIG, "mail.smtp_helo is no host name");
	if (login != (o->password && *o->password))
		return err_set(e, ERR_CONFIG, "mail.smtp_user and mail.smtp_password_file go together");
	if (login && o->security == MAIL_SMTP_NONE && !mail_net_is_loopback(o->host))
		return err_set(e, ERR_CONFIG,
			"mail.smtp_security = none would send the password in clear to another machine: use "
			"starttls or "
			"tls");
	return 0;
}

static int make_url(struct smtp *m, const struct mail_smtp_options *o, struct err *e)
{
	const char *helo = o->helo ? o->helo : "";
	int port = o->port ? o->port : securities[o->security].port;
	int n = snprintf(m->url, sizeof m->url, strchr(o->host, ':') ? "%s://[%s]:%d/%s" : "%s://%s:%d/%s",
		securities[o->security].scheme, o->host, port, helo);

	if (n < 0 || (size_t)n >= sizeof m->url || !str_copy(m->host, sizeof m->host, o->host))
		return err_set(e, ERR_CONFIG, "mail.smtp_host is too long");
	return 0;
}

int mail_smtp_open(const struct mail_smtp_options *o, struct mailer **ret, struct err *e)
{
	CURLcode c = curl_global_init(CURL_GLOBAL_DEFAULT);

	if (c != CURLE_OK)
		return err_set(e, ERR_UNAVAILABLE, "libcurl: %s", curl_easy_strerror(c));
	if (check(o, e) < 0)
		return -1;
	struct smtp *m = calloc(1, sizeof *m);
	if (!m)
		return err_set(e, ERR_NOMEM, "no memory for a mailer");
	m->base.ops = &smtp_ops;
	m->security = o->security;
	pthread_mutex_init(&m->lock, NULL);
	mail_net_news_init(&m->news);
	int r = make_url(m, o, e);
	if (r == 0 && (copy_text(o->user, &m->user) < 0 || copy_text(o->password, &m->password) < 0 ||
			      copy_text(o->ca_file, &m->ca_file) < 0))
		r = err_set(e, ERR_NOMEM, "no memory for a mailer");
	if (r < 0) {
		smtp_close(&m->base);
		return -1;
	}
	m->net = (struct mail_net){ .ca_file = m->ca_file,
		.what = "mail.smtp_host",
		.ca_what = "mail.smtp_ca_file",
		.connect_timeout_ms = o->connect_timeout_ms,
		.timeout_ms = o->timeout_ms };
	*ret = &m->base;
	return 0;
}
