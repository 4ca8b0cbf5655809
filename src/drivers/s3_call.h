#pragma once

#include <curl/curl.h>

#include "base/buf.h"
#include "drivers/s3_site.h"

/* One request to the store and its answer: signed, sent, tried again where that may help, understood. */

enum s3_outcome {
	S3_OK = 0,
	S3_ABSENT = 1, /* no such key or upload */
	S3_TAKEN = 2,  /* a condition failed: the key exists */
	S3_BEYOND = 3, /* the range begins behind the end */
	S3_AGAIN = 4,  /* s3_call_judge() only: may pass when tried again */
};

/* Asked now and then: negative gives up with ERR_CONFLICT. {0}: nobody is. */
struct s3_poll {
	int (*ask)(void *arg);
	void *arg;
};

static inline int s3_poll_ask(struct s3_poll p)
{
	return p.ask ? p.ask(p.arg) : 0;
}

enum { S3_CALL_PAIRS = 8, S3_ETAG_BYTES = 132 };

struct s3_call {
	const char *method;
	const char *key; /* the whole key; "": the bucket */
	struct s3_pair query[S3_CALL_PAIRS], headers[S3_CALL_PAIRS];
	size_t query_count, header_count;

	const void *body; /* or, where @fd is not -1, that file from @offset on (pread: the offset stays) */
	int fd;
	int64_t offset, body_bytes;
	char payload_sha256[SHA256_HEX_BYTES];
	/* is_slow: the store may think for minutes before it answers; what it was told to do it does, so that
	 * poll() is asked between the tries only. */
	bool has_body, is_slow;

	struct s3_poll poll;
	int tries; /* 0: the site's */

	/* The answer. */
	long status;
	struct buf answer;    /* its cap is the most that is accepted */
	int64_t bytes, total; /* Content-Length; what Content-Range says that the whole is; -1: not said */
	char etag[S3_ETAG_BYTES], sha256[SHA256_HEX_BYTES]; /* x-amz-meta-sha256, "" without */
	char date[64], region[64];
	char code[64], message[200]; /* of an error document; "" without */
	int64_t retry_after_ms;

	/* While it is under way. */
	int64_t sent;
	bool read_failed;
	struct s3_signed wire;
	struct curl_slist *lines;
	char trouble[CURL_ERROR_SIZE];
};

/**
 * s3_call_init() - a request without body; release with s3_call_deinit()
 * @method, @key  borrowed until then, as are the pairs' texts
 */
void s3_call_init(struct s3_call *c, const char *method, const char *key, size_t answer_max);
void s3_call_deinit(struct s3_call *c);
void s3_call_query(struct s3_call *c, const char *name, const char *value);
void s3_call_header(struct s3_call *c, const char *name, const char *value);

/* The body, borrowed; its SHA-256 is computed, so that the store refuses what was changed on the way. */
int s3_call_body(struct s3_call *c, const void *body, size_t len, struct err *e);
/* A part of a file, whose SHA-256 is known. */
void s3_call_file(
	struct s3_call *c, int fd, int64_t offset, int64_t len, const char sha256[SHA256_HEX_BYTES]);

/**
 * s3_call() - send, with retries and their delays
 * Return  an outcome other than S3_AGAIN; -1 with ERR_UNAVAILABLE or ERR_TIMEOUT (its text names the cause
 * and what to do; never an address with a signature), ERR_CONFLICT "cancelled", ERR_IO (the file) Time    up
 * to s->tries requests, each ended where it stalls for s->stall_s
 */
int s3_call(struct s3_site *s, struct s3_call *c, struct err *e);

/* The parts of s3_call(), for several requests at once. prepare() signs for now and sets @h up; judge() says
 * what became of it. @c and what it borrows stay until the handle is done with. */
int s3_call_prepare(struct s3_site *s, struct s3_call *c, CURL *h, struct err *e);
/* prepare() for an address that is signed already. */
int s3_call_prepare_plain(
	const struct s3_site *s, struct s3_call *c, CURL *h, const char *url, struct err *e);
int s3_call_judge(const struct s3_site *s, struct s3_call *c, CURL *h, CURLcode rc, struct err *e);
/* How long to wait after @failures of them. */
int64_t s3_call_delay_ms(const struct s3_site *s, const struct s3_call *c, int failures);

/* Wait, asking @c's poll; -1 with ERR_CONFLICT. */
int s3_call_wait(const struct s3_call *c, int64_t ms, struct err *e);
