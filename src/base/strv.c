#include "base/strv.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

bool strv_eq(struct strv a, const char *b)
{
	return a.n == strlen(b) && (a.n == 0 || memcmp(a.p, b, a.n) == 0);
}

bool strv_ieq(struct strv a, const char *b)
{
	return a.n == strlen(b) && (a.n == 0 || strncasecmp(a.p, b, a.n) == 0);
}

struct strv strv_trim(struct strv a)
{
	while (a.n > 0 && (a.p[0] == ' ' || a.p[0] == '\t'))
		a.p++, a.n--;
	while (a.n > 0 && (a.p[a.n - 1] == ' ' || a.p[a.n - 1] == '\t'))
		a.n--;
	return a;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
	size_t t = strlen(text), s = strlen(suffix);

	return t >= s && strcmp(text + t - s, suffix) == 0;
}

bool str_to_i64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	char *end;

	if (!(text[0] == '-' || (text[0] >= '0' && text[0] <= '9')))
		return false;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

bool strv_to_i64(struct strv text, int64_t min, int64_t max, int64_t *ret)
{
	char digits[24]; /* INT64_MIN has 20 characters */

	if (text.n == 0 || text.n >= sizeof digits || memchr(text.p, '\0', text.n))
		return false;
	memcpy(digits, text.p, text.n);
	digits[text.n] = '\0';
	return str_to_i64(digits, min, max, ret);
}

static locale_t c_locale;

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static double c_strtod(const char *text, char **end)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_c_locale);
	return strtod_l(text, end, c_locale);
}

double str_strtod(const char *text)
{
	return c_strtod(text, NULL);
}

bool str_to_double(const char *text, double min, double max, double *ret)
{
	char *end;

	if (!(text[0] == '-' || text[0] == '.' || (text[0] >= '0' && text[0] <= '9')) ||
		strpbrk(text, "xXpP"))
		return false;
	errno = 0;
	double value = c_strtod(text, &end);
	if (errno == ERANGE || end == text || *end != '\0' || !isfinite(value) || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

void str_cut(char *dst, size_t size, const char *text)
{
	size_t len = strnlen(text, size);

	if (len == size)
		for (len = size - 1; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			;
	memcpy(dst, text, len);
	dst[len] = '\0';
}

bool str_copy(char *dst, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size) {
		if (size > 0)
			dst[0] = '\0';
		return false;
	}
	memcpy(dst, text, len + 1);
	return true;
}

size_t str_utf8_len(const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;
	static const struct {
		unsigned char lo, hi, lo2, hi2;
		size_t n;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (left == 0)
		return 0;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (s[0] < forms[i].lo || s[0] > forms[i].hi)
			continue;
		if (forms[i].n > left || (forms[i].n > 1 && (s[1] < forms[i].lo2 || s[1] > forms[i].hi2)))
			return 0;
		for (size_t k = 2; k < forms[i].n; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].n;
	}
	return 0;
}

bool str_is_clean_utf8(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < len;) {
		size_t n = str_utf8_len(text + i, len - i);
		if (n == 0)
			return false;
		if (n == 1 && (s[i] == 0x7f || (s[i] < 0x20 && s[i] != '\t' && s[i] != '\r' && s[i] != '\n')))
			return false;
		if (n == 2 && s[i] == 0xc2 && s[i + 1] < 0xa0) /* U+0080 to U+009F */
			return false;
		i += n;
	}
	return true;
}

void hex_encode(const void *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * len] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, uint8_t *out, size_t size)
{
	size_t len = strlen(text);

	if (len % 2 != 0 || len / 2 > size)
		return -1;
	for (size_t i = 0; i < len / 2; i++) {
		int hi = hex_digit(text[2 * i]), lo = hex_digit(text[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return -1;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return (int)(len / 2);
}
