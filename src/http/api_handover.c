#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "http/api.h"
#include "service/handover.h"

/* Videos that another device brings. Its cookie goes to these addresses only, and they know no other: whoever
 * is signed in on that device as well stays apart from it. */

static const char cookie_name[] = "gaitd_handover";

int api_handover_auth(struct http_req *r, struct user *ret, struct err *e)
{
	const char *cookie = http_req_cookie(r, cookie_name);

	if (!cookie)
		return err_set(e, ERR_UNAUTHENTICATED, "this device has no hand-over: use a code");
	return account_by_handover(api_service(r), cookie, ret, e);
}

static void write_upload(const struct service *s, const struct upload_row *u, struct json_w *w)
{
	json_w_obj(w, NULL);
	json_w_str(w, "id", u->id);
	json_w_str(w, "view", u->view < 0 ? NULL : view_name((enum view)u->view));
	json_w_int(w, "bytes", u->bytes);
	json_w_int(w, "received", handover_received(s, u));
	json_w_bool(w, "whole", u->whole);
	json_w_str(w, "metadata", u->metadata);
	json_w_obj_end(w);
}

struct one {
	struct http_req *r;
	const char *id;
	const char *code; /* of a new one, or NULL */
};

static int write_one(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	const struct one *one = arg;
	const struct service *s = api_service(one->r);
	struct upload_row u[HANDOVER_UPLOADS];
	char link[512];
	struct handover h;
	unsigned n;

	if (handover_get(tx, api_user(one->r), one->id, &h, e) < 0 ||
		store_uploads_of_handover(tx, h.id, u, HANDOVER_UPLOADS, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_str(w, "id", h.id);
	json_w_str(w, "state", handover_state_name(handover_state(&h, clock_wall_ms())));
	json_w_time(w, "expires", h.expires_ms);
	if (one->code) {
		snprintf(link, sizeof link, "%s/handover#%s", s->opt.public_url, one->code);
		json_w_str(w, "code", one->code);
		json_w_str(w, "link", link);
	}
	json_w_arr(w, "uploads");
	for (unsigned i = 0; i < n; i++)
		write_upload(s, &u[i], w);
	json_w_arr_end(w);
	json_w_obj_end(w);
	return 0;
}

int api_handover_open(struct http_req *r, struct err *e)
{
	char code[HANDOVER_CODE_SHOWN_BYTES], location[64];
	struct handover h;

	if (handover_open(api_service(r), api_user(r), &h, code, e) < 0)
		return -1;
	snprintf(location, sizeof location, "/api/v1/handovers/%s", h.id);
	if (http_reply_header(r, "Location", location, e) < 0)
		return -1;
	return api_reply_json(r, 201, write_one, &(struct one){ r, h.id, code }, e);
}

int api_handover_get(struct http_req *r, struct err *e)
{
	return api_reply_json(r, 200, write_one, &(struct one){ r, http_req_param(r, "id"), NULL }, e);
}

int api_handover_end(struct http_req *r, struct err *e)
{
	if (handover_end(api_service(r), api_user(r), http_req_param(r, "id"), false, e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}

static int set_cookie(struct http_req *r, const char *value, int64_t max_age_s, struct err *e)
{
	const struct api *api = http_req_app(r);
	char header[256];

	snprintf(header, sizeof header,
		"%s=%s; Path=/api/v1/handovers; HttpOnly; SameSite=Strict; Max-Age=%lld%s", cookie_name,
		value, (long long)max_age_s, str_starts(api->public_url, "https://") ? "; Secure" : "");
	return http_reply_header(r, "Set-Cookie", header, e);
}

int api_handover_claim(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	CLEANUP(free_p) struct user *u = calloc(1, sizeof *u);
	const char *code;
	char session[64];
	struct handover h;
	int wait_s = 0;

	if (!u)
		return err_set(e, ERR_NOMEM, "request");
	if (api_body(r, &body, e) < 0 || api_text(body, "code", &code, e) < 0)
		return -1;
	if (handover_claim(api_service(r), http_req_client(r), code, &h, session, &wait_s, e) < 0) {
		if (wait_s > 0)
			http_reply_retry_after(r, wait_s);
		return -1;
	}
	if (set_cookie(r, session, (h.expires_ms - h.claimed_ms) / 1000, e) < 0 ||
		account_by_handover(api_service(r), session, u, e) < 0)
		return -1;
	http_req_set_principal(r, TAKE(u), free);
	return api_reply_json(r, 200, write_one, &(struct one){ r, h.id, NULL }, e);
}

int api_handover_own(struct http_req *r, struct err *e)
{
	return api_reply_json(r, 200, write_one, &(struct one){ r, api_user(r)->handover, NULL }, e);
}

int api_handover_done(struct http_req *r, struct err *e)
{
	const struct user *who = api_user(r);

	if (handover_end(api_service(r), who, who->handover, true, e) < 0 || set_cookie(r, "", 0, e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}
