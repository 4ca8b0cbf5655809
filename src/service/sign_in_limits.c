#include "service/sign_in_limits.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { SLOTS = 4096, WAYS = 8 };

/* A small set-associative table: an attacker with many addresses pushes out old entries, never the memory. */
struct sign_in_limits {
	pthread_mutex_t lock;
	struct slot {
		uint64_t key;
		unsigned failures;
		int64_t first_ms;
	} slots[SLOTS];
	uint8_t seed[16];
	int64_t window_ms;
};

int sign_in_limits_new(int64_t window_ms, struct sign_in_limits **ret, struct err *e)
{
	struct sign_in_limits *l = calloc(1, sizeof *l);

	if (!l)
		return err_set(e, ERR_NOMEM, "sign-in table");
	pthread_mutex_init(&l->lock, NULL);
	random_bytes(l->seed, sizeof l->seed);
	l->window_ms = window_ms;
	*ret = l;
	return 0;
}

void sign_in_limits_free(struct sign_in_limits *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* Keyed, so that nobody can choose addresses that fall on each other. */
static uint64_t key_of(const struct sign_in_limits *l, const char *text)
{
	uint8_t mac[SHA256_BYTES];
	uint64_t key = 0;

	if (hmac_sha256(l->seed, sizeof l->seed, text, strlen(text), mac, NULL) == 0)
		memcpy(&key, mac, sizeof key);
	return key | 1;
}

/* The slot of @key, or the one to give to it: empty, expired or oldest in its set. */
static struct slot *find(struct sign_in_limits *l, uint64_t key, int64_t now_ms)
{
	struct slot *set = &l->slots[(key >> 8) % (SLOTS / WAYS) * WAYS], *best = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			if (now_ms - set[i].first_ms > l->window_ms)
				set[i].failures = 0;
			return &set[i];
		}
		if (set[i].first_ms < best->first_ms)
			best = &set[i];
	}
	*best = (struct slot){ .key = key };
	return best;
}

int sign_in_enter(struct sign_in_limits *l, const char *key, unsigned most, int64_t now_ms)
{
	int wait = 0;

	pthread_mutex_lock(&l->lock);
	struct slot *slot = find(l, key_of(l, key), now_ms);
	if (slot->failures >= most)
		wait = (int)((slot->first_ms + l->window_ms - now_ms) / 1000) + 1;
	else if (slot->failures++ == 0)
		slot->first_ms = now_ms;
	pthread_mutex_unlock(&l->lock);
	return wait;
}

void sign_in_undo(struct sign_in_limits *l, const char *key)
{
	pthread_mutex_lock(&l->lock);
	struct slot *slot = find(l, key_of(l, key), 0);
	if (slot->failures > 0)
		slot->failures--;
	pthread_mutex_unlock(&l->lock);
}

void sign_in_forgive(struct sign_in_limits *l, const char *key)
{
	pthread_mutex_lock(&l->lock);
	find(l, key_of(l, key), 0)->failures = 0;
	pthread_mutex_unlock(&l->lock);
}

int sign_in_try(
	struct service *s, const char *address, const char *email, struct sign_in_try *ret, struct err *e)
{
	int64_t now = clock_mono_ms();

	snprintf(ret->by_address, sizeof ret->by_address, "address %s", address);
	snprintf(ret->by_account, sizeof ret->by_account, "account %.254s", email);
	for (char *p = ret->by_account; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	ret->wait_s = sign_in_enter(s->sign_ins, ret->by_address, s->opt.sign_ins_per_address, now);
	if (ret->wait_s == 0) {
		ret->wait_s = sign_in_enter(s->sign_ins, ret->by_account, s->opt.sign_ins_per_account, now);
		if (ret->wait_s > 0)
			sign_in_undo(s->sign_ins, ret->by_address);
	}
	return ret->wait_s == 0 ? 0
				: err_set(e, ERR_RATE, "too many failed sign-ins: try again in %d minutes",
					  (ret->wait_s + 59) / 60);
}

/* The address gets back this one try only: who has an account here buys no more tries at others. */
void sign_in_passed(struct service *s, const struct sign_in_try *t)
{
	sign_in_undo(s->sign_ins, t->by_address);
	sign_in_forgive(s->sign_ins, t->by_account);
}
