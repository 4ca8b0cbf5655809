#pragma once

#include "core/ids.h"
#include "store/store.h"

/* The persons walked: a code of the submitter's choice, never a name, so that visits can be compared. */
struct subject {
	char id[ID_BYTES], owner[ID_BYTES], code[64];
	int64_t created_ms, jobs;
};

/* The subject of this owner and code; made where it is new. */
int store_subject_ensure(struct tx *tx, const char *owner, const char *code, int64_t now_ms,
	char ret_id[ID_BYTES], struct err *e);
int store_subject_get(struct tx *tx, const char *id, struct subject *ret, struct err *e);
int store_subjects_list(
	struct tx *tx, const char *owner, struct subject *out, unsigned max, unsigned *ret_n, struct err *e);
/* ERR_CONFLICT where the owner has that code already. */
int store_subject_rename(struct tx *tx, const char *id, const char *code, struct err *e);
/* ERR_CONFLICT while jobs belong to it. */
int store_subject_delete(struct tx *tx, const char *id, struct err *e);
