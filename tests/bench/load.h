#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The load generator of scripts/bench: a few kinds of client, each a subcommand that prints one line of JSON.
 * It only talks to 127.0.0.1. Anything wrong with the set-up ends the program: a benchmark that goes on with
 * half of its clients would lie. */

enum { LOAD_HEADERS = 16, LOAD_SEGMENTS = 32 };

/* A body is made of segments: a file's content once, or a pattern repeated up to a length. */
struct load_segment {
	const char *bytes;
	size_t len;
	uint64_t total;
};

struct load_options {
	int port;
	const char *method, *path;
	char headers[4096];
	struct load_segment segments[LOAD_SEGMENTS];
	unsigned segment_count;
	int64_t clients, count, rate, hold_ms, gap_ms, bytes, seconds;
};

uint64_t load_body_bytes(const struct load_options *o);
int load_connect(int port);
double load_now_s(void); /* CLOCK_MONOTONIC, which Python's time.monotonic() reads too */
_Noreturn void load_fail(const char *what);

/* The request's head for a body of @body bytes; -1 where there is none. */
size_t load_head(const struct load_options *o, int64_t body, char *out, size_t size);

/* For sorted @sorted: the value below which @share of all lie; 0 where there is none. */
double load_quantile(const float *sorted, size_t n, double share);
void load_sort(float *values, size_t n);

int load_send(const struct load_options *o);    /* uploads: at once, slowly, again and again */
int load_get(const struct load_options *o);     /* small requests on kept connections */
int load_streams(const struct load_options *o); /* event streams held open */
int load_fsync(const struct load_options *o);   /* what the disk takes */
