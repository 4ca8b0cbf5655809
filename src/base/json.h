#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Reading: cJSON behind a small face, so that no other module depends on it.
 * struct json is a read-only view of a parsed value; only the root is freed. */
struct json;

/**
 * json_parse() - parse one whole JSON text (RFC 8259, 2017)
 * Also refused: an escaped NUL in a string, because every string here is a C string.
 * @max_depth  arrays and objects nested deeper are refused
 * @ret        set on 0; caller frees with json_free()
 * Return      0; -1 with ERR_INVALID and the byte offset, or ERR_NOMEM
 */
int json_parse(const char *text, size_t len, int max_depth, struct json **ret, struct err *e);
void json_free(struct json *root);

static inline void json_free_p(struct json **root)
{
	json_free(*root);
}

/* Members and elements; all accept NULL and then answer NULL, so that paths can be chained. */
const struct json *json_get(const struct json *object, const char *name);
const struct json *json_first(const struct json *array_or_object);
const struct json *json_next(const struct json *element);
const char *json_name(const struct json *member);
size_t json_len(const struct json *array);

bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);
bool json_is_null(const struct json *v);

/* A value of the wanted type, or @fallback where it is absent or of another type. */
const char *json_str(const struct json *v, const char *fallback);
double json_num(const struct json *v, double fallback);
int64_t json_int(const struct json *v, int64_t fallback);
bool json_bool(const struct json *v, bool fallback);
bool json_is_num(const struct json *v);

/* The value as compact text appended to @out. */
int json_print(const struct json *v, struct buf *out, struct err *e);

/* Writing: a stream into a buffer. Errors are kept until json_w_end(), so that calls need no check each.
 * Commas are put by the writer. Numbers are written with '.' whatever the locale; NaN and infinities as null.
 */
struct json_w {
	struct buf *out;
	struct err err;
	bool failed, need_comma;
};

void json_w_init(struct json_w *w, struct buf *out);
void json_w_obj(struct json_w *w, const char *name); /* name: NULL inside an array or at the root */
void json_w_obj_end(struct json_w *w);
void json_w_arr(struct json_w *w, const char *name);
void json_w_arr_end(struct json_w *w);
void json_w_str(struct json_w *w, const char *name, const char *value); /* value NULL: null */
void json_w_strn(struct json_w *w, const char *name, const char *value, size_t len);
void json_w_int(struct json_w *w, const char *name, int64_t value);
void json_w_num(struct json_w *w, const char *name, double value, int decimals);
void json_w_bool(struct json_w *w, const char *name, bool value);
void json_w_time(struct json_w *w, const char *name, int64_t unix_ms); /* as RFC 3339; 0: null */
void json_w_null(struct json_w *w, const char *name);
void json_w_raw(struct json_w *w, const char *name, const char *json_text); /* trusted JSON, as it is */
int json_w_end(struct json_w *w, struct err *e);
