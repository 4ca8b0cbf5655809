#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "http/api.h"
#include "service/subjects.h"

/* The persons walked: codes, never names. */

enum { LIST_MOST = 1000 };

static void write_subject(const struct subject *s, struct json_w *w)
{
	json_w_obj(w, NULL);
	json_w_str(w, "id", s->id);
	json_w_str(w, "code", s->code);
	json_w_int(w, "jobs", s->jobs);
	json_w_obj_end(w);
}

static int write_list(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	const struct user *who = arg;
	CLEANUP(free_p) struct subject *list = calloc(LIST_MOST, sizeof *list);
	unsigned n;

	if (!list)
		return err_set(e, ERR_NOMEM, "list");
	if (store_subjects_list(tx, account_is_staff(who) ? NULL : who->id, list, LIST_MOST, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_arr(w, "subjects");
	for (unsigned i = 0; i < n; i++)
		write_subject(&list[i], w);
	json_w_arr_end(w);
	json_w_obj_end(w);
	return 0;
}

static int write_one(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	(void)tx, (void)e;
	write_subject(arg, w);
	return 0;
}

int api_subjects_list(struct http_req *r, struct err *e)
{
	return api_reply_json(r, 200, write_list, (void *)(uintptr_t)api_user(r), e);
}

int api_subject_add(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	const char *code;
	struct subject s;

	if (api_body(r, &body, e) < 0 || api_text(body, "code", &code, e) < 0 ||
		subjects_add(api_service(r), api_user(r), code, &s, e) < 0)
		return -1;
	return api_reply_json(r, 201, write_one, &s, e);
}

int api_subject_get(struct http_req *r, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct subject s;

	if (store_begin(api_service(r)->store, STORE_READ_FAST, &tx, e) < 0 ||
		subjects_get(tx, api_user(r), http_req_param(r, "id"), &s, e) < 0)
		return -1;
	return api_reply_json(r, 200, write_one, &s, e);
}

int api_subject_rename(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	const char *code;
	struct subject s;

	if (api_body(r, &body, e) < 0 || api_text(body, "code", &code, e) < 0 ||
		subjects_rename(api_service(r), api_user(r), http_req_param(r, "id"), code, &s, e) < 0)
		return -1;
	return api_reply_json(r, 200, write_one, &s, e);
}

int api_subject_delete(struct http_req *r, struct err *e)
{
	if (subjects_delete(api_service(r), api_user(r), http_req_param(r, "id"), e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}
