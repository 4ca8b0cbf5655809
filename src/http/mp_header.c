#include "http/mp_header.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip_blanks(struct strv *s)
{
	while (s->n > 0 && (*s->p == ' ' || *s->p == '\t')) {
		s->p++;
		s->n--;
	}
}

static struct strv take_token(struct strv *s)
{
	struct strv token = { s->p, 0 };

	while (s->n > 0 && is_token_char(*s->p)) {
		s->p++;
		s->n--;
		token.n++;
	}
	return token;
}

/* @s is behind the opening quote. */
static int take_quoted(struct strv *s, struct buf *value, struct err *e)
{
	while (s->n > 0) {
		char c = *s->p;

		if (c == '"') {
			s->p++;
			s->n--;
			return 0;
		}
		if (c == '\\' && s->n > 1 && (s->p[1] == '"' || s->p[1] == '\\')) {
			s->p++;
			s->n--;
			c = *s->p;
		}
		if (buf_addc(value, c, e))
			return -1;
		s->p++;
		s->n--;
	}
	return err_set(e, ERR_INVALID, "a quoted parameter has no end");
}

int mp_param_next(struct strv *rest, struct strv *name, struct buf *value, struct err *e)
{
	buf_reset(value);
	skip_blanks(rest);
	while (rest->n > 0 && *rest->p == ';') { /* "a=b;" and ";;" do occur */
		rest->p++;
		rest->n--;
		skip_blanks(rest);
		if (rest->n > 0 && *rest->p != ';')
			goto parameter;
	}
	return rest->n == 0 ? 0 : err_set(e, ERR_INVALID, "a parameter does not start with ';'");
parameter:
	*name = take_token(rest);
	skip_blanks(rest);
	if (name->n == 0 || rest->n == 0 || *rest->p != '=')
		return err_set(e, ERR_INVALID, "a parameter has no name or no '='");
	rest->p++;
	rest->n--;
	skip_blanks(rest);
	if (rest->n > 0 && *rest->p == '"') {
		rest->p++;
		rest->n--;
		return take_quoted(rest, value, e) ? -1 : 1;
	}
	/* RFC 2045 tokens and what boundaries look like unquoted: everything up to ';' or a blank */
	size_t len = 0;
	while (len < rest->n && !strchr("; \t\"", rest->p[len]))
		len++;
	if (len == 0)
		return err_set(e, ERR_INVALID, "a parameter has no value");
	if (buf_add(value, rest->p, len, e))
		return -1;
	rest->p += len;
	rest->n -= len;
	return 1;
}

static int check_boundary(const struct buf *b, struct err *e)
{
	if (b->len < 1 || b->len > 70)
		return err_set(e, ERR_INVALID, "the boundary has %zu characters, not 1 to 70", b->len);
	for (size_t i = 0; i < b->len; i++)
		if (!isalnum((unsigned char)b->data[i]) &&
			(!b->data[i] || !strchr("'()+_,-./:=? ", b->data[i])))
			return err_set(e, ERR_INVALID, "the boundary has a character that is not allowed");
	if (b->data[b->len - 1] == ' ')
		return err_set(e, ERR_INVALID, "the boundary ends with a blank");
	return 0;
}

int mp_boundary(const char *content_type, struct buf *out, struct err *e)
{
	static const char wanted[] = "multipart/form-data";
	BUF_CLEANUP struct buf value;
	struct strv rest = strv_of(content_type), name;
	bool found = false;
	int rc;

	buf_init(&value, 1024);
	skip_blanks(&rest);
	if (rest.n < sizeof wanted - 1 || strncasecmp(rest.p, wanted, sizeof wanted - 1) != 0)
		return err_set(e, ERR_MEDIA, "the body must be multipart/form-data");
	rest.p += sizeof wanted - 1;
	rest.n -= sizeof wanted - 1;
	if (rest.n > 0 && !strchr("; \t", *rest.p))
		return err_set(e, ERR_MEDIA, "the body must be multipart/form-data");
	while ((rc = mp_param_next(&rest, &name, &value, e)) > 0) {
		if (!strv_ieq(name, "boundary"))
			continue;
		if (found)
			return err_set(e, ERR_INVALID, "the boundary is given twice");
		found = true;
		buf_reset(out);
		if (buf_add(out, value.data, value.len, e))
			return -1;
	}
	if (rc < 0)
		return err_wrap(e, "Content-Type");
	if (!found)
		return err_set(e, ERR_INVALID, "multipart/form-data without a boundary");
	return check_boundary(out, e);
}

/* --- one part ----------------------------------------------------------------------------------------------
 */

void mp_part_init(struct mp_part *p, size_t max_bytes)
{
	*p = (struct mp_part){ .has_name = false };
	buf_init(&p->name, max_bytes);
	buf_init(&p->filename, max_bytes);
	buf_init(&p->type, max_bytes);
}

void mp_part_deinit(struct mp_part *p)
{
	buf_deinit(&p->name);
	buf_deinit(&p->filename);
	buf_deinit(&p->type);
}

/* Browsers write a quote as %22 and line ends as %0D %0A, and nothing else so (WHATWG HTML,
 * multipart/form-data). */
static void undo_browser_escapes(struct buf *b)
{
	size_t o = 0;

	for (size_t i = 0; i < b->len; i++) {
		char c = b->data[i];

		if (c == '%' && b->len - i > 2) {
			if (memcmp(b->data + i, "%22", 3) == 0)
				c = '"';
			else if (strncasecmp(b->data + i, "%0D", 3) == 0)
				c = '\r';
			else if (strncasecmp(b->data + i, "%0A", 3) == 0)
				c = '\n';
			if (c != '%')
				i += 2;
		}
		b->data[o++] = c;
	}
	b->len = o;
	if (b->data)
		b->data[o] = '\0';
}

static bool has_control(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if ((unsigned char)b->data[i] < 0x20 || b->data[i] == 0x7f)
			return true;
	return false;
}

/* A file name is only ever shown: what cannot be shown becomes '_'. */
static void clean_filename(struct buf *b)
{
	if (!b->data)
		return;
	bool utf8 = str_is_clean_utf8(b->data, b->len);

	for (size_t i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->data[i];

		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
			b->data[i] = '_';
	}
}

static int keep_value(struct buf *to, bool *has, const struct buf *value, const char *what, struct err *e)
{
	if (*has)
		return err_set(e, ERR_INVALID, "a part has %s twice", what);
	*has = true;
	if (value->len > 0 && buf_add(to, value->data, value->len, e))
		return -1;
	undo_browser_escapes(to);
	return 0;
}

static int parse_disposition(struct mp_part *p, struct strv value, struct err *e)
{
	BUF_CLEANUP struct buf text;
	struct strv name;
	int rc;

	buf_init(&text, p->name.max);
	if (!strv_ieq(take_token(&value), "form-data"))
		return err_set(e, ERR_INVALID, "a part's Content-Disposition is not form-data");
	while ((rc = mp_param_next(&value, &name, &text, e)) > 0) {
		if (strv_ieq(name, "name*") || strv_ieq(name, "filename*"))
			return err_set(
				e, ERR_INVALID, "%.*s is not allowed in form data", (int)name.n, name.p);
		if (strv_ieq(name, "name") && keep_value(&p->name, &p->has_name, &text, "name", e))
			return -1;
		if (strv_ieq(name, "filename") &&
			keep_value(&p->filename, &p->has_filename, &text, "filename", e))
			return -1;
	}
	return rc < 0 ? err_wrap(e, "Content-Disposition") : 0;
}

static int parse_field(struct mp_part *p, struct strv name, struct strv value, unsigned *seen, struct err *e)
{
	enum { DISPOSITION = 1, TYPE = 2, ENCODING = 4 };
	unsigned which = strv_ieq(name, "Content-Disposition")         ? DISPOSITION
			 : strv_ieq(name, "Content-Type")              ? TYPE
			 : strv_ieq(name, "Content-Transfer-Encoding") ? ENCODING
								       : 0;

	if (*seen & which)
		return err_set(e, ERR_INVALID, "a part has the header %.*s twice", (int)name.n, name.p);
	*seen |= which;
	if (which == DISPOSITION)
		return parse_disposition(p, value, e);
	if (which == ENCODING && !strv_ieq(value, "binary") && !strv_ieq(value, "8bit") &&
		!strv_ieq(value, "7bit"))
		return err_set(e, ERR_INVALID, "a part has a Content-Transfer-Encoding that is not accepted");
	if (which != TYPE)
		return 0;
	if (value.n >= 10 && strncasecmp(value.p, "multipart/", 10) == 0)
		return err_set(e, ERR_INVALID, "a part is itself multipart");
	return buf_add(&p->type, value.p, value.n, e);
}

static int parse_line(struct mp_part *p, struct strv line, unsigned *seen, struct err *e)
{
	struct strv name = take_token(&line);

	if (name.n == 0 || line.n == 0 || *line.p != ':')
		return err_set(e, ERR_INVALID, "a header line of a part is malformed");
	for (size_t i = 0; i < line.n; i++)
		if (((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f)
			return err_set(e, ERR_INVALID, "a header line of a part has a control character");
	return parse_field(p, name, strv_trim((struct strv){ line.p + 1, line.n - 1 }), seen, e);
}

int mp_part_parse(struct mp_part *p, struct strv block, struct err *e)
{
	unsigned seen = 0;

	while (block.n > 0) {
		const char *end = memmem(block.p, block.n, "\r\n", 2);
		size_t len = end ? (size_t)(end - block.p) : block.n;

		if (parse_line(p, (struct strv){ block.p, len }, &seen, e))
			return -1;
		len += end ? 2 : 0;
		block = (struct strv){ block.p + len, block.n - len };
	}
	if (!p->has_name || p->name.len == 0)
		return err_set(e, ERR_INVALID, "a part has no name");
	if (has_control(&p->name) || !str_is_clean_utf8(p->name.data, p->name.len))
		return err_set(e, ERR_INVALID, "a part's name is no clean text");
	clean_filename(&p->filename);
	return 0;
}
