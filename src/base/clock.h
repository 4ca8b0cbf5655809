#pragma once

#include <stddef.h>
#include <stdint.h>

/* The one source of time. Deadlines inside a process use the monotonic clock; wall time stands only in
 * the database and in what people read. Tests move both by hand. */
int64_t clock_wall_ms(void); /* Unix time, milliseconds */
int64_t clock_mono_ms(void); /* since an arbitrary start, never jumps */

/* Tests only: stop both clocks and set them; clock_test_release() lets them run again. */
void clock_test_set(int64_t wall_ms, int64_t mono_ms);
void clock_test_advance(int64_t by_ms);
void clock_test_release(void);

/* Broken-down forms of Unix time @ms in UTC; @out must hold CLOCK_TEXT_BYTES. */
#define CLOCK_TEXT_BYTES 40
void clock_rfc3339(int64_t ms, char out[CLOCK_TEXT_BYTES]); /* 2026-11-22T08:30:00.123Z */
void clock_rfc5322(int64_t ms, char out[CLOCK_TEXT_BYTES]); /* Sun, 22 Nov 2026 08:30:00 +0000 */
void clock_http(int64_t ms, char out[CLOCK_TEXT_BYTES]); /* Sun, 22 Nov 2026 08:30:00 GMT (RFC 9110, 5.6.7) */
