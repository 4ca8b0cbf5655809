#include "service/admin_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "store/accounts.h"
#include "store/audit.h"
#include "store/outbox.h"

enum { LIST_MOST = 500 };

static unsigned limit_of(const struct admin_page *page)
{
	return page->limit > 0 && page->limit < LIST_MOST ? page->limit : LIST_MOST;
}

/* The address of an account; null where @id is none's. */
static int write_email(struct tx *tx, struct json_w *w, const char *name, const char *id, struct err *e)
{
	struct user u;
	int r = id_ok(id) ? store_user_get(tx, id, &u, e) : STORE_NONE;

	json_w_str(w, name, r == 0 ? u.email : NULL);
	return r < 0 ? -1 : 0;
}

int admin_write_users(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	const struct admin_page all = { 0 }, *page = arg ? arg : &all;
	CLEANUP(free_p) struct user *u = calloc(LIST_MOST + 1, sizeof *u);
	unsigned n, limit = limit_of(page);

	if (!u)
		return err_set(e, ERR_NOMEM, "list");
	/* One more than asked for tells whether there is a next page. */
	if (store_users_find(tx, page->text, page->before, u, limit + 1, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_arr(w, "users");
	for (unsigned i = 0; i < n && i < limit; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "id", u[i].id);
		json_w_str(w, "email", u[i].email);
		json_w_str(w, "role", role_name(u[i].role));
		json_w_bool(w, "disabled", u[i].disabled);
		json_w_bool(w, "has_password", *u[i].password_hash != '\0');
		json_w_bool(w, "password_given", u[i].password_given);
		json_w_time(w, "created", u[i].created_ms);
		json_w_time(w, "last_sign_in", u[i].last_sign_in_ms);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	json_w_str(w, "next", n > limit ? u[limit - 1].id : NULL);
	json_w_obj_end(w);
	return 0;
}

int admin_write_tokens(struct tx *tx, struct json_w *w, void *user, struct err *e)
{
	CLEANUP(free_p) struct api_token *t = calloc(LIST_MOST, sizeof *t);
	unsigned n;

	if (!t)
		return err_set(e, ERR_NOMEM, "list");
	if (store_tokens_list(tx, user, t, LIST_MOST, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_arr(w, "tokens");
	for (unsigned i = 0; i < n; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "id", t[i].id);
		json_w_str(w, "user", t[i].user);
		if (write_email(tx, w, "email", t[i].user, e) < 0)
			return -1;
		json_w_str(w, "name", t[i].name);
		json_w_time(w, "created", t[i].created_ms);
		json_w_time(w, "expires", t[i].expires_ms);
		json_w_time(w, "revoked", t[i].revoked_ms);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	json_w_obj_end(w);
	return 0;
}

int admin_write_outbox(struct tx *tx, struct json_w *w, void *state, struct err *e)
{
	CLEANUP(free_p) struct outbox_item *o = calloc(LIST_MOST, sizeof *o);
	unsigned n;

	if (!o)
		return err_set(e, ERR_NOMEM, "list");
	if (store_outbox_list(tx, state, o, LIST_MOST, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_arr(w, "outbox");
	for (unsigned i = 0; i < n; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "id", o[i].id);
		json_w_str(w, "job", o[i].job);
		json_w_str(w, "kind", o[i].kind);
		json_w_str(w, "state", o[i].state);
		json_w_str(w, "recipient", o[i].recipient);
		json_w_int(w, "tries", o[i].tries);
		json_w_time(w, "created", o[i].created_ms);
		json_w_time(w, "due", o[i].due_ms);
		json_w_str(w, "last_error", *o[i].last_error ? o[i].last_error : NULL);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	json_w_obj_end(w);
	return 0;
}

int admin_write_audit(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	const struct admin_page all = { 0 }, *page = arg ? arg : &all;
	struct audit_filter f = { .before = page->before_seq, .about = page->text, .action = page->action };
	CLEANUP(free_p) struct audit_entry *a = calloc(LIST_MOST + 1, sizeof *a);
	unsigned n, limit = limit_of(page);
	struct user u;

	if (!a)
		return err_set(e, ERR_NOMEM, "list");
	int known = f.about ? store_user_by_email(tx, f.about, &u, e) : STORE_NONE;
	if (known == 0)
		f.about = u.id;
	if (known < 0 || store_audit_find(tx, &f, a, limit + 1, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_arr(w, "audit");
	for (unsigned i = 0; i < n && i < limit; i++) {
		json_w_obj(w, NULL);
		json_w_int(w, "seq", a[i].seq);
		json_w_time(w, "at", a[i].at_ms);
		json_w_str(w, "actor", a[i].actor);
		const char *by = str_starts(a[i].actor, "user:") ? a[i].actor + strlen("user:") : "";
		if (write_email(tx, w, "actor_email", by, e) < 0)
			return -1;
		json_w_str(w, "action", a[i].action);
		json_w_str(w, "object", a[i].object);
		if (write_email(tx, w, "object_email", a[i].object, e) < 0)
			return -1;
		json_w_str(w, "detail", *a[i].detail ? a[i].detail : NULL);
		if (write_email(tx, w, "detail_email", a[i].detail, e) < 0)
			return -1;
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	if (n > limit)
		json_w_int(w, "next", a[limit - 1].seq);
	else
		json_w_null(w, "next");
	json_w_obj_end(w);
	return 0;
}

int outbox_retry(struct service *s, const char *actor, const char *id, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms();

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r = store_outbox_kick(tx, id, now, e);
	if (r != 0)
		return r < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "no mail of that id is waiting or bounced");
	if (store_audit(tx, actor, "outbox_retry", id, "", now, e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	wake_poke(&s->notifier);
	return 0;
}
