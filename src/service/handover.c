#include "service/handover.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/token.h"
#include "service/sign_in_limits.h"
#include "store/audit.h"

static const int64_t code_ttl_ms = 10 * 60 * 1000, session_ttl_ms = 60 * 60 * 1000;

enum { LIVE_MOST = 4 }; /* of an account: a code that was shown and forgotten is no reason to wait */

enum handover_state handover_state(const struct handover *h, int64_t now_ms)
{
	if (h->ended_ms)
		return h->done ? HANDOVER_DONE : HANDOVER_CANCELLED;
	if (h->expires_ms <= now_ms)
		return HANDOVER_EXPIRED;
	return h->claimed_ms ? HANDOVER_CLAIMED : HANDOVER_WAITING;
}

const char *handover_state_name(enum handover_state s)
{
	static const char *const names[] = { "waiting", "claimed", "done", "cancelled", "expired" };

	return names[s];
}

int handover_open(struct service *s, const struct user *who, struct handover *ret,
	char ret_code[HANDOVER_CODE_SHOWN_BYTES], struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	uint8_t random[HANDOVER_CODE_RANDOM_BYTES], hash[SHA256_BYTES];
	char code[HANDOVER_CODE_BYTES], actor[48];
	struct handover h = { .created_ms = clock_wall_ms() };
	int64_t live;

	random_bytes(random, sizeof random);
	handover_code_make(random, ret_code);
	(void)handover_code_read(ret_code, code);
	service_new_id(h.id);
	snprintf(h.owner, sizeof h.owner, "%s", who->id);
	snprintf(actor, sizeof actor, "user:%s", who->id);
	h.expires_ms = h.created_ms + code_ttl_ms;
	if (token_hash(code, hash, e) < 0 || store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_handovers_live(tx, who->id, h.created_ms, &live, e) < 0)
		return -1;
	if (live >= LIVE_MOST)
		return err_set(e, ERR_RATE,
			"%d hand-overs of this account are open: end one, or wait until one expires",
			LIVE_MOST);
	if (store_handover_insert(tx, &h, hash, e) < 0 ||
		store_audit(tx, actor, "handover_open", h.id, "", h.created_ms, e) < 0)
		return -1;
	*ret = h;
	return store_commit(&tx, e);
}

static int check_open(const struct handover *h, int64_t now_ms, struct err *e)
{
	switch (handover_state(h, now_ms)) {
	case HANDOVER_WAITING:
		return 0;
	case HANDOVER_CLAIMED:
	case HANDOVER_DONE:
		return err_set(e, ERR_CONFLICT, "another device has used this code");
	case HANDOVER_CANCELLED:
		return err_set(e, ERR_GONE, "this hand-over was cancelled");
	case HANDOVER_EXPIRED:
		break;
	}
	return h->claimed_ms ? err_set(e, ERR_CONFLICT, "another device has used this code")
			     : err_set(e, ERR_GONE, "this code has expired: ask for a new one");
}

static int claim(
	struct service *s, const char *text, struct handover *ret, char ret_session[64], struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	uint8_t random[32], hash[SHA256_BYTES];
	char code[HANDOVER_CODE_BYTES], actor[48];
	struct handover h;
	int64_t now = clock_wall_ms();

	if (!handover_code_read(text, code))
		return err_set(e, ERR_NOT_FOUND, "there is no such code");
	if (token_hash(code, hash, e) < 0 || store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r = store_handover_by_code(tx, hash, &h, e);
	if (r != 0)
		return r < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "there is no such code");
	if (check_open(&h, now, e) < 0)
		return -1;
	random_bytes(random, sizeof random);
	base64url_encode(random, sizeof random, ret_session, 64);
	snprintf(actor, sizeof actor, "handover:%s", h.id);
	h.claimed_ms = now;
	h.expires_ms = now + session_ttl_ms;
	if (token_hash(ret_session, hash, e) < 0 || store_handover_claim(tx, &h, hash, e) != 0 ||
		store_audit(tx, actor, "handover_claim", h.id, h.owner, now, e) < 0)
		return -1;
	*ret = h;
	return store_commit(&tx, e);
}

int handover_claim(struct service *s, const char *address, const char *code, struct handover *ret,
	char ret_session[64], int *ret_wait_s, struct err *e)
{
	char by_address[128];

	snprintf(by_address, sizeof by_address, "handover %s", address);
	*ret_wait_s = sign_in_enter(s->sign_ins, by_address, s->opt.sign_ins_per_address, clock_mono_ms());
	if (*ret_wait_s > 0)
		return err_set(e, ERR_RATE, "too many wrong codes: try again in %d minutes",
			(*ret_wait_s + 59) / 60);
	if (claim(s, code, ret, ret_session, e) < 0) {
		if (e->kind != ERR_NOT_FOUND) /* no guess */
			sign_in_undo(s->sign_ins, by_address);
		return -1;
	}
	sign_in_undo(s->sign_ins, by_address);
	return 0;
}

int handover_get(struct tx *tx, const struct user *who, const char *id, struct handover *ret, struct err *e)
{
	int r = id_ok(id) ? store_handover_get(tx, id, ret, e) : STORE_NONE;

	if (r < 0)
		return -1;
	if (r == STORE_NONE || strcmp(ret->owner, who->id) != 0 ||
		(*who->handover && strcmp(ret->id, who->handover) != 0))
		return err_set(e, ERR_NOT_FOUND, "no such hand-over");
	return 0;
}

int handover_end(struct service *s, const struct user *who, const char *id, bool done, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms();
	struct handover h;
	char actor[48];

	snprintf(actor, sizeof actor, done ? "handover:%s" : "user:%s", done ? id : who->id);
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || handover_get(tx, who, id, &h, e) < 0)
		return -1;
	int r = store_handover_end(tx, id, done, now, e);
	if (r != 0)
		return r < 0 ? -1 : 0; /* it had ended: as it was wished */
	if (store_audit(tx, actor, done ? "handover_done" : "handover_end", id, "", now, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int64_t handover_received(const struct service *s, const struct upload_row *u)
{
	char path[4096];
	struct stat st;
	struct err e;

	if (u->offset == u->bytes || service_spool_path(s, u->spool_name, path, sizeof path, &e) < 0 ||
		lstat(path, &st) < 0 || st.st_size <= u->offset)
		return u->offset;
	return st.st_size < u->bytes ? st.st_size : u->bytes;
}
