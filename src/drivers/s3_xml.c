#include "drivers/s3_xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <pthread.h>
#include <string.h>

#include "base/strv.h"

/* A document of libxml2 by another name, so that its headers stay in this file. */
static xmlDoc *doc_of(const struct s3_xml *x)
{
	return (xmlDoc *)x;
}

static const xmlNode *node_of(const struct s3_xml_node *n)
{
	return (const xmlNode *)n;
}

static void once(void)
{
	xmlInitParser();
}

int s3_xml_parse(const void *data, size_t len, struct s3_xml **ret, struct err *e)
{
	static pthread_once_t init = PTHREAD_ONCE_INIT;

	(void)pthread_once(&init, once);
	if (len > S3_XML_MAX_BYTES)
		return err_set(e, ERR_CORRUPT, "the store's answer is too long");
	xmlDoc *doc = xmlReadMemory(data, (int)len, NULL, NULL,
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
	if (!doc)
		return err_set(e, ERR_CORRUPT, "the store's answer is not XML");
	if (doc->intSubset || doc->extSubset) {
		xmlFreeDoc(doc);
		return err_set(e, ERR_CORRUPT, "the store's answer has a document type");
	}
	*ret = (struct s3_xml *)doc;
	return 0;
}

void s3_xml_free(struct s3_xml *x)
{
	if (x)
		xmlFreeDoc(doc_of(x));
}

static const struct s3_xml_node *first_named(const xmlNode *n, const char *name)
{
	for (; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0)
			return (const struct s3_xml_node *)n;
	return NULL;
}

const struct s3_xml_node *s3_xml_root(const struct s3_xml *x, const char *name)
{
	const xmlNode *root = xmlDocGetRootElement(doc_of(x));

	return root && strcmp((const char *)root->name, name) == 0 ? (const struct s3_xml_node *)root : NULL;
}

const struct s3_xml_node *s3_xml_child(const struct s3_xml_node *n, const char *name)
{
	return n ? first_named(node_of(n)->children, name) : NULL;
}

const struct s3_xml_node *s3_xml_next(const struct s3_xml_node *n, const char *name)
{
	return first_named(node_of(n)->next, name);
}

bool s3_xml_text(const struct s3_xml_node *n, const char *name, char *out, size_t size)
{
	const struct s3_xml_node *child = s3_xml_child(n, name);

	out[0] = '\0';
	if (!child)
		return false;
	xmlChar *text = xmlNodeGetContent(node_of(child));
	bool fits = text && str_copy(out, size, (const char *)text);
	xmlFree(text);
	return fits;
}
