#include "service/health_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

enum { FRESH_MS = 10000, FRESH_FAILURE_MS = 5000, WAIT_MS = 2000, SLOW_MS = 10000, NOBODY = -1 };

struct health_watch {
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct word {
		struct health_part part;
		bool known, exists; /* exists: the port does */
		int64_t at_ms;      /* monotonic, as all here */
	} words[HEALTH_PORTS];
	/* Since when each part has been seen as it is, by its place in struct health. */
	struct {
		bool ok;
		int64_t since_ms; /* wall clock; 0: not seen yet */
	} seen[HEALTH_PARTS];
	int trying; /* index, or NOBODY */
	int64_t since_ms;
};

int health_watch_new(struct health_watch **ret, struct err *e)
{
	struct health_watch *w = calloc(1, sizeof *w);
	pthread_condattr_t attr;

	if (!w)
		return err_set(e, ERR_NOMEM, "health");
	w->trying = NOBODY;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->news, &attr);
	pthread_condattr_destroy(&attr);
	*ret = w;
	return 0;
}

void health_watch_free(struct health_watch *w)
{
	if (!w)
		return;
	pthread_cond_destroy(&w->news);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static bool is_stale(const struct word *w, int64_t now)
{
	return !w->known || now - w->at_ms > (w->part.ok ? FRESH_MS : FRESH_FAILURE_MS);
}

static bool any_stale(const struct health_watch *w, int64_t now)
{
	for (unsigned i = 0; i < HEALTH_PORTS; i++)
		if (is_stale(&w->words[i], now))
			return true;
	return false;
}

/* Under the lock. */
static void say(const struct health_watch *w, unsigned i, int64_t now, struct health *ret)
{
	const struct word *word = &w->words[i];
	char text[96];

	if (w->trying == (int)i && now - w->since_ms > SLOW_MS && (!word->known || word->part.ok)) {
		snprintf(text, sizeof text, "has not answered for %lld s",
			(long long)((now - w->since_ms) / 1000));
		health_add(ret, health_ports[i], false, text);
	} else if (!word->known) {
		health_add(ret, health_ports[i], false, "not known yet: being tried for the first time");
	} else if (word->exists) {
		health_add(ret, health_ports[i], word->part.ok, word->part.detail);
	}
}

static void wait_for_news(struct service *s, struct health_watch *w)
{
	struct timespec until;

	if (!any_stale(w, clock_mono_ms()))
		return;
	wake_poke(&s->health_wish);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_MS / 1000;
	while (any_stale(w, clock_mono_ms()) && pthread_cond_timedwait(&w->news, &w->lock, &until) == 0)
		;
}

/* Under the lock. Parts are few and come in one order; a port that is not there is not in it, ever. */
static void note_changes(struct health_watch *w, struct health *h)
{
	for (unsigned i = 0; i < h->n; i++) {
		if (w->seen[i].since_ms == 0 || w->seen[i].ok != h->parts[i].ok) {
			w->seen[i].ok = h->parts[i].ok;
			w->seen[i].since_ms = clock_wall_ms();
		}
		h->parts[i].since_ms = w->seen[i].since_ms;
	}
}

void health_recent(struct service *s, struct health *ret)
{
	struct health_watch *w = s->health;

	health_check(s, false, ret);
	pthread_mutex_lock(&w->lock);
	wait_for_news(s, w);
	int64_t now = clock_mono_ms();
	for (unsigned i = 0; i < HEALTH_PORTS; i++)
		say(w, i, now, ret);
	note_changes(w, ret);
	pthread_mutex_unlock(&w->lock);
}

void health_watch_once(struct service *s)
{
	struct health_watch *w = s->health;

	for (unsigned i = 0; i < HEALTH_PORTS && !wake_stopping(&s->health_wish); i++) {
		struct health_part part = { .ok = true };
		pthread_mutex_lock(&w->lock);
		bool stale = is_stale(&w->words[i], clock_mono_ms());
		if (stale) {
			w->trying = (int)i;
			w->since_ms = clock_mono_ms();
		}
		pthread_mutex_unlock(&w->lock);
		if (!stale)
			continue;
		bool exists = health_try_port(s, i, &part);
		pthread_mutex_lock(&w->lock);
		w->words[i] = (struct word){
			.part = part, .known = true, .exists = exists, .at_ms = clock_mono_ms()
		};
		w->trying = NOBODY;
		pthread_cond_broadcast(&w->news);
		pthread_mutex_unlock(&w->lock);
	}
}

void *health_watch_main(void *service)
{
	struct service *s = service;

	while (wake_wait(&s->health_wish, -1))
		health_watch_once(s);
	return NULL;
}
