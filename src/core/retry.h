#pragma once

#include <stdbool.h>
#include <stdint.h>

/* When to try again. @random spreads retries of many (0..UINT32_MAX from the caller). */

/* Exponential back-off with jitter: @first_ms doubled per failure up to @most_ms, times 0.5 to 1.0. */
int64_t retry_delay_ms(int failures, int64_t first_ms, int64_t most_ms, uint32_t random);

/* May a failed attempt be followed by another? The kinds are those of the job script's completion. */
enum retry_verdict {
	RETRY_NEVER,  /* the videos or facts are the cause: trying again would fail again */
	RETRY_COUNTS, /* may pass; counts against the limit of attempts */
	RETRY_FREE,   /* the site is at fault (a node without its GPU set-up): counts no attempt */
};
enum retry_verdict retry_verdict_for(const char *error_kind);

/* The mail's schedule: 30 s doubling to 6 h; given up 5 days after the message was made. */
int64_t retry_mail_delay_ms(int tries, uint32_t random);
extern const int64_t retry_mail_give_up_ms;
