#pragma once

#include "base/json.h"
#include "core/field_errors.h"
#include "http/http.h"
#include "http/reply.h"
#include "service/accounts.h"
#include "service/service.h"

/* The API's handlers: thin, they translate between HTTP and the service layer and decide nothing.
 * docs/api/openapi.yaml is their contract. */

enum api_auth {
	API_OPEN, /* nobody, or a bearer of another kind that the handler checks (attempts, signed URLs) */
	API_HANDOVER, /* a device that brings an account's videos */
	API_USER,     /* any account */
	API_STAFF,
	API_ADMIN,
};

struct api {
	struct service *svc;
	const char *public_url;
	int64_t max_body_bytes, max_field_bytes;
	const char *openapi;        /* the text of docs/api/openapi.yaml, compiled in */
	struct http_server *server; /* for /metrics; set after the start */
};

extern const struct http_route api_routes[];
extern const unsigned api_route_count;

/* Health and metrics only, for a listener of the operators' own; the last rows of api_routes are the same
 * paths, for staff. */
extern const struct http_route api_operator_routes[];
extern const unsigned api_operator_route_count;

/* The server's auth hook (http_server_options.auth). */
int api_auth(struct http_req *r, int need, struct err *e);
int api_handover_auth(struct http_req *r, struct user *ret, struct err *e);

/* Shared by the handlers. */
struct service *api_service(const struct http_req *r);
const struct user *api_user(const struct http_req *r);  /* who asks; never NULL behind API_USER */
void api_actor(const struct http_req *r, char out[64]); /* "user:ID", for the audit */

/* Run @write with a JSON writer and a read transaction, answer with what it wrote. */
int api_reply_json(struct http_req *r, int status,
	int (*write)(struct tx *tx, struct json_w *w, void *arg, struct err *e), void *arg, struct err *e);

/* A member of the JSON body as text; ERR_FIELD where it is missing or of another type. */
int api_body(struct http_req *r, struct json **ret, struct err *e);
int api_text(const struct json *body, const char *name, const char **ret, struct err *e);
/* The same for members that may be missing: @ret is NULL, @fallback then. ERR_FIELD where the type is another
 * one: what was meant as a limit or a lock must not silently become none. */
int api_text_or_none(const struct json *body, const char *name, const char **ret, struct err *e);
int api_int_or(const struct json *body, const char *name, int64_t fallback, int64_t *ret, struct err *e);
int api_bool_or(const struct json *body, const char *name, bool fallback, bool *ret, struct err *e);

/* A handler in each file api_NAME.c. */
int api_upload_begin(struct http_req *r, struct err *e);
int api_upload_data(struct http_req *r, const void *bytes, size_t len, struct err *e);
/* Answer with one job as its submitter sees it, without parts. */
struct job;
int api_reply_job(struct http_req *r, int status, const struct job *job, struct err *e);
int api_upload_end(struct http_req *r, struct err *e);
void api_upload_done(struct http_req *r);
int api_job_begin(struct http_req *r, struct err *e);
int api_job_end(struct http_req *r, struct err *e);
void api_job_done(struct http_req *r);
int api_uploads_options(struct http_req *r, struct err *e);
int api_uploads_create(struct http_req *r, struct err *e);
int api_uploads_resume(struct http_req *r, struct err *e);
int api_uploads_data(struct http_req *r, const void *bytes, size_t len, struct err *e);
int api_uploads_created(struct http_req *r, struct err *e);
int api_uploads_resumed(struct http_req *r, struct err *e);
void api_uploads_done(struct http_req *r);
int api_uploads_head(struct http_req *r, struct err *e);
int api_uploads_delete(struct http_req *r, struct err *e);
int api_handover_open(struct http_req *r, struct err *e);
int api_handover_get(struct http_req *r, struct err *e);
int api_handover_end(struct http_req *r, struct err *e);
int api_handover_claim(struct http_req *r, struct err *e);
int api_handover_own(struct http_req *r, struct err *e);
int api_handover_done(struct http_req *r, struct err *e);
/* Answer with the job that an intake made, or with the fields that are wrong. */
struct intake;
int api_reply_intake(struct http_req *r, struct intake *in, struct err *e);
int api_analysis_begin(struct http_req *r, struct err *e);
int api_analysis_data(struct http_req *r, const void *bytes, size_t len, struct err *e);
int api_analysis_end(struct http_req *r, struct err *e);
void api_analysis_done(struct http_req *r);
int api_jobs_list(struct http_req *r, struct err *e);
int api_jobs_search(struct http_req *r, struct err *e);
int api_job_attempts(struct http_req *r, struct err *e);
int api_queue(struct http_req *r, struct err *e);
int api_throughput(struct http_req *r, struct err *e);
int api_job_get(struct http_req *r, struct err *e);
int api_job_events(struct http_req *r, struct err *e);
int api_job_result(struct http_req *r, struct err *e);
int api_job_file(struct http_req *r, struct err *e);
int api_job_cancel(struct http_req *r, struct err *e);
int api_job_rerun(struct http_req *r, struct err *e);
int api_job_release(struct http_req *r, struct err *e);
int api_job_withdraw(struct http_req *r, struct err *e);
int api_job_replace(struct http_req *r, struct err *e);
int api_job_erase(struct http_req *r, struct err *e);
int api_subjects_list(struct http_req *r, struct err *e);
int api_subject_add(struct http_req *r, struct err *e);
int api_subject_get(struct http_req *r, struct err *e);
int api_subject_rename(struct http_req *r, struct err *e);
int api_subject_delete(struct http_req *r, struct err *e);
int api_session_open(struct http_req *r, struct err *e);
int api_session_get(struct http_req *r, struct err *e);
int api_session_close(struct http_req *r, struct err *e);
int api_password_change(struct http_req *r, struct err *e);
int api_sessions_list(struct http_req *r, struct err *e);
int api_sessions_end(struct http_req *r, struct err *e);
int api_checkin(struct http_req *r, struct err *e);
int api_heartbeat(struct http_req *r, struct err *e);
int api_completion_begin(struct http_req *r, struct err *e);
int api_completion_data(struct http_req *r, const void *bytes, size_t len, struct err *e);
int api_completion_end(struct http_req *r, struct err *e);
void api_completion_done(struct http_req *r);
int api_blob_get(struct http_req *r, struct err *e);
/* A struct blob_reader as the source of http_reply_pull(). */
ssize_t api_pull_blob(void *reader, char *out, size_t max);
void api_close_blob(void *reader);
int api_blob_put_begin(struct http_req *r, struct err *e);
int api_blob_put_data(struct http_req *r, const void *bytes, size_t len, struct err *e);
int api_blob_put_end(struct http_req *r, struct err *e);
void api_blob_put_done(struct http_req *r);
int api_users_list(struct http_req *r, struct err *e);
int api_user_add(struct http_req *r, struct err *e);
int api_user_change(struct http_req *r, struct err *e);
int api_tokens_list(struct http_req *r, struct err *e);
int api_token_add(struct http_req *r, struct err *e);
int api_token_revoke(struct http_req *r, struct err *e);
int api_outbox_list(struct http_req *r, struct err *e);
int api_outbox_retry(struct http_req *r, struct err *e);
int api_audit_list(struct http_req *r, struct err *e);
int api_healthz(struct http_req *r, struct err *e);
int api_readyz(struct http_req *r, struct err *e);
int api_health(struct http_req *r, struct err *e);
int api_metrics(struct http_req *r, struct err *e);
int api_consent(struct http_req *r, struct err *e);
int api_openapi(struct http_req *r, struct err *e);
