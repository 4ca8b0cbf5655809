#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "service/admission.h"
#include "service/resumable.h"
#include "service/uploads.h"

/* Resumable uploads between their requests: removed, expired, looked through at start. */

enum { PAGE = 16 };

/* The row first: a file without a row is removed at start, a row without a file would promise what is not
 * there. */
static int remove_row_and_file(struct service *s, struct tx **tx, const struct upload_row *u, struct err *e)
{
	char path[4096];

	if (service_spool_path(s, u->spool_name, path, sizeof path, e) < 0 ||
		store_upload_delete(*tx, u->id, e) < 0 || store_commit(tx, e) < 0)
		return -1;
	FAULT_POINT("resumable.row_removed");
	unlink(path);
	admission_release(s, u->bytes - u->offset);
	return 0;
}

static int remove_locked(struct service *s, const struct user *who, const char *id, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct upload_row u;

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || resumable_get(tx, who, id, &u, e) < 0)
		return -1;
	return remove_row_and_file(s, &tx, &u, e);
}

int resumable_remove(struct service *s, const struct user *who, const char *id, struct err *e)
{
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		struct upload_row u;
		if (store_begin(s->store, STORE_READ, &tx, e) < 0 || resumable_get(tx, who, id, &u, e) < 0)
			return -1;
	}
	if (uploads_lock(s->uploads, id, e) < 0)
		return -1;
	int r = remove_locked(s, who, id, e);
	uploads_unlock(s->uploads, id);
	return r;
}

/* Whether it is still there, and has not been prolonged meanwhile, is asked under the lock. */
static int expire_one(struct service *s, const char *id, int64_t now_ms, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct upload_row u;

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r = store_upload_get(tx, id, &u, e);
	if (r != 0 || u.expires_ms > now_ms)
		return r < 0 ? -1 : 0;
	if (remove_row_and_file(s, &tx, &u, e) < 0)
		return -1;
	log_event(LOG_INFO, "upload.expired", LOG_S("upload", id), LOG_I("bytes", u.offset));
	return 0;
}

int resumable_expire(struct service *s, struct err *e)
{
	struct upload_row page[PAGE];
	int64_t now = clock_wall_ms();
	unsigned n = PAGE;
	char after[ID_BYTES] = "";

	while (n == PAGE) {
		{
			CLEANUP(store_tx_p) struct tx *tx = NULL;
			if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
				store_uploads_list(tx, now, after, page, PAGE, &n, e) < 0)
				return -1;
		}
		for (unsigned i = 0; i < n; i++) {
			snprintf(after, sizeof after, "%s", page[i].id);
			if (uploads_lock(s->uploads, page[i].id, NULL) < 0)
				continue; /* bytes are coming */
			int r = expire_one(s, page[i].id, now, e);
			uploads_unlock(s->uploads, page[i].id);
			if (r < 0)
				return -1;
		}
	}
	return 0;
}

static int reconcile_one(struct service *s, struct tx *tx, const struct upload_row *u, struct err *e)
{
	char path[4096];
	struct stat st;

	if (service_spool_path(s, u->spool_name, path, sizeof path, e) < 0)
		return -1;
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < u->offset) {
		log_event(LOG_WARN, "upload.lost", LOG_S("upload", u->id), LOG_I("bytes", u->offset));
		return store_upload_delete(tx, u->id, e) < 0 ? -1 : 0;
	}
	if (st.st_size > u->offset && truncate(path, u->offset) < 0)
		return err_errno(e, ERR_IO, "cut %s", path);
	atomic_fetch_add(&s->reserved_bytes, u->bytes - u->offset);
	return 0;
}

int resumable_reconcile(struct service *s, struct tx *tx, struct err *e)
{
	struct upload_row page[PAGE];
	unsigned n = PAGE;
	char after[ID_BYTES] = "";

	while (n == PAGE) {
		if (store_uploads_list(tx, INT64_MAX, after, page, PAGE, &n, e) < 0)
			return -1;
		for (unsigned i = 0; i < n; i++) {
			if (reconcile_one(s, tx, &page[i], e) < 0)
				return -1;
			snprintf(after, sizeof after, "%s", page[i].id);
		}
	}
	return 0;
}
