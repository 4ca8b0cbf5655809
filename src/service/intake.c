#include "service/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "core/container.h"
#include "service/uploads.h"
#include "store/subjects.h"

/* Start writing back every so often, so that the fsync at the end has little left to do (measured: 766
 * against 330 MB/s without). */
static const int64_t write_back_bytes = 8 << 20;

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
};

struct intake {
	struct service *svc;
	struct user who;
	char id[ID_BYTES], key[IDEMPOTENCY_KEY_BYTES];
	int64_t reserved;
	struct submission_fields fields;
	struct field_errors errors;
	struct spooled files[VIEW_COUNT];
	int current; /* the view whose data arrive now; -1: none, or a file that nobody asked for */
};

static int check_room(struct service *s, int64_t want, struct err *e)
{
	int64_t free_bytes;

	if (FAULT_FAILS("intake.room"))
		return err_set(e, ERR_NOSPACE, "not enough room for this upload");
	if (fsx_free_bytes(s->spool, &free_bytes, e) < 0)
		return -1;
	int64_t reserved = atomic_fetch_add(&s->reserved_bytes, want);
	if (free_bytes - reserved - want >= s->opt.min_free_bytes)
		return 0;
	atomic_fetch_sub(&s->reserved_bytes, want);
	return err_set(
		e, ERR_NOSPACE, "there is not enough room for this upload at present: try again later");
}

static int check_queue(struct service *s, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t queued;

	if (!atomic_load(&s->ready))
		return err_set(e, ERR_UNAVAILABLE, "the service is starting: try again in a moment");
	if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
		store_jobs_count(tx, JOB_QUEUED, NULL, &queued, e) < 0)
		return -1;
	if (queued >= (int64_t)s->opt.refuse_above_queued)
		return err_set(e, ERR_UNAVAILABLE,
			"%lld jobs are waiting, which is the limit: try again later", (long long)queued);
	return 0;
}

static bool key_ok(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i++)
		if (key[i] < 0x21 || key[i] > 0x7e)
			return false;
	return len >= 1 && len < IDEMPOTENCY_KEY_BYTES;
}

int intake_begin(struct service *s, const struct user *who, int64_t content_length,
	const char *idempotency_key, struct intake **ret, struct err *e)
{
	if (idempotency_key && !key_ok(idempotency_key))
		return err_set(e, ERR_INVALID,
			"Idempotency-Key must have 1 to %d printable ASCII characters without blanks",
			IDEMPOTENCY_KEY_BYTES - 1);
	if (check_queue(s, e) < 0)
		return -1;
	struct intake *in = calloc(1, sizeof *in);
	if (!in)
		return err_set(e, ERR_NOMEM, "upload");
	in->svc = s;
	in->who = *who;
	in->current = -1;
	in->files[0].fd = in->files[1].fd = -1;
	snprintf(in->key, sizeof in->key, "%s", idempotency_key ? idempotency_key : "");
	service_new_id(in->id);
	if (uploads_enter(s->uploads, who->id, s->opt.max_uploads_per_user, e) < 0) {
		free(in);
		return -1;
	}
	in->reserved = content_length >= 0 ? content_length : s->opt.max_body_bytes;
	if (check_room(s, in->reserved, e) < 0) {
		in->reserved = 0;
		intake_free(in);
		return -1;
	}
	*ret = in;
	return 0;
}

int intake_field(struct intake *in, const char *name, const char *value, size_t len, struct err *e)
{
	size_t most;
	int view;
	const char **slot = submission_field_slot(&in->fields, name, &most);

	if (!slot) {
		if (submission_is_file_field(name, &view))
			field_errors_add(&in->errors, name, "must be a file: choose a video");
		else
			field_errors_add(&in->errors, name, "is not a field of this form");
		return 0;
	}
	if (len > most || memchr(value, '\0', len)) {
		field_errors_add(&in->errors, name, "must have at most %zu bytes and no NUL", most);
		return 0;
	}
	char *copy = strndup(value, len);
	if (!copy)
		return err_set(e, ERR_NOMEM, "field %s", name);
	free((void *)(uintptr_t)*slot);
	*slot = copy;
	return 0;
}

int intake_file_begin(struct intake *in, const char *name, struct err *e)
{
	int view;
	size_t most;

	in->current = -1;
	if (!submission_is_file_field(name, &view)) {
		bool text = submission_field_slot(&in->fields, name, &most) != NULL;
		field_errors_add(
			&in->errors, name, text ? "must be text, not a file" : "is not a field of this form");
		return 0;
	}
	struct spooled *f = &in->files[view];
	if (f->begun)
		return err_set(e, ERR_INVALID, "%s came twice", name);
	snprintf(f->name, sizeof f->name, "%s-%s", in->id, view_name((enum view)view));
	if (fsx_join(f->tmp, sizeof f->tmp, in->svc->spool_tmp, f->name, e) < 0 ||
		service_spool_path(in->svc, f->name, f->path, sizeof f->path, e) < 0 ||
		!(f->hash = sha256_new(e)))
		return -1;
	f->fd = open(f->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return err_errno(e, ERR_IO, "create a spool file");
	f->begun = true;
	in->current = view;
	return 0;
}

/* A file too short for its head is judged at its end. */
static int sniff(struct spooled *f, int view, bool at_end, struct err *e)
{
	if (f->container || (f->head_len < sizeof f->head && !at_end))
		return 0;
	f->container = container_sniff(f->head, f->head_len);
	if (!f->container)
		return err_set(e, ERR_MEDIA, "%s: %s", submission_file_field(view),
			f->bytes == 0
				? "the file is empty"
				: "this is not a video that can be read (mp4, mov, m4v, avi, mkv or webm)");
	return 0;
}

int intake_file_data(struct intake *in, const void *bytes, size_t len, struct err *e)
{
	if (in->current < 0)
		return 0;
	struct spooled *f = &in->files[in->current];
	if ((int64_t)len > in->svc->opt.max_video_bytes - f->bytes)
		return err_set(e, ERR_TOO_LARGE, "%s: a video may have at most %lld MB",
			submission_file_field(in->current),
			(long long)(in->svc->opt.max_video_bytes / 1000000));
	size_t take = sizeof f->head - f->head_len;
	take = take < len ? take : len;
	memcpy(f->head + f->head_len, bytes, take);
	f->head_len += take;
	f->bytes += (int64_t)len;
	if (sniff(f, in->current, false, e) < 0)
		return -1;
	if (fsx_write_all(f->fd, bytes, len, e) < 0 || sha256_add(f->hash, bytes, len, e) < 0)
		return err_wrap(e, "spool");
	/* What is written has left the free space: to keep it reserved would count it twice. */
	int64_t done = (int64_t)len < in->reserved ? (int64_t)len : in->reserved;
	in->reserved -= done;
	atomic_fetch_sub(&in->svc->reserved_bytes, done);
	if (f->bytes - f->written_back >= write_back_bytes) {
		(void)sync_file_range(
			f->fd, f->written_back, f->bytes - f->written_back, SYNC_FILE_RANGE_WRITE);
		f->written_back = f->bytes;
	}
	return 0;
}

int intake_file_end(struct intake *in, struct err *e)
{
	if (in->current < 0)
		return 0;
	struct spooled *f = &in->files[in->current];
	int view = in->current;
	in->current = -1;
	f->ended = true;
	return sniff(f, view, true, e) < 0 || sha256_end(f->hash, f->sha256, e) < 0 ? -1 : 0;
}

/* Rules that need the account: whose address, whose priority. */
static void judge_account(struct intake *in, const struct submission *s)
{
	bool own = strcasecmp(s->email, in->who.email) == 0;

	if (in->who.role != ROLE_SUBMITTER)
		return;
	if (*s->email && !own)
		field_errors_add(&in->errors, "email",
			"must be the confirmed address of your account: ask the staff for another");
	else if (*s->email && !in->who.email_confirmed)
		field_errors_add(&in->errors, "email", "is not confirmed yet");
	if (s->priority > 0)
		field_errors_add(&in->errors, "priority", "above 0 is for staff");
}

static void judge_files(struct intake *in)
{
	for (int v = 0; v < VIEW_COUNT; v++)
		if (!in->files[v].ended && !field_errors_has(&in->errors, submission_file_field(v)))
			field_errors_add(&in->errors, submission_file_field(v),
				"is missing: the video from the %s", view_name((enum view)v));
	/* Both files the same is always a slip of the hand. */
	if (in->files[0].ended && in->files[1].ended && in->files[0].bytes == in->files[1].bytes &&
		memcmp(in->files[0].sha256, in->files[1].sha256, SHA256_BYTES) == 0)
		field_errors_add(&in->errors, submission_file_field(VIEW_SIDE),
			"is the same file as the front video: choose the one from the side");
}

/* What makes two requests the same: every field and both videos. */
static int request_hash(const struct intake *in, uint8_t out[SHA256_BYTES], struct err *e)
{
	CLEANUP(sha256_free_p) struct sha256 *h = sha256_new(e);

	if (!h)
		return -1;
#define FIELD(field, required, max_bytes)                                                                    \
	if (in->fields.field &&                                                                              \
		(sha256_add(h, #field, sizeof #field, e) < 0 ||                                              \
			sha256_add(h, in->fields.field, strlen(in->fields.field) + 1, e) < 0))               \
		return -1;
#include "core/submission_fields.def"
#undef FIELD
	for (int v = 0; v < VIEW_COUNT; v++)
		if (sha256_add(h, in->files[v].sha256, SHA256_BYTES, e) < 0)
			return -1;
	return sha256_end(h, out, e);
}

static int make_durable(struct intake *in, struct err *e)
{
	for (int v = 0; v < VIEW_COUNT; v++) {
		struct spooled *f = &in->files[v];
		/* Set before the rename: a failure behind it still removes the file. */
		f->renamed = true;
		if (fsx_commit(f->fd, f->tmp, f->path, e) < 0)
			return -1;
	}
	FAULT_POINT("intake.files_durable");
	return 0;
}

static int make_job(struct intake *in, const struct submission *s, struct job *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct video videos[VIEW_COUNT] = { 0 };
	uint8_t hash[SHA256_BYTES];
	char known[ID_BYTES];
	int64_t now = clock_wall_ms();

	if (request_hash(in, hash, e) < 0 || store_begin(in->svc->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	if (*in->key) {
		int r = store_idempotency_find(tx, in->who.id, in->key, hash, known, e);
		if (r < 0)
			return -1;
		if (r == 0)
			return store_job_get(tx, known, ret, e) < 0 ? -1 : INTAKE_REPEATED;
	}
	*ret = (struct job){ .submission = *s };
	snprintf(ret->id, sizeof ret->id, "%s", in->id);
	snprintf(ret->owner, sizeof ret->owner, "%s", in->who.id);
	if (*s->subject_code &&
		store_subject_ensure(tx, in->who.id, s->subject_code, now, ret->subject, e) < 0)
		return -1;
	for (int v = 0; v < VIEW_COUNT; v++) {
		videos[v].view = (enum view)v;
		videos[v].bytes = in->files[v].bytes;
		memcpy(videos[v].sha256, in->files[v].sha256, SHA256_BYTES);
		snprintf(videos[v].container, sizeof videos[v].container, "%s", in->files[v].container);
		snprintf(videos[v].spool_name, sizeof videos[v].spool_name, "%s", in->files[v].name);
	}
	if (store_job_insert(tx, ret, videos, now, e) < 0 ||
		(*in->key && store_idempotency_add(tx, in->who.id, in->key, hash, ret->id, now, e) < 0))
		return -1;
	return store_commit(&tx, e);
}

int intake_commit(struct intake *in, struct job *ret, struct field_errors *errors, struct err *e)
{
	struct submission s;

	submission_parse(&in->fields, in->svc->opt.consent_version, &s, &in->errors);
	judge_account(in, &s);
	judge_files(in);
	if (in->errors.n > 0) {
		*errors = in->errors;
		return INTAKE_FIELDS;
	}
	if (make_durable(in, e) < 0)
		return err_wrap(e, "the videos could not be stored");
	int r = make_job(in, &s, ret, e);
	if (r != 0)
		return r;
	/* From here on the files belong to the job. */
	for (int v = 0; v < VIEW_COUNT; v++)
		in->files[v].begun = false;
	wake_poke(&in->svc->worker);
	wake_poke(&in->svc->notifier);
	return 0;
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	for (int v = 0; v < VIEW_COUNT; v++) {
		struct spooled *f = &in->files[v];
		if (f->fd >= 0)
			close(f->fd);
		if (f->begun)
			unlink(f->tmp);
		if (f->begun && f->renamed)
			unlink(f->path);
		sha256_free(f->hash);
	}
	atomic_fetch_sub(&in->svc->reserved_bytes, in->reserved);
	uploads_leave(in->svc->uploads, in->who.id);
#define FIELD(field, required, max_bytes) free((void *)(uintptr_t)in->fields.field);
#include "core/submission_fields.def"
#undef FIELD
	free(in);
}
