#include "http/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/reply.h"

/* What is decided on the headers alone: framing, route, origin, credentials, length, type. */

enum { BODY_NONE_BYTES = 16384, FORWARDED_BYTES = 2048 };

void req_problem_as(struct http_req *r, int status, const char *title, const struct err *cause)
{
	struct err e;

	if (status >= 500 && status != 501)
		log_event(status == 500 ? LOG_ERROR : LOG_WARN, "http.failed", LOG_S("id", r->id),
			LOG_S("kind", err_kind_name(cause->kind)), LOG_S("cause", cause->msg));
	if (answer_problem(&r->answer, status, title, cause, NULL, r->id, &e) == 0)
		return;
	answer_drop_content(&r->answer);
	r->answer.kind = ANSWER_TEXT;
	r->answer.status = 500;
	r->answer.text = "";
}

void req_problem(struct http_req *r, const struct err *cause)
{
	req_problem_as(r, err_http_status(cause->kind), NULL, cause);
}

static int refuse(struct http_req *r, enum err_kind kind, const char *detail)
{
	struct err e;

	err_set(&e, kind, "%s", detail);
	req_problem(r, &e);
	return -1;
}

static int refuse_as(struct http_req *r, int status, const char *detail)
{
	struct err e;

	err_set(&e, ERR_INVALID, "%s", detail);
	req_problem_as(r, status, answer_reason(status), &e);
	return -1;
}

/* --- framing ----------------------------------------------------------------------------------------------
 */

struct framing {
	unsigned lengths, codings, hosts;
	const char *method; /* X-HTTP-Method-Override */
	bool chunked, expects;
	const char *length;
	char forwarded[FORWARDED_BYTES];
	size_t forwarded_len;
	const char *forwarded_name;
};

static void add_forwarded(struct framing *f, const char *value)
{
	size_t len = strlen(value), at = f->forwarded_len;

	/* The rightmost entries are the trusted ones: of an overlong header the front goes. */
	if (at + len + 2 > sizeof f->forwarded)
		at = 0;
	if (len + 2 > sizeof f->forwarded) {
		value += len + 2 - sizeof f->forwarded;
		len = sizeof f->forwarded - 2;
	}
	if (at > 0)
		f->forwarded[at++] = ',';
	memcpy(f->forwarded + at, value, len + 1);
	f->forwarded_len = at + len;
}

static enum MHD_Result see_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct framing *f = cls;
	struct strv n = strv_of(name);

	(void)kind;
	if (!value)
		value = "";
	if (strv_ieq(n, "content-length")) {
		f->lengths++;
		f->length = value;
	} else if (strv_ieq(n, "transfer-encoding")) {
		f->codings++;
		f->chunked = strv_ieq(strv_of(value), "chunked");
	} else if (strv_ieq(n, "host")) {
		f->hosts++;
	} else if (strv_ieq(n, "x-http-method-override")) {
		f->method = value;
	} else if (strv_ieq(n, "expect")) {
		f->expects = strv_ieq(strv_of(value), "100-continue");
	} else if (f->forwarded_name && strv_ieq(n, f->forwarded_name)) {
		add_forwarded(f, value);
	}
	return MHD_YES;
}

/* Ambiguous lengths are how requests are smuggled past a proxy (RFC 9112, 2022, 11.2): refused outright. */
static int check_framing(struct http_req *r, const struct framing *f)
{
	if (f->codings > 0 && (f->codings > 1 || !f->chunked)) {
		r->content_length = -1;
		return refuse_as(r, 501, "only the transfer coding \"chunked\" is known");
	}
	r->content_length = f->codings ? -1 : 0;
	if (f->lengths > 1 || (f->lengths && f->codings)) {
		r->content_length = -1;
		return refuse(r, ERR_INVALID, "the length of the body is given twice");
	}
	if (f->hosts > 1)
		return refuse(r, ERR_INVALID, "more than one Host header");
	if (f->lengths && !str_to_i64(f->length, 0, INT64_MAX, &r->content_length)) {
		r->content_length = -1;
		return refuse(r, ERR_INVALID, "Content-Length is no number");
	}
	return 0;
}

static void set_client(struct http_req *r, const struct framing *f)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct peer_addr client;

	if (!info || !info->client_addr || !peer_from_sockaddr(info->client_addr, &client))
		return;
	if (f->forwarded_len > 0)
		peer_forwarded(&r->srv->proxies, f->forwarded, r->srv->opt.proxy_says_forwarded, &client);
	peer_text(&client, r->client);
}

/* --- route ------------------------------------------------------------------------------------------------
 */

static int take_params(struct http_req *r, const struct route_params *raw)
{
	size_t need = 0;

	for (unsigned i = 0; i < raw->n; i++)
		need += raw->items[i].raw.n + 1;
	if (need == 0)
		return 0;
	char *out = r->param_text = malloc(need);
	if (!out)
		return refuse(r, ERR_NOMEM, "path parameters");
	for (unsigned i = 0; i < raw->n; i++) {
		long len = target_decode(raw->items[i].raw.p, raw->items[i].raw.n, false, out);

		if (len < 0)
			return refuse(r, ERR_INVALID, "the path has a bad escape");
		r->params[i].name = raw->items[i].name;
		r->params[i].value = out;
		out += len + 1;
	}
	r->params_n = raw->n;
	return 0;
}

static const struct http_route static_route = { .method = "GET",
	.pattern = "/{path...}",
	.flags = HTTP_CACHEABLE,
	.body = HTTP_BODY_NONE,
	.end = static_end };

static int answer_methods(struct http_req *r, bool asked)
{
	char allow[128];
	struct err e;

	route_allow(r->srv->opt.routes, r->srv->opt.route_count, r->target.raw_path, allow, sizeof allow);
	(void)answer_header(&r->answer, "Allow", allow, &e);
	if (!asked)
		return refuse(r, ERR_METHOD, "this path has other methods, see Allow");
	r->answer.kind = ANSWER_TEXT;
	r->answer.status = 204;
	r->answer.text = "";
	return -1;
}

/* tus 1.0.0, "X-HTTP-Method-Override": interpreted as the method, the actual one is ignored. */
static void speak_tus(struct http_req *r, const struct framing *f)
{
	struct err e;

	if (!route_is_tus(r->srv->opt.routes, r->srv->opt.route_count, r->target.raw_path))
		return;
	(void)answer_header(&r->answer, "Tus-Resumable", "1.0.0", &e);
	if (f->method)
		r->method = f->method;
}

static int find_route(struct http_req *r)
{
	struct strv method = strv_of(r->method), path = r->target.raw_path;
	struct route_params params = { .n = 0 };
	bool options = strv_eq(method, "OPTIONS");
	int rc = route_find(r->srv->opt.routes, r->srv->opt.route_count, method, path, &params, &r->route);

	if (rc == 0)
		return take_params(r, &params);
	if (rc == ROUTE_NO_METHOD || (options && strv_eq(path, "*")))
		return answer_methods(r, options);
	if (str_starts(r->target.path, "/api/"))
		return refuse(r, ERR_NOT_FOUND, "there is nothing at this address");
	if (!strv_eq(method, "GET") && !strv_eq(method, "HEAD"))
		return refuse(r, ERR_NOT_FOUND, "there is nothing at this address for this method");
	r->route = &static_route;
	return 0;
}

int req_identify(struct http_req *r)
{
	struct framing f = { .lengths = 0 };

	if (r->srv->proxies.n > 0)
		f.forwarded_name = r->srv->opt.proxy_says_forwarded ? "forwarded" : "x-forwarded-for";
	(void)MHD_get_connection_values(r->conn, MHD_HEADER_KIND, see_header, &f);
	r->expects = f.expects;
	set_client(r, &f);
	speak_tus(r, &f);
	if (check_framing(r, &f))
		return -1;
	if (r->refusal.kind != ERR_NONE) {
		req_problem(r, &r->refusal);
		return -1;
	}
	return find_route(r);
}

/* --- admission --------------------------------------------------------------------------------------------
 */

/* Browsers name the page that made them ask; a request that changes something must come from this site.
 * SameSite cookies hold most of it off; this holds the rest (a sign-in forced from elsewhere, an old
 * browser). */
static int check_origin(struct http_req *r)
{
	const char *origin, *host, *site, *behind;

	if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0)
		return 0;
	site = http_req_header(r, "Sec-Fetch-Site");
	if (site && strcmp(site, "cross-site") == 0)
		return refuse(r, ERR_FORBIDDEN, "a page of another site sent this request");
	origin = http_req_header(r, "Origin");
	if (!origin || (r->srv->origin[0] && strcasecmp(origin, r->srv->origin) == 0))
		return 0;
	host = http_req_header(r, "Host");
	behind = strstr(origin, "://");
	if (host && behind && strcasecmp(behind + 3, host) == 0)
		return 0;
	return refuse(r, ERR_FORBIDDEN, "a page of another site sent this request");
}

static int check_type(struct http_req *r)
{
	const char *type = http_req_header(r, "Content-Type");
	struct err e;

	if (r->route->body != HTTP_BODY_JSON)
		return 0;
	struct strv bare = strv_trim((struct strv){ type, type ? strcspn(type, ";") : 0 });
	if (strv_ieq(bare, "application/json"))
		return 0;
	err_set(&e, ERR_MEDIA, "the body must be application/json");
	req_problem_as(r, 415, answer_reason(415), &e);
	return -1;
}

static int enter(struct http_req *r, struct err *e)
{
	int64_t most = r->route->body == HTTP_BODY_NONE ? BODY_NONE_BYTES : r->route->max_body;

	if (http_req_set_max_body(r, most, e))
		return -1;
	if (check_type(r))
		return HTTP_ANSWERED;
	return r->route->begin ? r->route->begin(r, e) : 0;
}

int req_admit(struct http_req *r)
{
	struct err e = { .kind = ERR_NONE };
	int rc = 0;

	r->answer.cacheable = r->route->flags & HTTP_CACHEABLE;
	if (check_origin(r))
		return -1;
	if (r->route->auth && r->srv->opt.auth)
		rc = r->srv->opt.auth(r, r->route->auth, &e);
	else if (r->route->auth)
		rc = err_set(&e, ERR_UNAUTHENTICATED, "sign-in needed");
	if (rc == 0) {
		r->entered = true;
		rc = enter(r, &e);
	}
	if (rc < 0)
		req_problem(r, &e);
	return r->answer.kind == ANSWER_NONE ? 0 : -1;
}

int http_req_set_max_body(struct http_req *r, int64_t max_bytes, struct err *e)
{
	r->max_body = max_bytes;
	if (r->route->body == HTTP_BODY_JSON || r->route->body == HTTP_BODY_RAW)
		r->body.max = (size_t)max_bytes + 1;
	if (r->content_length > max_bytes)
		return err_set(e, ERR_TOO_LARGE, "the body has %lld bytes, the limit is %lld",
			(long long)r->content_length, (long long)max_bytes);
	return 0;
}
