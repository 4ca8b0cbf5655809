#include "http/api.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

struct service *api_service(const struct http_req *r)
{
	const struct api *api = http_req_app(r);

	return api->svc;
}

const struct user *api_user(const struct http_req *r)
{
	return http_req_principal(r);
}

void api_actor(const struct http_req *r, char out[64])
{
	snprintf(out, 64, "user:%s", api_user(r)->id);
}

int api_reply_json(struct http_req *r, int status,
	int (*write)(struct tx *tx, struct json_w *w, void *arg, struct err *e), void *arg, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct buf out BUF_CLEANUP;
	struct json_w w;

	buf_init(&out, 8 << 20);
	json_w_init(&w, &out);
	if (store_begin(api_service(r)->store, http_req_on_loop(r) ? STORE_READ_FAST : STORE_READ, &tx, e) <
			0 ||
		write(tx, &w, arg, e) < 0 || json_w_end(&w, e) < 0)
		return -1;
	return http_reply_json(r, status, &out, e);
}

int api_body(struct http_req *r, struct json **ret, struct err *e)
{
	struct strv body = http_req_body(r);

	if (json_parse(body.p, body.n, 8, ret, e) < 0)
		return err_wrap(e, "body");
	if (!json_is_object(*ret)) {
		json_free(*ret);
		*ret = NULL;
		return err_set(e, ERR_INVALID, "body: must be a JSON object");
	}
	return 0;
}

int api_text(const struct json *body, const char *name, const char **ret, struct err *e)
{
	*ret = json_str(json_get(body, name), NULL);
	return *ret ? 0 : err_set(e, ERR_FIELD, "%s is missing or not text", name);
}

int api_text_or_none(const struct json *body, const char *name, const char **ret, struct err *e)
{
	const struct json *v = json_get(body, name);

	*ret = v ? json_str(v, NULL) : NULL;
	return !v || *ret ? 0 : err_set(e, ERR_FIELD, "%s is not text", name);
}

int api_int_or(const struct json *body, const char *name, int64_t fallback, int64_t *ret, struct err *e)
{
	const struct json *v = json_get(body, name);

	*ret = v ? json_int(v, INT64_MIN) : fallback;
	return *ret != INT64_MIN ? 0 : err_set(e, ERR_FIELD, "%s is not a whole number", name);
}

int api_bool_or(const struct json *body, const char *name, bool fallback, bool *ret, struct err *e)
{
	const struct json *v = json_get(body, name);

	*ret = v ? json_bool(v, false) : fallback;
	return !v || json_bool(v, true) == *ret ? 0
						: err_set(e, ERR_FIELD, "%s is neither true nor false", name);
}

int api_openapi(struct http_req *r, struct err *e)
{
	const struct api *api = http_req_app(r);

	return http_reply_text(r, 200, "application/yaml", api->openapi, e);
}

/* What a submitter agrees to; both are null while the operator has configured no text. */
int api_consent(struct http_req *r, struct err *e)
{
	const struct service_options *o = &api_service(r)->opt;
	bool configured = *o->consent_version != '\0';
	struct buf out BUF_CLEANUP;
	struct json_w w;

	buf_init(&out, 2 << 20);
	json_w_init(&w, &out);
	json_w_obj(&w, NULL);
	json_w_str(&w, "version", configured ? o->consent_version : NULL);
	json_w_str(&w, "text", configured ? o->consent_text : NULL);
	json_w_obj_end(&w);
	return json_w_end(&w, e) < 0 ? -1 : http_reply_json(r, 200, &out, e);
}
