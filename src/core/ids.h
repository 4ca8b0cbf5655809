#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Ids sort by time and cannot be guessed: 48 bits of Unix milliseconds and 80 random bits in Crockford's base
 * 32, lower case, 26 characters (the layout of ULID, 2016). Safe in paths, URLs, job names and SQL. */
enum { ID_BYTES = 27, ID_RANDOM_BYTES = 10 };

/* @random: ID_RANDOM_BYTES from the caller (core does no I/O). */
void id_make(int64_t now_ms, const uint8_t random[ID_RANDOM_BYTES], char out[ID_BYTES]);
bool id_ok(const char *text);
int64_t id_time_ms(const char *id); /* of an id that id_ok() accepts */

/* The name of attempt @n of a job: "<job>-<n>", unique for ever, at most ATTEMPT_ID_BYTES with the NUL. */
enum { ATTEMPT_ID_BYTES = 40 };
void attempt_id_make(const char *job, int n, char out[ATTEMPT_ID_BYTES]);
bool attempt_id_split(const char *attempt, char ret_job[ID_BYTES], int *ret_n);
