#include "core/mail_address.h"

#include <string.h>

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool local_ok(const char *p, size_t n)
{
	if (n == 0 || n > 64 || p[0] == '.' || p[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr(ALNUM "!#$%&'*+-/=?^_`{|}~.", p[i]) || (p[i] == '.' && p[i + 1] == '.'))
			return false;
	return true;
}

static bool host_ok(const char *host)
{
	bool dot = false;
	size_t label = 0, len = strlen(host);

	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (host[i] == '.' || host[i] == '\0') {
			size_t n = i - label;
			if (n == 0 || n > 63 || host[label] == '-' || host[i - 1] == '-')
				return false;
			dot = dot || host[i] == '.';
			label = i + 1;
		} else if (!strchr(ALNUM "-", host[i])) {
			return false;
		}
	}
	return dot;
}

bool mail_address_ok(const char *text)
{
	const char *at = strchr(text, '@');

	return at && strlen(text) <= 254 && local_ok(text, (size_t)(at - text)) && host_ok(at + 1);
}
