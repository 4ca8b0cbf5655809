#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fsx.h"
#include "service/intake_parts.h"
#include "service/resumable.h"

/* A job from two resumable uploads: the row of the job takes over the file that the row of the upload had. */

void intake_take_upload(struct intake *in, enum view view, const char *value, size_t len)
{
	const char *field = submission_file_field((int)view), *slash = memrchr(value, '/', len);
	const char *id = slash ? slash + 1 : value; /* clients know the address better than the id */
	size_t id_len = len - (size_t)(id - value);
	char *slot = in->files[view].upload;

	if (id_len != ID_BYTES - 1) {
		field_errors_add(&in->errors, field, "must be the id of an upload");
		return;
	}
	memcpy(slot, id, id_len);
	slot[id_len] = '\0';
	if (!id_ok(slot))
		field_errors_add(&in->errors, field, "must be the id of an upload");
}

static int find_one(struct intake *in, enum view view, struct tx *tx, struct err *e)
{
	struct spooled *f = &in->files[view];
	const char *field = submission_file_field((int)view);
	struct upload_row u;
	int64_t size;

	if (!*f->upload || field_errors_has(&in->errors, field))
		return 0;
	if (resumable_get(tx, &in->who, f->upload, &u, e) < 0) {
		if (e->kind != ERR_NOT_FOUND)
			return -1;
		field_errors_add(&in->errors, field, "there is no such upload: it expired, or a job has it");
		return 0;
	}
	if (!u.whole) {
		field_errors_add(&in->errors, field, "is not whole: %lld of %lld bytes are there",
			(long long)u.offset, (long long)u.bytes);
		return 0;
	}
	if (u.view >= 0 && u.view != (int)view) {
		field_errors_add(&in->errors, field, "was uploaded as the video from the %s",
			view_name((enum view)u.view));
		return 0;
	}
	if (service_spool_path(in->svc, u.spool_name, f->path, sizeof f->path, e) < 0)
		return -1;
	if (fsx_size(f->path, &size, e) < 0 || size != u.bytes) {
		field_errors_add(&in->errors, field, "was lost on the server: upload it again");
		return 0;
	}
	f->bytes = u.bytes;
	f->ended = true;
	memcpy(f->sha256, u.sha256, SHA256_BYTES);
	snprintf(f->name, sizeof f->name, "%s", u.spool_name);
	snprintf(f->upload_container, sizeof f->upload_container, "%s", u.container);
	f->container = f->upload_container;
	return 0;
}

/* One snapshot: where another request with this key takes the uploads meanwhile, either its job is seen or
 * they are. */
int intake_find_uploads(struct intake *in, struct job *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	uint8_t hash[SHA256_BYTES];
	char known[ID_BYTES];

	if (store_begin(in->svc->store, STORE_READ, &tx, e) < 0)
		return -1;
	if (*in->key && in->errors.n == 0) {
		if (intake_request_hash(in, hash, e) < 0)
			return -1;
		int r = store_idempotency_find(tx, in->who.id, in->key, hash, known, e);
		if (r < 0)
			return -1;
		if (r == 0)
			return store_job_get(tx, known, ret, e) < 0 ? -1 : INTAKE_REPEATED;
	}
	for (int v = 0; v < VIEW_COUNT; v++)
		if (find_one(in, (enum view)v, tx, e) < 0)
			return -1;
	return 0;
}

int intake_uploads_taken(struct intake *in, struct tx *tx, struct err *e)
{
	for (int v = 0; v < VIEW_COUNT && in->uploaded; v++) {
		int r = store_upload_delete(tx, in->files[v].upload, e);
		if (r != 0)
			return r < 0 ? -1 : err_set(e, ERR_CONFLICT, "an upload was removed meanwhile");
	}
	return 0;
}
