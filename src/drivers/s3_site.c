#include "drivers/s3_site.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/strv.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

static int not_an_endpoint(const char *url, struct err *e)
{
	return err_set(e, ERR_CONFIG,
		"%.200s is no endpoint of a store: write https://host or https://host:port", url);
}

int s3_endpoint_parse(const char *url, struct s3_endpoint *ret, struct err *e)
{
	bool is_tls = str_starts(url, "https://");
	int64_t port = is_tls ? 443 : 80;

	if (!is_tls && !str_starts(url, "http://"))
		return not_an_endpoint(url, e);
	const char *host = strstr(url, "://") + 3;
	size_t n = host[0] == '[' ? strspn(host + 1, "0123456789abcdefABCDEF:.") + 2 : strspn(host, letters);
	if (n == 0 || n >= sizeof ret->host || (host[0] == '[' && host[n - 1] != ']'))
		return not_an_endpoint(url, e);
	if (host[n] == ':' && !str_to_i64(host + n + 1, 1, 65535, &port))
		return not_an_endpoint(url, e);
	if (host[n] != ':' && host[n] != '\0' && strcmp(host + n, "/") != 0)
		return not_an_endpoint(url, e);
	*ret = (struct s3_endpoint){ .is_tls = is_tls, .port = (int)port };
	memcpy(ret->host, host, n);
	return 0;
}

static void curl_once(void)
{
	(void)curl_global_init(CURL_GLOBAL_ALL);
}

static bool prefix_ok(const char *prefix)
{
	static const char slash_too[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/";

	return strspn(prefix, slash_too) == strlen(prefix) && prefix[0] != '/' && !strstr(prefix, "//") &&
	       !strstr(prefix, "..");
}

int s3_site_open(struct s3_site *s, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const char bucket_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

	(void)pthread_once(&once, curl_once);
	if (strlen(s->bucket) < 3 || strspn(s->bucket, bucket_letters) != strlen(s->bucket))
		return err_set(
			e, ERR_CONFIG, "\"%s\" is no name of a bucket: 3 to 63 of a-z 0-9 . -", s->bucket);
	if (!prefix_ok(s->prefix))
		return err_set(e, ERR_CONFIG,
			"\"%s\" is no prefix of keys: letters, digits . - _ and / within", s->prefix);
	if (!*s->access || !*s->secret || !*s->region)
		return err_set(e, ERR_CONFIG, "access key, secret key and region of the store are needed");
	if (strpbrk(s->access, "\r\n ") || strpbrk(s->token, "\r\n ") || strpbrk(s->region, "\r\n /"))
		return err_set(e, ERR_CONFIG, "access key, token or region of the store has a blank");
	if (pthread_mutex_init(&s->lock, NULL) != 0)
		return err_set(e, ERR_NOMEM, "no memory for a store");
	return 0;
}

void s3_site_close(struct s3_site *s)
{
	for (int i = 0; i < s->idle_count; i++)
		curl_easy_cleanup(s->idle[i]);
	(void)pthread_mutex_destroy(&s->lock);
	secret_wipe(s->secret, sizeof s->secret);
	secret_wipe(s->token, sizeof s->token);
}

struct s3_keys s3_site_keys(const struct s3_site *s)
{
	return (struct s3_keys){
		.access = s->access, .secret = s->secret, .token = s->token, .region = s->region
	};
}

int s3_site_place(const struct s3_site *s, bool outside, const char *key, struct s3_place *ret, struct err *e)
{
	const struct s3_endpoint *at = outside ? &s->outer : &s->inner;
	const char *dot = s->is_virtual ? "." : "", *in_host = s->is_virtual ? s->bucket : "";
	const char *in_path = s->is_virtual ? "" : s->bucket, *slash = !s->is_virtual && *key ? "/" : "";
	bool own_port = at->port != (at->is_tls ? 443 : 80);
	char port[8] = "";

	if (own_port)
		(void)snprintf(port, sizeof port, ":%d", at->port);
	(void)snprintf(ret->host, sizeof ret->host, "%s%s%s%s", in_host, dot, at->host, port);
	(void)snprintf(ret->origin, sizeof ret->origin, "%s://%s", at->is_tls ? "https" : "http", ret->host);
	int n = snprintf(ret->path, sizeof ret->path, "/%s%s%s", in_path, slash, key);
	if (n < 0 || n >= (int)sizeof ret->path)
		return err_set(e, ERR_INVALID, "the key is too long for S3");
	return 0;
}

void s3_site_transport(const struct s3_site *s, CURL *h)
{
	(void)curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	/* The settings say where videos go, not http_proxy. */
	(void)curl_easy_setopt(h, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	if (!*s->ca_file)
		return;
	(void)curl_easy_setopt(h, CURLOPT_CAINFO, s->ca_file);
	(void)curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
}

int s3_site_untrusted(const struct s3_site *s, const char *why, struct err *e)
{
	/* A certificate for *.host covers one label. */
	const char *dots = s->is_virtual && strchr(s->bucket, '.')
				   ? "; a bucket with dots in its name needs blob.s3_style = path"
				   : "";

	return err_set(e, ERR_UNAVAILABLE,
		"S3 %s:%d: its certificate is not trusted (%s): name the authority's file in "
		"blob.s3_ca_file, or the host as the certificate does%s",
		s->inner.host, s->inner.port, why, dots);
}

CURL *s3_site_take(struct s3_site *s)
{
	CURL *h = NULL;

	(void)pthread_mutex_lock(&s->lock);
	if (s->idle_count > 0)
		h = s->idle[--s->idle_count];
	(void)pthread_mutex_unlock(&s->lock);
	return h ? h : curl_easy_init();
}

void s3_site_give(struct s3_site *s, CURL *h)
{
	curl_easy_reset(h); /* keeps the connection; forgets callbacks and headers */
	(void)pthread_mutex_lock(&s->lock);
	if (s->idle_count < S3_IDLE_MAX) {
		s->idle[s->idle_count++] = h;
		h = NULL;
	}
	(void)pthread_mutex_unlock(&s->lock);
	curl_easy_cleanup(h);
}
