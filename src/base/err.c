#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#undef err_set
#undef err_errno
#undef err_wrap

struct kind_row {
	const char *name;
	int http, code;
	bool retry;
	const char *title;
};

static const struct kind_row kinds[ERR_KIND_COUNT] = {
	[ERR_NONE] = { "ERR_NONE", 200, 0, false, "No error" },
#define KIND(name, http, code, retry, title) [name] = { #name, http, code, retry, title },
#include "base/err_kinds.def"
#undef KIND
};

static const struct kind_row *row(enum err_kind kind)
{
	return kind > ERR_NONE && kind < ERR_KIND_COUNT ? &kinds[kind] : &kinds[ERR_INTERNAL];
}

__attribute__((format(printf, 3, 0))) static void set_v(
	struct err *e, enum err_kind kind, const char *fmt, va_list ap)
{
	char text[sizeof e->msg]; /* e->msg may itself be an argument */

	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	e->kind = kind;
	memcpy(e->msg, text, strlen(text) + 1);
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	set_v(e, kind, fmt, ap);
	va_end(ap);
	return -1;
}

int err_errno(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	int errnum = errno;
	char text[128];
	va_list ap;

	if (!e)
		return -1;
	if (errnum == ENOSPC || errnum == EDQUOT)
		kind = ERR_NOSPACE;
	else if (errnum == ENOMEM)
		kind = ERR_NOMEM;
	va_start(ap, fmt);
	set_v(e, kind, fmt, ap);
	va_end(ap);
	size_t used = strlen(e->msg);
	snprintf(e->msg + used, sizeof e->msg - used, ": %s", strerror_r(errnum, text, sizeof text));
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char front[256], cause[sizeof e->msg];
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	if (vsnprintf(front, sizeof front, fmt, ap) < 0)
		front[0] = '\0';
	va_end(ap);
	memcpy(cause, e->msg, sizeof cause);
	/* A long cause loses its tail, never the place where it happened. */
	snprintf(e->msg, sizeof e->msg, "%s: %.*s", front, (int)(sizeof e->msg - strlen(front) - 3), cause);
	return -1;
}

int err_http_status(enum err_kind kind)
{
	return row(kind)->http;
}

int err_exit_code(enum err_kind kind)
{
	return row(kind)->code;
}

bool err_may_retry(enum err_kind kind)
{
	return row(kind)->retry;
}

const char *err_title(enum err_kind kind)
{
	return row(kind)->title;
}

const char *err_kind_name(enum err_kind kind)
{
	return row(kind)->name;
}
