#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/api.h"
#include "service/resumable.h"

/* Resumable uploads: the tus protocol 1.0.0 (2016-03-25), https://tus.io/protocols/resumable-upload.
 * HTTP_TUS sees to Tus-Resumable on every answer and to X-HTTP-Method-Override. All run on threads of their
 * own: HEAD too, whose answer then ends the connection, so that the PATCH after it does not come to the loop.
 */

static int check_version(struct http_req *r, struct err *e)
{
	const char *version = http_req_header(r, "Tus-Resumable");

	if (version && strcmp(version, TUS_VERSION) == 0)
		return 0;
	if (http_reply_header(r, "Tus-Version", TUS_VERSION, e) < 0)
		return -1;
	return err_set(e, ERR_PRECONDITION, "Tus-Resumable must be " TUS_VERSION);
}

static int check_type(struct http_req *r, struct err *e)
{
	const char *type = http_req_header(r, "Content-Type");
	struct strv bare = strv_trim((struct strv){ type, type ? strcspn(type, ";") : 0 });

	return strv_ieq(bare, TUS_BODY_TYPE) ? 0 : err_set(e, ERR_MEDIA, "the body must be " TUS_BODY_TYPE);
}

static int take_number(struct http_req *r, const char *name, int64_t *ret, struct err *e)
{
	const char *text = http_req_header(r, name);

	if (text && str_to_i64(text, 0, INT64_MAX, ret))
		return 0;
	return err_set(e, ERR_INVALID, text ? "%s is no number of bytes" : "%s is missing", name);
}

static int reply_offset(struct http_req *r, const struct upload_row *u, struct err *e)
{
	char offset[24], expires[CLOCK_TEXT_BYTES];

	snprintf(offset, sizeof offset, "%lld", (long long)u->offset);
	clock_http(u->expires_ms, expires);
	return http_reply_header(r, "Upload-Offset", offset, e) < 0 ||
			       http_reply_header(r, "Upload-Expires", expires, e) < 0
		       ? -1
		       : 0;
}

int api_uploads_options(struct http_req *r, struct err *e)
{
	char most[24];

	snprintf(most, sizeof most, "%lld", (long long)api_service(r)->opt.max_video_bytes);
	if (http_reply_header(r, "Tus-Version", TUS_VERSION, e) < 0 ||
		http_reply_header(r, "Tus-Extension", TUS_EXTENSIONS, e) < 0 ||
		http_reply_header(r, "Tus-Max-Size", most, e) < 0 ||
		http_reply_header(r, "Tus-Checksum-Algorithm", TUS_CHECKSUMS, e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}

int api_uploads_create(struct http_req *r, struct err *e)
{
	struct resumable *up = NULL;
	struct tus_checksum sum;
	int64_t bytes;

	if (check_version(r, e) < 0 || take_number(r, "Upload-Length", &bytes, e) < 0)
		return -1;
	if (http_req_content_length(r) != 0 && check_type(r, e) < 0)
		return -1;
	if (tus_checksum_parse(http_req_header(r, "Upload-Checksum"), &sum, e) < 0)
		return -1;
	if (http_req_content_length(r) > bytes)
		return err_set(e, ERR_TOO_LARGE, "more bytes come than Upload-Length says");
	if (resumable_create(api_service(r), api_user(r), bytes, http_req_header(r, "Upload-Metadata"), &sum,
		    &up, e) < 0)
		return -1;
	http_req_set_state(r, up);
	return 0;
}

int api_uploads_resume(struct http_req *r, struct err *e)
{
	struct resumable *up = NULL;
	struct tus_checksum sum;
	int64_t offset;

	if (check_version(r, e) < 0 || check_type(r, e) < 0 ||
		take_number(r, "Upload-Offset", &offset, e) < 0 ||
		tus_checksum_parse(http_req_header(r, "Upload-Checksum"), &sum, e) < 0 ||
		resumable_resume(api_service(r), api_user(r), http_req_param(r, "id"), offset,
			http_req_content_length(r), &sum, &up, e) < 0)
		return -1;
	http_req_set_state(r, up);
	return 0;
}

/* Before the answer goes out: who has it may send the next request at once, and must not meet a lock. */
static void close_upload(struct http_req *r)
{
	resumable_free(http_req_state(r), !http_req_on_loop(r));
	http_req_set_state(r, NULL);
}

int api_uploads_data(struct http_req *r, const void *bytes, size_t len, struct err *e)
{
	int rc = resumable_data(http_req_state(r), bytes, len, !http_req_on_loop(r), e);

	if (rc < 0)
		close_upload(r);
	return rc;
}

static int end_upload(struct http_req *r, struct upload_row *ret, struct err *e)
{
	int rc = resumable_end(http_req_state(r), ret, e);

	close_upload(r);
	return rc;
}

int api_uploads_created(struct http_req *r, struct err *e)
{
	struct upload_row u;
	char location[128];

	if (end_upload(r, &u, e) < 0)
		return -1;
	snprintf(location, sizeof location, "/api/v1/%suploads/%s", *u.handover ? "handovers/" : "", u.id);
	if (http_reply_header(r, "Location", location, e) < 0 || reply_offset(r, &u, e) < 0)
		return -1;
	return http_reply_empty(r, 201, e);
}

int api_uploads_resumed(struct http_req *r, struct err *e)
{
	struct upload_row u;

	if (end_upload(r, &u, e) < 0 || reply_offset(r, &u, e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}

/* The client went away in the midst: what has come by then is kept, unless that would make the loop wait. */
void api_uploads_done(struct http_req *r)
{
	close_upload(r);
}

int api_uploads_head(struct http_req *r, struct err *e)
{
	struct upload_row u;
	char bytes[24];

	if (check_version(r, e) < 0 ||
		resumable_look(api_service(r), api_user(r), http_req_param(r, "id"), &u, e) < 0)
		return -1;
	snprintf(bytes, sizeof bytes, "%lld", (long long)u.bytes);
	if (reply_offset(r, &u, e) < 0 || http_reply_header(r, "Upload-Length", bytes, e) < 0 ||
		(*u.metadata && http_reply_header(r, "Upload-Metadata", u.metadata, e) < 0))
		return -1;
	return http_reply_empty(r, 200, e);
}

int api_uploads_delete(struct http_req *r, struct err *e)
{
	if (check_version(r, e) < 0 ||
		resumable_remove(api_service(r), api_user(r), http_req_param(r, "id"), e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}
