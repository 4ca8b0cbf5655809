#pragma once

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What the mail drivers that speak over a network share: curl's common options, how far a transfer came, and
 * words for what went wrong below the protocol. */

struct mail_net {
	const char *ca_file; /* NULL: the system's store */
	const char *what;    /* "mail.smtp_host": the setting that named the host */
	const char *ca_what; /* "mail.smtp_ca_file" */
	int64_t connect_timeout_ms, timeout_ms;
};

/**
 * mail_net_handle() - a handle with time-outs, certificate check (TLS 1.2 or newer, name and chain) and
 * without proxies
 * @protocols    "smtp,smtps": anything else is refused by curl itself, redirections too
 * @ret_problem  curl writes its own words there, CURL_ERROR_SIZE bytes that outlive the handle
 * @ret          set on 0; curl_easy_cleanup()
 * Errors        ERR_UNAVAILABLE.  Threads: a handle belongs to one thread at a time.
 */
int mail_net_handle(
	const struct mail_net *n, const char *protocols, char *ret_problem, CURL **ret, struct err *e);

/* How far a transfer came. */
enum mail_net_place { MAIL_NET_DNS, MAIL_NET_TCP, MAIL_NET_TLS, MAIL_NET_SPOKEN };
enum mail_net_place mail_net_place(CURL *curl, CURLcode code);

/**
 * mail_net_failed() - describe a transfer that failed without an answer
 * @host, @problem  as set up, and curl's own words
 * Return           always -1.  Errors: ERR_CONFIG (certificate, name unknown to DNS), ERR_TIMEOUT,
 * ERR_UNAVAILABLE
 */
int mail_net_failed(
	const struct mail_net *n, CURLcode code, const char *host, const char *problem, struct err *e);

/* The address that was connected to, such as "127.0.0.1 port 587", into @out. */
void mail_net_address(CURL *curl, char *out, size_t size);

/* What sending and probing found last, for those who ask often. Threads: any. */
struct mail_net_news {
	pthread_mutex_t lock;
	int64_t at_ms; /* monotonic; 0: nothing known yet */
	bool works;
	struct err why;
};
void mail_net_news_init(struct mail_net_news *n);
void mail_net_news_deinit(struct mail_net_news *n);
/* @r and @why of a try: negative says that the next hop cannot be used, all else that it can. */
void mail_net_news_put(struct mail_net_news *n, int r, const struct err *why);
/* True where it is fresh: a minute where it works, a quarter where it does not; then *@ret_r and @e. */
bool mail_net_news_get(struct mail_net_news *n, int *ret_r, struct err *e);

/* Does @host name this machine ("localhost", 127.0.0.0/8, "::1")? */
bool mail_net_is_loopback(const char *host);

/* Is @host a name or address literal that can stand in a URL? */
bool mail_net_host_ok(const char *host);

/* What a server said, for logs: one line of printable ASCII, mail addresses as "a…@host". */
void mail_net_quote(const char *said, size_t len, char *out, size_t size);
