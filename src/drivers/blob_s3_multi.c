#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/strv.h"
#include "drivers/blob_s3_parts.h"
#include "drivers/s3_fault.h"
#include "drivers/s3_xml.h"

/* A multipart upload: several parts at once in one thread (curl's multi interface), each with its own
 * retries; aborted where anything fails, so that no part is left to be paid for. */

/* A place for one part under way. */
struct slot {
	struct s3_call call;
	CURL *handle;
	int part; /* from 0; -1: free */
	char number[12];
	int failures;
	int64_t not_before_ms;
	bool is_running;
};

struct multi {
	struct blob_s3 *store;
	const char *key;
	struct s3_file *f;
	struct s3_upload upload;
	CURLM *curl;
	struct slot *slots;
	int slot_count, next, done;
	char (*etags)[S3_ETAG_BYTES];
};

static void list_upload(struct blob_s3 *s, struct s3_upload *u)
{
	(void)pthread_mutex_lock(&s->lock);
	u->next = s->uploads;
	s->uploads = u;
	(void)pthread_mutex_unlock(&s->lock);
}

static void unlist_upload(struct blob_s3 *s, const struct s3_upload *u)
{
	(void)pthread_mutex_lock(&s->lock);
	for (struct s3_upload **p = &s->uploads; *p; p = &(*p)->next)
		if (*p == u) {
			*p = u->next;
			break;
		}
	(void)pthread_mutex_unlock(&s->lock);
}

/* With the store's lock held from the answer on there would be a wait under it; an upload that is not listed
 * yet can only be aborted by another put of the same key at the same moment, which then fails and may be
 * repeated. */
static int create(struct multi *m, const struct blob_stat *want, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	CLEANUP(s3_xml_free_p) struct s3_xml *x = NULL;
	struct blob_s3 *s = m->store;
	struct s3_making making;

	s3_call_init(&c, "POST", m->key, S3_ANSWER_BYTES);
	s3_call_query(&c, "uploads", "");
	blob_s3_making(s, want, &making, &c);
	c.poll = m->f->poll;
	if (s3_call_body(&c, "", 0, e) < 0)
		return -1;
	int r = s3_call(&s->site, &c, e);
	if (r < 0)
		return -1;
	if (r != S3_OK || s3_xml_parse(c.answer.data, c.answer.len, &x, NULL) < 0 ||
		!s3_xml_text(s3_xml_root(x, "InitiateMultipartUploadResult"), "UploadId", m->upload.id,
			sizeof m->upload.id) ||
		!*m->upload.id)
		return err_set(e, ERR_UNAVAILABLE, "S3 POST %s/%s?uploads: answered %ld without an upload id",
			s->site.bucket, m->key, c.status);
	list_upload(s, &m->upload);
	return 0;
}

static void slot_fill(struct multi *m, struct slot *t)
{
	const struct s3_file *f = m->f;
	int64_t offset = m->next * f->part_bytes;
	int64_t len = f->bytes - offset < f->part_bytes ? f->bytes - offset : f->part_bytes;

	t->part = m->next++;
	t->failures = 0;
	t->not_before_ms = 0;
	(void)snprintf(t->number, sizeof t->number, "%d", t->part + 1);
	s3_call_init(&t->call, "PUT", m->key, S3_ANSWER_BYTES);
	s3_call_query(&t->call, "partNumber", t->number);
	s3_call_query(&t->call, "uploadId", m->upload.id);
	s3_call_file(&t->call, f->fd, offset, len, f->sums[t->part]);
	t->call.poll = f->poll;
}

static int slot_start(struct multi *m, struct slot *t, struct err *e)
{
	curl_easy_reset(t->handle);
	if (s3_call_prepare(&m->store->site, &t->call, t->handle, e) < 0)
		return -1;
	if (curl_multi_add_handle(m->curl, t->handle) != CURLM_OK)
		return err_set(e, ERR_NOMEM, "no memory for a part's upload");
	t->is_running = true;
	return 0;
}

/* Is it an ETag that can stand in the list of parts as it is? */
static bool etag_ok(const char *etag)
{
	static const char letters[] = "0123456789abcdefABCDEFghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ-_+/=\"";

	return *etag && strspn(etag, letters) == strlen(etag);
}

static int slot_end(struct multi *m, struct slot *t, CURLcode rc, struct err *e)
{
	struct s3_site *site = &m->store->site;

	(void)curl_multi_remove_handle(m->curl, t->handle);
	t->is_running = false;
	int r = s3_call_judge(site, &t->call, t->handle, rc, e);
	if (r == S3_AGAIN && ++t->failures < site->tries) {
		t->not_before_ms = clock_mono_ms() + s3_call_delay_ms(site, &t->call, t->failures);
		return 0;
	}
	if (r == S3_AGAIN || r < 0)
		return -1;
	if (r != S3_OK || !etag_ok(t->call.etag))
		return err_set(e, ERR_UNAVAILABLE, "S3 PUT %s/%s: part %s was answered %ld%s", site->bucket,
			m->key, t->number, t->call.status, r == S3_OK ? " without an ETag" : "");
	memcpy(m->etags[t->part], t->call.etag, S3_ETAG_BYTES);
	s3_call_deinit(&t->call);
	t->part = -1;
	m->done++;
	FAULT_POINT("blob_s3.part");
	return 0;
}

static int start_due(struct multi *m, struct err *e)
{
	int64_t now = clock_mono_ms();

	for (int i = 0; i < m->slot_count; i++) {
		struct slot *t = &m->slots[i];
		if (t->part < 0 && m->next < m->f->summed)
			slot_fill(m, t);
		if (t->part >= 0 && !t->is_running && t->not_before_ms <= now && slot_start(m, t, e) < 0)
			return -1;
	}
	return 0;
}

static int end_ready(struct multi *m, struct err *e)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->curl, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		const CURLcode rc = msg->data.result;
		for (int i = 0; i < m->slot_count; i++)
			if (m->slots[i].handle == msg->easy_handle) {
				if (slot_end(m, &m->slots[i], rc, e) < 0)
					return -1;
				break;
			}
	}
	return 0;
}

/* In turns: a piece of the file is summed, and curl moves what it can of the parts whose sums are known. */
static int send_parts(struct multi *m, struct err *e)
{
	while (m->done < m->f->count) {
		bool is_summing = m->f->summed < m->f->count;
		int running;
		if (s3_poll_ask(m->f->poll) < 0)
			return err_set(e, ERR_CONFLICT, "cancelled");
		if (is_summing && blob_s3_sum_some(m->f, e) < 0)
			return -1;
		if (start_due(m, e) < 0)
			return -1;
		if (curl_multi_perform(m->curl, &running) != CURLM_OK)
			return err_set(e, ERR_INTERNAL, "curl cannot go on");
		if (end_ready(m, e) < 0)
			return -1;
		/* Parts that wait for their next try are looked at every 100 ms. */
		if (m->done < m->f->count && !is_summing)
			(void)curl_multi_poll(m->curl, NULL, 0, 100, NULL);
	}
	return 0;
}

static int list_parts(const struct multi *m, struct buf *out, struct err *e)
{
	if (buf_adds(out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", e) <
		0)
		return -1;
	for (int i = 0; i < m->f->count; i++)
		if (buf_addf(out, e, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i + 1,
			    m->etags[i]) < 0)
			return -1;
	return buf_adds(out, "</CompleteMultipartUpload>", e);
}

/* Success begins with status 200 before the work is done, so the document has the last word. Its ETag may be
 * empty (Ceph): length and sum are asked for afterwards. */
static bool says_completed(struct s3_call *c)
{
	CLEANUP(s3_xml_free_p) struct s3_xml *x = NULL;

	return s3_xml_parse(c->answer.data, c->answer.len, &x, NULL) == 0 &&
	       s3_xml_root(x, "CompleteMultipartUploadResult");
}

static int complete(struct multi *m, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	struct blob_s3 *s = m->store;
	BUF_CLEANUP struct buf list;

	buf_init(&list, 4 << 20);
	s3_call_init(&c, "POST", m->key, S3_ANSWER_BYTES);
	s3_call_query(&c, "uploadId", m->upload.id);
	s3_call_header(&c, "content-type", "application/xml");
	c.is_slow = true;
	c.poll = m->f->poll;
	if (list_parts(m, &list, e) < 0 || s3_call_body(&c, list.data, list.len, e) < 0)
		return -1;
	blob_s3_only_new(s, &c);
	for (int failures = 0;;) {
		int r = s3_call(&s->site, &c, e);
		if (r < 0 && blob_s3_without_condition(s, &c))
			continue;
		if (r == S3_OK && !says_completed(&c)) {
			s3_fault_read(&c);
			(void)s3_fault_set(&s->site, &c, e);
			if (++failures < s->site.tries) {
				if (s3_call_wait(&c, s3_call_delay_ms(&s->site, &c, failures), e) < 0)
					return -1;
				continue;
			}
			return -1;
		}
		return r; /* S3_ABSENT: an earlier try, whose answer was lost, may have completed it */
	}
}

int blob_s3_abort(struct blob_s3 *s, const char *key, const char *upload_id, int tries, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;

	s3_call_init(&c, "DELETE", key, S3_ANSWER_BYTES);
	s3_call_query(&c, "uploadId", upload_id);
	c.tries = tries;
	int r = s3_call(&s->site, &c, e);
	return r == S3_OK || r == S3_ABSENT ? 0 : -1;
}

static int multi_open(struct multi *m, struct err *e)
{
	int n = m->store->parts_at_once < m->f->count ? m->store->parts_at_once : m->f->count;

	m->curl = curl_multi_init();
	m->slots = calloc((size_t)n, sizeof *m->slots);
	m->etags = calloc((size_t)m->f->count, sizeof *m->etags);
	if (!m->curl || !m->slots || !m->etags)
		return err_set(e, ERR_NOMEM, "no memory for an upload in parts");
	for (; m->slot_count < n; m->slot_count++) {
		m->slots[m->slot_count].part = -1;
		m->slots[m->slot_count].handle = curl_easy_init();
		if (!m->slots[m->slot_count].handle)
			return err_set(e, ERR_NOMEM, "no memory for an upload in parts");
	}
	return 0;
}

/* Ends the connections first, so that no part arrives behind an abort. */
static void multi_close(struct multi *m)
{
	for (int i = 0; i < m->slot_count; i++) {
		struct slot *t = &m->slots[i];
		if (t->is_running)
			(void)curl_multi_remove_handle(m->curl, t->handle);
		if (t->part >= 0)
			s3_call_deinit(&t->call);
		curl_easy_cleanup(t->handle);
	}
	m->slot_count = 0;
	(void)curl_multi_cleanup(m->curl);
	m->curl = NULL;
	free(m->slots);
	m->slots = NULL;
	free(m->etags);
	m->etags = NULL;
}

static int send_all(struct multi *m, struct err *e)
{
	struct blob_s3 *s = m->store;
	const struct blob_stat *want = m->f->want;

	if (create(m, want, e) < 0)
		return -1;
	FAULT_POINT("blob_s3.upload_made");
	int r = send_parts(m, e);
	if (r == 0) {
		FAULT_POINT("blob_s3.parts_sent");
		/* Where the store does not know the condition: not over what came in the meantime. */
		r = blob_s3_holds(s, m->key, want, m->f->poll, e);
		if (r == BLOB_NONE)
			r = complete(m, e);
		else if (r == 0)
			r = S3_TAKEN;
	}
	if (r == S3_OK)
		FAULT_POINT("blob_s3.completed");
	multi_close(m);
	/* Once: who gives up does not wait for a store that is away. The next put, or the removal, finds it.
	 */
	if (r != S3_OK && blob_s3_abort(s, m->key, m->upload.id, 1, NULL) < 0 && r < 0)
		(void)err_wrap(e, "its parts could not be removed from the store yet");
	unlist_upload(s, &m->upload);
	return r < 0 ? -1 : 0;
}

int blob_s3_put_parts(struct blob_s3 *s, const char *key, struct s3_file *f, struct err *e)
{
	struct multi m = { .store = s, .key = key, .f = f };

	/* What a crash left of this very key. */
	int r = blob_s3_abort_uploads(s, key, true, f->poll, e);
	if (r == 0)
		r = multi_open(&m, e);
	if (r == 0)
		r = send_all(&m, e);
	multi_close(&m);
	if (r < 0)
		return -1;
	r = blob_s3_holds(s, key, f->want, (struct s3_poll){ 0 }, e);
	return r == BLOB_NONE ? err_set(e, ERR_UNAVAILABLE, "S3 %s/%s: gone after it was written",
					s->site.bucket, key)
			      : r;
}
