#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/strv.h"
#include "http/api.h"
#include "service/admin_view.h"

/* What administrators see and change: the same as gaitctl, through the same service calls. */

enum { PAGE_MOST = 500 };

static int read_limit(struct http_req *r, struct admin_page *page, struct err *e)
{
	const char *text = http_req_query(r, "limit");
	int64_t n = 0;

	if (text && !str_to_i64(text, 1, PAGE_MOST, &n))
		return err_set(e, ERR_FIELD, "limit: must be from 1 to %d", PAGE_MOST);
	page->limit = (unsigned)n;
	return 0;
}

int api_users_list(struct http_req *r, struct err *e)
{
	struct admin_page page = { .text = http_req_query(r, "q"), .before = http_req_query(r, "before") };

	if (page.before && !id_ok(page.before))
		return err_set(e, ERR_FIELD, "before: must be the `next` of an earlier page");
	return read_limit(r, &page, e) < 0 ? -1 : api_reply_json(r, 200, admin_write_users, &page, e);
}

int api_tokens_list(struct http_req *r, struct err *e)
{
	return api_reply_json(r, 200, admin_write_tokens, (void *)(uintptr_t)http_req_query(r, "user"), e);
}

int api_outbox_list(struct http_req *r, struct err *e)
{
	static const char *const states[] = { "pending", "sent", "bounced", "dropped" };
	const char *state = http_req_query(r, "state");
	bool known = !state;

	for (size_t i = 0; !known && i < ARRAY_LEN(states); i++)
		known = strcmp(state, states[i]) == 0;
	if (!known)
		return err_set(e, ERR_FIELD, "state must be pending, sent, bounced or dropped");
	return api_reply_json(r, 200, admin_write_outbox, (void *)(uintptr_t)state, e);
}

int api_audit_list(struct http_req *r, struct err *e)
{
	const char *before = http_req_query(r, "before");
	struct admin_page page = { .text = http_req_query(r, "q"), .action = http_req_query(r, "action") };

	if (before && !str_to_i64(before, 1, INT64_MAX, &page.before_seq))
		return err_set(e, ERR_FIELD, "before: must be the seq of an entry");
	return read_limit(r, &page, e) < 0 ? -1 : api_reply_json(r, 200, admin_write_audit, &page, e);
}

static int write_id(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	(void)tx, (void)e;
	json_w_obj(w, NULL);
	json_w_str(w, "id", arg);
	json_w_obj_end(w);
	return 0;
}

int api_user_add(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	const char *email, *role_text, *password;
	char actor[64];
	enum role role;
	struct user u;

	api_actor(r, actor);
	if (api_body(r, &body, e) < 0 || api_text(body, "email", &email, e) < 0 ||
		api_text(body, "role", &role_text, e) < 0)
		return -1;
	if (!role_parse(role_text, &role))
		return err_set(e, ERR_FIELD, "role must be submitter, staff or admin");
	if (api_text_or_none(body, "password", &password, e) < 0 ||
		account_add(api_service(r), actor, email, role, password, &u, e) < 0)
		return -1;
	return api_reply_json(r, 201, write_id, u.id, e);
}

int api_user_change(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	struct service *s = api_service(r);
	const char *id = http_req_param(r, "id");
	const char *role_text, *password;
	char actor[64];
	enum role role;
	bool disabled;

	api_actor(r, actor);
	/* Everything is looked at before anything is changed. */
	if (api_body(r, &body, e) < 0 || api_text_or_none(body, "role", &role_text, e) < 0 ||
		api_text_or_none(body, "password", &password, e) < 0 ||
		api_bool_or(body, "disabled", false, &disabled, e) < 0 ||
		(password && account_password_ok(password, e) < 0))
		return -1;
	bool lock = json_get(body, "disabled") != NULL;
	if (!role_text && !password && !lock)
		return err_set(e, ERR_FIELD, "nothing to change: give role, password or disabled");
	if (role_text && !role_parse(role_text, &role))
		return err_set(e, ERR_FIELD, "role must be submitter, staff or admin");
	if (strcmp(id, api_user(r)->id) == 0 && (role_text || disabled))
		return err_set(
			e, ERR_CONFLICT, "nobody takes away their own rights: ask another administrator");
	if ((role_text && account_set_role(s, actor, id, role, e) < 0) ||
		(password && account_set_password(s, actor, id, password, e) < 0) ||
		(lock && account_set_disabled(s, actor, id, disabled, e) < 0))
		return -1;
	return http_reply_empty(r, 204, e);
}

struct made_token {
	char token[64], id[ID_BYTES];
};

static int write_token(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	const struct made_token *t = arg;

	(void)tx, (void)e;
	json_w_obj(w, NULL);
	json_w_str(w, "id", t->id);
	json_w_str(w, "token", t->token);
	json_w_str(w, "note", "This is shown once only: keep it now.");
	json_w_obj_end(w);
	return 0;
}

int api_token_add(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	const char *user, *name;
	struct made_token t;
	char actor[64];
	int64_t days;

	api_actor(r, actor);
	if (api_body(r, &body, e) < 0 || api_text(body, "user", &user, e) < 0 ||
		api_text(body, "name", &name, e) < 0 || api_int_or(body, "days", 0, &days, e) < 0)
		return -1;
	if (days < 0 || days > 3650)
		return err_set(e, ERR_FIELD, "days must be from 0 (for ever) to 3650");
	int64_t expires_ms = days ? clock_wall_ms() + days * 86400000 : 0;
	if (token_add(api_service(r), actor, user, name, expires_ms, t.token, t.id, e) < 0)
		return -1;
	return api_reply_json(r, 201, write_token, &t, e);
}

int api_token_revoke(struct http_req *r, struct err *e)
{
	char actor[64];

	api_actor(r, actor);
	if (token_revoke(api_service(r), actor, http_req_param(r, "id"), e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}

int api_outbox_retry(struct http_req *r, struct err *e)
{
	char actor[64];

	api_actor(r, actor);
	if (outbox_retry(api_service(r), actor, http_req_param(r, "id"), e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}
