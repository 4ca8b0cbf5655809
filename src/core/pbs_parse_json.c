#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/pbs_parse_parts.h"

/* OpenPBS's JSON, which is not always JSON: numbers with leading zeros, bare words, bytes that are no UTF-8.
 * A scanner that knows strings, brackets and bare words reads all of them; it takes what it needs on the way
 * (a parser that builds a tree would spend its time on Variable_List). Where the brackets do not fit (an
 * unescaped quote in some value), the lines are read one by one: every release writes a member a line. */

enum { DEPTH_MAX = 64 };

struct scan {
	struct strv t;
	size_t at;
};

static void skip_blanks(struct scan *s)
{
	while (s->at < s->t.n && strchr(" \t\r\n", s->t.p[s->at]) && s->t.p[s->at])
		s->at++;
}

static char peek(struct scan *s)
{
	skip_blanks(s);
	return s->at < s->t.n ? s->t.p[s->at] : '\0';
}

static bool take(struct scan *s, char c)
{
	if (peek(s) != c || s->at >= s->t.n)
		return false;
	s->at++;
	return true;
}

/* What is between the quotes, escapes as they are. */
static bool string(struct scan *s, struct strv *ret)
{
	if (!take(s, '"'))
		return false;
	size_t from = s->at;
	while (s->at < s->t.n && s->t.p[s->at] != '"')
		s->at += s->t.p[s->at] == '\\' ? 2 : 1;
	if (s->at >= s->t.n)
		return false;
	*ret = (struct strv){ s->t.p + from, s->at - from };
	s->at++;
	return true;
}

/* A string or a bare word: 12, 005, true, -29 */
static bool scalar(struct scan *s, struct strv *ret)
{
	if (peek(s) == '"')
		return string(s, ret);
	size_t from = s->at;
	while (s->at < s->t.n && !strchr(" \t\r\n,:\"{}[]", s->t.p[s->at]))
		s->at++;
	*ret = (struct strv){ s->t.p + from, s->at - from };
	return ret->n > 0;
}

/* Over a value of any kind, without recursion. */
static bool skip_value(struct scan *s)
{
	char open[DEPTH_MAX];
	unsigned depth = 0;
	struct strv unused;

	do {
		char c = peek(s);
		if (s->at >= s->t.n)
			return false;
		if (c == '{' || c == '[') {
			if (depth == DEPTH_MAX)
				return false;
			open[depth++] = c;
			s->at++;
		} else if (c == '}' || c == ']') {
			if (depth == 0 || open[--depth] != (c == '}' ? '{' : '['))
				return false;
			s->at++;
		} else if (c == ',' || c == ':') {
			if (depth == 0)
				return false;
			s->at++;
		} else if (!scalar(s, &unused)) {
			return false;
		}
	} while (depth > 0);
	return true;
}

static const struct {
	const char *name;
	size_t at;
} wanted[] = { { "Job_Name", offsetof(struct pbs_attrs, name) },
	{ "job_state", offsetof(struct pbs_attrs, state) },
	{ "substate", offsetof(struct pbs_attrs, substate) },
	{ "Exit_status", offsetof(struct pbs_attrs, exit_status) },
	{ "comment", offsetof(struct pbs_attrs, comment) } };

static struct strv *slot(struct pbs_attrs *a, struct strv name)
{
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (strv_eq(name, wanted[i].name))
			return (struct strv *)(void *)((char *)a + wanted[i].at);
	return NULL;
}

/* {"Job_Name": …}, the object of one job */
static bool scan_job(struct scan *s, struct pbs_attrs *a)
{
	if (!take(s, '{'))
		return false;
	if (take(s, '}'))
		return true;
	do {
		struct strv name, *to;
		if (!string(s, &name) || !take(s, ':'))
			return false;
		to = slot(a, name);
		if (to && peek(s) != '{' && peek(s) != '[' ? !scalar(s, to) : !skip_value(s))
			return false;
	} while (take(s, ','));
	return take(s, '}');
}

/* {"1.vm": {…}, …}: 1 whole, 0 broken, -1 and @e */
static int scan_jobs(struct scan *s, struct pbs_jobs *jobs, struct err *e)
{
	if (!take(s, '{'))
		return 0;
	if (take(s, '}'))
		return 1;
	do {
		struct pbs_attrs a = { .id = { NULL, 0 } };
		if (!string(s, &a.id) || !take(s, ':') || !scan_job(s, &a))
			return 0;
		if (pbs_put_attrs(jobs, &a, false, e) < 0)
			return -1;
	} while (take(s, ','));
	return take(s, '}');
}

static int scan_all(struct scan *s, struct pbs_jobs *jobs, struct err *e)
{
	int r = 1;

	if (!take(s, '{'))
		return 0;
	if (take(s, '}'))
		return 1;
	do {
		struct strv name;
		if (!string(s, &name) || !take(s, ':'))
			return 0;
		if (strv_eq(name, "Jobs") && peek(s) == '{')
			r = scan_jobs(s, jobs, e);
		else
			r = skip_value(s);
	} while (r > 0 && take(s, ','));
	return r > 0 ? take(s, '}') : r;
}

/* `"name": value,` of one line: false where it is none. */
static bool member(struct strv line, struct strv *ret_name, struct strv *ret_value)
{
	struct scan s = { strv_trim(line), 0 };

	if (!string(&s, ret_name) || !take(&s, ':'))
		return false;
	struct strv v = strv_trim((struct strv){ s.t.p + s.at, s.t.n - s.at });
	if (v.n > 0 && v.p[v.n - 1] == ',')
		v = strv_trim((struct strv){ v.p, v.n - 1 });
	if (v.n > 1 && v.p[0] == '"' && v.p[v.n - 1] == '"')
		v = (struct strv){ v.p + 1, v.n - 2 };
	*ret_value = v;
	return true;
}

static int by_lines(struct strv text, struct pbs_jobs *jobs, struct err *e)
{
	struct pbs_attrs a = { .id = { NULL, 0 } };

	for (struct strv line; pbs_line(&text, &line);) {
		struct strv name, value, *to;
		if (!member(line, &name, &value))
			continue;
		/* A job's object begins; those inside of it have names that begin with a letter. */
		if (strv_eq(value, "{") && name.n > 0 && name.p[0] >= '0' && name.p[0] <= '9') {
			if (pbs_put_attrs(jobs, &a, false, e) < 0)
				return -1;
			a = (struct pbs_attrs){ .id = name };
		} else if ((to = slot(&a, name)) && to->n == 0) {
			*to = value;
		}
	}
	return pbs_put_attrs(jobs, &a, false, e);
}

int pbs_parse_json(struct strv text, struct pbs_jobs *jobs, struct err *e)
{
	struct scan s = { text, 0 };
	size_t before = jobs->count;

	if (peek(&s) == '\0' && s.at >= text.n)
		return 0;
	int r = scan_all(&s, jobs, e);
	if (r == 0) {
		jobs->count = before;
		r = by_lines(text, jobs, e);
		if (r == 0 && jobs->count == before)
			return PBS_UNPARSABLE;
	}
	return r < 0 ? -1 : 0;
}
