#pragma once

#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "drivers/s3_sign.h"

/* Where a bucket is and who asks: endpoint, keys, and a pool of connections that are still warm. */

struct s3_endpoint {
	bool is_tls;
	int port;
	char host[256]; /* without the port, IPv6 in brackets */
};

enum { S3_BUCKET_BYTES = 64, S3_KEY_BYTES = 1025, S3_IDLE_MAX = 16 };

struct s3_site {
	struct s3_endpoint inner, outer; /* for gaitd itself, and in presigned addresses */
	bool is_virtual;                 /* https://BUCKET.host/key instead of https://host/BUCKET/key */
	char bucket[S3_BUCKET_BYTES], region[64], prefix[256];
	char access[132], secret[256], token[4096], ca_file[PATH_MAX];
	int connect_s, stall_s; /* time-outs */
	int tries;              /* of one request */
	int64_t first_delay_ms; /* between them, doubled each time */
	pthread_mutex_t lock;
	CURL *idle[S3_IDLE_MAX];
	int idle_count;
};

/* "https://host", "http://host:port"; a path, query or user is ERR_CONFIG. */
int s3_endpoint_parse(const char *url, struct s3_endpoint *ret, struct err *e);

/* Prepare the rest of a site whose texts are filled in. Once a site; s3_site_close() wipes its secrets. */
int s3_site_open(struct s3_site *s, struct err *e);
void s3_site_close(struct s3_site *s);

struct s3_keys s3_site_keys(const struct s3_site *s);

/* The Host header and the path of @key ("" for the bucket itself), and the address before the path. */
struct s3_place {
	char host[S3_BUCKET_BYTES + 264], path[S3_BUCKET_BYTES + S3_KEY_BYTES + 4];
	char origin[S3_BUCKET_BYTES + 280];
};
int s3_site_place(
	const struct s3_site *s, bool outside, const char *key, struct s3_place *ret, struct err *e);

/* How a handle may connect: TLS 1.2 or newer, checked by name and chain against @s->ca_file alone where one
 * is named; never through a proxy of the environment, and no signals. */
void s3_site_transport(const struct s3_site *s, CURL *h);

/* Where a certificate is not trusted: what to do about it, into @e. Always -1 */
int s3_site_untrusted(const struct s3_site *s, const char *why, struct err *e);

/* A handle that may have a connection open; give it back after use. NULL where memory is out. */
CURL *s3_site_take(struct s3_site *s);
void s3_site_give(struct s3_site *s, CURL *h);
