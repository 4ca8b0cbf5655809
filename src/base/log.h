#pragma once

#include <stdbool.h>
#include <stdint.h>

/* One line an event: an event name and escaped key=value pairs. Never a secret, never patient data, never an
 * e-mail address in full (log_mask_email). base, core, gait and the drivers do not log: they return errors.
 */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_AUTO, LOG_TEXT, LOG_JSON }; /* auto: text on a terminal, JSON lines elsewhere */

struct log_kv {
	const char *key;
	const char *text; /* NULL: the number counts */
	int64_t number;
};

static inline const char *log_text(const char *text)
{
	return text ? text : "";
}

#define LOG_S(k, v)                                                                                          \
	{                                                                                                    \
		.key = (k), .text = log_text(v)                                                              \
	}
#define LOG_I(k, v)                                                                                          \
	{                                                                                                    \
		.key = (k), .number = (int64_t)(v)                                                           \
	}

/* Where and how; before the first thread starts. @fd is borrowed. Default: stderr, auto, info. */
void log_init(int fd, enum log_format format, enum log_level least);
bool log_level_parse(const char *text, enum log_level *ret);
bool log_format_parse(const char *text, enum log_format *ret);

void log_write(enum log_level level, const char *event, const struct log_kv *kv);

/* log_event(LOG_INFO, "job.state", LOG_S("job", id), LOG_I("attempt", 2)) */
#define log_event(level, event, ...)                                                                         \
	log_write(level, event, (const struct log_kv[]){ __VA_ARGS__, { .key = NULL } })

/* "anna.b@example.org" → "a…@example.org" into @out. */
void log_mask_email(const char *email, char *out, unsigned long size);
