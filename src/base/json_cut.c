#include "base/json_cut.h"

#include <string.h>

struct cutter {
	const char *at, *start, *end;
	int max_depth;
};

static int bad(const struct cutter *c, const char *why, struct err *e)
{
	return err_set(e, ERR_INVALID, "not valid JSON at byte %zu: %s", (size_t)(c->at - c->start), why);
}

static void skip_blanks(struct cutter *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t'))
		c->at++;
}

/* From the opening quote to behind the closing one. */
static int skip_string(struct cutter *c, struct err *e)
{
	const char *p = c->at + 1;

	while (p < c->end && *p != '"')
		p += *p == '\\' && c->end - p > 1 ? 2 : 1;
	if (p >= c->end)
		return bad(c, "a string without end", e);
	c->at = p + 1;
	return 0;
}

static int skip_nested(struct cutter *c, struct err *e)
{
	int depth = 1; /* the object around it */

	do {
		char ch = *c->at;
		if (ch == '"') {
			if (skip_string(c, e) < 0)
				return -1;
			continue;
		}
		if (ch == '{' || ch == '[') {
			if (++depth > c->max_depth)
				return err_set(e, ERR_INVALID, "JSON is nested deeper than %d", c->max_depth);
		} else if (ch == '}' || ch == ']') {
			depth--;
		}
		c->at++;
	} while (depth > 1 && c->at < c->end);
	return depth > 1 ? bad(c, "an array or object without end", e) : 0;
}

static int skip_value(struct cutter *c, struct err *e)
{
	const char *from = c->at;

	if (c->at < c->end && *c->at == '"')
		return skip_string(c, e);
	if (c->at < c->end && (*c->at == '{' || *c->at == '['))
		return skip_nested(c, e);
	while (c->at < c->end && !strchr(",}] \n\r\t", *c->at))
		c->at++;
	return c->at == from ? bad(c, "a value is missing", e) : 0;
}

static int cut_member(struct cutter *c, struct json_piece *ret, struct err *e)
{
	if (c->at == c->end || *c->at != '"')
		return bad(c, "a name is missing", e);
	const char *from = c->at + 1;
	if (skip_string(c, e) < 0)
		return -1;
	ret->name = (struct strv){ from, (size_t)(c->at - 1 - from) };
	if (memchr(from, '\\', ret->name.n))
		return bad(c, "a name with an escape", e);
	skip_blanks(c);
	if (c->at == c->end || *c->at != ':')
		return bad(c, "a colon is missing", e);
	c->at++;
	skip_blanks(c);
	from = c->at;
	if (skip_value(c, e) < 0)
		return -1;
	ret->value = (struct strv){ from, (size_t)(c->at - from) };
	skip_blanks(c);
	return 0;
}

static int open_object(struct cutter *c, struct err *e)
{
	skip_blanks(c);
	if (c->at == c->end || *c->at != '{')
		return bad(c, "an object is expected", e);
	c->at++;
	skip_blanks(c);
	return 0;
}

int json_cut(const char *text, size_t len, int max_depth, struct json_piece *out, int max, struct err *e)
{
	struct cutter c = { text, text, text + len, max_depth };
	struct json_piece piece;
	int n = 0;

	if (open_object(&c, e) < 0)
		return -1;
	bool empty = c.at < c.end && *c.at == '}';
	while (!empty) {
		if (cut_member(&c, &piece, e) < 0)
			return -1;
		for (int i = 0; i < n; i++)
			if (out[i].name.n == piece.name.n &&
				memcmp(out[i].name.p, piece.name.p, piece.name.n) == 0)
				return bad(&c, "a name comes twice", e);
		if (n == max)
			return err_set(e, ERR_TOO_LARGE, "more than %d members", max);
		out[n++] = piece;
		if (c.at == c.end || (*c.at != ',' && *c.at != '}'))
			return bad(&c, "a comma or the end is missing", e);
		if (*c.at == '}')
			break;
		c.at++;
		skip_blanks(&c);
	}
	c.at++;
	skip_blanks(&c);
	return c.at < c.end ? bad(&c, "text after the object", e) : n;
}
