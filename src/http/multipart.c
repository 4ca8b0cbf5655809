#include "http/multipart.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/mp_header.h"

/* The delimiter is CR LF "--" boundary. A boundary has no CR, so a delimiter that breaks off can only begin
 * anew at the byte that broke it: what was matched of it is known without being stored, and no byte is looked
 * at twice. */

enum state { PREAMBLE, BEHIND, CLOSING, HEADER, BODY, EPILOGUE, FAILED };

static const char line_end_and_dashes[] = { '\r', '\n', '-', '-' }; /* no string */

enum { BOUNDARY_BYTES = 71, PADDING_BYTES = 128 };

struct multipart {
	struct multipart_limits limits;
	const struct multipart_hooks *hooks;
	void *ctx;
	char delim[4 + BOUNDARY_BYTES];
	size_t delim_len;

	enum state state;
	size_t match;  /* bytes of the delimiter that the last piece ended with */
	size_t credit; /* of these, a line end that is not the part's: before the first line, behind the
			  header */
	size_t padding;
	bool cr; /* a CR was seen behind a delimiter */

	struct mp_part part;
	struct buf header, value, names;
	unsigned parts;
	size_t fields_bytes;
	uint64_t file_bytes, overhead;
	struct err failure;
};

static void set_limits(struct multipart *m, const struct multipart_limits *given)
{
	static const struct multipart_limits usual = { .max_parts = 32,
		.max_header_bytes = 4096,
		.max_fields_bytes = 65536,
		.max_file_bytes = 524288000,
		.max_overhead_bytes = 65536 };
	struct multipart_limits *l = &m->limits;

	*l = given ? *given : usual;
	l->max_parts = l->max_parts ? l->max_parts : usual.max_parts;
	l->max_header_bytes = l->max_header_bytes ? l->max_header_bytes : usual.max_header_bytes;
	l->max_fields_bytes = l->max_fields_bytes ? l->max_fields_bytes : usual.max_fields_bytes;
	l->max_file_bytes = l->max_file_bytes ? l->max_file_bytes : usual.max_file_bytes;
	l->max_overhead_bytes = l->max_overhead_bytes ? l->max_overhead_bytes : usual.max_overhead_bytes;
}

int multipart_new(const char *content_type, const struct multipart_limits *limits,
	const struct multipart_hooks *hooks, void *ctx, struct multipart **ret, struct err *e)
{
	BUF_CLEANUP struct buf boundary;

	buf_init(&boundary, 1024);
	if (!content_type)
		return err_set(e, ERR_MEDIA, "the body must be multipart/form-data");
	if (mp_boundary(content_type, &boundary, e))
		return -1;
	struct multipart *m = calloc(1, sizeof *m);
	if (!m)
		return err_set(e, ERR_NOMEM, "multipart parser");
	set_limits(m, limits);
	m->hooks = hooks;
	m->ctx = ctx;
	memcpy(m->delim, line_end_and_dashes, sizeof line_end_and_dashes);
	memcpy(m->delim + 4, boundary.data, boundary.len);
	m->delim_len = boundary.len + 4;
	m->match = m->credit = 2; /* the first delimiter needs no line end before it */
	mp_part_init(&m->part, m->limits.max_header_bytes);
	buf_init(&m->header, m->limits.max_header_bytes + 1);
	buf_init(&m->value, m->limits.max_fields_bytes + 1);
	buf_init(&m->names, (size_t)m->limits.max_parts * (m->limits.max_header_bytes + 1));
	*ret = m;
	return 0;
}

void multipart_free(struct multipart *m)
{
	if (!m)
		return;
	mp_part_deinit(&m->part);
	buf_deinit(&m->header);
	buf_deinit(&m->value);
	buf_deinit(&m->names);
	free(m);
}

/* --- parts -------------------------------------------------------------------------------------------------
 */

static int note_name(struct multipart *m, struct err *e)
{
	const char *name = m->part.name.data;
	size_t len = m->part.name.len;

	if (++m->parts > m->limits.max_parts)
		return err_set(e, ERR_TOO_LARGE, "more than %u parts", m->limits.max_parts);
	for (const char *p = m->names.data, *end = p ? p + m->names.len : p; p < end; p += strlen(p) + 1)
		if (strcmp(p, name) == 0)
			return err_set(e, ERR_INVALID, "the field \"%.60s\" is there twice", name);
	return buf_add(&m->names, name, len + 1, e);
}

static int part_begin(struct multipart *m, struct err *e)
{
	mp_part_deinit(&m->part);
	mp_part_init(&m->part, m->limits.max_header_bytes);
	if (mp_part_parse(&m->part, (struct strv){ buf_str(&m->header), m->header.len }, e) ||
		note_name(m, e))
		return -1;
	m->file_bytes = 0;
	buf_reset(&m->value);
	if (!m->part.has_filename || !m->hooks->file_begin)
		return 0;
	return m->hooks->file_begin(
		m->ctx, buf_str(&m->part.name), buf_str(&m->part.filename), buf_str(&m->part.type), e);
}

static int file_data(struct multipart *m, const char *p, size_t n, struct err *e)
{
	uint64_t room = m->limits.max_file_bytes - m->file_bytes;
	size_t take = n > room ? (size_t)room : n;

	m->file_bytes += take;
	if (take > 0 && m->hooks->file_data && m->hooks->file_data(m->ctx, p, take, e))
		return -1;
	if (take == n)
		return 0;
	return err_set(e, ERR_TOO_LARGE, "the file \"%.60s\" is over %llu bytes", buf_str(&m->part.name),
		(unsigned long long)m->limits.max_file_bytes);
}

/* Bytes that belong to the part, or to nothing. */
static int content(struct multipart *m, const char *p, size_t n, struct err *e)
{
	if (n == 0)
		return 0;
	if (m->state != BODY) {
		m->overhead += n;
		if (m->overhead > m->limits.max_overhead_bytes)
			return err_set(e, ERR_TOO_LARGE, "too much text outside of the parts");
		return 0;
	}
	if (m->part.has_filename)
		return file_data(m, p, n, e);
	if (n > m->limits.max_fields_bytes - m->fields_bytes)
		return err_set(
			e, ERR_TOO_LARGE, "the text fields are over %zu bytes", m->limits.max_fields_bytes);
	m->fields_bytes += n;
	return buf_add(&m->value, p, n, e);
}

static int part_end(struct multipart *m, struct err *e)
{
	if (m->part.has_filename)
		return m->hooks->file_end ? m->hooks->file_end(m->ctx, e) : 0;
	if (!m->hooks->field)
		return 0;
	return m->hooks->field(m->ctx, buf_str(&m->part.name), buf_str(&m->value), m->value.len, e);
}

/* --- the machine: each step takes from [*p, end) and moves *p
 * -------------------------------------------------- */

static int delimiter(struct multipart *m, struct err *e)
{
	bool in_part = m->state == BODY;

	m->match = m->credit = m->padding = 0;
	m->cr = false;
	m->state = BEHIND;
	return in_part ? part_end(m, e) : 0;
}

/* Go on with a delimiter that the last piece ended within. */
static int resume_match(struct multipart *m, const char **p, const char *end, struct err *e)
{
	while (*p < end && m->match < m->delim_len && **p == m->delim[m->match]) {
		(*p)++;
		m->match++;
	}
	if (m->match == m->delim_len)
		return delimiter(m, e);
	if (*p == end)
		return 0;
	size_t n = m->match - m->credit, from = m->credit;
	m->match = m->credit = 0;
	return content(m, m->delim + from, n, e);
}

/* Where could a delimiter begin in the last bytes of the piece? At its end if nowhere. */
static const char *tail_match(const struct multipart *m, const char *p, const char *end)
{
	size_t n = (size_t)(end - p), most = m->delim_len - 1;
	const char *from = n > most ? end - most : p, *cr;

	while ((cr = memchr(from, '\r', (size_t)(end - from))) &&
		memcmp(cr, m->delim, (size_t)(end - cr)) != 0)
		from = cr + 1;
	return cr ? cr : end;
}

static int take_content(struct multipart *m, const char **p, const char *end, struct err *e)
{
	if (m->match > 0)
		return resume_match(m, p, end, e);
	const char *from = *p, *found = memmem(from, (size_t)(end - from), m->delim, m->delim_len);
	if (found) {
		*p = found + m->delim_len;
		return content(m, from, (size_t)(found - from), e) ? -1 : delimiter(m, e);
	}
	const char *tail = tail_match(m, from, end);
	m->match = (size_t)(end - tail);
	*p = end;
	return content(m, from, (size_t)(tail - from), e);
}

/* Behind a delimiter: "--" closes, blanks are padding, CR LF begins a part (RFC 2046, 1996, 5.1.1). */
static int take_behind(struct multipart *m, const char **p, struct err *e)
{
	char c = *(*p)++;

	if (m->cr) {
		if (c != '\n')
			return err_set(e, ERR_INVALID, "a boundary line does not end with CR LF");
		m->state = HEADER;
		buf_reset(&m->header);
		return 0;
	}
	if (c == '\r') {
		m->cr = true;
		return 0;
	}
	if (c == '-' && m->padding == 0) {
		m->state = CLOSING;
		return 0;
	}
	if ((c != ' ' && c != '\t') || ++m->padding > PADDING_BYTES)
		return err_set(e, ERR_INVALID, "a boundary line goes on behind the boundary");
	return 0;
}

static int take_closing(struct multipart *m, const char **p, struct err *e)
{
	if (*(*p)++ != '-')
		return err_set(e, ERR_INVALID, "a boundary line goes on behind the boundary");
	m->state = EPILOGUE;
	return 0;
}

/* Collect up to the blank line; what came behind it in the same piece is left in [*p, end). */
static int take_header(struct multipart *m, const char **p, const char *end, struct err *e)
{
	size_t before = m->header.len, room = m->limits.max_header_bytes - before, n = (size_t)(end - *p);
	size_t from = before > 3 ? before - 3 : 0;

	if (n > room)
		n = room;
	if (buf_add(&m->header, *p, n, e))
		return -1;
	if (m->header.len >= 2 && memcmp(m->header.data, "\r\n", 2) == 0)
		return err_set(e, ERR_INVALID, "a part has no header");
	const char *blank = memmem(m->header.data + from, m->header.len - from, "\r\n\r\n", 4);
	if (!blank) {
		*p += n;
		if (m->header.len == m->limits.max_header_bytes)
			return err_set(e, ERR_TOO_LARGE, "a part's header is over %zu bytes",
				m->limits.max_header_bytes);
		return 0;
	}
	size_t whole = (size_t)(blank - m->header.data) + 4;
	*p += whole - before;
	m->header.len = whole - 2;
	if (part_begin(m, e))
		return -1;
	m->state = BODY;
	m->match = m->credit = 2; /* "CR LF CR LF --boundary": the blank line may be the delimiter's too */
	return 0;
}

static int step(struct multipart *m, const char **p, const char *end, struct err *e)
{
	switch (m->state) {
	case PREAMBLE:
	case BODY:
		return take_content(m, p, end, e);
	case BEHIND:
		return take_behind(m, p, e);
	case CLOSING:
		return take_closing(m, p, e);
	case HEADER:
		return take_header(m, p, end, e);
	case EPILOGUE: {
		const char *from = *p;

		*p = end;
		return content(m, from, (size_t)(end - from), e);
	}
	case FAILED:
		break;
	}
	if (e)
		*e = m->failure;
	return -1;
}

int multipart_feed(struct multipart *m, const void *bytes, size_t len, struct err *e)
{
	const char *p = bytes, *end = p + len;
	struct err failure = { .kind = ERR_NONE };

	while (p < end || m->state == FAILED)
		if (step(m, &p, end, &failure)) {
			m->state = FAILED;
			m->failure = failure;
			if (e)
				*e = failure;
			return -1;
		}
	return 0;
}

int multipart_end(struct multipart *m, struct err *e)
{
	if (m->state == EPILOGUE)
		return 0;
	if (m->state == FAILED) {
		if (e)
			*e = m->failure;
		return -1;
	}
	return err_set(e, ERR_INVALID, "the body ends before its last boundary");
}
