#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A growing byte buffer with a cap given at its start; reaching the cap is an error, never a truncation.
 * The data are kept NUL-terminated, so that text can be used as a C string. */
struct buf {
	char *data;
	size_t len, cap, max;
};

/**
 * buf_init() - an empty buffer that will never hold more than @max_bytes
 * Allocates nothing; release with buf_deinit()
 */
void buf_init(struct buf *b, size_t max_bytes);
void buf_deinit(struct buf *b);
void buf_reset(struct buf *b);

/**
 * buf_reserve() - make room for @more bytes behind the present end
 * Return 0; -1 with ERR_TOO_LARGE at the cap or ERR_NOMEM
 */
int buf_reserve(struct buf *b, size_t more, struct err *e);

/* Append. All: 0, or -1 as buf_reserve(); on failure the content is unchanged. */
int buf_add(struct buf *b, const void *data, size_t len, struct err *e);
int buf_adds(struct buf *b, const char *text, struct err *e);
int buf_addc(struct buf *b, char c, struct err *e);
int buf_addf(struct buf *b, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * buf_steal() - the content as a malloc'd, NUL-terminated block; the buffer is empty afterwards
 * Return never NULL after at least one successful append; NULL where memory is out
 */
char *buf_steal(struct buf *b);

/* The content as a C string; "" while empty. Valid until the next change. */
const char *buf_str(const struct buf *b);

#define BUF_CLEANUP __attribute__((cleanup(buf_deinit)))
