#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* The templates of src/core/mail_templates, compiled in, and how they are filled:
 *   {{name}}              the value, escaped for the template's kind
 *   {{&name}}             the value as it is: only for parts that were themselves rendered
 *   {{#name}}…{{/name}}   only where the value is there; for a list, once an item, which is {{.}}
 * A section's tags alone on a line take the line with them. */

struct mail_template {
	const char *name, *text;
};
extern const struct mail_template mail_templates[]; /* ends with a row of name NULL */

struct mail_value {
	const char *name;
	const char *text;         /* NULL: not there */
	const char *const *items; /* a list, where not NULL */
	size_t n;
};

/**
 * mail_template_render() - fill the template @name ("result.html") from @values, append to @out
 * @values  ends with a row of name NULL
 * Return   0; -1 ERR_INTERNAL where the template names a value that does not exist or is malformed
 */
int mail_template_render(const char *name, const struct mail_value *values, struct buf *out, struct err *e);

/* The same for a template given as text; @html tells how to escape. For tests and for mail_template_render().
 */
int mail_template_fill(
	const char *text, bool html, const struct mail_value *values, struct buf *out, struct err *e);
