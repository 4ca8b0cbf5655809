#pragma once

#include "support/testing.h"

#include "service/completion.h"
#include "service/intake.h"
#include "service/service.h"
#include "store/attempts.h"

/* The services over a real database, directory store, maildir and local cluster in a temporary folder.
 * Nothing runs by itself: a test turns the handle of each thread (worker_once() and so on). */
struct kit {
	char dir[TEST_DIR_BYTES], script[TEST_DIR_BYTES + 16];
	struct service_options opt;
	struct service s;
	struct user ann, bob, staff;
	struct err e;
};

/* A house whose job script waits until it is ended. */
int kit_setup(void **state);
int kit_teardown(void **state);
/* What the next attempts run: bash, with the attempt's folder as $1. */
void kit_script(struct kit *k, const char *text);
/* Everything closed and opened again, as by a restart. */
void kit_reopen(struct kit *k);

int64_t kit_number(struct kit *k, const char *sql);
void kit_sql(struct kit *k, const char *sql);
unsigned kit_files(struct kit *k, const char *folder); /* below the data folder, whatever depth */

/* An upload as the HTTP layer makes one. @side NULL: the usual one. */
struct intake *kit_upload(struct kit *k, const struct user *who, const char *key, const char *side);
int kit_commit_upload(struct kit *k, struct intake **in, struct job *ret, struct field_errors *errors);
void kit_job(struct kit *k, struct job *ret); /* a whole upload of ann's */

/* Worker and stager until both are idle. */
void kit_work(struct kit *k);
/* Upload, work, check in: a running attempt and its token. */
void kit_running(struct kit *k, struct job *job, struct attempt *a, char token[64]);
void kit_get(struct kit *k, const char *id, struct job *ret);
void kit_attempt(struct kit *k, const char *job, int n, struct attempt *ret);
void kit_token(struct kit *k, const struct attempt *a, char token[64]);
/* reaper_once() until @sql is not 0. */
void kit_reap_until(struct kit *k, const char *sql);

extern const char kit_result[];      /* a result.json with the score 0.75 */
extern const char kit_null_result[]; /* one without a score, and why */
#define RUN "run-0000000000000001"
