#include "core/mail_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/strv.h"

enum { LINE_MAX_CHARS = 76, WORD_MAX_CHARS = 75 };

static const char hex_digits[] = "0123456789ABCDEF";

/* Length of the UTF-8 character at @p, 0 where there is none. */
static size_t char_len(const char *p, size_t left)
{
	for (size_t n = 1; n <= 4 && n <= left; n++)
		if (str_is_clean_utf8(p, n))
			return n;
	return 0;
}

/* Characters that break lines or change the direction of what follows: C1 controls, U+2028–202E, U+2066–2069.
 */
static bool is_mischief(const char *p, size_t n)
{
	const unsigned char *s = (const unsigned char *)p;

	if (n == 2)
		return s[0] == 0xc2 && s[1] < 0xa0;
	if (n != 3 || s[0] != 0xe2)
		return false;
	return (s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) ||
	       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

int mail_text_clean(const char *text, struct buf *out, struct err *e)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t n = char_len(text, left);
		int rc;
		if (n == 0 && (unsigned char)*text >= 0x80)
			rc = buf_adds(out, "\xef\xbf\xbd", e);
		else if (n == 0 || (n == 1 && (unsigned char)*text < ' ') || is_mischief(text, n))
			rc = buf_addc(out, ' ', e);
		else
			rc = buf_add(out, text, n, e);
		if (rc < 0)
			return -1;
		n = n ? n : 1;
		text += n, left -= n;
	}
	return buf_add(out, "", 0, e);
}

int mail_text_html(const char *text, struct buf *out, struct err *e)
{
	BUF_CLEANUP struct buf clean;

	buf_init(&clean, out->max);
	if (mail_text_clean(text, &clean, e) < 0)
		return -1;
	for (const char *p = buf_str(&clean); *p; p++) {
		const char *entity = *p == '&'    ? "&amp;"
				     : *p == '<'  ? "&lt;"
				     : *p == '>'  ? "&gt;"
				     : *p == '"'  ? "&quot;"
				     : *p == '\'' ? "&#39;"
						  : NULL;
		if ((entity ? buf_adds(out, entity, e) : buf_addc(out, *p, e)) < 0)
			return -1;
	}
	return 0;
}

static int add_escaped(unsigned char c, struct buf *out, struct err *e)
{
	const char code[] = { '=', hex_digits[c >> 4], hex_digits[c & 15] };

	return buf_add(out, code, sizeof code, e);
}

/* Must the character at @i of the line be written as =XX? @column is where it comes to stand. */
static bool qp_escapes(const char *line, size_t len, size_t i, size_t column)
{
	unsigned char c = (unsigned char)line[i];

	if (c == ' ' || c == '\t')
		return i + 1 == len;
	if (column == 0 && (c == '.' || (c == 'F' && len - i >= 5 && memcmp(line + i, "From ", 5) == 0)))
		return true;
	return c < ' ' || c > '~' || c == '=';
}

static int qp_line(const char *line, size_t len, struct buf *out, struct err *e)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		size_t width = qp_escapes(line, len, i, column) ? 3 : 1;
		/* One character is kept for the '=' of a soft line break. */
		if (column + width > LINE_MAX_CHARS - 1) {
			if (buf_adds(out, "=\r\n", e) < 0)
				return -1;
			column = 0;
			width = qp_escapes(line, len, i, column) ? 3 : 1;
		}
		if ((width == 3 ? add_escaped((unsigned char)line[i], out, e) : buf_addc(out, line[i], e)) <
			0)
			return -1;
		column += width;
	}
	return buf_adds(out, "\r\n", e);
}

int mail_text_quoted_printable(const char *text, size_t len, struct buf *out, struct err *e)
{
	const char *end = text + len;

	while (text < end) {
		const char *lf = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((lf ? lf : end) - text);
		if (qp_line(text, n, out, e) < 0)
			return -1;
		text += lf ? n + 1 : n;
	}
	return 0;
}

/* May @text (clean) stand in a header as it is? "=?" would be read as an encoded word. */
static bool is_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p > '~')
			return false;
	return !strstr(text, "=?");
}

/* @text (clean) as encoded words in "Q", each on a line of its own after the first. @column is where the
 * first begins. A character is never split over two words. */
static int add_words(const char *text, size_t column, struct buf *out, struct err *e)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	static const char start[] = "=?UTF-8?Q?";
	size_t left = strlen(text), used = column + strlen(start);

	if (buf_adds(out, start, e) < 0)
		return -1;
	while (left > 0) {
		size_t n = char_len(text, left);
		bool plain = n == 1 && strchr(safe, *text);
		size_t width = plain || *text == ' ' ? 1 : 3 * n;
		if (used + width + 2 > WORD_MAX_CHARS) {
			if (buf_addf(out, e, "?=\r\n %s", start) < 0)
				return -1;
			used = 1 + strlen(start);
		}
		for (size_t i = 0; i < n; i++) {
			int rc = plain            ? buf_addc(out, text[i], e)
				 : text[i] == ' ' ? buf_addc(out, '_', e)
						  : add_escaped((unsigned char)text[i], out, e);
			if (rc < 0)
				return -1;
		}
		used += width;
		text += n, left -= n;
	}
	return buf_adds(out, "?=", e);
}

int mail_text_header(const char *name, const char *text, struct buf *out, struct err *e)
{
	BUF_CLEANUP struct buf clean;
	size_t column = strlen(name) + 2;

	buf_init(&clean, out->max);
	if (mail_text_clean(text, &clean, e) < 0 || buf_addf(out, e, "%s: ", name) < 0)
		return -1;
	bool plain = is_plain(buf_str(&clean)) && column + clean.len <= LINE_MAX_CHARS;
	if ((plain ? buf_adds(out, buf_str(&clean), e) : add_words(buf_str(&clean), column, out, e)) < 0)
		return -1;
	return buf_adds(out, "\r\n", e);
}

/* @text (clean and plain) as a quoted-string (RFC 5322, 2008, section 3.2.4). */
static int add_quoted(const char *text, struct buf *out, struct err *e)
{
	if (buf_addc(out, '"', e) < 0)
		return -1;
	for (const char *p = text; *p; p++)
		if (((*p == '"' || *p == '\\') && buf_addc(out, '\\', e) < 0) || buf_addc(out, *p, e) < 0)
			return -1;
	return buf_addc(out, '"', e);
}

int mail_text_mailbox(
	const char *name, const char *display, const char *address, struct buf *out, struct err *e)
{
	BUF_CLEANUP struct buf clean;
	size_t start = out->len;

	buf_init(&clean, out->max);
	if (mail_text_clean(display, &clean, e) < 0 || buf_addf(out, e, "%s:", name) < 0)
		return -1;
	if (clean.len > 0) {
		bool plain = is_plain(buf_str(&clean)) && strlen(name) + 2 * clean.len + 4 <= LINE_MAX_CHARS;
		if (buf_addc(out, ' ', e) < 0 ||
			(plain ? add_quoted(buf_str(&clean), out, e)
			       : add_words(buf_str(&clean), strlen(name) + 2, out, e)) < 0)
			return -1;
	}
	/* The line so far is the last one: after a fold it began later, and breaking early does no harm. */
	bool fold = out->len - start + strlen(address) + 3 > LINE_MAX_CHARS;
	return buf_addf(out, e, fold ? "\r\n <%s>\r\n" : " <%s>\r\n", address);
}
