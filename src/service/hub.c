#include "service/hub.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/events.h"

enum { BUCKETS = 1024, BATCH = 64, LOOK_MS = 100 };

struct hub {
	pthread_mutex_t lock;
	struct hub_subscriber *buckets[BUCKETS]; /* by job: news of one job touches its own streams only */
	unsigned count;
	bool again; /* some subscriber asked for another wake-up */
};

static struct hub_subscriber **bucket(struct hub *h, const char *job)
{
	unsigned hash = 5381;

	for (const char *p = job; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	return &h->buckets[hash % BUCKETS];
}

int hub_new(struct hub **ret, struct err *e)
{
	struct hub *h = calloc(1, sizeof *h);

	if (!h)
		return err_set(e, ERR_NOMEM, "hub");
	pthread_mutex_init(&h->lock, NULL);
	*ret = h;
	return 0;
}

void hub_free(struct hub *h)
{
	if (!h)
		return;
	pthread_mutex_destroy(&h->lock);
	free(h);
}

void hub_subscribe(struct hub *h, struct hub_subscriber *s)
{
	pthread_mutex_lock(&h->lock);
	struct hub_subscriber **head = bucket(h, s->job);
	s->next = *head;
	s->link = head;
	if (*head)
		(*head)->link = &s->next;
	*head = s;
	h->count++;
	pthread_mutex_unlock(&h->lock);
}

void hub_unsubscribe(struct hub *h, struct hub_subscriber *s)
{
	pthread_mutex_lock(&h->lock);
	if (s->link) {
		*s->link = s->next;
		if (s->next)
			s->next->link = s->link;
		s->link = NULL;
		h->count--;
	}
	pthread_mutex_unlock(&h->lock);
}

void hub_wake_again(struct hub *h, struct hub_subscriber *s)
{
	pthread_mutex_lock(&h->lock);
	s->again = h->again = true;
	pthread_mutex_unlock(&h->lock);
}

/* Rare, so a walk over all of them is fine. */
static void wake_those_again(struct hub *h)
{
	pthread_mutex_lock(&h->lock);
	for (unsigned i = 0; h->again && i < BUCKETS; i++)
		for (struct hub_subscriber *s = h->buckets[i]; s; s = s->next)
			if (s->again) {
				s->again = false;
				s->wake(s->arg);
			}
	h->again = false;
	pthread_mutex_unlock(&h->lock);
}

unsigned hub_subscribers(struct hub *h)
{
	pthread_mutex_lock(&h->lock);
	unsigned n = h->count;
	pthread_mutex_unlock(&h->lock);
	return n;
}

static void wake_job(struct hub *h, const char *job)
{
	pthread_mutex_lock(&h->lock);
	for (struct hub_subscriber *s = *bucket(h, job); s; s = s->next)
		if (strcmp(s->job, job) == 0)
			s->wake(s->arg);
	pthread_mutex_unlock(&h->lock);
}

/* Everything after @seq, which moves on. */
static int carry(struct service *s, int64_t *seq, struct err *e)
{
	CLEANUP(free_p) struct event *events = calloc(BATCH, sizeof *events);
	unsigned n = BATCH;

	if (!events)
		return err_set(e, ERR_NOMEM, "hub");
	while (n == BATCH) {
		{
			CLEANUP(store_tx_p) struct tx *tx = NULL;
			if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
				store_events_after(tx, NULL, *seq, events, BATCH, &n, e) < 0)
				return -1;
		}
		for (unsigned i = 0; i < n; i++) {
			wake_job(s->hub, events[i].job);
			*seq = events[i].seq;
		}
	}
	return 0;
}

static int64_t last_seq(struct service *s)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t seq;

	return store_begin(s->store, STORE_READ, &tx, NULL) < 0 || store_events_last_seq(tx, &seq, NULL) < 0
		       ? 0
		       : seq;
}

void *hub_main(void *service)
{
	struct service *s = service;
	CLEANUP(store_watch_close_p) struct store_watch *watch = NULL;
	int64_t seq = last_seq(s), seen = -1;

	/* The watching connection commits nothing itself, so data_version moves with every commit of anybody;
	 * a poke only makes the look come at once. An idle house reads one counter every 100 ms and nothing
	 * else. */
	do {
		struct err e = { 0 };
		int64_t now;
		wake_those_again(s->hub);
		if ((!watch && store_watch_open(s->store, &watch, &e) < 0) ||
			store_watch_version(watch, &now, &e) < 0 || (now != seen && carry(s, &seq, &e) < 0)) {
			service_log_failure("hub.failed", "", &e);
			continue;
		}
		seen = now;
	} while (wake_wait(&s->hub_news, LOOK_MS));
	return NULL;
}
