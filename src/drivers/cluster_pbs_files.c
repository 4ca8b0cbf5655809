#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/strv.h"
#include "drivers/cluster_local_dir.h"
#include "drivers/cluster_local_files.h"
#include "drivers/cluster_pbs_parts.h"

/* Files of attempts whose node has no way out, over the second session. */

enum {
	LINE_BYTES = 512,
	POLL_EVERY_MS = 200,
	SLOWEST_BYTES_PER_MS = 100, /* a transfer that is slower than 100 KB/s is given up */
};

/* The caller's poll may cost something (a look into the database): not for each block. */
struct patience {
	int (*poll)(void *arg);
	void *arg;
	int64_t next_ms;
};

static int poll_now_and_then(void *arg)
{
	struct patience *p = arg;
	int64_t now = clock_mono_ms();

	if (now < p->next_ms)
		return 0;
	p->next_ms = now + POLL_EVERY_MS;
	return p->poll(p->arg);
}

static int64_t time_for(const struct cluster_pbs *c, int64_t bytes)
{
	return c->timeout_ms + bytes / SLOWEST_BYTES_PER_MS;
}

static int check_names(const char *attempt, const char *name, struct err *e)
{
	if (!cluster_dir_name_ok(attempt))
		return err_set(e, ERR_INVALID, "not a name for an attempt");
	return cluster_files_name_ok(name) ? 0 : err_set(e, ERR_INVALID, "not a name for a file");
}

struct put {
	int fd;
	struct sha256 *hash;
	const struct cluster_file *want;
	int64_t sent;
	bool may_send, have, is_wrong;
	char line[LINE_BYTES]; /* of its answer */
	size_t len;
};

static ssize_t put_read(void *arg, void *out, size_t size, struct err *e)
{
	struct put *p = arg;
	uint8_t sum[SHA256_BYTES];
	ssize_t n;

	if (p->have)
		return 0;
	if (!p->may_send)
		return SSH_IN_LATER;
	if (p->sent == p->want->bytes)
		return 0;
	if ((int64_t)size > p->want->bytes - p->sent)
		size = (size_t)(p->want->bytes - p->sent);
	do
		n = read(p->fd, out, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, ERR_IO, "read");
	if (n == 0) {
		p->is_wrong = true; /* it became shorter: the other end will say so too */
		return 0;
	}
	if (sha256_add(p->hash, out, (size_t)n, e) < 0)
		return -1;
	p->sent += n;
	if (p->sent == p->want->bytes) {
		if (sha256_end(p->hash, sum, e) < 0)
			return -1;
		p->is_wrong = memcmp(sum, p->want->sha256, sizeof sum) != 0;
	}
	return n;
}

static int put_write(void *arg, const void *data, size_t len, struct err *e)
{
	struct put *p = arg;

	(void)e;
	for (const char *at = data, *end = at + len; at < end; at++) {
		if (*at != '\n') {
			if (p->len < sizeof p->line - 1)
				p->line[p->len++] = *at;
			continue;
		}
		p->line[p->len] = '\0';
		p->len = 0;
		p->may_send |= strcmp(p->line, "send") == 0;
		p->have |= strcmp(p->line, "have") == 0;
	}
	return 0;
}

static void put_p(struct put *p)
{
	close_p(&p->fd);
	sha256_free(p->hash);
}

static int open_source(struct put *p, const char *path, struct err *e)
{
	struct stat st;

	p->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (p->fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", path);
	if (fstat(p->fd, &st) < 0)
		return err_errno(e, ERR_IO, "%s", path);
	if (st.st_size != p->want->bytes)
		return err_set(e, ERR_CORRUPT, "%s has another size than it should", path);
	p->hash = sha256_new(e);
	return p->hash ? 0 : -1;
}

int cluster_pbs_put(struct cluster *base, const char *attempt, const char *name, const char *path,
	const struct cluster_file *want, int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	struct cluster_pbs *c = (struct cluster_pbs *)base;
	CLEANUP(put_p) struct put p = { .fd = -1, .want = want };
	struct patience patience = { poll, poll_arg, 0 };
	char bytes[24], sum[SHA256_HEX_BYTES];
	const char *const words[] = { "put", attempt, name, bytes, sum, NULL };

	if (check_names(attempt, name, e) < 0 || open_source(&p, path, e) < 0)
		return -1;
	snprintf(bytes, sizeof bytes, "%" PRId64, want->bytes);
	hex_encode(want->sha256, SHA256_BYTES, sum);
	struct ssh_run run = { .read = put_read,
		.write = put_write,
		.arg = &p,
		.poll = poll ? poll_now_and_then : NULL,
		.poll_arg = &patience,
		.timeout_ms = time_for(c, want->bytes) };
	int r = cluster_pbs_call(c, c->files, words, &run, e);
	if (r != 0 && p.is_wrong)
		return err_set(e, ERR_CORRUPT, "%s has another size or checksum than it should", path);
	if (r == 0 && !p.have && p.sent != want->bytes)
		return err_set(e, ERR_IO, "put %s: the cluster did not take all of it", name);
	if (r > 0)
		return err_set(e, ERR_UNAVAILABLE, "put %s: exit code 2", name);
	return r < 0 ? err_wrap(e, "put %s", name) : 0;
}

struct get {
	int fd;
	struct sha256 *hash;
	int64_t max_bytes;
	struct cluster_file want; /* as announced */
	bool announced;
	int64_t got;
	char line[LINE_BYTES];
	size_t len;
};

/* "BYTES SHA256"; any other line is a login script's. */
static int announce(struct get *g, struct err *e)
{
	char *blank = strchr(g->line, ' ');

	if (!blank || strlen(blank + 1) != 2 * SHA256_BYTES)
		return 0;
	*blank = '\0';
	if (!str_to_i64(g->line, 0, INT64_MAX, &g->want.bytes) ||
		hex_decode(blank + 1, g->want.sha256, SHA256_BYTES) != SHA256_BYTES)
		return 0;
	g->announced = true;
	if (g->want.bytes > g->max_bytes)
		return err_set(e, ERR_TOO_LARGE, "%" PRId64 " bytes, allowed are %" PRId64, g->want.bytes,
			g->max_bytes);
	return 0;
}

static int keep(struct get *g, const char *data, size_t len, struct err *e)
{
	if ((int64_t)len > g->want.bytes - g->got)
		return err_set(e, ERR_IO, "more bytes came than were announced");
	if (sha256_add(g->hash, data, len, e) < 0)
		return -1;
	while (len > 0) {
		ssize_t n = pwrite(g->fd, data, len, (off_t)g->got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "write");
		g->got += n;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int get_write(void *arg, const void *data, size_t len, struct err *e)
{
	struct get *g = arg;
	const char *at = data, *end = at + len;

	while (at < end && !g->announced) {
		if (*at != '\n') {
			if (g->len < sizeof g->line - 1)
				g->line[g->len++] = *at;
			at++;
			continue;
		}
		g->line[g->len] = '\0';
		g->len = 0;
		at++;
		if (announce(g, e) < 0)
			return -1;
	}
	return at < end ? keep(g, at, (size_t)(end - at), e) : 0;
}

int cluster_pbs_get(struct cluster *base, const char *attempt, const char *name, int64_t max_bytes, int fd,
	struct cluster_file *ret, struct err *e)
{
	struct cluster_pbs *c = (struct cluster_pbs *)base;
	CLEANUP(sha256_free_p) struct sha256 *hash = NULL;
	struct get g = { .fd = fd, .max_bytes = max_bytes };
	char most[24];
	const char *const words[] = { "get", attempt, name, most, NULL };
	uint8_t sum[SHA256_BYTES];

	if (check_names(attempt, name, e) < 0)
		return -1;
	g.hash = hash = sha256_new(e);
	if (!hash)
		return -1;
	snprintf(most, sizeof most, "%" PRId64, max_bytes);
	struct ssh_run run = { .write = get_write, .arg = &g, .timeout_ms = time_for(c, max_bytes) };
	int r = cluster_pbs_call(c, c->files, words, &run, e);
	if (r != 0)
		return r < 0 ? err_wrap(e, "get %s", name) : CLUSTER_NONE;
	if (!g.announced || g.got != g.want.bytes)
		return err_set(e, ERR_IO, "get %s: not all of it came", name);
	if (sha256_end(hash, sum, e) < 0)
		return -1;
	if (memcmp(sum, g.want.sha256, sizeof sum) != 0)
		return err_set(e, ERR_CORRUPT, "get %s: its checksum is another than was announced", name);
	*ret = g.want;
	return 0;
}
