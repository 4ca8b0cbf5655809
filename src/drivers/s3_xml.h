#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* S3's answers in XML, read with libxml2: no network, no entities, no document type, a bounded size. */

enum { S3_XML_MAX_BYTES = 4 << 20 };

struct s3_xml; /* a document */
struct s3_xml_node;

/**
 * s3_xml_parse() - read an answer
 * @ret    set on 0; release with s3_xml_free()
 * Errors  ERR_CORRUPT where it is not well-formed, has a document type or is over S3_XML_MAX_BYTES
 */
int s3_xml_parse(const void *data, size_t len, struct s3_xml **ret, struct err *e);
void s3_xml_free(struct s3_xml *x);

static inline void s3_xml_free_p(struct s3_xml **x)
{
	s3_xml_free(*x);
}

/* The outermost element where it has that name (whatever its name space), else NULL. */
const struct s3_xml_node *s3_xml_root(const struct s3_xml *x, const char *name);

/* The first child element of that name, the next sibling of that name; NULL: none. */
const struct s3_xml_node *s3_xml_child(const struct s3_xml_node *n, const char *name);
const struct s3_xml_node *s3_xml_next(const struct s3_xml_node *n, const char *name);

/* The text of the first child of that name. False, and @out empty, where there is none or it does not fit. */
bool s3_xml_text(const struct s3_xml_node *n, const char *name, char *out, size_t size);
