#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/strv.h"

enum { LINE_MAX_BYTES = 16384, VALUE_MAX_BYTES = 2048 };

static int out_fd = STDERR_FILENO;
static enum log_format out_format = LOG_AUTO;
static enum log_level least_level = LOG_INFO;
static const char *const level_names[] = { "debug", "info", "warn", "error" };

void log_init(int fd, enum log_format format, enum log_level least)
{
	out_fd = fd;
	out_format = format == LOG_AUTO ? (isatty(fd) ? LOG_TEXT : LOG_JSON) : format;
	least_level = least;
}

bool log_level_parse(const char *text, enum log_level *ret)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof level_names[0]; i++)
		if (strcmp(text, level_names[i]) == 0) {
			*ret = (enum log_level)i;
			return true;
		}
	return false;
}

bool log_format_parse(const char *text, enum log_format *ret)
{
	static const char *const names[] = { "auto", "text", "json" };

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum log_format)i;
			return true;
		}
	return false;
}

/* A value that fits its room in the line: @value itself, or its beginning up to a whole character and "…". */
static const char *bounded(const char *value, char room[VALUE_MAX_BYTES + 4])
{
	size_t len = strnlen(value, VALUE_MAX_BYTES + 1);

	if (len <= VALUE_MAX_BYTES)
		return value;
	len = VALUE_MAX_BYTES;
	while (len > VALUE_MAX_BYTES - 4 && ((unsigned char)value[len] & 0xc0) == 0x80)
		len--;
	memcpy(room, value, len);
	memcpy(room + len, "…", sizeof "…");
	return room;
}

static void as_json(
	struct buf *line, const char *when, enum log_level level, const char *event, const struct log_kv *kv)
{
	static const struct log_kv cut[] = { { .key = "cut", .text = "the values were too long" },
		{ .key = NULL } };
	char room[VALUE_MAX_BYTES + 4];
	struct json_w w;

	json_w_init(&w, line);
	json_w_obj(&w, NULL);
	json_w_str(&w, "time", when);
	json_w_str(&w, "level", level_names[level]);
	json_w_str(&w, "event", event);
	for (const struct log_kv *p = kv; p->key; p++) {
		if (p->text)
			json_w_str(&w, p->key, bounded(p->text, room));
		else
			json_w_int(&w, p->key, p->number);
	}
	json_w_obj_end(&w);
	/* Half a line would be no JSON. */
	if (json_w_end(&w, NULL) < 0 && kv != cut) {
		buf_reset(line);
		as_json(line, when, level, event, cut);
	}
}

/* A value that could break the line or fake another pair is quoted, control characters become '?'. */
static void text_value(struct buf *line, const char *value)
{
	bool plain = *value != '\0' && strpbrk(value, " \"=\\\t\r\n") == NULL &&
		     str_is_clean_utf8(value, strlen(value));

	if (plain) {
		(void)buf_adds(line, value, NULL);
		return;
	}
	(void)buf_addc(line, '"', NULL);
	bool utf8 = str_is_clean_utf8(value, strlen(value));
	for (const char *p = value; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\')
			(void)buf_addc(line, '\\', NULL);
		(void)buf_addc(line,
			c == '\n'                                       ? ' '
			: c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8) ? '?'
									: *p,
			NULL);
	}
	(void)buf_addc(line, '"', NULL);
}

static void as_text(
	struct buf *line, const char *when, enum log_level level, const char *event, const struct log_kv *kv)
{
	char room[VALUE_MAX_BYTES + 4];

	(void)buf_addf(line, NULL, "%.8s %-5s %s", when + 11, level_names[level], event);
	for (; kv->key; kv++) {
		(void)buf_addf(line, NULL, " %s=", kv->key);
		if (kv->text)
			text_value(line, bounded(kv->text, room));
		else
			(void)buf_addf(line, NULL, "%lld", (long long)kv->number);
	}
}

void log_write(enum log_level level, const char *event, const struct log_kv *kv)
{
	if (level < least_level)
		return;
	char when[CLOCK_TEXT_BYTES];
	struct buf line BUF_CLEANUP; /* after the return above, which must not release it yet */
	buf_init(&line, LINE_MAX_BYTES);
	clock_rfc3339(clock_wall_ms(), when);
	if (out_format == LOG_TEXT || (out_format == LOG_AUTO && isatty(out_fd)))
		as_text(&line, when, level, event, kv);
	else
		as_json(&line, when, level, event, kv);
	if (buf_addc(&line, '\n', NULL) < 0)
		line.data[line.len - 1] = '\n';
	/* One write a line: lines of several threads do not mix. A full log disk must not stop the service.
	 */
	ssize_t n = write(out_fd, line.data, line.len);
	(void)n;
}

void log_mask_email(const char *email, char *out, unsigned long size)
{
	const char *at = strrchr(email, '@');

	if (!at || at == email)
		snprintf(out, size, "…");
	else
		snprintf(out, size, "%c…%s", (unsigned char)email[0] < 0x80 ? email[0] : '*', at);
}
