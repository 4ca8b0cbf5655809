#pragma once

#include "service/service.h"
#include "store/accounts.h"
#include "store/jobs.h"

/* What the event loop is asked most: who bears this token, and how is this job? Both are kept until anybody,
 * in any process, commits anything: an answer from here is the one that the database would give now. A look
 * costs one counter of SQLite (PRAGMA data_version). Thread-safe; a NULL cache always misses. */

struct status_cache;

enum { STATUS_CACHE_MISS = 1, STATUS_TAG_BYTES = 64 };

int status_cache_new(struct store *s, struct status_cache **ret, struct err *e);
void status_cache_free(struct status_cache *c);

/**
 * status_cache_generation() - the number that what is read from now on belongs to
 * Take it before reading from the database, and hand it to status_cache_keep_…(): what was committed in
 * between makes the entry worthless by itself. Return  never negative; −1 where it cannot be told (then keep
 * nothing)
 */
int64_t status_cache_generation(struct status_cache *c);

/* 0 and the user behind the token or session whose hash this is; STATUS_CACHE_MISS. Expiry is looked at each
 * time. */
int status_cache_user(
	struct status_cache *c, const uint8_t sha256[SHA256_BYTES], int64_t now_ms, struct user *ret);
void status_cache_keep_user(
	struct status_cache *c, int64_t generation, const uint8_t sha256[SHA256_BYTES], const struct user *u);

/* 0 with the answer appended to @out and its ETag (may be ""), where @who may see this job;
 * STATUS_CACHE_MISS. */
int status_cache_job(struct status_cache *c, const struct user *who, const char *job,
	char ret_tag[STATUS_TAG_BYTES], struct buf *out);
void status_cache_keep_job(struct status_cache *c, int64_t generation, const struct user *who,
	const struct job *job, const char *tag, const struct buf *answer);
