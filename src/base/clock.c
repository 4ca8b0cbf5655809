#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static atomic_bool stopped;
static _Atomic int64_t test_wall_ms, test_mono_ms;

static int64_t read_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return atomic_load(&stopped) ? atomic_load(&test_wall_ms) : read_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return atomic_load(&stopped) ? atomic_load(&test_mono_ms) : read_ms(CLOCK_MONOTONIC);
}

void clock_test_set(int64_t wall_ms, int64_t mono_ms)
{
	atomic_store(&test_wall_ms, wall_ms);
	atomic_store(&test_mono_ms, mono_ms);
	atomic_store(&stopped, true);
}

void clock_test_advance(int64_t by_ms)
{
	atomic_fetch_add(&test_wall_ms, by_ms);
	atomic_fetch_add(&test_mono_ms, by_ms);
}

void clock_test_release(void)
{
	atomic_store(&stopped, false);
}

static void split(int64_t ms, struct tm *ret_tm, int *ret_ms)
{
	int64_t days_safe = ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
	time_t seconds = (time_t)days_safe;

	*ret_ms = (int)(ms - days_safe * 1000);
	gmtime_r(&seconds, ret_tm);
}

void clock_rfc3339(int64_t ms, char out[CLOCK_TEXT_BYTES])
{
	struct tm tm;
	int milli;

	split(ms, &tm, &milli);
	snprintf(out, CLOCK_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (tm.tm_year + 1900) % 10000,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, milli);
}

static void written_out(int64_t ms, const char *zone, char out[CLOCK_TEXT_BYTES])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
		"Oct", "Nov", "Dec" };
	struct tm tm;
	int milli;

	split(ms, &tm, &milli);
	snprintf(out, CLOCK_TEXT_BYTES, "%s, %02d %s %04d %02d:%02d:%02d %s", days[tm.tm_wday], tm.tm_mday,
		months[tm.tm_mon], (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec, zone);
}

void clock_rfc5322(int64_t ms, char out[CLOCK_TEXT_BYTES])
{
	written_out(ms, "+0000", out);
}

void clock_http(int64_t ms, char out[CLOCK_TEXT_BYTES])
{
	written_out(ms, "GMT", out);
}
