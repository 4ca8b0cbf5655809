#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Reading JSON as a stream: no tree, no memory, one pass, for texts that are large or come by the thousand
 * (base/json.h has a tree, for the rest). As strict as RFC 8259 (2017), and what is skipped is checked as
 * well as what is read. Beyond it are refused: an escaped NUL and half a surrogate pair (no C string or UTF-8
 * can hold them), a byte order mark, a number beyond double or of more than 511 characters, and a second
 * member of a name that the reader asked for: two answers to one question.
 *
 *	json_pull_init(&p, text, len, 8);
 *	for (r = json_pull_object(&p, e); r >= 0 && (r = json_pull_member(&p, names, &seen, e)) > 0;)
 *		… the value of names[r - 1] must be read or skipped here …
 *
 * All answer -1 with ERR_INVALID and the offset of the byte; then the reader is of no further use. */
struct json_pull {
	const char *text, *at, *end;
	int depth, max_depth;
	bool fresh; /* right behind a bracket that opened */
};

enum { JSON_PULL_MAX_DEPTH = 64 };

enum json_kind { JSON_NOTHING, JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL };

/* @text need not be terminated and stays the caller's; at most @max_depth brackets may be open at once. */
void json_pull_init(struct json_pull *p, const char *text, size_t len, int max_depth);

/* What kind of value comes next; JSON_NOTHING: none. */
enum json_kind json_pull_kind(struct json_pull *p);

/* Step into an object or array. 0; -1 also where the value is of another kind. */
int json_pull_object(struct json_pull *p, struct err *e);
int json_pull_array(struct json_pull *p, struct err *e);

/**
 * json_pull_member() - go on to the next member whose name is in @names; others are skipped
 * @names  ends with NULL, at most 32
 * @seen   starts as 0: bit i is set once names[i] was met
 * Return  i + 1: the value of names[i] is next; 0: the object has ended and was left; -1
 */
int json_pull_member(struct json_pull *p, const char *const *names, uint32_t *seen, struct err *e);

/* 1: an element is next; 0: the array has ended and was left; -1 */
int json_pull_element(struct json_pull *p, struct err *e);

int json_pull_num(struct json_pull *p, double *ret, struct err *e);

/**
 * json_pull_nums() - a whole array of numbers
 * Errors  also where there are more than @max, or one is no number: its index is said
 */
int json_pull_nums(struct json_pull *p, double *ret, size_t max, size_t *ret_count, struct err *e);

enum { JSON_PULL_LONG = 1 };

/* A string into @out, terminated; JSON_PULL_LONG where it does not fit: then @out is "" and it was skipped.
 */
int json_pull_str(struct json_pull *p, char *out, size_t size, struct err *e);

/* Any value. */
int json_pull_skip(struct json_pull *p, struct err *e);

/* Nothing but blanks may be left. */
int json_pull_end(struct json_pull *p, struct err *e);
