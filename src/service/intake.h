#pragma once

#include "core/field_errors.h"
#include "service/service.h"
#include "store/accounts.h"
#include "store/jobs.h"

/* An upload on its way in: streamed to spool/tmp, hashed, judged, made durable, and only then a job.
 *
 * Why nothing acknowledged is lost: both files are fsynced and renamed into spool/ and the folder is fsynced
 * before the transaction that makes the job commits (synchronous=FULL); 202 follows the commit. Before the
 * commit no row points at the files, so that a crash leaves orphans, which service_reconcile() removes. */

struct intake;

enum { INTAKE_REPEATED = 1, INTAKE_FIELDS = 2 };

/**
 * intake_begin() - may this account upload now?
 * @content_length   of the whole body; -1 where unknown (then the largest body is reserved)
 * @idempotency_key  NULL where none was sent
 * Errors  ERR_UNAVAILABLE (starting up, queue full), ERR_NOSPACE, ERR_RATE, ERR_INVALID (the key)
 */
int intake_begin(struct service *s, const struct user *who, int64_t content_length,
	const char *idempotency_key, struct intake **ret, struct err *e);

/* The same for two resumable uploads that are there already: their ids come as the text of the file fields.
 */
int intake_begin_uploaded(struct service *s, const struct user *who, const char *idempotency_key,
	struct intake **ret, struct err *e);

/* One text field; unknown ones are remembered as wrong. -1 only where memory is out. */
int intake_field(struct intake *in, const char *name, const char *value, size_t len, struct err *e);

/* One file: begin, data…, end. ERR_MEDIA as soon as the first bytes are no video's, ERR_NOSPACE, ERR_IO. */
int intake_file_begin(struct intake *in, const char *name, struct err *e);
int intake_file_data(struct intake *in, const void *bytes, size_t len, struct err *e);
int intake_file_end(struct intake *in, struct err *e);

/**
 * intake_commit() - judge everything and make the job
 * Return  0 *@ret is the new job; INTAKE_REPEATED *@ret is the job that the same key made before (this upload
 * is dropped); INTAKE_FIELDS @errors names what is wrong; -1
 */
int intake_commit(struct intake *in, struct job *ret, struct field_errors *errors, struct err *e);

/* Whatever was not committed is removed. NULL is legal. */
void intake_free(struct intake *in);
