#include "drivers/mail_net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { KEEP_WARM_S = 30, GOOD_NEWS_MS = 60000, BAD_NEWS_MS = 15000 };

static int set_tls(const struct mail_net *n, CURL *curl)
{
	CURLcode c = curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (c == CURLE_OK && n->ca_file) {
		c = curl_easy_setopt(curl, CURLOPT_CAINFO, n->ca_file);
		/* That file alone counts: who names one does not want the public authorities as well. */
		if (c == CURLE_OK)
			c = curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	return c == CURLE_OK ? 0 : -1;
}

static int set_common(const struct mail_net *n, const char *protocols, char *ret_problem, CURL *curl)
{
	CURLcode c = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);

	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, ret_problem);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)n->connect_timeout_ms);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)n->timeout_ms);
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, (long)KEEP_WARM_S);
	/* The settings say where mail goes, not the environment's proxies. */
	if (c == CURLE_OK)
		c = curl_easy_setopt(curl, CURLOPT_PROXY, "");
	return c == CURLE_OK ? set_tls(n, curl) : -1;
}

int mail_net_handle(
	const struct mail_net *n, const char *protocols, char *ret_problem, CURL **ret, struct err *e)
{
	ret_problem[0] = '\0';
	CURL *curl = curl_easy_init();
	if (!curl)
		return err_set(e, ERR_UNAVAILABLE, "libcurl gives no handle");
	if (set_common(n, protocols, ret_problem, curl) < 0) {
		curl_easy_cleanup(curl);
		return err_set(e, ERR_UNAVAILABLE, "libcurl refuses an option: %s", curl_version());
	}
	*ret = curl;
	return 0;
}

static bool is_tls_code(CURLcode code)
{
	static const CURLcode codes[] = { CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION,
		CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
		CURLE_USE_SSL_FAILED, CURLE_SSL_INVALIDCERTSTATUS };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (code == codes[i])
			return true;
	return false;
}

enum mail_net_place mail_net_place(CURL *curl, CURLcode code)
{
	curl_off_t looked_up = 0, connected = 0;

	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return MAIL_NET_DNS;
	if (code == CURLE_COULDNT_CONNECT)
		return MAIL_NET_TCP;
	if (is_tls_code(code))
		return MAIL_NET_TLS;
	(void)curl_easy_getinfo(curl, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
	(void)curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
	if (code == CURLE_OK || connected > 0)
		return MAIL_NET_SPOKEN;
	return looked_up > 0 ? MAIL_NET_TCP : MAIL_NET_DNS;
}

int mail_net_failed(
	const struct mail_net *n, CURLcode code, const char *host, const char *problem, struct err *e)
{
	const char *words = *problem ? problem : curl_easy_strerror(code);

	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return err_set(e, ERR_CONFIG, "%s: the name %s is not known to DNS", n->what, host);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return err_set(e, ERR_CONFIG,
			"the certificate of %s is not trusted: %s (%s names whom to trust)", host, words,
			n->ca_what);
	if (code == CURLE_SSL_CACERT_BADFILE)
		return err_set(e, ERR_CONFIG, "%s: %s", n->ca_what, words);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_TIMEOUT, "%s does not answer in time: %s", host, words);
	return err_set(e, ERR_UNAVAILABLE, "%s: %s", host, words);
}

void mail_net_address(CURL *curl, char *out, size_t size)
{
	const char *ip = NULL;
	long port = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &ip);
	(void)curl_easy_getinfo(curl, CURLINFO_PRIMARY_PORT, &port);
	(void)snprintf(out, size, "%s port %ld", ip ? ip : "", port);
}

bool mail_net_is_loopback(const char *host)
{
	struct in_addr v4;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0)
		return true;
	return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

bool mail_net_host_ok(const char *host)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
	struct in6_addr v6;
	size_t len = strlen(host);

	if (strchr(host, ':'))
		return inet_pton(AF_INET6, host, &v6) == 1;
	return len > 0 && len <= 253 && strspn(host, name) == len && host[0] != '-' && host[0] != '.';
}

void mail_net_quote(const char *said, size_t len, char *out, size_t size)
{
	static const char more[] = "\xe2\x80\xa6";
	static const char local[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.";
	size_t n = 0;

	while (len > 0 && (said[len - 1] == '\r' || said[len - 1] == '\n'))
		len--;
	for (size_t i = 0; i < len && n + sizeof more + 2 < size;) {
		size_t word = 0;
		while (i + word < len && said[i + word] && strchr(local, said[i + word]))
			word++;
		if (word > 1 && i + word < len && said[i + word] == '@') {
			out[n++] = said[i];
			memcpy(out + n, more, sizeof more - 1);
			n += sizeof more - 1;
			i += word;
		} else {
			size_t step = word > 0 ? word : 1;
			for (; step > 0 && n + 1 < size; step--, i++)
				out[n++] = said[i] >= ' ' && said[i] <= '~' ? said[i] : '?';
		}
	}
	out[n] = '\0';
}

void mail_net_news_init(struct mail_net_news *n)
{
	pthread_mutex_init(&n->lock, NULL);
}

void mail_net_news_deinit(struct mail_net_news *n)
{
	pthread_mutex_destroy(&n->lock);
}

void mail_net_news_put(struct mail_net_news *n, int r, const struct err *why)
{
	pthread_mutex_lock(&n->lock);
	n->at_ms = clock_mono_ms();
	n->works = r >= 0;
	if (!n->works && why)
		n->why = *why;
	else if (!n->works)
		(void)err_set(&n->why, ERR_UNAVAILABLE, "mail cannot leave");
	pthread_mutex_unlock(&n->lock);
}

bool mail_net_news_get(struct mail_net_news *n, int *ret_r, struct err *e)
{
	pthread_mutex_lock(&n->lock);
	bool fresh = n->at_ms && clock_mono_ms() - n->at_ms < (n->works ? GOOD_NEWS_MS : BAD_NEWS_MS);
	if (fresh)
		*ret_r = n->works ? 0 : -1;
	if (fresh && !n->works && e)
		*e = n->why;
	pthread_mutex_unlock(&n->lock);
	return fresh;
}
