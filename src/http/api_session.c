#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strv.h"
#include "http/api.h"

/* Who asks: the bearer token, else the session's cookie. Then sign-in, sign-out and "who am I". */

static const char cookie_name[] = "gaitd_session";

int api_auth(struct http_req *r, int need, struct err *e)
{
	static const enum role least[] = {
		[API_USER] = ROLE_SUBMITTER, [API_STAFF] = ROLE_STAFF, [API_ADMIN] = ROLE_ADMIN
	};
	const char *token = http_req_bearer(r), *cookie = http_req_cookie(r, cookie_name);
	CLEANUP(free_p) struct user *u = calloc(1, sizeof *u);

	if (!u)
		return err_set(e, ERR_NOMEM, "request");
	if (need == API_HANDOVER) {
		if (api_handover_auth(r, u, e) < 0)
			return -1;
		http_req_set_principal(r, TAKE(u), free);
		return 0;
	}
	if (!token && !cookie) {
		if (api_handover_auth(r, u, NULL) == 0)
			return err_set(e, ERR_FORBIDDEN, "this device may bring videos, and nothing else");
		return err_set(e, ERR_UNAUTHENTICATED, "sign in, or send an API token");
	}
	int known = token ? account_by_token(api_service(r), token, u, e)
			  : account_by_session(api_service(r), cookie, u, e);
	if (known < 0)
		return -1;
	if (u->role < least[need])
		return err_set(
			e, ERR_FORBIDDEN, "this is for %s", need == API_ADMIN ? "administrators" : "staff");
	http_req_set_principal(r, TAKE(u), free);
	return 0;
}

static int write_user(struct http_req *r, const struct user *u, struct err *e)
{
	struct buf out BUF_CLEANUP;
	struct json_w w;

	buf_init(&out, 4096);
	json_w_init(&w, &out);
	json_w_obj(&w, NULL);
	json_w_str(&w, "id", u->id);
	json_w_str(&w, "email", u->email);
	json_w_str(&w, "role", role_name(u->role));
	json_w_bool(&w, "password_given", u->password_given);
	json_w_obj_end(&w);
	return json_w_end(&w, e) < 0 ? -1 : http_reply_json(r, 200, &out, e);
}

static int set_cookie(struct http_req *r, const char *value, int64_t max_age_s, struct err *e)
{
	const struct api *api = http_req_app(r);
	char header[256];

	snprintf(header, sizeof header, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
		cookie_name, value, (long long)max_age_s,
		str_starts(api->public_url, "https://") ? "; Secure" : "");
	return http_reply_header(r, "Set-Cookie", header, e);
}

int api_session_open(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	const char *email, *password;
	char session[64];
	struct user u;
	int wait_s = 0;

	if (api_body(r, &body, e) < 0 || api_text(body, "email", &email, e) < 0 ||
		api_text(body, "password", &password, e) < 0)
		return -1;
	if (account_sign_in(api_service(r), http_req_client(r), email, password, session, &u, &wait_s, e) <
		0) {
		if (wait_s > 0)
			http_reply_retry_after(r, wait_s);
		return -1;
	}
	if (set_cookie(r, session, api_service(r)->opt.session_ttl_ms / 1000, e) < 0)
		return -1;
	return write_user(r, &u, e);
}

int api_session_get(struct http_req *r, struct err *e)
{
	return write_user(r, api_user(r), e);
}

int api_session_close(struct http_req *r, struct err *e)
{
	const char *cookie = http_req_cookie(r, cookie_name);

	if (cookie && account_sign_out(api_service(r), cookie, e) < 0)
		return -1;
	if (set_cookie(r, "", 0, e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}

int api_password_change(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	const char *present, *password;
	char session[64];
	int wait_s = 0;

	if (api_body(r, &body, e) < 0 || api_text(body, "present", &present, e) < 0 ||
		api_text(body, "password", &password, e) < 0)
		return -1;
	if (account_change_password(api_service(r), http_req_client(r), api_user(r), present, password,
		    session, &wait_s, e) < 0) {
		if (wait_s > 0)
			http_reply_retry_after(r, wait_s);
		return -1;
	}
	/* Also for who came with a token: the new session is theirs to take. */
	if (set_cookie(r, session, api_service(r)->opt.session_ttl_ms / 1000, e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}

static int write_sessions(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	struct http_req *r = arg;

	return account_write_sessions(
		tx, api_user(r), http_req_bearer(r) ? NULL : http_req_cookie(r, cookie_name), w, e);
}

int api_sessions_list(struct http_req *r, struct err *e)
{
	return api_reply_json(r, 200, write_sessions, r, e);
}

int api_sessions_end(struct http_req *r, struct err *e)
{
	if (account_sign_out_everywhere(api_service(r), api_user(r), e) < 0 || set_cookie(r, "", 0, e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}
