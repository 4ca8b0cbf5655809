#pragma once

#include "core/tus.h"
#include "service/service.h"
#include "store/accounts.h"
#include "store/uploads.h"

/* Uploads that survive a lost connection and a restart (tus 1.0.0, docs/adr/0023-resumable-uploads.md).
 *
 *     resumable_create() or resumable_resume() → resumable_data()* → resumable_end() → resumable_free()
 *
 * Why nothing acknowledged is lost: the file is synced before the row's offset moves, and the answer follows
 * the commit. Bytes behind the row's offset were never acknowledged; they are cut off before others are
 * written there. The file has its last name in spool/ from the start, so that a job takes it by its row
 * alone; a file that no row knows is removed at start. One request at a time writes an upload (ERR_LOCKED).
 */

struct resumable;

/**
 * resumable_create() - a new upload, of which nothing is kept before resumable_end()
 * @bytes     of the whole file
 * @metadata  Upload-Metadata as sent, or NULL
 * @checksum  of the bytes that come with this request
 * Errors     ERR_TOO_LARGE, ERR_MEDIA (empty), ERR_INVALID, ERR_RATE, ERR_UNAVAILABLE, ERR_NOSPACE
 */
int resumable_create(struct service *s, const struct user *who, int64_t bytes, const char *metadata,
	const struct tus_checksum *checksum, struct resumable **ret, struct err *e);

/**
 * resumable_resume() - go on with an upload at @offset
 * @len     of the coming bytes; -1 where unknown
 * Errors   ERR_NOT_FOUND, ERR_LOCKED, ERR_CONFLICT (not its offset), ERR_TOO_LARGE, ERR_RATE
 */
int resumable_resume(struct service *s, const struct user *who, const char *id, int64_t offset, int64_t len,
	const struct tus_checksum *checksum, struct resumable **ret, struct err *e);

/* @may_wait: for the disk, now and then, so that a crash costs little of a long request.
 * ERR_TOO_LARGE; ERR_MEDIA as soon as the first bytes are no video's: the upload is gone then. A failed fsync
 * is final likewise. */
int resumable_data(struct resumable *r, const void *bytes, size_t len, bool may_wait, struct err *e);

/* Judge the checksum (ERR_CHECKSUM: these bytes are dropped) and make durable what came. */
int resumable_end(struct resumable *r, struct upload_row *ret, struct err *e);

/* Without resumable_end() a new upload is removed; of another one's bytes those without a checksum are kept
 * where @may_wait (for the disk). NULL is legal. */
void resumable_free(struct resumable *r, bool may_wait);

/* One that is @who's and has not expired; ERR_NOT_FOUND. */
int resumable_get(
	struct tx *tx, const struct user *who, const char *id, struct upload_row *ret, struct err *e);

/* The same for a client that wants to go on. ERR_LOCKED while a request is at it: of one that is broken off,
 * what came is not in the row yet, and who went on from there would send it twice. */
int resumable_look(
	struct service *s, const struct user *who, const char *id, struct upload_row *ret, struct err *e);

/* ERR_NOT_FOUND, ERR_LOCKED. */
int resumable_remove(struct service *s, const struct user *who, const char *id, struct err *e);

/* The reaper's: remove what has expired. */
int resumable_expire(struct service *s, struct err *e);

/* At start, before uploads are accepted: rows whose file is shorter than they say go, room is reserved for
 * what the others still lack. */
int resumable_reconcile(struct service *s, struct tx *tx, struct err *e);
