#include "core/mail_template.h"

#include <string.h>

#include "base/strv.h"
#include "core/mail_text.h"

struct fill {
	bool html;
	const char *start; /* of the whole template, to see line starts */
	const struct mail_value *values;
	const char *item; /* what {{.}} stands for; NULL outside lists */
	struct buf *out;
};

static const struct mail_value *find(const struct mail_value *values, struct strv name)
{
	for (; values->name; values++)
		if (strv_eq(name, values->name))
			return values;
	return NULL;
}

static int malformed(struct strv tag, struct err *e)
{
	return err_set(e, ERR_INTERNAL, "mail template: bad tag {{%.*s}}", (int)tag.n, tag.p);
}

static int put_value(const struct fill *f, struct strv tag, struct err *e)
{
	bool raw = tag.n > 0 && tag.p[0] == '&';
	const struct mail_value *v = NULL;
	const char *text = f->item;

	if (!strv_eq(tag, ".")) {
		v = find(f->values, raw ? (struct strv){ tag.p + 1, tag.n - 1 } : tag);
		text = v && !v->items ? v->text : NULL;
	}
	if (!text)
		return malformed(tag, e);
	if (raw)
		return buf_adds(f->out, text, e);
	return f->html ? mail_text_html(text, f->out, e) : mail_text_clean(text, f->out, e);
}

/* Past the tag that begins at @tag and ends before @p; past its line's end too where nothing else is on it.
 */
static const char *after_section_tag(const struct fill *f, const char *tag, const char *p, const char *end)
{
	bool alone = (tag == f->start || tag[-1] == '\n') && p < end && *p == '\n';

	return alone ? p + 1 : p;
}

static const char *find_close(const char *p, const char *end, struct strv name)
{
	for (; p + name.n + 5 <= end; p++)
		if (memcmp(p, "{{/", 3) == 0 && memcmp(p + 3, name.p, name.n) == 0 &&
			memcmp(p + 3 + name.n, "}}", 2) == 0)
			return p;
	return NULL;
}

static int fill_part(struct fill *f, const char *p, const char *end, struct err *e);

/* The section whose opening tag begins at @open and whose content begins at @p; @ret is behind it. */
static int fill_section(
	struct fill *f, struct strv name, const char *p, const char *end, const char **ret, struct err *e)
{
	const struct mail_value *v = find(f->values, name);
	const char *close = find_close(p, end, name);

	if (!v || !close)
		return malformed(name, e);
	size_t times = v->items ? v->n : v->text ? 1 : 0;
	for (size_t i = 0; i < times; i++) {
		struct fill inner = *f;
		if (v->items)
			inner.item = v->items[i];
		if (fill_part(&inner, p, close, e) < 0)
			return -1;
	}
	*ret = after_section_tag(f, close, close + name.n + 5, end);
	return 0;
}

static int fill_part(struct fill *f, const char *p, const char *end, struct err *e)
{
	while (p < end) {
		const char *open = memmem(p, (size_t)(end - p), "{{", 2);
		if (buf_add(f->out, p, (size_t)((open ? open : end) - p), e) < 0)
			return -1;
		if (!open)
			return 0;
		const char *close = memmem(open, (size_t)(end - open), "}}", 2);
		if (!close)
			return malformed(STRV("…"), e);
		struct strv tag = { open + 2, (size_t)(close - open - 2) };
		p = close + 2;
		if (tag.n > 0 && tag.p[0] == '#') {
			p = after_section_tag(f, open, p, end);
			if (fill_section(f, (struct strv){ tag.p + 1, tag.n - 1 }, p, end, &p, e) < 0)
				return -1;
		} else if (put_value(f, tag, e) < 0) {
			return -1;
		}
	}
	return 0;
}

int mail_template_fill(
	const char *text, bool html, const struct mail_value *values, struct buf *out, struct err *e)
{
	struct fill f = { .html = html, .start = text, .values = values, .out = out };

	return fill_part(&f, text, text + strlen(text), e);
}

int mail_template_render(const char *name, const struct mail_value *values, struct buf *out, struct err *e)
{
	for (const struct mail_template *t = mail_templates; t->name; t++)
		if (strcmp(t->name, name) == 0) {
			if (mail_template_fill(t->text, str_ends(name, ".html"), values, out, e) < 0)
				return err_wrap(e, "%s", name);
			return 0;
		}
	return err_set(e, ERR_INTERNAL, "no mail template %s", name);
}
