#pragma once

#include <libs3.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"

/* One request through libs3, from its start to its end: in a request context of its own, so that any number
 * of threads may ask at once; with time-outs, cancellation and retries, none of which libs3 has. */

enum { LIBS3_IDLE_MAX = 8, LIBS3_KEY_BYTES = 600 };

struct libs3_site {
	S3BucketContext bucket; /* points into what follows */
	char host[300], name[64], access[132], secret[256];
	char prefix[256], ca_file[PATH_MAX];
	int connect_s, stall_s, tries;
	int64_t first_delay_ms;
	pthread_mutex_t lock;
	S3RequestContext *idle[LIBS3_IDLE_MAX]; /* their connections are still warm */
	int idle_count;
};

/* Once a process, from the first store on. */
int libs3_start(struct err *e);
void libs3_site_close(struct libs3_site *s);

/* Whose settings the requests count that this thread starts (libs3_curl.c). */
void libs3_curl_site(const struct libs3_site *site);

struct libs3_call {
	struct libs3_site *site;
	const char *key; /* with the prefix; of a listing the prefix */
	int (*poll)(void *arg);
	void *poll_arg;

	/* To be sent: a file from its beginning, or bytes. */
	int fd;
	const char *data;
	int64_t bytes;
	const char *sum_hex, *md5_base64;
	/* To be received. */
	int64_t offset, len;
	struct buf *out;

	/* What came of it. */
	S3Status status;
	bool ended, cancelled, stalled, truncated;
	int64_t moved_ms, at; /* monotonic, of the last byte; how much was sent */
	char words[200];
	struct err trouble; /* of this side, such as a failed read */
	int64_t object_bytes;
	bool has_sum;
	uint8_t sum[SHA256_BYTES];
};

typedef void libs3_verb(struct libs3_call *c, S3RequestContext *context);
libs3_verb libs3_head, libs3_get, libs3_put, libs3_delete,
	libs3_list; /* list: keys into @out, a NUL behind each */

/**
 * libs3_ask() - one request with its retries
 * Return  0; BLOB_NONE (1) where there is no such key; -1
 * Errors  ERR_UNAVAILABLE (also keys, bucket, certificate, clock: its text says what to mend), ERR_TIMEOUT,
 * ERR_CONFLICT (cancelled), ERR_TOO_LARGE, ERR_CORRUPT (the file became shorter)
 */
int libs3_ask(struct libs3_call *c, libs3_verb *verb, struct err *e);
