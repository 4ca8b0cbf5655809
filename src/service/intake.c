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
#include "service/admission.h"
#include "service/intake_parts.h"
#include "service/uploads.h"
#include "store/subjects.h"

static bool key_ok(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i++)
		if (key[i] < 0x21 || key[i] > 0x7e)
			return false;
	return len >= 1 && len < IDEMPOTENCY_KEY_BYTES;
}

static int new_intake(struct service *s, const struct user *who, const char *idempotency_key,
	struct intake **ret, struct err *e)
{
	if (idempotency_key && !key_ok(idempotency_key))
		return err_set(e, ERR_INVALID,
			"Idempotency-Key must have 1 to %d printable ASCII characters without blanks",
			IDEMPOTENCY_KEY_BYTES - 1);
	if (admission_queue(s, e) < 0)
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
	*ret = in;
	return 0;
}

int intake_begin(struct service *s, const struct user *who, int64_t content_length,
	const char *idempotency_key, struct intake **ret, struct err *e)
{
	int64_t want = content_length >= 0 ? content_length : s->opt.max_body_bytes;
	struct intake *in = NULL;

	if (new_intake(s, who, idempotency_key, &in, e) < 0)
		return -1;
	in->entered = uploads_enter(s->uploads, who->id, s->opt.max_uploads_per_user, e) == 0;
	if (!in->entered || admission_reserve(s, want, e) < 0) {
		intake_free(in);
		return -1;
	}
	in->reserved = want;
	*ret = in;
	return 0;
}

int intake_begin_uploaded(struct service *s, const struct user *who, const char *idempotency_key,
	struct intake **ret, struct err *e)
{
	if (new_intake(s, who, idempotency_key, ret, e) < 0)
		return -1;
	(*ret)->uploaded = true;
	return 0;
}

int intake_field(struct intake *in, const char *name, const char *value, size_t len, struct err *e)
{
	size_t most;
	int view;
	const char **slot = submission_field_slot(&in->fields, name, &most);

	if (!slot) {
		if (submission_is_file_field(name, &view) && in->uploaded)
			intake_take_upload(in, (enum view)view, value, len);
		else if (submission_is_file_field(name, &view))
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
	if (in->uploaded && submission_is_file_field(name, &view)) {
		field_errors_add(&in->errors, name, "must be the id of an upload, as text");
		return 0;
	}
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
	admission_release(in->svc, done);
	uploads_write_back(f->fd, &f->written_back, f->bytes);
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
int intake_request_hash(const struct intake *in, uint8_t out[SHA256_BYTES], struct err *e)
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
	/* The uploads are gone when the answer was lost and the request comes again: their ids say which. */
	for (int v = 0; v < VIEW_COUNT; v++) {
		const struct spooled *f = &in->files[v];
		if (in->uploaded ? sha256_add(h, f->upload, sizeof f->upload, e)
				 : sha256_add(h, f->sha256, SHA256_BYTES, e))
			return -1;
	}
	return sha256_end(h, out, e);
}

static int make_durable(struct intake *in, struct err *e)
{
	for (int v = 0; v < VIEW_COUNT; v++) {
		struct spooled *f = &in->files[v];
		if (in->uploaded)
			continue; /* it is already */
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

	if (intake_request_hash(in, hash, e) < 0 || store_begin(in->svc->store, STORE_WRITE, &tx, e) < 0)
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
	if (intake_uploads_taken(in, tx, e) < 0 || store_job_insert(tx, ret, videos, now, e) < 0 ||
		(*in->key && store_idempotency_add(tx, in->who.id, in->key, hash, ret->id, now, e) < 0))
		return -1;
	return store_commit(&tx, e);
}

int intake_commit(struct intake *in, struct job *ret, struct field_errors *errors, struct err *e)
{
	struct submission s;

	int known = in->uploaded ? intake_find_uploads(in, ret, e) : 0;
	if (known != 0)
		return known;
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
	admission_release(in->svc, in->reserved);
	if (in->entered)
		uploads_leave(in->svc->uploads, in->who.id);
#define FIELD(field, required, max_bytes) free((void *)(uintptr_t)in->fields.field);
#include "core/submission_fields.def"
#undef FIELD
	free(in);
}
