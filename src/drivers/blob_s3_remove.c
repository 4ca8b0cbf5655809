#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/strv.h"
#include "drivers/blob_s3_parts.h"
#include "drivers/s3_xml.h"

/* Removal by prefix: pages of a listing, object by object over a warm connection. A job has some ten objects,
 * so that S3's removal of a thousand at once (which wants MD5 sums) would save little. */

/* Names in listings come percent-encoded (encoding-type=url), with '+' for a blank. */
static bool decode(char *text)
{
	char *out = text;

	for (const char *p = text; *p; p++) {
		uint8_t byte;
		char digits[3] = { 0 };
		if (*p != '%') {
			*out++ = (char)(*p == '+' ? ' ' : *p);
			continue;
		}
		digits[0] = p[1];
		digits[1] = p[1] ? p[2] : '\0';
		if (hex_decode(digits, &byte, 1) != 1 || byte == 0)
			return false;
		*out++ = (char)byte;
		p += 2;
	}
	*out = '\0';
	return true;
}

static bool key_of(const struct s3_xml_node *n, char key[3 * S3_KEY_BYTES])
{
	return s3_xml_text(n, "Key", key, 3 * S3_KEY_BYTES) && decode(key) && strlen(key) < S3_KEY_BYTES;
}

/* One page of a listing in @ret_x, its root element in @ret_root. */
static int list(struct blob_s3 *s, struct s3_call *c, const char *root, struct s3_xml **ret_x,
	const struct s3_xml_node **ret_root, struct err *e)
{
	int r = s3_call(&s->site, c, e);

	if (r < 0)
		return -1;
	if (r != S3_OK)
		return err_set(e, ERR_UNAVAILABLE, "S3 GET %s: the listing was answered %ld", s->site.bucket,
			c->status);
	if (s3_xml_parse(c->answer.data, c->answer.len, ret_x, e) < 0 ||
		!(*ret_root = s3_xml_root(*ret_x, root)))
		return err_set(e, ERR_UNAVAILABLE, "S3 GET %s: the answer is no listing", s->site.bucket);
	return 0;
}

int blob_s3_remove_key(struct blob_s3 *s, const char *key, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;

	s3_call_init(&c, "DELETE", key, S3_ANSWER_BYTES);
	int r = s3_call(&s->site, &c, e);
	if (r == S3_OK || r == S3_ABSENT)
		return 0;
	return r < 0 ? -1
		     : err_set(e, ERR_UNAVAILABLE, "S3 DELETE %s/%s: answered %ld", s->site.bucket, key,
			       c.status);
}

/* Remove what the first page of the listing shows. Return how many objects that were, -1 */
static int remove_page(struct blob_s3 *s, const char *prefix, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	CLEANUP(s3_xml_free_p) struct s3_xml *x = NULL;
	const struct s3_xml_node *root = NULL;
	char key[3 * S3_KEY_BYTES];
	int count = 0;

	s3_call_init(&c, "GET", "", S3_XML_MAX_BYTES);
	s3_call_query(&c, "list-type", "2");
	s3_call_query(&c, "encoding-type", "url");
	s3_call_query(&c, "max-keys", "1000");
	s3_call_query(&c, "prefix", prefix);
	if (list(s, &c, "ListBucketResult", &x, &root, e) < 0)
		return -1;
	for (const struct s3_xml_node *n = s3_xml_child(root, "Contents"); n;
		n = s3_xml_next(n, "Contents")) {
		/* Never a key that was not asked for, whatever the store says. */
		if (!key_of(n, key) || !str_starts(key, prefix))
			return err_set(e, ERR_UNAVAILABLE, "S3 GET %s: the listing names foreign keys",
				s->site.bucket);
		if (blob_s3_remove_key(s, key, e) < 0)
			return -1;
		count++;
		FAULT_POINT("blob_s3.removed");
	}
	return count;
}

static bool is_ours(struct blob_s3 *s, const char *upload_id)
{
	bool found = false;

	(void)pthread_mutex_lock(&s->lock);
	for (const struct s3_upload *u = s->uploads; u && !found; u = u->next)
		found = strcmp(u->id, upload_id) == 0;
	(void)pthread_mutex_unlock(&s->lock);
	return found;
}

struct marker {
	char key[3 * S3_KEY_BYTES], id[S3_UPLOAD_ID_BYTES];
};

/* Abort one page of uploads. Return 1: there is another from *@m on; 0; -1 */
static int abort_page(struct blob_s3 *s, const char *prefix, bool own_key, struct s3_poll poll,
	struct marker *m, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	CLEANUP(s3_xml_free_p) struct s3_xml *x = NULL;
	const struct s3_xml_node *root = NULL;
	char key[3 * S3_KEY_BYTES], id[S3_UPLOAD_ID_BYTES], more[8];

	s3_call_init(&c, "GET", "", S3_XML_MAX_BYTES);
	c.poll = poll;
	s3_call_query(&c, "uploads", "");
	s3_call_query(&c, "encoding-type", "url");
	s3_call_query(&c, "prefix", prefix);
	if (*m->key) {
		s3_call_query(&c, "key-marker", m->key);
		s3_call_query(&c, "upload-id-marker", m->id);
	}
	if (list(s, &c, "ListMultipartUploadsResult", &x, &root, e) < 0)
		return -1;
	for (const struct s3_xml_node *n = s3_xml_child(root, "Upload"); n; n = s3_xml_next(n, "Upload")) {
		if (!key_of(n, key) || !s3_xml_text(n, "UploadId", id, sizeof id) ||
			!str_starts(key, prefix) || (own_key && (strcmp(key, prefix) != 0 || is_ours(s, id))))
			continue;
		if (blob_s3_abort(s, key, id, 0, e) < 0)
			return -1;
	}
	if (!s3_xml_text(root, "IsTruncated", more, sizeof more) || strcmp(more, "true") != 0)
		return 0;
	if (!s3_xml_text(root, "NextKeyMarker", m->key, sizeof m->key) || !decode(m->key) || !*m->key)
		return err_set(e, ERR_UNAVAILABLE, "S3 GET %s: the listing breaks off", s->site.bucket);
	(void)s3_xml_text(root, "NextUploadIdMarker", m->id, sizeof m->id);
	return 1;
}

int blob_s3_abort_uploads(
	struct blob_s3 *s, const char *prefix, bool own_key, struct s3_poll poll, struct err *e)
{
	enum { PAGES_MOST = 1000 };
	struct marker m = { .key = "" };

	for (int page = 0; page < PAGES_MOST; page++) {
		int r = abort_page(s, prefix, own_key, poll, &m, e);
		if (r <= 0)
			return r;
	}
	return err_set(e, ERR_UNAVAILABLE, "S3 GET %s: the listing has no end", s->site.bucket);
}

int blob_s3_remove_prefix(struct blob *b, const char *prefix, struct err *e)
{
	enum { PAGES_MOST = 100000 };
	struct blob_s3 *s = blob_s3_of(b);
	char key[BLOB_KEY_BYTES], full[S3_KEY_BYTES];
	size_t len = strlen(prefix);

	if (len < 2 || prefix[len - 1] != '/' || !str_copy(key, sizeof key, prefix))
		return err_set(e, ERR_INVALID, "a prefix of blobs ends in '/'");
	key[len - 1] = '\0';
	if (blob_s3_key(s, key, full, e) < 0)
		return -1;
	(void)snprintf(full, sizeof full, "%s%s", s->site.prefix, prefix);
	if (blob_s3_abort_uploads(s, full, false, (struct s3_poll){ 0 }, e) < 0)
		return -1;
	/* Listed anew each time, until nothing is there: nothing is missed that came in between. */
	for (int page = 0; page < PAGES_MOST; page++) {
		int r = remove_page(s, full, e);
		if (r <= 0)
			return r;
	}
	return err_set(e, ERR_UNAVAILABLE, "S3 GET %s: what is removed is listed again", s->site.bucket);
}
