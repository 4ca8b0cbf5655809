#include "drivers/libs3_call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "drivers/libs3_fault.h"
#include "ports/blob.h"

enum { WAIT_MOST_MS = 100, BLIND_WAIT_MS = 2, LIST_KEYS = 500, DELAY_MOST_MS = 10000 };

static S3Status started;

static void start_once(void)
{
	started = S3_initialize("gaitd", S3_INIT_ALL, NULL);
}

int libs3_start(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, start_once);
	return started == S3StatusOK ? 0
				     : err_set(e, ERR_UNAVAILABLE, "libs3: %s", S3_get_status_name(started));
}

void libs3_site_close(struct libs3_site *s)
{
	while (s->idle_count > 0)
		S3_destroy_request_context(s->idle[--s->idle_count]);
	pthread_mutex_destroy(&s->lock);
	secret_wipe(s->secret, sizeof s->secret);
}

static S3RequestContext *take(struct libs3_site *s)
{
	S3RequestContext *context = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->idle_count > 0)
		context = s->idle[--s->idle_count];
	pthread_mutex_unlock(&s->lock);
	if (!context && S3_create_request_context(&context) != S3StatusOK)
		return NULL;
	return context;
}

static void give(struct libs3_site *s, S3RequestContext *context)
{
	pthread_mutex_lock(&s->lock);
	if (s->idle_count < LIBS3_IDLE_MAX) {
		s->idle[s->idle_count++] = context;
		context = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	if (context)
		S3_destroy_request_context(context);
}

/* --- what libs3 calls */

static S3Status on_properties(const S3ResponseProperties *p, void *arg)
{
	struct libs3_call *c = arg;

	c->moved_ms = clock_mono_ms();
	c->object_bytes = (int64_t)p->contentLength;
	for (int i = 0; i < p->metaDataCount; i++)
		if (strcmp(p->metaData[i].name, "sha256") == 0)
			c->has_sum = hex_decode(p->metaData[i].value, c->sum, sizeof c->sum) == SHA256_BYTES;
	return S3StatusOK;
}

static void on_complete(S3Status status, const S3ErrorDetails *details, void *arg)
{
	struct libs3_call *c = arg;

	c->status = status;
	c->ended = true;
	c->words[0] = '\0';
	if (details && details->message)
		str_cut(c->words, sizeof c->words, details->message);
}

static int on_send(int size, char *out, void *arg)
{
	struct libs3_call *c = arg;
	int64_t n = c->bytes - c->at < size ? c->bytes - c->at : size;

	if (n > 0 && c->data) {
		memcpy(out, c->data + c->at, (size_t)n);
	} else if (n > 0) {
		do
			n = pread(c->fd, out, (size_t)n, c->at);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			return n < 0 ? err_errno(&c->trouble, ERR_IO, "read")
				     : err_set(&c->trouble, ERR_CORRUPT,
					       "the file became shorter while it was read");
	}
	c->at += n;
	c->moved_ms = clock_mono_ms();
	return (int)n;
}

static S3Status on_data(int size, const char *data, void *arg)
{
	struct libs3_call *c = arg;

	c->moved_ms = clock_mono_ms();
	return buf_add(c->out, data, (size_t)size, &c->trouble) == 0 ? S3StatusOK : S3StatusAbortedByCallback;
}

static S3Status on_keys(int truncated, const char *next, int count, const S3ListBucketContent *contents,
	int prefixes, const char **names, void *arg)
{
	struct libs3_call *c = arg;

	(void)next, (void)prefixes, (void)names;
	c->truncated = truncated != 0;
	for (int i = 0; i < count; i++)
		if (buf_add(c->out, contents[i].key, strlen(contents[i].key) + 1, &c->trouble) < 0)
			return S3StatusAbortedByCallback;
	return S3StatusOK;
}

static const S3ResponseHandler plain = { on_properties, on_complete };

void libs3_head(struct libs3_call *c, S3RequestContext *context)
{
	S3_head_object(&c->site->bucket, c->key, context, &plain, c);
}

void libs3_get(struct libs3_call *c, S3RequestContext *context)
{
	static const S3GetObjectHandler handler = { { on_properties, on_complete }, on_data };

	buf_reset(c->out);
	S3_get_object(
		&c->site->bucket, c->key, NULL, (uint64_t)c->offset, (uint64_t)c->len, context, &handler, c);
}

void libs3_put(struct libs3_call *c, S3RequestContext *context)
{
	static const S3PutObjectHandler handler = { { on_properties, on_complete }, on_send };
	const S3NameValue sum = { "sha256", c->sum_hex };
	const S3PutProperties p = { .contentType = "application/octet-stream",
		.md5 = c->md5_base64,
		.expires = -1,
		.cannedAcl = S3CannedAclPrivate,
		.metaDataCount = 1,
		.metaData = &sum };

	S3_put_object(&c->site->bucket, c->key, (uint64_t)c->bytes, &p, context, &handler, c);
}

void libs3_delete(struct libs3_call *c, S3RequestContext *context)
{
	S3_delete_object(&c->site->bucket, c->key, context, &plain, c);
}

void libs3_list(struct libs3_call *c, S3RequestContext *context)
{
	static const S3ListBucketHandler handler = { { on_properties, on_complete }, on_keys };

	buf_reset(c->out);
	S3_list_bucket(&c->site->bucket, c->key, NULL, NULL, LIST_KEYS, context, &handler, c);
}

/* --- driving it */

static void sleep_ms(int64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* libs3 speaks of descriptors in fd_sets, which end at 1024; curl leaves larger ones out, and then there is
 * nothing to wait for but time. */
static void wait_for_news(S3RequestContext *context)
{
	fd_set in, out, other;
	int most = -1;
	int64_t ms = S3_get_request_context_timeout(context);

	if (ms < 0 || ms > WAIT_MOST_MS)
		ms = WAIT_MOST_MS;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&other);
	if (S3_get_request_context_fdsets(context, &in, &out, &other, &most) != S3StatusOK || most < 0) {
		sleep_ms(ms < BLIND_WAIT_MS ? ms : BLIND_WAIT_MS);
		return;
	}
	struct timeval t = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
	(void)select(most + 1, &in, &out, &other, &t);
}

/* One try. The context ends with it where it was broken off: its connection is in an unknown state. */
static void run(struct libs3_call *c, libs3_verb *verb)
{
	S3RequestContext *context = take(c->site);
	int left = 0;

	c->ended = c->cancelled = c->stalled = c->has_sum = c->truncated = false;
	c->at = c->object_bytes = 0;
	c->trouble = (struct err){ 0 };
	c->moved_ms = clock_mono_ms();
	c->status = S3StatusOutOfMemory;
	if (!context)
		return;
	libs3_curl_site(c->site);
	verb(c, context);
	while (!c->ended && S3_runonce_request_context(context, &left) == S3StatusOK && !c->ended) {
		c->cancelled = c->poll && c->poll(c->poll_arg) < 0;
		c->stalled = clock_mono_ms() - c->moved_ms > c->site->stall_s * INT64_C(1000);
		if (c->cancelled || c->stalled || left == 0)
			break;
		wait_for_news(context);
	}
	libs3_curl_site(NULL);
	if (c->ended)
		give(c->site, context);
	else
		S3_destroy_request_context(context); /* which calls on_complete() */
}

/* Asking the caller's poll; negative: cancelled. */
static int wait_patiently(const struct libs3_call *c, int64_t ms)
{
	const int64_t end = clock_mono_ms() + ms;

	for (int64_t left = ms; left > 0; left = end - clock_mono_ms()) {
		if (c->poll && c->poll(c->poll_arg) < 0)
			return -1;
		sleep_ms(left < WAIT_MOST_MS ? left : WAIT_MOST_MS);
	}
	return 0;
}

int libs3_ask(struct libs3_call *c, libs3_verb *verb, struct err *e)
{
	int64_t delay = c->site->first_delay_ms;

	for (int left = c->site->tries;; left--) {
		run(c, verb);
		if (c->cancelled)
			return err_set(e, ERR_CONFLICT, "cancelled");
		if (c->trouble.kind != ERR_NONE) {
			if (e)
				*e = c->trouble;
			return -1;
		}
		if (c->status == S3StatusOK)
			return 0;
		if (c->status == S3StatusErrorNoSuchKey || c->status == S3StatusHttpErrorNotFound)
			return BLOB_NONE;
		if (left <= 1 || !libs3_fault_passes(c))
			return libs3_fault_set(c, e);
		uint32_t random;
		random_bytes(&random, sizeof random);
		if (wait_patiently(c, delay / 2 + random % (delay / 2 + 1)) < 0)
			return err_set(e, ERR_CONFLICT, "cancelled");
		delay = delay * 2 < DELAY_MOST_MS ? delay * 2 : DELAY_MOST_MS;
	}
}
