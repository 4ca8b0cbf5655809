#include "service/wake.h"

#include <time.h>

void wake_init(struct wake *w)
{
	pthread_condattr_t attr;

	w->poked = w->stopping = false;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* wall time may jump */
	pthread_cond_init(&w->cond, &attr);
	pthread_condattr_destroy(&attr);
}

void wake_deinit(struct wake *w)
{
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->lock);
}

void wake_poke(struct wake *w)
{
	pthread_mutex_lock(&w->lock);
	w->poked = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

void wake_stop(struct wake *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

bool wake_wait(struct wake *w, int64_t timeout_ms)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&w->lock);
	while (!w->poked && !w->stopping && r == 0)
		r = timeout_ms < 0 ? pthread_cond_wait(&w->cond, &w->lock)
				   : pthread_cond_timedwait(&w->cond, &w->lock, &until);
	w->poked = false;
	bool go_on = !w->stopping;
	pthread_mutex_unlock(&w->lock);
	return go_on;
}

bool wake_stopping(struct wake *w)
{
	pthread_mutex_lock(&w->lock);
	bool stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return stopping;
}
