#pragma once

#include <stdarg.h>
#include <stdbool.h>

/* Errors are values: a kind from err_kinds.def and a message with its causes in front.
 * Fixed size, no allocation; the caller owns it, usually on its stack. */

enum err_kind {
	ERR_NONE = 0,
#define KIND(name, http, code, retry, title) name,
#include "base/err_kinds.def"
#undef KIND
	ERR_KIND_COUNT
};

struct err {
	enum err_kind kind;
	char msg[512];
};

/**
 * err_set() - describe a failure
 * @e     written; NULL is legal and keeps nothing
 * Return always -1, so that `return err_set(…)` reads well
 */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * err_errno() - the same with ": " and the text of errno appended
 * Return always -1.  ENOSPC and EDQUOT turn @kind into ERR_NOSPACE, ENOMEM into ERR_NOMEM
 */
int err_errno(struct err *e, enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * err_wrap() - put "what: " in front of the message, keeping the kind
 * Return always -1
 */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time and would follow the path on which these return 0. */
#define err_set(...)   (err_set(__VA_ARGS__), -1)
#define err_errno(...) (err_errno(__VA_ARGS__), -1)
#define err_wrap(...)  (err_wrap(__VA_ARGS__), -1)
#endif

/* Facts about a kind, from err_kinds.def. */
int err_http_status(enum err_kind kind);
int err_exit_code(enum err_kind kind);
bool err_may_retry(enum err_kind kind);
const char *err_title(enum err_kind kind);
const char *err_kind_name(enum err_kind kind);
