#include "http/peek.h"

#include <ctype.h>
#include <string.h>

static bool is_method(struct strv m)
{
	for (size_t i = 0; i < m.n; i++)
		if (!isalnum((unsigned char)m.p[i]) && (!m.p[i] || !strchr("!#$%&'*+-.^_`|~", m.p[i])))
			return false;
	return m.n > 0 && m.n <= 32;
}

/* METHOD SP target SP HTTP/1.x */
static bool parse_line(struct strv line, struct strv *ret_method, struct strv *ret_path)
{
	const char *sp = memchr(line.p, ' ', line.n), *end = line.p + line.n;

	if (!sp)
		return false;
	struct strv method = { line.p, (size_t)(sp - line.p) };
	const char *target = sp + 1, *sp2 = memchr(target, ' ', (size_t)(end - target));
	if (!sp2 || sp2 == target || !is_method(method))
		return false;
	if (end - sp2 != 9 || memcmp(sp2 + 1, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)sp2[8]))
		return false;
	for (const char *p = target; p < sp2; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f)
			return false;
	size_t len = (size_t)(sp2 - target);
	if (len > 7 && memcmp(target, "http://", 7) == 0) { /* absolute form: the path is behind the host */
		const char *slash = memchr(target + 7, '/', len - 7);

		target = slash ? slash : sp2;
		len = (size_t)(sp2 - target);
	}
	for (size_t i = 0; i < len; i++)
		if (target[i] == '?' || target[i] == '#')
			len = i;
	*ret_method = method;
	*ret_path = (struct strv){ target, len };
	return true;
}

/* A line feed, then CR LF or LF: libmicrohttpd takes bare line feeds too. */
static bool has_blank_line(const char *p, const char *end)
{
	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		p++;
		if (p < end && *p == '\n')
			return true;
		if (p + 1 < end && p[0] == '\r' && p[1] == '\n')
			return true;
	}
	return false;
}

enum peek_result peek_request(const char *bytes, size_t len, struct strv *ret_method, struct strv *ret_path)
{
	const char *p = bytes, *end = bytes + len;

	while (p < end && (*p == '\r' || *p == '\n')) /* blank lines before a request are to be ignored */
		p++;
	if (p == end)
		return p - bytes > 16 ? PEEK_MALFORMED : PEEK_MORE;
	const char *lf = memchr(p, '\n', (size_t)(end - p));
	size_t line_len = (size_t)((lf ? lf : end) - p);
	if (line_len > PEEK_TARGET_BYTES)
		return PEEK_LONG_TARGET;
	if (!isupper((unsigned char)*p)) /* a TLS greeting, say */
		return PEEK_MALFORMED;
	if (!lf)
		return PEEK_MORE;
	if (line_len > 0 && p[line_len - 1] == '\r')
		line_len--;
	if (!parse_line((struct strv){ p, line_len }, ret_method, ret_path))
		return PEEK_MALFORMED;
	if (has_blank_line(lf, end))
		return PEEK_REQUEST;
	return len >= PEEK_HEADER_BYTES ? PEEK_LONG_HEADERS : PEEK_MORE;
}
