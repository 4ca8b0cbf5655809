#include <curl/curl.h>
#include <stdarg.h>
#include <time.h>

#include "drivers/libs3_call.h"

/* libs3 switches the check of certificates off, follows redirections, obeys proxies of the environment and
 * has no time limit for a connection; it offers no way to say otherwise. So the build redirects its calls of
 * curl_easy_setopt() (src/drivers/CMakeLists.txt) to this function, which passes them on and has the last
 * word there. */

/* And it writes the date of a request, which is signed, by gmtime(), whose one buffer all threads share. */
struct tm *libs3_gmtime(const time_t *t);

struct tm *libs3_gmtime(const time_t *t)
{
	static _Thread_local struct tm of_thread;

	return gmtime_r(t, &of_thread);
}

static const long upload_bytes = 512 << 10;

static _Thread_local const struct libs3_site *site_of_thread;

void libs3_curl_site(const struct libs3_site *site)
{
	site_of_thread = site;
}

CURLcode libs3_curl_setopt(CURL *h, CURLoption option, ...);

static CURLcode have_the_last_word(CURL *h, const struct libs3_site *s)
{
	CURLcode c = curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);

	if (c == CURLE_OK)
		c = curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	if (c == CURLE_OK)
		c = curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c == CURLE_OK && s && s->ca_file[0])
		c = curl_easy_setopt(h, CURLOPT_CAINFO, s->ca_file);
	if (c == CURLE_OK && s && s->ca_file[0])
		c = curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
	if (c == CURLE_OK && s)
		c = curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long)s->connect_s);
	if (c == CURLE_OK) /* one is sent a turn of the loop */
		c = curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, upload_bytes);
	if (c == CURLE_OK)
		c = curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	if (c == CURLE_OK)
		c = curl_easy_setopt(h, CURLOPT_PROXY, "");
	return c;
}

CURLcode libs3_curl_setopt(CURL *h, CURLoption option, ...)
{
	va_list ap;
	CURLcode c;

	va_start(ap, option);
	if (option < CURLOPTTYPE_OBJECTPOINT) {
		long value = va_arg(ap, long);
		c = (curl_easy_setopt)(h, option, value);
	} else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) {
		curl_off_t value = va_arg(ap, curl_off_t);
		c = (curl_easy_setopt)(h, option, value);
	} else {
		void *value = va_arg(ap, void *);
		c = (curl_easy_setopt)(h, option, value);
	}
	va_end(ap);
	/* The address comes after all that libs3 sets once a request. */
	return c == CURLE_OK && option == CURLOPT_URL ? have_the_last_word(h, site_of_thread) : c;
}
