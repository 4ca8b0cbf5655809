#include "http/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/strv.h"

/* From struct answer to the wire. */

enum { RAW_BYTES = 65536, PULL_BLOCK_BYTES = 65536 };

struct answer_standing req_standing(const struct http_req *r)
{
	return (struct answer_standing){ .request_id = r->id, .hsts = r->srv->hsts };
}

static void add_header(void *ctx, const char *name, const char *value)
{
	(void)MHD_add_response_header(ctx, name, value);
}

static ssize_t pull(void *cls, uint64_t pos, char *out, size_t max)
{
	struct answer *a = cls;
	ssize_t n = a->read(a->ctx, out, max);

	(void)pos;
	if (n > 0)
		return n;
	return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *from_buf(struct answer *a)
{
	size_t len = a->body.len;
	char *data = buf_steal(&a->body);
	struct MHD_Response *resp = MHD_create_response_from_buffer(data ? len : 0, data ? data : (void *)"",
		data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

	if (!resp)
		free(data);
	return resp;
}

static struct MHD_Response *make_response(struct http_req *r)
{
	struct answer *a = &r->answer;
	struct MHD_Response *resp = NULL;

	switch (a->kind) {
	case ANSWER_BUF:
		return from_buf(a);
	case ANSWER_TEXT:
		return MHD_create_response_from_buffer(
			strlen(a->text), (void *)(uintptr_t)a->text, MHD_RESPMEM_PERSISTENT);
	case ANSWER_FILE:
		resp = MHD_create_response_from_fd_at_offset64(
			(uint64_t)a->length, a->fd, (uint64_t)a->offset);
		if (resp)
			a->fd = -1; /* closed with the response */
		return resp;
	case ANSWER_PULL:
		/* a->read is not called after req_completed() */
		return MHD_create_response_from_callback(
			a->length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)a->length, PULL_BLOCK_BYTES, pull, a,
			NULL);
	case ANSWER_STREAM:
		return stream_response(a->stream);
	case ANSWER_NONE:
		break;
	}
	return NULL;
}

/* Before its sign-in a browser has no cookie, and every one of them says that it is "Mozilla/". */
static bool is_browser(struct http_req *r)
{
	const char *agent = http_req_header(r, "User-Agent");

	return http_req_header(r, "Cookie") || (agent && str_starts(agent, "Mozilla/"));
}

/* A browser's next request is chosen anew between the two daemons; so is everyone's after a blocking route.
 */
static bool must_close(struct http_req *r)
{
	if (!r->side->loop || atomic_load_explicit(&r->srv->draining, memory_order_relaxed))
		return true;
	if (!r->route)
		return false;
	if (r->route->flags & HTTP_BLOCKING)
		return true;
	return !(r->route->flags & HTTP_KEEP_CONN) && is_browser(r);
}

enum MHD_Result req_queue(struct http_req *r)
{
	struct answer_standing standing = req_standing(r);

	r->answer.close = must_close(r);
	struct MHD_Response *resp = make_response(r);
	if (!resp) {
		log_event(LOG_ERROR, "http.failed", LOG_S("id", r->id), LOG_S("cause", "no response object"));
		return MHD_NO;
	}
	answer_each_header(&r->answer, &standing, add_header, resp);
	r->phase = PHASE_SENT;
	enum MHD_Result ok = MHD_queue_response(r->conn, (unsigned)r->answer.status, resp);
	MHD_destroy_response(resp);
	return ok;
}

enum MHD_Result req_send_raw(struct http_req *r)
{
	struct answer_standing standing = req_standing(r);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	BUF_CLEANUP struct buf out;
	struct err e;

	buf_init(&out, RAW_BYTES);
	r->phase = PHASE_SENT;
	if (r->answer.kind != ANSWER_BUF && r->answer.kind != ANSWER_TEXT) {
		err_set(&e, ERR_INTERNAL, "an early answer must be text");
		req_problem(r, &e);
	}
	if (!info || answer_raw(&r->answer, &standing, false, &out, &e))
		return MHD_NO;
	/* Nothing was sent before it but perhaps 100 Continue: it fits into the socket's buffer. */
	ssize_t n = send(info->connect_fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	r->written = n == (ssize_t)out.len;
	if (r->written)
		r->linger_fd = fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 0);
	return MHD_NO;
}
