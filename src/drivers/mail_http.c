#include "drivers/mail_http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/strv.h"
#include "core/mail_address.h"
#include "drivers/mail_net.h"

enum { TOKEN_MAX_BYTES = 4096, BODY_MAX_BYTES = 128 << 20, URL_MAX_BYTES = 2000 };

struct relay {
	struct mailer base;
	struct mail_net net;
	char host[256];
	bool tls;
	char *url, *token, *ca_file;
	pthread_mutex_t lock; /* over what follows: the warm connection */
	CURL *curl;
	char problem[CURL_ERROR_SIZE];
	struct mail_net_news news;
};

/* The relay's words could hold the message's: only its status is told. */
static size_t ignore_answer(char *data, size_t size, size_t count, void *arg)
{
	(void)data, (void)arg;
	return size * count;
}

static int new_handle(struct relay *m, char *ret_problem, CURL **ret, struct err *e)
{
	CURL *curl = NULL;

	if (mail_net_handle(&m->net, "http,https", ret_problem, &curl, e) < 0)
		return -1;
	CURLcode c = curl_easy_setopt(curl, CURLOPT_URL, m->url);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_answer);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_USERAGENT, "gaitd/" GAITD_VERSION);
	if (c != CURLE_OK) {
		curl_easy_cleanup(curl);
		return err_set(e, ERR_UNAVAILABLE, "mail relay: %s", curl_easy_strerror(c));
	}
	*ret = curl;
	return 0;
}

static int add_header(struct curl_slist **list, struct err *e, const char *name, const char *value)
{
	char line[TOKEN_MAX_BYTES + 64];

	int n = snprintf(line, sizeof line, "%s%s", name, value);
	struct curl_slist *longer = n > 0 && (size_t)n < sizeof line ? curl_slist_append(*list, line) : NULL;
	secret_wipe(line, sizeof line);
	if (!longer)
		return err_set(e, ERR_NOMEM, "no memory for a header");
	*list = longer;
	return 0;
}

/* One of them holds the token. */
static void drop_headers(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l; l = l->next)
		secret_wipe(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

static int auth_header(const struct relay *m, struct curl_slist **list, struct err *e)
{
	return m->token ? add_header(list, e, "Authorization: Bearer ", m->token) : 0;
}

static int write_body(const struct mailer_message *msg, struct buf *out, struct err *e)
{
	struct json_w w;
	char date[CLOCK_TEXT_BYTES];

	clock_rfc3339(msg->date_ms, date);
	json_w_init(&w, out);
	json_w_obj(&w, NULL);
	json_w_str(&w, "message_id", msg->message_id);
	json_w_str(&w, "from", msg->from);
	json_w_str(&w, "to", msg->to);
	json_w_str(&w, "date", date);
	json_w_str(&w, "subject", msg->subject);
	json_w_str(&w, "text", msg->text);
	json_w_str(&w, "html", msg->html);
	json_w_str(&w, "raw", msg->rfc5322);
	json_w_obj_end(&w);
	return json_w_end(&w, e);
}

static int setting_at_fault(const struct relay *m, long status, struct err *e)
{
	if (status >= 401 && status <= 403)
		return err_set(e, ERR_CONFIG, "mail relay %s answered %ld: see mail.http_token_file", m->host,
			status);
	return err_set(e, ERR_CONFIG, "mail relay %s answered %ld: see mail.http_url", m->host, status);
}

static int judge_status(const struct relay *m, long status, struct err *e)
{
	if (status >= 200 && status < 300)
		return 0;
	/* Said of the address, the account or the form of every request: no message is to blame. */
	if (status < 400 || (status >= 401 && status <= 407) || status == 410 || status == 415)
		return setting_at_fault(m, status, e);
	if (status == 429 || (status >= 502 && status <= 504))
		return err_set(e, ERR_UNAVAILABLE, "mail relay %s answered %ld", m->host, status);
	/* 409: an earlier try with that Idempotency-Key is still under way there. */
	bool later = status == 408 || status == 409 || status == 425 || status >= 500;
	(void)err_set(e, later ? ERR_BUSY : ERR_INVALID, "mail relay %s answered %ld", m->host, status);
	return later ? MAILER_DEFERRED : MAILER_REFUSED;
}

static int judge(const struct relay *m, CURLcode code, struct err *e)
{
	long status = 0, sent = 0;

	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(m->curl, CURLINFO_RESPONSE_CODE, &status);
		return judge_status(m, status, e);
	}
	(void)mail_net_failed(&m->net, code, m->host, m->problem, e);
	(void)err_wrap(e, "mail relay");
	(void)curl_easy_getinfo(m->curl, CURLINFO_REQUEST_SIZE, &sent);
	return sent > 0 ? MAILER_DEFERRED : -1;
}

static CURLcode post(struct relay *m, const struct buf *body, struct curl_slist *headers)
{
	CURLcode c = curl_easy_setopt(m->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);

	m->problem[0] = '\0';
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_POSTFIELDS, body->data);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_HTTPHEADER, headers);
	if (c == CURLE_OK)
		c = curl_easy_perform(m->curl);
	/* What points into this call must not stay behind in the handle. */
	(void)curl_easy_setopt(m->curl, CURLOPT_POSTFIELDS, NULL);
	(void)curl_easy_setopt(m->curl, CURLOPT_HTTPHEADER, NULL);
	return c;
}

/* Under the lock. */
static int send_locked(
	struct relay *m, const struct mailer_message *msg, const struct buf *body, struct err *e)
{
	struct curl_slist *headers = NULL;
	int r = auth_header(m, &headers, e);

	if (r == 0)
		r = add_header(&headers, e, "Content-Type: ", "application/json");
	if (r == 0)
		r = add_header(&headers, e, "Idempotency-Key: ", msg->message_id);
	if (r == 0)
		r = add_header(&headers, e, "Expect:", "");
	if (r == 0 && !m->curl)
		r = new_handle(m, m->problem, &m->curl, e);
	if (r == 0) {
		FAULT_POINT("mail_http.before_send");
		CURLcode c = post(m, body, headers);
		FAULT_POINT("mail_http.after_send");
		r = judge(m, c, e);
	}
	drop_headers(headers);
	return r;
}

static int relay_send(struct mailer *mailer, const struct mailer_message *msg, struct err *e)
{
	struct relay *m = (struct relay *)mailer;
	BUF_CLEANUP struct buf body;

	buf_init(&body, BODY_MAX_BYTES);
	if (!mail_address_ok(msg->message_id) || !mail_address_ok(msg->from) || !mail_address_ok(msg->to)) {
		(void)err_set(e, ERR_INVALID, "the message's id, sender or receiver is not well-formed");
		return MAILER_REFUSED;
	}
	if (write_body(msg, &body, e) < 0)
		return MAILER_DEFERRED;
	pthread_mutex_lock(&m->lock);
	int r = send_locked(m, msg, &body, e);
	pthread_mutex_unlock(&m->lock);
	mail_net_news_put(&m->news, r, e);
	return r;
}

/* Tell the steps of a request that came as far as @last; it failed there where @r is not 0. */
static int tell(const struct relay *m, const struct probe *p, CURL *curl, enum mail_net_place last,
	long status, int r, const struct err *e)
{
	static const char *const names[] = { "DNS", "TCP", "TLS", "answer" };
	char address[120], answer[40];

	mail_net_address(curl, address, sizeof address);
	(void)snprintf(answer, sizeof answer, "HTTP %ld to OPTIONS", status);
	const char *const texts[] = { m->host, address, "certificate good", answer };
	for (int i = MAIL_NET_DNS; i <= MAIL_NET_SPOKEN; i++) {
		if (r < 0 && i == (int)last)
			(void)probe_step(p, names[i], -1, NULL, e);
		else if (r < 0 && i > (int)last)
			probe_skip(p, names[i], "an earlier step failed");
		else if (i == MAIL_NET_TLS && !m->tls)
			probe_skip(p, names[i], "mail.http_url is of this machine");
		else
			(void)probe_step(p, names[i], 0, texts[i], e);
	}
	return r;
}

static int ask(struct relay *m, const struct probe *p, CURL *curl, char *problem, struct err *e)
{
	long status = 0;
	int r = 0;

	CURLcode c = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (c != CURLE_OK)
		r = mail_net_failed(&m->net, c, m->host, problem, e);
	else if (status == 401 || status == 403)
		r = setting_at_fault(m, status, e);
	return tell(m, p, curl, mail_net_place(curl, c), status, r, e);
}

static int relay_probe(struct mailer *mailer, const struct probe *p, struct err *e)
{
	struct relay *m = (struct relay *)mailer;
	char problem[CURL_ERROR_SIZE];
	struct curl_slist *headers = NULL;
	int r = 0;
	CURL *curl = NULL;

	if (!p && mail_net_news_get(&m->news, &r, e))
		return r;
	r = auth_header(m, &headers, e);
	if (r == 0)
		r = new_handle(m, problem, &curl, e);
	if (r == 0 && (curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "OPTIONS") != CURLE_OK ||
			      curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) != CURLE_OK ||
			      curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK))
		r = err_set(e, ERR_UNAVAILABLE, "mail relay: no handle");
	if (r == 0)
		r = ask(m, p, curl, problem, e);
	curl_easy_cleanup(curl);
	drop_headers(headers);
	mail_net_news_put(&m->news, r, e);
	return r;
}

static void relay_close(struct mailer *mailer)
{
	struct relay *m = (struct relay *)mailer;

	curl_easy_cleanup(m->curl);
	pthread_mutex_destroy(&m->lock);
	mail_net_news_deinit(&m->news);
	if (m->token)
		secret_wipe(m->token, strlen(m->token));
	free(m->token);
	free(m->url);
	free(m->ca_file);
	free(m);
}

static const struct mailer_ops relay_ops = {
	.name = "http",
	.send = relay_send,
	.probe = relay_probe,
	.close = relay_close,
};

/* One header's worth of visible ASCII (RFC 6750, 2012, section 2.1, and more). */
static bool token_ok(const char *token)
{
	size_t n = strlen(token);

	for (size_t i = 0; i < n; i++)
		if (token[i] <= ' ' || token[i] > '~')
			return false;
	return n < TOKEN_MAX_BYTES;
}

/* The parts that matter of the URL, as curl itself reads it. */
static int read_url(struct relay *m, const char *url, struct err *e)
{
	char *host = NULL, *scheme = NULL, *user = NULL;
	CURLU *u = curl_url();
	bool ok = u && strlen(url) < URL_MAX_BYTES && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_NO_USER;

	if (ok && host[0] == '[') { /* an IPv6 literal comes in its brackets */
		size_t n = strlen(host);
		memmove(host, host + 1, n);
		host[n - 2] = '\0';
	}
	ok = ok && mail_net_host_ok(host) && str_copy(m->host, sizeof m->host, host);
	m->tls = ok && strcmp(scheme, "https") == 0;
	bool plain = ok && strcmp(scheme, "http") == 0;
	bool in_clear = plain && !mail_net_is_loopback(host);
	curl_free(user);
	curl_free(host);
	curl_free(scheme);
	curl_url_cleanup(u);
	if (!m->tls && !plain)
		return err_set(
			e, ERR_CONFIG, "mail.http_url is no http or https address without a user in it");
	if (in_clear)
		return err_set(e, ERR_CONFIG,
			"mail.http_url would send mail in clear to another machine: use https");
	return 0;
}

static int copy_text(const char *text, char **ret)
{
	*ret = text && *text ? strdup(text) : NULL;
	return *ret || !text || !*text ? 0 : -1;
}

int mail_http_open(const struct mail_http_options *o, struct mailer **ret, struct err *e)
{
	CURLcode c = curl_global_init(CURL_GLOBAL_DEFAULT);

	if (c != CURLE_OK)
		return err_set(e, ERR_UNAVAILABLE, "libcurl: %s", curl_easy_strerror(c));
	if (o->token && !token_ok(o->token))
		return err_set(e, ERR_CONFIG,
			"mail.http_token_file: the token has characters that no header may have");
	struct relay *m = calloc(1, sizeof *m);
	if (!m)
		return err_set(e, ERR_NOMEM, "no memory for a mailer");
	m->base.ops = &relay_ops;
	pthread_mutex_init(&m->lock, NULL);
	mail_net_news_init(&m->news);
	int r = read_url(m, o->url ? o->url : "", e);
	if (r == 0 && (copy_text(o->url, &m->url) < 0 || copy_text(o->token, &m->token) < 0 ||
			      copy_text(o->ca_file, &m->ca_file) < 0))
		r = err_set(e, ERR_NOMEM, "no memory for a mailer");
	if (r < 0) {
		relay_close(&m->base);
		return -1;
	}
	m->net = (struct mail_net){ .ca_file = m->ca_file,
		.what = "mail.http_url",
		.ca_what = "mail.http_ca_file",
		.connect_timeout_ms = o->connect_timeout_ms,
		.timeout_ms = o->timeout_ms };
	*ret = &m->base;
	return 0;
}
