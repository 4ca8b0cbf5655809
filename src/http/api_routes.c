#include "base/cleanup.h"
#include "http/api.h"

enum {
	JSON_MAX = 16 << 10,
	COMMENT_MAX = 64 << 10, /* RELEASE_COMMENT_CHARS, however they are escaped */
	FIELDS_MAX = 1 << 20,   /* upload.max_field_bytes is at most that */
	NO_BODY = 0
};

/* A body limit of 0 where none is expected; the streams get theirs from the configuration in begin(). */
#define BLOCKING HTTP_BLOCKING
#define TUS      (HTTP_BLOCKING | HTTP_TUS)
#define V1       "/api/v1"

/* Whoever writes or reads large files waits for the disk, so it runs on a thread of its own. */
const struct http_route api_routes[] = {
	{ "POST", V1 "/upload", BLOCKING, HTTP_BODY_STREAM, INT64_MAX, API_USER, api_upload_begin,
		api_upload_data, api_upload_end, api_upload_done },
	{ "OPTIONS", V1 "/uploads", TUS, HTTP_BODY_NONE, NO_BODY, API_OPEN, .end = api_uploads_options },
	{ "POST", V1 "/uploads", TUS, HTTP_BODY_STREAM, INT64_MAX, API_USER, api_uploads_create,
		api_uploads_data, api_uploads_created, api_uploads_done },
	{ "OPTIONS", V1 "/uploads/{id}", TUS, HTTP_BODY_NONE, NO_BODY, API_OPEN, .end = api_uploads_options },
	{ "HEAD", V1 "/uploads/{id}", TUS, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_uploads_head },
	{ "PATCH", V1 "/uploads/{id}", TUS, HTTP_BODY_STREAM, INT64_MAX, API_USER, api_uploads_resume,
		api_uploads_data, api_uploads_resumed, api_uploads_done },
	{ "DELETE", V1 "/uploads/{id}", TUS, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_uploads_delete },
	{ "POST", V1 "/jobs", BLOCKING, HTTP_BODY_RAW, FIELDS_MAX, API_USER, .begin = api_job_begin,
		.end = api_job_end, .done = api_job_done },
	{ "POST", V1 "/analyses", BLOCKING, HTTP_BODY_STREAM, INT64_MAX, API_USER, api_analysis_begin,
		api_analysis_data, api_analysis_end, api_analysis_done },
	{ "GET", V1 "/jobs", 0, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_jobs_list },
	{ "GET", V1 "/jobs/search", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_jobs_search },
	{ "GET", V1 "/jobs/{id}", 0, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_job_get },
	{ "GET", V1 "/jobs/{id}/events", HTTP_KEEP_CONN, HTTP_BODY_NONE, NO_BODY, API_USER,
		.end = api_job_events },
	{ "GET", V1 "/jobs/{id}/attempts", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_STAFF,
		.end = api_job_attempts },
	{ "GET", V1 "/jobs/{id}/result", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_job_result },
	{ "GET", V1 "/jobs/{id}/files/{name}", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_USER,
		.end = api_job_file },
	{ "POST", V1 "/jobs/{id}/cancel", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_USER,
		.end = api_job_cancel },
	{ "POST", V1 "/jobs/{id}/rerun", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_job_rerun },
	{ "POST", V1 "/jobs/{id}/release", BLOCKING, HTTP_BODY_JSON, COMMENT_MAX, API_STAFF,
		.end = api_job_release },
	{ "POST", V1 "/jobs/{id}/withdraw", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_STAFF,
		.end = api_job_withdraw },
	{ "PUT", V1 "/jobs/{id}/videos/{view}", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_USER,
		.end = api_job_replace },
	{ "DELETE", V1 "/jobs/{id}", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_job_erase },
	{ "GET", V1 "/subjects", 0, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_subjects_list },
	{ "POST", V1 "/subjects", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_USER, .end = api_subject_add },
	{ "GET", V1 "/subjects/{id}", 0, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_subject_get },
	{ "PATCH", V1 "/subjects/{id}", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_USER,
		.end = api_subject_rename },
	{ "DELETE", V1 "/subjects/{id}", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_USER,
		.end = api_subject_delete },
	{ "POST", V1 "/session", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_OPEN, .end = api_session_open },
	{ "GET", V1 "/session", 0, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_session_get },
	{ "DELETE", V1 "/session", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_OPEN, .end = api_session_close },
	{ "POST", V1 "/session/password", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_USER,
		.end = api_password_change },
	{ "GET", V1 "/sessions", 0, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_sessions_list },
	{ "DELETE", V1 "/sessions", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_sessions_end },
	{ "GET", V1 "/queue", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_STAFF, .end = api_queue },
	{ "GET", V1 "/throughput", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_STAFF, .end = api_throughput },
	{ "GET", V1 "/health", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_STAFF, .end = api_health },
	{ "POST", V1 "/attempts/{id}/checkin", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_OPEN,
		.end = api_checkin },
	{ "POST", V1 "/attempts/{id}/heartbeat", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_OPEN,
		.end = api_heartbeat },
	{ "POST", V1 "/completion", BLOCKING, HTTP_BODY_STREAM, 64 << 20, API_OPEN, api_completion_begin,
		api_completion_data, api_completion_end, api_completion_done },
	{ "GET", V1 "/blobs/{key...}", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_OPEN, .end = api_blob_get },
	{ "PUT", V1 "/blobs/{key...}", BLOCKING, HTTP_BODY_STREAM, INT64_MAX, API_OPEN, api_blob_put_begin,
		api_blob_put_data, api_blob_put_end, api_blob_put_done },
	{ "GET", V1 "/users", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_ADMIN, .end = api_users_list },
	{ "POST", V1 "/users", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_ADMIN, .end = api_user_add },
	{ "PATCH", V1 "/users/{id}", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_ADMIN, .end = api_user_change },
	{ "GET", V1 "/tokens", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_ADMIN, .end = api_tokens_list },
	{ "POST", V1 "/tokens", BLOCKING, HTTP_BODY_JSON, JSON_MAX, API_ADMIN, .end = api_token_add },
	{ "DELETE", V1 "/tokens/{id}", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_ADMIN,
		.end = api_token_revoke },
	{ "GET", V1 "/outbox", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_ADMIN, .end = api_outbox_list },
	{ "POST", V1 "/outbox/{id}/retry", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_ADMIN,
		.end = api_outbox_retry },
	{ "GET", V1 "/audit", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_ADMIN, .end = api_audit_list },
	{ "GET", V1 "/consent", 0, HTTP_BODY_NONE, NO_BODY, API_USER, .end = api_consent },
	{ "GET", "/openapi.yaml", HTTP_CACHEABLE, HTTP_BODY_NONE, NO_BODY, API_OPEN, .end = api_openapi },
	/* The last rows: left out where the operators have a listener of their own. */
	{ "GET", "/healthz", 0, HTTP_BODY_NONE, NO_BODY, API_OPEN, .end = api_healthz },
	{ "GET", "/readyz", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_STAFF, .end = api_readyz },
	{ "GET", "/metrics", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_STAFF, .end = api_metrics },
};
const unsigned api_route_count = ARRAY_LEN(api_routes);

const struct http_route api_operator_routes[] = {
	{ "GET", "/healthz", 0, HTTP_BODY_NONE, NO_BODY, API_OPEN, .end = api_healthz },
	{ "GET", "/readyz", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_OPEN, .end = api_readyz },
	{ "GET", "/metrics", BLOCKING, HTTP_BODY_NONE, NO_BODY, API_OPEN, .end = api_metrics },
};
const unsigned api_operator_route_count = ARRAY_LEN(api_operator_routes);
