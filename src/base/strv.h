#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A borrowed piece of text, not NUL-terminated. */
struct strv {
	const char *p;
	size_t n;
};

#define STRV(literal) ((struct strv){ (literal), sizeof(literal) - 1 })

static inline struct strv strv_of(const char *text)
{
	return (struct strv){ text, text ? strlen(text) : 0 };
}

bool strv_eq(struct strv a, const char *b);
bool strv_ieq(struct strv a, const char *b); /* ASCII letters without case */
struct strv strv_trim(struct strv a);        /* spaces and tabs at both ends */
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/**
 * str_to_i64() - the whole of @text as a decimal integer in [@min, @max]
 * Return true and *@ret; false on anything else (empty, blanks, rest, overflow), *@ret untouched
 */
bool str_to_i64(const char *text, int64_t min, int64_t max, int64_t *ret);

/* The same for a piece of text. */
bool strv_to_i64(struct strv text, int64_t min, int64_t max, int64_t *ret);

/* The same for a finite decimal fraction; '.' is the point whatever the locale. */
bool str_to_double(const char *text, double min, double max, double *ret);

/* strtod(3) of a text known to be a decimal number, with '.' whatever the locale; overflow is infinite. */
double str_strtod(const char *text);

/**
 * str_copy() - bounded copy, always terminated
 * Return false where @text did not fit; then @dst is empty
 */
bool str_copy(char *dst, size_t size, const char *text);

/* Bounded copy that cuts what does not fit, between characters of UTF-8; always terminated. */
void str_cut(char *dst, size_t size, const char *text);

/* Length of the well-formed UTF-8 sequence that starts at @text, 0 where there is none (RFC 3629, section 4).
 */
size_t str_utf8_len(const char *text, size_t left);

/* Is @text well-formed UTF-8 (RFC 3629, 2003) without control characters other than tab, CR, LF? */
bool str_is_clean_utf8(const char *text, size_t len);

/* Lower-case hexadecimal of @len bytes into @out (2 * len + 1 bytes). */
void hex_encode(const void *bytes, size_t len, char *out);
/* Return the number of bytes written, or -1 (odd length, other characters, more than @size). */
int hex_decode(const char *text, uint8_t *out, size_t size);
