#include "app/bounded_stop.h"

#include <unistd.h>

#include "base/log.h"

static void *insist(void *arg)
{
	struct bounded_stop *b = arg;

	if (wake_wait(&b->over, b->after_ms)) {
		log_event(LOG_WARN, "gaitd.stopped_without",
			LOG_S("waiting_for", atomic_load(&b->waiting_for)), LOG_I("waited_ms", b->after_ms));
		_exit(b->exit_code);
	}
	return NULL;
}

void bounded_stop_begin(struct bounded_stop *b, int64_t after_ms, int exit_code, const char *waiting_for)
{
	wake_init(&b->over);
	atomic_store(&b->waiting_for, waiting_for);
	b->after_ms = after_ms;
	b->exit_code = exit_code;
	b->runs = pthread_create(&b->thread, NULL, insist, b) == 0;
}

void bounded_stop_note(struct bounded_stop *b, const char *waiting_for)
{
	atomic_store(&b->waiting_for, waiting_for);
}

void bounded_stop_end(struct bounded_stop *b)
{
	wake_stop(&b->over);
	if (b->runs)
		pthread_join(b->thread, NULL);
	wake_deinit(&b->over);
}
