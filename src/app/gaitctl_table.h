#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* A table for people: left-aligned columns as wide as their widest cell, counted in characters. */
struct ctl_table;

/* @headers ends with NULL; borrowed. Return NULL where memory is out. */
struct ctl_table *ctl_table_new(const char *const *headers);
/* One row: as many texts as there are headers (NULL is shown as "-"); copied. */
void ctl_table_row(struct ctl_table *t, const char *const *cells);
/* Print, free; "none" where there is no row. -1 where memory was out on the way. */
int ctl_table_end(struct ctl_table *t, FILE *out, struct err *e);

#define CTL_ROW(t, ...) ctl_table_row((t), (const char *const[]){ __VA_ARGS__ })
#define CTL_TABLE(...)  ctl_table_new((const char *const[]){ __VA_ARGS__, NULL })

/* "2 min ago", "3 h ago", "2026-11-22" into @out; "-" for 0. */
enum { CTL_AGO_BYTES = 32 };
void ctl_ago(int64_t then_ms, char out[CTL_AGO_BYTES]);
