#include "service/relay.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "service/work_order.h"

enum { CHUNK_BYTES = 256 * 1024, ORDER_MAX_BYTES = 64 * 1024 };

static int put(
	struct relay *r, const char *name, const char *path, const struct cluster_file *want, struct err *e)
{
	struct cluster *c = r->svc->cluster;
	struct err why = { 0 };

	if (c->ops->put(c, r->attempt->id, name, path, want, r->poll, r->poll_arg, &why) == 0) {
		FAULT_POINT("relay.put");
		return 0;
	}
	/* What arrived damaged may arrive whole next time; the file itself was checked by the store. */
	return err_set(
		e, why.kind == ERR_CORRUPT ? ERR_IO : why.kind, "%s to the cluster: %s", name, why.msg);
}

int relay_video(struct relay *r, const struct video *v, const char *path, struct err *e)
{
	struct cluster_file want = { .bytes = v->bytes };
	char name[16];

	memcpy(want.sha256, v->sha256, SHA256_BYTES);
	snprintf(name, sizeof name, "%s.mp4", view_name(v->view));
	if (put(r, name, path, &want, e) < 0)
		return -1;
	r->sent[v->view] = true;
	return 0;
}

static int copy_blob(
	struct relay *r, const char *key, const uint8_t want[SHA256_BYTES], int fd, struct err *e)
{
	CLEANUP(sha256_free_p) struct sha256 *hash = sha256_new(e);
	uint8_t sum[SHA256_BYTES];
	CLEANUP(blob_reader_close_p) struct blob_reader *reader = NULL;
	CLEANUP(free_p) char *chunk = malloc(CHUNK_BYTES);
	struct blob *b = r->svc->blob;

	if (!chunk || !hash)
		return hash ? err_set(e, ERR_NOMEM, "relay") : -1;
	int rc = b->ops->open(b, key, 0, -1, &reader, e);
	if (rc != 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "%s is not in the store", key);
	for (;;) {
		ssize_t n = reader->read(reader, chunk, CHUNK_BYTES, e);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		if (fsx_write_all(fd, chunk, (size_t)n, e) < 0 || sha256_add(hash, chunk, (size_t)n, e) < 0)
			return -1;
		if (r->poll(r->poll_arg) < 0)
			return err_set(e, ERR_CONFLICT, "stopped");
	}
	if (sha256_end(hash, sum, e) < 0)
		return -1;
	return memcmp(sum, want, SHA256_BYTES) == 0
		       ? 0
		       : err_set(e, ERR_CORRUPT, "%s in the store is not what was put there", key);
}

/* A file below spool/tmp that goes when it goes out of scope. */
struct temporary {
	int fd;
	char path[4096];
};

static void temporary_p(struct temporary *t)
{
	if (t->fd < 0)
		return;
	close(t->fd);
	unlink(t->path);
}

static int temporary_open(struct relay *r, const char *name, struct temporary *t, struct err *e)
{
	char file[128];

	snprintf(file, sizeof file, "relay-%s-%s", r->attempt->id, name);
	if (fsx_join(t->path, sizeof t->path, r->svc->spool_tmp, file, e) < 0)
		return -1;
	t->fd = open(t->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return t->fd < 0 ? err_errno(e, ERR_IO, "create %s", t->path) : 0;
}

/* From the store: the spool's copy went when the store had the video. */
static int stored_video(struct relay *r, const struct video *v, struct err *e)
{
	CLEANUP(temporary_p) struct temporary t = { .fd = -1 };

	if (temporary_open(r, view_name(v->view), &t, e) < 0 ||
		copy_blob(r, v->blob_key, v->sha256, t.fd, e) < 0)
		return err_wrap(e, "%s video", view_name(v->view));
	return relay_video(r, v, t.path, e);
}

static int put_order(struct relay *r, const struct video *videos, unsigned n, struct err *e)
{
	CLEANUP(temporary_p) struct temporary t = { .fd = -1 };
	struct buf text BUF_CLEANUP;
	struct cluster_file want;

	buf_init(&text, ORDER_MAX_BYTES);
	if (work_order_write(r->svc, r->job, r->attempt, videos, n, &text, e) < 0 ||
		temporary_open(r, "order", &t, e) < 0 || fsx_write_all(t.fd, text.data, text.len, e) < 0 ||
		sha256_of(text.data, text.len, want.sha256, e) < 0)
		return -1;
	want.bytes = (int64_t)text.len;
	return put(r, "order.json", t.path, &want, e);
}

int relay_rest(struct relay *r, const struct video *videos, unsigned n, struct err *e)
{
	if (n != VIEW_COUNT)
		return err_set(e, ERR_CORRUPT, "job %s lacks a video", r->job->id);
	for (unsigned i = 0; i < n; i++)
		if (!r->sent[videos[i].view] && stored_video(r, &videos[i], e) < 0)
			return -1;
	return put_order(r, videos, n, e);
}
