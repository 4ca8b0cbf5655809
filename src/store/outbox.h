#pragma once

#include "core/job.h"
#include "store/store.h"

/* Mail to be sent: written in the transaction that makes it due, delivered by the notifier, never lost. */
struct outbox_item {
	char id[ID_BYTES], job[ID_BYTES], kind[12], message_id[96], recipient[255], state[12],
		last_error[256];
	int attempt, tries;
	int64_t created_ms, due_ms;
};

/* One mail a kind and attempt, whatever is repeated. MAIL_DUE_NONE and jobs without an address write nothing.
 */
int store_outbox_add(struct tx *tx, const struct job *job, enum mail_due mail, int64_t now_ms, struct err *e);
/* The `result` mail of a result that a clinician has released for the @times-th time: one more each time. */
int store_outbox_add_released(
	struct tx *tx, const struct job *job, int attempt, int times, int64_t now_ms, struct err *e);
/* The result was taken back: no mail about it leaves any more. */
int store_outbox_unrelease(struct tx *tx, const char *job, int attempt, struct err *e);
/* One that must not leave any more. */
int store_outbox_dropped(struct tx *tx, const char *id, struct err *e);
/* The next that is due. Return 0, STORE_NONE, -1 */
int store_outbox_due(struct tx *tx, int64_t now_ms, struct outbox_item *ret, struct err *e);
/* The same among those whose time was set since @since_ms: put off since then, or asked for by an operator.
 */
int store_outbox_due_since(
	struct tx *tx, int64_t since_ms, int64_t now_ms, struct outbox_item *ret, struct err *e);
int store_outbox_next_due(struct tx *tx, int64_t *ret_ms, struct err *e); /* INT64_MAX: none waits */
int store_outbox_sent(struct tx *tx, const char *id, int64_t now_ms, struct err *e);
int store_outbox_retry(struct tx *tx, const char *id, int64_t due_ms, const char *why, struct err *e);
int store_outbox_bounced(struct tx *tx, const char *id, const char *why, struct err *e);
/* An operator's wish: try a pending or bounced one now. Return 0, STORE_NONE, -1 */
int store_outbox_kick(struct tx *tx, const char *id, int64_t now_ms, struct err *e);
/* Forget what is pending for an erased job. */
int store_outbox_drop(struct tx *tx, const char *job, struct err *e);
/* Newest first; @state NULL: all. */
int store_outbox_list(struct tx *tx, const char *state, struct outbox_item *out, unsigned max,
	unsigned *ret_n, struct err *e);
int store_outbox_count(struct tx *tx, const char *state, int64_t *ret, struct err *e);
