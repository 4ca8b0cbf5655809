#pragma once

#include "core/container.h"
#include "service/intake.h"

/* What the files of the intake share. */

struct spooled {
	int fd;
	bool begun, ended, renamed;
	int64_t bytes, written_back;
	struct sha256 *hash;
	uint8_t sha256[SHA256_BYTES];
	unsigned char head[CONTAINER_HEAD_BYTES];
	size_t head_len;
	const char *container;
	char name[SPOOL_NAME_BYTES], tmp[4096], path[4096];
	/* Of a resumable upload: begun stays false, so that nothing here removes its file. */
	char upload[ID_BYTES], upload_container[8];
};

struct intake {
	struct service *svc;
	struct user who;
	char id[ID_BYTES], key[IDEMPOTENCY_KEY_BYTES];
	int64_t reserved;
	bool entered;  /* counted among the account's uploads */
	bool uploaded; /* from resumable uploads */
	struct submission_fields fields;
	struct field_errors errors;
	struct spooled files[VIEW_COUNT];
	int current; /* the view whose data arrive now; -1: none, or a file that nobody asked for */
};

/* What makes two requests the same: every field and both videos. */
int intake_request_hash(const struct intake *in, uint8_t out[SHA256_BYTES], struct err *e);

/* intake_uploads.c: the text of a file field names an upload, by its id or its address. */
void intake_take_upload(struct intake *in, enum view view, const char *value, size_t len);

/**
 * intake_find_uploads() - look for both uploads
 * Return  0, whoever is missing or not whole is among in->errors; INTAKE_REPEATED *@ret is the job that the
 * same key made of them before; -1
 */
int intake_find_uploads(struct intake *in, struct job *ret, struct err *e);

/* In the job's transaction: the files are the job's from here on. Nothing to do for a form. */
int intake_uploads_taken(struct intake *in, struct tx *tx, struct err *e);
