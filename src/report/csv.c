#include "report/csv.h"

#include <math.h>
#include <string.h>

static bool begin(struct csv *c)
{
	if (c->err.kind == ERR_NONE && c->inside)
		(void)buf_addc(c->out, ',', &c->err);
	c->inside = true;
	return c->err.kind == ERR_NONE;
}

void csv_text(struct csv *c, const char *text)
{
	bool formula = text[0] && strchr("=+-@\t\r\n", text[0]);
	bool quoted = strpbrk(text, ",\"\r\n") != NULL;

	if (!begin(c))
		return;
	if (quoted && buf_addc(c->out, '"', &c->err) < 0)
		return;
	if (formula && buf_addc(c->out, '\'', &c->err) < 0)
		return;
	for (; *text; text++)
		if ((*text == '"' && buf_addc(c->out, '"', &c->err) < 0) ||
			buf_addc(c->out, *text, &c->err) < 0)
			return;
	if (quoted)
		(void)buf_addc(c->out, '"', &c->err);
}

void csv_number(struct csv *c, double v, int decimals)
{
	if (begin(c) && isfinite(v))
		(void)buf_addf(c->out, &c->err, "%.*f", decimals, v);
}

void csv_count(struct csv *c, size_t n)
{
	if (begin(c))
		(void)buf_addf(c->out, &c->err, "%zu", n);
}

void csv_row_end(struct csv *c)
{
	if (c->err.kind == ERR_NONE)
		(void)buf_adds(c->out, "\r\n", &c->err);
	c->inside = false;
}
