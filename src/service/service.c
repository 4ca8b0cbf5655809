#include "service/service.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsx.h"
#include "base/log.h"
#include "base/strv.h"
#include "service/accounts.h"
#include "service/analyses.h"
#include "service/fetcher.h"
#include "service/health_watch.h"
#include "service/queue_view.h"
#include "service/resumable.h"
#include "service/uploads.h"
#include "store/jobs.h"

/* The lock's file keeps the pid for people; the flock is what counts and dies with the process. */
static int take_lock(struct service *s, struct err *e)
{
	char path[4096], text[32];

	if (fsx_join(path, sizeof path, s->opt.data_dir, "lock", e) < 0)
		return -1;
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return err_errno(e, ERR_IO, "open %s", path);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		ssize_t n = read(s->lock_fd, text, sizeof text - 1);
		text[n > 0 ? n : 0] = '\0';
		text[strcspn(text, "\n")] = '\0';
		close(s->lock_fd);
		s->lock_fd = -1;
		return err_set(e, ERR_CONFLICT,
			"another gaitd (process %s) works on %s: stop it first, or give this one "
			"its own data.dir",
			*text ? text : "unknown", s->opt.data_dir);
	}
	int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(s->lock_fd, 0) < 0 || pwrite(s->lock_fd, text, (size_t)len, 0) != len)
		return err_errno(e, ERR_IO, "write %s", path);
	return 0;
}

/* The server's secret: 32 random bytes in hex, made at the first start. */
static int load_key(struct service *s, struct err *e)
{
	char path[4096], hex[80];

	if (fsx_join(path, sizeof path, s->opt.data_dir, "server.key", e) < 0)
		return -1;
	if (!fsx_exists(path)) {
		random_bytes(s->key, sizeof s->key);
		hex_encode(s->key, sizeof s->key, hex);
		if (fsx_replace(path, hex, 64, 0600, e) < 0)
			return -1;
	}
	if (fsx_read_secret(path, hex, sizeof hex, e) < 0)
		return -1;
	if (hex_decode(hex, s->key, sizeof s->key) != (int)sizeof s->key)
		return err_set(e, ERR_CONFIG, "%s does not hold 64 hexadecimal digits", path);
	secret_wipe(hex, sizeof hex);
	return 0;
}

static int make_folders(struct service *s, struct err *e)
{
	if (fsx_join(s->spool, sizeof s->spool, s->opt.data_dir, "spool", e) < 0 ||
		fsx_join(s->spool_tmp, sizeof s->spool_tmp, s->spool, "tmp", e) < 0)
		return -1;
	return fsx_mkdirs(s->opt.data_dir, 0700, e) < 0 || fsx_mkdirs(s->spool_tmp, 0700, e) < 0 ? -1 : 0;
}

int service_open(const struct service_options *opt, bool alone, struct service *ret, struct err *e)
{
	memset(ret, 0, sizeof *ret);
	ret->opt = *opt;
	ret->lock_fd = -1;
	wake_init(&ret->worker);
	wake_init(&ret->stager);
	wake_init(&ret->reaper);
	wake_init(&ret->fetch);
	wake_init(&ret->notifier);
	wake_init(&ret->hub_news);
	wake_init(&ret->health_wish);
	service_new_id(ret->boot);
	/* gaitctl looks after a house; it does not found one where a path was mistyped. */
	if (!alone && !fsx_exists(opt->data_dir)) {
		service_close(ret);
		return err_set(e, ERR_NOT_FOUND,
			"there is no data folder %s: start gaitd once, or check data.dir", opt->data_dir);
	}
	if (make_folders(ret, e) < 0 || (alone && take_lock(ret, e) < 0) || load_key(ret, e) < 0 ||
		uploads_new(&ret->uploads, e) < 0 || analyses_new(&ret->analyses, e) < 0 ||
		fetcher_new(&ret->fetcher, e) < 0 || health_watch_new(&ret->health, e) < 0 ||
		queue_view_new(&ret->queue_view, e) < 0 ||
		sign_in_limits_new(opt->sign_in_window_ms, &ret->sign_ins, e) < 0) {
		service_close(ret);
		return -1;
	}
	return 0;
}

void service_close(struct service *s)
{
	uploads_free(s->uploads);
	analyses_free(s->analyses);
	fetcher_free(s->fetcher);
	health_watch_free(s->health);
	queue_view_free(s->queue_view);
	sign_in_limits_free(s->sign_ins);
	secret_wipe(s->key, sizeof s->key);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	s->lock_fd = -1;
	wake_deinit(&s->worker);
	wake_deinit(&s->stager);
	wake_deinit(&s->reaper);
	wake_deinit(&s->fetch);
	wake_deinit(&s->notifier);
	wake_deinit(&s->hub_news);
	wake_deinit(&s->health_wish);
}

static int empty_tmp(const struct service *s, struct err *e)
{
	CLEANUP(closedir_p) DIR *dir = opendir(s->spool_tmp);
	struct dirent *entry;

	if (!dir)
		return err_errno(e, ERR_IO, "open %s", s->spool_tmp);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT)
			return err_errno(e, ERR_IO, "remove %s/%s", s->spool_tmp, entry->d_name);
	return 0;
}

/* A file that no row waits for was never acknowledged, or is in the blob store already. */
static int drop_orphans(struct service *s, struct tx *tx, struct err *e)
{
	CLEANUP(closedir_p) DIR *dir = opendir(s->spool);
	struct dirent *entry;

	if (!dir)
		return err_errno(e, ERR_IO, "open %s", s->spool);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "tmp") == 0)
			continue;
		int known = store_spool_known(tx, entry->d_name, e);
		if (known < 0)
			return -1;
		if (known == STORE_NONE && unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			log_event(LOG_INFO, "spool.orphan_removed", LOG_S("file", entry->d_name));
	}
	return 0;
}

int service_reconcile(struct service *s, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int leases = 0;

	if (empty_tmp(s, e) < 0 || store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_leases_void(tx, &leases, e) < 0 || resumable_reconcile(s, tx, e) < 0 ||
		drop_orphans(s, tx, e) < 0 || store_commit(&tx, e) < 0)
		return err_wrap(e, "start-up check");
	if (leases > 0)
		log_event(LOG_INFO, "start.leases_voided", LOG_I("jobs", leases));
	atomic_store(&s->ready, true);
	return 0;
}

int service_spool_path(const struct service *s, const char *name, char *out, size_t size, struct err *e)
{
	return fsx_join(out, size, s->spool, name, e);
}

void service_new_id(char out[ID_BYTES])
{
	uint8_t random[ID_RANDOM_BYTES];

	random_bytes(random, sizeof random);
	id_make(clock_wall_ms(), random, out);
}

void service_new_lease(const struct service *s, char *out, size_t size)
{
	uint8_t fence[8];
	char hex[17];

	random_bytes(fence, sizeof fence);
	hex_encode(fence, sizeof fence, hex);
	snprintf(out, size, "%s:%s", s->boot, hex);
}

uint32_t service_random(void)
{
	uint32_t r;

	random_bytes(&r, sizeof r);
	return r;
}

void service_log_failure(const char *event, const char *job, const struct err *e)
{
	log_event(LOG_WARN, event, LOG_S("job", job), LOG_S("kind", err_kind_name(e->kind)),
		LOG_S("reason", e->msg));
}
