#include "drivers/http_look.h"

#include <curl/curl.h>
#include <string.h>

#include "base/strv.h"

static size_t throw_away(char *data, size_t size, size_t n, void *arg)
{
	(void)data, (void)arg;
	return size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct http_look *look = arg;
	char date[64];
	size_t len = size * n;

	if (len > 5 && len - 5 < sizeof date && strncasecmp(data, "date:", 5) == 0) {
		memcpy(date, data + 5, len - 5);
		date[len - 5] = '\0';
		time_t t = curl_getdate(date, NULL);
		look->date_s = t > 0 ? (int64_t)t : 0;
	}
	return len;
}

static int64_t cert_until(CURL *curl)
{
	static const char label[] = "Expire date:";
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) != CURLE_OK || !info || info->num_of_certs < 1)
		return 0;
	for (struct curl_slist *l = info->certinfo[0]; l; l = l->next)
		if (str_starts(l->data, label)) {
			time_t t = curl_getdate(l->data + sizeof label - 1, NULL);
			return t > 0 ? (int64_t)t : 0;
		}
	return 0;
}

/* Where a failed look ended; a time-out says by what was reached. */
static enum http_stage stage_of(CURL *curl, CURLcode r)
{
	curl_off_t looked_up = 0, connected = 0;

	switch ((int)r) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return HTTP_LOOK_DNS;
	case CURLE_COULDNT_CONNECT:
		return HTTP_LOOK_TCP;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
		return HTTP_LOOK_TLS;
	default:
		break;
	}
	(void)curl_easy_getinfo(curl, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
	(void)curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
	return connected ? HTTP_LOOK_ANSWER : looked_up ? HTTP_LOOK_TCP : HTTP_LOOK_DNS;
}

static void set_options(CURL *curl, const char *url, const char *ca_file, int64_t timeout_ms, char *words,
	struct http_look *look)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "gaitctl-doctor");
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, look);
	if (ca_file && *ca_file) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
}

int http_look(const char *url, const char *ca_file, int64_t timeout_ms, struct http_look *ret, struct err *e)
{
	char words[CURL_ERROR_SIZE] = "";
	const char *ip = NULL;
	long status = 0;
	CURL *curl = curl_easy_init();

	*ret = (struct http_look){ .stage = HTTP_LOOK_DNS };
	if (!curl)
		return err_set(e, ERR_NOMEM, "no memory for a request");
	set_options(curl, url, ca_file, timeout_ms, words, ret);
	CURLcode r = curl_easy_perform(curl);
	if (curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK && ip)
		str_cut(ret->ip, sizeof ret->ip, ip);
	if (r == CURLE_OK) {
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		ret->status = (int)status;
		ret->cert_until_s = cert_until(curl);
		ret->stage = HTTP_LOOK_ANSWER;
	} else {
		ret->stage = stage_of(curl, r);
		(void)err_set(e, r == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_UNAVAILABLE, "%s",
			*words ? words : curl_easy_strerror(r));
	}
	curl_easy_cleanup(curl);
	return r == CURLE_OK ? 0 : -1;
}
