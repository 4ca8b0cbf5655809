#pragma once

#include "support/testing.h"

#include "store/accounts.h"
#include "store/jobs.h"
#include "store/store.h"

/* A real database in a temporary folder for every test. */
struct kit {
	char dir[TEST_DIR_BYTES], path[TEST_DIR_BYTES + 16];
	struct store *s;
	struct tx *tx; /* open between kit_begin() and kit_commit() */
	struct err e;
	int64_t now; /* grows by a second with every job made */
};

int kit_setup(void **state);
int kit_teardown(void **state);

void kit_begin(struct kit *k, enum store_mode mode);
void kit_commit(struct kit *k);
void kit_rollback(struct kit *k);

/* Whole transactions. */
void kit_user(struct kit *k, const char *address, enum role role, struct user *ret);
void kit_job(struct kit *k, const char *owner, int priority, struct job *ret);
void kit_change(struct kit *k, struct job *job, enum job_state to, enum job_phase phase);
void kit_get(struct kit *k, const char *id, struct job *ret);
void kit_stage(struct kit *k, const char *job); /* both videos are in the blob store */

/* One number, or one text, from the database as it is on disk. */
int64_t kit_number(struct kit *k, const char *sql);
void kit_text(struct kit *k, const char *sql, char *out, size_t size);
/* A statement behind the store's back; its result code. */
int kit_sql(struct kit *k, const char *sql);
