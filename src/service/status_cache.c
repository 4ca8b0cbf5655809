#include "service/status_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "service/accounts.h"

enum { USERS = 256, JOBS = 256, ANSWER_MAX_BYTES = 8192 };

/* Direct-mapped: a collision only costs a look into the database. */
struct status_cache {
	pthread_mutex_t lock;
	struct store_watch *watch;
	struct kept_user {
		int64_t generation;
		uint8_t sha256[SHA256_BYTES];
		struct user user;
	} users[USERS];
	struct kept_job {
		int64_t generation;
		char id[ID_BYTES], owner[ID_BYTES], tag[STATUS_TAG_BYTES];
		enum role role;
		char *text;
		size_t len;
	} jobs[JOBS];
};

int status_cache_new(struct store *s, struct status_cache **ret, struct err *e)
{
	struct status_cache *c = calloc(1, sizeof *c);

	if (!c)
		return err_set(e, ERR_NOMEM, "status cache");
	if (store_watch_open(s, &c->watch, e) < 0) {
		free(c);
		return -1;
	}
	pthread_mutex_init(&c->lock, NULL);
	for (int i = 0; i < USERS; i++)
		c->users[i].generation = -1;
	for (int i = 0; i < JOBS; i++)
		c->jobs[i].generation = -1;
	*ret = c;
	return 0;
}

void status_cache_free(struct status_cache *c)
{
	if (!c)
		return;
	for (int i = 0; i < JOBS; i++)
		free(c->jobs[i].text);
	store_watch_close(c->watch);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Under the lock: a connection serves one thread at a time. */
static int64_t generation(struct status_cache *c)
{
	int64_t now;

	return store_watch_version(c->watch, &now, NULL) < 0 ? -1 : now;
}

int64_t status_cache_generation(struct status_cache *c)
{
	if (!c)
		return -1;
	pthread_mutex_lock(&c->lock);
	int64_t now = generation(c);
	pthread_mutex_unlock(&c->lock);
	return now;
}

static struct kept_user *user_slot(struct status_cache *c, const uint8_t sha256[SHA256_BYTES])
{
	return &c->users[(sha256[0] | (unsigned)sha256[1] << 8) % USERS];
}

int status_cache_user(
	struct status_cache *c, const uint8_t sha256[SHA256_BYTES], int64_t now_ms, struct user *ret)
{
	int r = STATUS_CACHE_MISS;

	if (!c)
		return r;
	pthread_mutex_lock(&c->lock);
	struct kept_user *k = user_slot(c, sha256);
	if (k->generation >= 0 && memcmp(k->sha256, sha256, SHA256_BYTES) == 0 &&
		(k->user.until_ms == 0 || now_ms < k->user.until_ms) && k->generation == generation(c)) {
		*ret = k->user;
		r = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return r;
}

void status_cache_keep_user(
	struct status_cache *c, int64_t at, const uint8_t sha256[SHA256_BYTES], const struct user *u)
{
	if (!c || at < 0)
		return;
	pthread_mutex_lock(&c->lock);
	struct kept_user *k = user_slot(c, sha256);
	k->generation = at;
	memcpy(k->sha256, sha256, SHA256_BYTES);
	k->user = *u;
	/* Nobody who asks here needs it, so it need not lie about. */
	memset(k->user.password_hash, 0, sizeof k->user.password_hash);
	pthread_mutex_unlock(&c->lock);
}

/* The last characters of an id are random. */
static struct kept_job *job_slot(struct status_cache *c, const char *id, enum role role)
{
	unsigned hash = (unsigned)role;

	for (const char *p = id + 16; *p; p++)
		hash = hash * 31 + (unsigned char)*p;
	return &c->jobs[hash % JOBS];
}

int status_cache_job(struct status_cache *c, const struct user *who, const char *job,
	char ret_tag[STATUS_TAG_BYTES], struct buf *out)
{
	int r = STATUS_CACHE_MISS;

	if (!c || !id_ok(job))
		return r;
	pthread_mutex_lock(&c->lock);
	struct kept_job *k = job_slot(c, job, who->role);
	if (k->generation >= 0 && k->role == who->role && strcmp(k->id, job) == 0 &&
		(account_is_staff(who) || strcmp(k->owner, who->id) == 0) && k->generation == generation(c) &&
		buf_add(out, k->text, k->len, NULL) == 0) {
		memcpy(ret_tag, k->tag, STATUS_TAG_BYTES);
		r = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return r;
}

void status_cache_keep_job(struct status_cache *c, int64_t at, const struct user *who, const struct job *job,
	const char *tag, const struct buf *answer)
{
	if (!c || at < 0 || answer->len > ANSWER_MAX_BYTES)
		return;
	char *text = malloc(answer->len);
	if (!text)
		return;
	memcpy(text, answer->data, answer->len);
	pthread_mutex_lock(&c->lock);
	struct kept_job *k = job_slot(c, job->id, who->role);
	free(k->text);
	*k = (struct kept_job){ .generation = at, .role = who->role, .text = text, .len = answer->len };
	memcpy(k->id, job->id, ID_BYTES);
	memcpy(k->owner, job->owner, ID_BYTES);
	(void)str_copy(k->tag, sizeof k->tag, tag);
	pthread_mutex_unlock(&c->lock);
}
