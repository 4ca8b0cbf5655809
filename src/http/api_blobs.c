#include <fcntl.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/api.h"
#include "service/checkin.h"

/* GET and PUT of signed URLs, for stores whose URLs lead to gaitd itself (directory store, relay). */

static int verify(struct http_req *r, const char *method, int64_t *ret_max, struct err *e)
{
	struct blob *b = api_service(r)->blob;

	if (!b->ops->relay)
		return err_set(e, ERR_NOT_FOUND, "nothing here");
	return b->ops->relay->verify_url(b, method, http_req_param(r, "key"), http_req_query(r, "expires"),
		http_req_query(r, "max"), http_req_query(r, "signature"), clock_wall_ms() / 1000, ret_max, e);
}

ssize_t api_pull_blob(void *ctx, char *out, size_t max)
{
	struct blob_reader *reader = ctx;

	return reader->read(reader, out, max, NULL);
}

void api_close_blob(void *ctx)
{
	struct blob_reader *reader = ctx;

	reader->close(reader);
}

int api_blob_get(struct http_req *r, struct err *e)
{
	struct blob *b = api_service(r)->blob;
	struct blob_reader *reader = NULL;
	int64_t max;

	if (verify(r, "GET", &max, e) < 0)
		return -1;
	int rc = b->ops->open(b, http_req_param(r, "key"), 0, -1, &reader, e);
	if (rc != 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "no such file in the store");
	if (reader->fd < 0)
		return http_reply_pull(r, 200, "application/octet-stream", reader->left, api_pull_blob,
			api_close_blob, reader, e);
	const struct http_file file = { .fd = fcntl(reader->fd, F_DUPFD_CLOEXEC, 3),
		.size_bytes = reader->left,
		.type = "application/octet-stream" };
	reader->close(reader);
	if (file.fd < 0)
		return err_errno(e, ERR_IO, "open");
	return http_reply_file(r, &file, e);
}

int api_blob_put_begin(struct http_req *r, struct err *e)
{
	struct blob *b = api_service(r)->blob;
	struct blob_writer *w = NULL;
	int64_t max = 0;

	if (verify(r, "PUT", &max, e) < 0 || http_req_set_max_body(r, max, e) < 0 ||
		attempt_key_open(api_service(r), http_req_param(r, "key"), e) < 0 ||
		b->ops->relay->writer_open(b, http_req_param(r, "key"), max, &w, e) < 0)
		return -1;
	http_req_set_state(r, w);
	return 0;
}

int api_blob_put_data(struct http_req *r, const void *bytes, size_t len, struct err *e)
{
	struct blob *b = api_service(r)->blob;

	return b->ops->relay->writer_add(http_req_state(r), bytes, len, e);
}

int api_blob_put_end(struct http_req *r, struct err *e)
{
	struct blob *b = api_service(r)->blob;

	/* Much may have happened since it began. */
	if (attempt_key_open(api_service(r), http_req_param(r, "key"), e) < 0 ||
		b->ops->relay->writer_commit(http_req_state(r), NULL, e) < 0)
		return -1;
	return http_reply_empty(r, 201, e);
}

void api_blob_put_done(struct http_req *r)
{
	struct blob *b = api_service(r)->blob;

	if (http_req_state(r))
		b->ops->relay->writer_close(http_req_state(r));
}
