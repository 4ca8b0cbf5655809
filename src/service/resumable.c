#include "service/resumable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "core/container.h"
#include "service/admission.h"
#include "service/uploads.h"
#include "store/handovers.h"

/* Within a long request the offset follows: after this many bytes, and no more often than after this time, so
 * that a fast one is not held up by its fsyncs and a crash costs a slow one little. */
static const int64_t checkpoint_bytes = 8 << 20, checkpoint_ms = 5000;

struct resumable {
	struct service *svc;
	char user[ID_BYTES];
	char handover[ID_BYTES]; /* of the device that asks; "" for the account itself */
	struct upload_row row;   /* as it is in the database; of a fresh one as it will be */
	char path[4096];
	int fd;
	bool fresh, gone, locked, entered;
	int64_t at;         /* how long the file is */
	int64_t written_at; /* writing back has begun up to here */
	int64_t synced_ms;
	const char *container; /* as soon as it is known */
	struct sha256 *hash;   /* of the whole file, where this request brings it from its first byte on */
	struct digest *digest; /* of this request, where it has a checksum */
	struct tus_checksum sum;
};

static struct resumable *new_request(
	struct service *s, const struct user *who, const struct tus_checksum *sum, struct err *e)
{
	struct resumable *r = calloc(1, sizeof *r);

	if (!r) {
		(void)err_set(e, ERR_NOMEM, "upload");
		return NULL;
	}
	r->svc = s;
	r->fd = -1;
	r->sum = *sum;
	r->synced_ms = clock_mono_ms();
	snprintf(r->user, sizeof r->user, "%s", who->id);
	snprintf(r->handover, sizeof r->handover, "%s", who->handover);
	if ((*sum->algorithm && !(r->digest = digest_new(sum->algorithm, e))) ||
		uploads_enter(s->uploads, who->id, s->opt.max_uploads_per_user, e) < 0) {
		resumable_free(r, false);
		return NULL;
	}
	r->entered = true;
	return r;
}

/* --- a new one --------------------------------------------------------------------------------------------
 */

static int check_count(struct service *s, struct tx *tx, const char *owner, struct err *e)
{
	int64_t n;

	if (store_uploads_count(tx, owner, &n, e) < 0)
		return -1;
	if (n >= (int64_t)s->opt.max_resumable_per_user)
		return err_set(e, ERR_RATE,
			"%lld resumable uploads of this account wait for their job, which is the limit: make "
			"the jobs, or remove some",
			(long long)n);
	return 0;
}

static int check_new(struct service *s, const struct user *who, int64_t bytes, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	if (bytes > s->opt.max_video_bytes)
		return err_set(e, ERR_TOO_LARGE, "a video may have at most %lld MB",
			(long long)(s->opt.max_video_bytes / 1000000));
	if (bytes == 0)
		return err_set(e, ERR_MEDIA, "the file is empty");
	if (admission_queue(s, e) < 0 || store_begin(s->store, STORE_READ, &tx, e) < 0)
		return -1;
	return check_count(s, tx, who->id, e);
}

int resumable_create(struct service *s, const struct user *who, int64_t bytes, const char *metadata,
	const struct tus_checksum *checksum, struct resumable **ret, struct err *e)
{
	struct tus_metadata meta;

	if (tus_metadata_parse(metadata, &meta, e) < 0 || check_new(s, who, bytes, e) < 0)
		return -1;
	struct resumable *r = new_request(s, who, checksum, e);
	if (!r)
		return -1;
	r->row = (struct upload_row){ .bytes = bytes, .view = meta.view, .created_ms = clock_wall_ms() };
	service_new_id(r->row.id);
	snprintf(r->row.owner, sizeof r->row.owner, "%s", who->id);
	snprintf(r->row.handover, sizeof r->row.handover, "%s", who->handover);
	snprintf(r->row.spool_name, sizeof r->row.spool_name, "%s-upload", r->row.id);
	snprintf(r->row.metadata, sizeof r->row.metadata, "%s", metadata ? metadata : "");
	if (!(r->hash = sha256_new(e)) ||
		service_spool_path(s, r->row.spool_name, r->path, sizeof r->path, e) < 0 ||
		admission_reserve(s, bytes, e) < 0) {
		resumable_free(r, false);
		return -1;
	}
	r->fresh = true; /* from here on the room is given back, and the file removed */
	r->fd = open(r->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (r->fd < 0) {
		(void)err_errno(e, ERR_IO, "create a spool file");
		resumable_free(r, false);
		return -1;
	}
	*ret = r;
	return 0;
}

/* --- one that is there ------------------------------------------------------------------------------------
 */

int resumable_get(
	struct tx *tx, const struct user *who, const char *id, struct upload_row *ret, struct err *e)
{
	int r = id_ok(id) ? store_upload_get(tx, id, ret, e) : STORE_NONE;

	if (r < 0)
		return -1;
	if (r == STORE_NONE || strcmp(ret->owner, who->id) != 0 || ret->expires_ms <= clock_wall_ms() ||
		(*who->handover && strcmp(ret->handover, who->handover) != 0))
		return err_set(e, ERR_NOT_FOUND, "no such upload");
	return 0;
}

int resumable_look(
	struct service *s, const struct user *who, const char *id, struct upload_row *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct upload_row before;

	if (store_begin(s->store, STORE_READ, &tx, e) < 0 || resumable_get(tx, who, id, &before, e) < 0)
		return -1;
	store_tx_p(&tx);
	/* The row is read again behind the look at the lock: whoever held it until then has written it. */
	if (uploads_check(s->uploads, id, e) < 0 || store_begin(s->store, STORE_READ, &tx, e) < 0)
		return -1;
	return resumable_get(tx, who, id, ret, e);
}

/* Take an upload off the books with its file. What a job has taken meanwhile is not there any more. */
static void drop(struct resumable *r)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct err e = { 0 };

	if (!r->fresh) {
		int rc = store_begin(r->svc->store, STORE_WRITE, &tx, &e) < 0
				 ? -1
				 : store_upload_delete(tx, r->row.id, &e);
		if (rc < 0 || (rc == 0 && store_commit(&tx, &e) < 0))
			service_log_failure("upload.not_removed", "", &e);
		if (rc != 0)
			return;
	}
	unlink(r->path);
	admission_release(r->svc, r->row.bytes - r->at);
	r->gone = true;
}

/* Behind the row's offset nothing was acknowledged. */
static void rewind_file(struct resumable *r)
{
	struct err e;

	if (r->at == r->row.offset)
		return;
	if (ftruncate(r->fd, r->row.offset) < 0) {
		(void)err_errno(&e, ERR_IO, "cut a spool file");
		service_log_failure("upload.not_cut", "", &e);
	}
	atomic_fetch_add(&r->svc->reserved_bytes, r->at - r->row.offset);
	r->at = r->row.offset;
}

static int open_there(struct resumable *r, struct err *e)
{
	struct stat st;

	r->at = r->row.offset;
	if (service_spool_path(r->svc, r->row.spool_name, r->path, sizeof r->path, e) < 0)
		return -1;
	r->fd = open(r->path, O_RDWR | O_CLOEXEC);
	if (r->fd < 0 && errno != ENOENT)
		return err_errno(e, ERR_IO, "open a spool file");
	if (r->fd < 0 || fstat(r->fd, &st) < 0 || st.st_size < r->at) {
		drop(r);
		return err_set(e, ERR_NOT_FOUND, "what was uploaded is lost: begin a new upload");
	}
	if (ftruncate(r->fd, r->at) < 0 || lseek(r->fd, r->at, SEEK_SET) < 0)
		return err_errno(e, ERR_IO, "cut a spool file");
	r->written_at = r->at;
	return r->at > 0 || (r->hash = sha256_new(e)) ? 0 : -1;
}

static int resume(struct resumable *r, const struct user *who, const char *id, int64_t offset, int64_t len,
	struct err *e)
{
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(r->svc->store, STORE_READ, &tx, e) < 0 ||
			resumable_get(tx, who, id, &r->row, e) < 0)
			return -1;
	}
	if (offset != r->row.offset)
		return err_set(e, ERR_CONFLICT, "Upload-Offset is %lld, the upload has %lld bytes",
			(long long)offset, (long long)r->row.offset);
	if (len > r->row.bytes - r->row.offset)
		return err_set(e, ERR_TOO_LARGE, "the upload lacks %lld bytes, not %lld",
			(long long)(r->row.bytes - r->row.offset), (long long)len);
	return open_there(r, e);
}

int resumable_resume(struct service *s, const struct user *who, const char *id, int64_t offset, int64_t len,
	const struct tus_checksum *checksum, struct resumable **ret, struct err *e)
{
	struct upload_row row;
	{
		/* Before the lock: whose it is not learns nothing. */
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (admission_ready(s, e) < 0 || store_begin(s->store, STORE_READ, &tx, e) < 0 ||
			resumable_get(tx, who, id, &row, e) < 0)
			return -1;
	}
	struct resumable *r = new_request(s, who, checksum, e);
	if (!r)
		return -1;
	r->row = row;
	r->at = row.offset;
	r->locked = uploads_lock(s->uploads, id, e) == 0;
	if (!r->locked || resume(r, who, id, offset, len, e) < 0) {
		resumable_free(r, false);
		return -1;
	}
	*ret = r;
	return 0;
}

/* --- its bytes --------------------------------------------------------------------------------------------
 */

/* As soon as the head is there; of a file shorter than a head, when it is whole. */
static int judge_head(struct resumable *r, struct err *e)
{
	unsigned char head[CONTAINER_HEAD_BYTES];

	if (r->container || (r->at < CONTAINER_HEAD_BYTES && r->at < r->row.bytes))
		return 0;
	ssize_t n = pread(r->fd, head, sizeof head, 0);
	if (n < 0)
		return err_errno(e, ERR_IO, "read a spool file");
	r->container = container_sniff(head, (size_t)n);
	if (r->container)
		return 0;
	drop(r);
	return err_set(
		e, ERR_MEDIA, "this is not a video that can be read (mp4, mov, m4v, avi, mkv or webm)");
}

/* A failed fsync is final: what the file holds cannot be known any more. */
static int sync_file(struct resumable *r, struct err *e)
{
	FAULT_POINT("resumable.before_sync");
	bool failed = FAULT_FAILS("resumable.sync");
	if (failed)
		errno = EIO;
	if (failed || fdatasync(r->fd) < 0) {
		(void)err_errno(e, ERR_IO, "fsync of an upload");
		drop(r);
		return -1;
	}
	if (r->fresh && fsx_sync_dir(r->svc->spool, e) < 0)
		return -1;
	FAULT_POINT("resumable.synced");
	return 0;
}

static int finish_row(struct resumable *r, struct upload_row *row, struct err *e)
{
	int64_t bytes = r->at;

	row->offset = r->at;
	row->expires_ms = clock_wall_ms() + r->svc->opt.expire_uploads_ms;
	if (r->at < row->bytes)
		return 0;
	row->whole = true;
	if (judge_head(r, e) < 0 || (r->hash ? sha256_end(r->hash, row->sha256, e)
					     : sha256_of_file(r->path, row->sha256, &bytes, e)) < 0)
		return -1;
	sha256_free(r->hash);
	r->hash = NULL;
	if (bytes != row->bytes)
		return err_set(e, ERR_CORRUPT, "an upload's file has %lld bytes", (long long)bytes);
	snprintf(row->container, sizeof row->container, "%s", r->container);
	return 0;
}

/* A hand-over that its owner has cancelled ends requests that are under way, too. */
static int check_handover(const struct resumable *r, struct tx *tx, struct err *e)
{
	struct handover h;

	if (!*r->handover)
		return 0;
	int rc = store_handover_get(tx, r->handover, &h, e);
	if (rc < 0)
		return -1;
	return rc == STORE_NONE || (h.ended_ms && !h.done)
		       ? err_set(e, ERR_UNAUTHENTICATED, "this hand-over is over")
		       : 0;
}

/* Everything up to r->at becomes durable, and then the row says so. */
static int settle(struct resumable *r, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct upload_row row = r->row;

	if (sync_file(r, e) < 0 || finish_row(r, &row, e) < 0 ||
		store_begin(r->svc->store, STORE_WRITE, &tx, e) < 0 || check_handover(r, tx, e) < 0)
		return -1;
	if (r->fresh && (check_count(r->svc, tx, row.owner, e) < 0 || store_upload_insert(tx, &row, e) < 0))
		return -1;
	int rc = r->fresh ? 0 : store_upload_advance(tx, &row, e);
	if (rc != 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "no such upload");
	if (store_commit(&tx, e) < 0)
		return -1;
	FAULT_POINT("resumable.acknowledged");
	r->row = row;
	r->fresh = false;
	r->synced_ms = clock_mono_ms();
	return 0;
}

/* The bytes of a request with a checksum count only after its end, and a new upload has no row before it. */
static int checkpoint(struct resumable *r, struct err *e)
{
	if (r->digest || r->fresh || r->at == r->row.bytes || r->at - r->row.offset < checkpoint_bytes ||
		clock_mono_ms() - r->synced_ms < checkpoint_ms)
		return 0;
	return settle(r, e);
}

int resumable_data(struct resumable *r, const void *bytes, size_t len, bool may_wait, struct err *e)
{
	if ((int64_t)len > r->row.bytes - r->at)
		return err_set(e, ERR_TOO_LARGE, "more bytes come than the %lld that were declared",
			(long long)r->row.bytes);
	if (fsx_write_all(r->fd, bytes, len, e) < 0)
		return err_wrap(e, "spool"); /* a part of them may be written: it is behind r->at */
	r->at += (int64_t)len;
	admission_release(r->svc, (int64_t)len);
	if ((r->hash && sha256_add(r->hash, bytes, len, e) < 0) ||
		(r->digest && digest_add(r->digest, bytes, len, e) < 0))
		return -1;
	/* Bytes that a checksum belongs to may have changed on the way: they are judged when it fits. */
	if (!r->digest && judge_head(r, e) < 0)
		return -1;
	uploads_write_back(r->fd, &r->written_at, r->at);
	return may_wait ? checkpoint(r, e) : 0;
}

static int judge_checksum(struct resumable *r, struct err *e)
{
	uint8_t sum[DIGEST_MOST_BYTES];

	if (!r->digest)
		return 0;
	if (digest_end(r->digest, sum, e) < 0)
		return -1;
	if (memcmp(sum, r->sum.want, digest_bytes(r->sum.algorithm)) == 0)
		return judge_head(r, e);
	rewind_file(r);
	return err_set(
		e, ERR_CHECKSUM, "the bytes that came are not those of Upload-Checksum: send them again");
}

int resumable_end(struct resumable *r, struct upload_row *ret, struct err *e)
{
	if (judge_checksum(r, e) < 0)
		return -1;
	if ((r->fresh || r->at > r->row.offset) && settle(r, e) < 0)
		return -1;
	*ret = r->row;
	return 0;
}

void resumable_free(struct resumable *r, bool may_wait)
{
	struct err e = { 0 };

	if (!r)
		return;
	if (r->fresh && !r->gone) {
		drop(r);
	} else if (r->fd >= 0 && !r->gone) {
		if (may_wait && !r->digest && r->at > r->row.offset && settle(r, &e) < 0)
			service_log_failure("upload.not_kept", "", &e);
		if (!r->gone)
			rewind_file(r);
	}
	close_p(&r->fd);
	if (r->locked)
		uploads_unlock(r->svc->uploads, r->row.id);
	if (r->entered)
		uploads_leave(r->svc->uploads, r->user);
	sha256_free(r->hash);
	digest_free(r->digest);
	free(r);
}
