#pragma once

#include "core/job.h"
#include "core/tus.h"
#include "store/jobs.h"

/* Resumable uploads that no job has taken yet. */

struct upload_row {
	char id[ID_BYTES], owner[ID_BYTES], spool_name[SPOOL_NAME_BYTES];
	int64_t bytes, offset; /* @offset of @bytes are on disk and acknowledged */
	char metadata[TUS_METADATA_BYTES];
	int view; /* enum view, or -1 where it was not said */
	bool whole;
	char container[8];            /* of a whole one */
	uint8_t sha256[SHA256_BYTES]; /* likewise */
	int64_t created_ms, expires_ms;
	char handover[ID_BYTES]; /* that it came by, or "" */
};

int store_upload_insert(struct tx *tx, const struct upload_row *u, struct err *e);
/* Return 0, STORE_NONE, -1 */
int store_upload_get(struct tx *tx, const char *id, struct upload_row *ret, struct err *e);
/* Writes offset, expiry and, of a whole one, container and sum. STORE_NONE where the row is gone. */
int store_upload_advance(struct tx *tx, const struct upload_row *u, struct err *e);
int store_upload_delete(struct tx *tx, const char *id, struct err *e);
int store_uploads_count(struct tx *tx, const char *owner, int64_t *ret, struct err *e);
/* Those that expired before @now_ms, or with INT64_MAX all; in the order of their ids behind @after. */
int store_uploads_list(struct tx *tx, int64_t now_ms, const char *after, struct upload_row *out, unsigned max,
	unsigned *ret_n, struct err *e);
/* In the order in which they were begun. */
int store_uploads_of_handover(struct tx *tx, const char *handover, struct upload_row *out, unsigned max,
	unsigned *ret_n, struct err *e);
