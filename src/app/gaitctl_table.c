#include "app/gaitctl_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { COLUMNS_MAX = 12 };

struct ctl_table {
	unsigned columns;
	size_t width[COLUMNS_MAX];
	char **cells;
	size_t n, room;
	bool failed;
};

/* Characters, not bytes: continuation bytes of UTF-8 take no room. */
static size_t chars(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

struct ctl_table *ctl_table_new(const char *const *headers)
{
	struct ctl_table *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	while (t->columns < COLUMNS_MAX && headers[t->columns])
		t->columns++;
	ctl_table_row(t, headers);
	return t;
}

static int grow(struct ctl_table *t)
{
	if (t->n + t->columns <= t->room)
		return 0;
	size_t room = t->room ? t->room * 2 : 256;
	char **cells = realloc(t->cells, room * sizeof *cells);
	if (!cells)
		return -1;
	t->cells = cells;
	t->room = room;
	return 0;
}

void ctl_table_row(struct ctl_table *t, const char *const *cells)
{
	if (!t || t->failed || grow(t) < 0) {
		if (t)
			t->failed = true;
		return;
	}
	for (unsigned i = 0; i < t->columns; i++) {
		char *copy = strdup(cells[i] ? cells[i] : "-");
		if (!copy) {
			t->failed = true;
			return;
		}
		size_t width = chars(copy);
		if (width > t->width[i])
			t->width[i] = width;
		t->cells[t->n++] = copy;
	}
}

int ctl_table_end(struct ctl_table *t, FILE *out, struct err *e)
{
	if (!t || t->failed) {
		(void)err_set(e, ERR_NOMEM, "table");
	} else if (t->n == t->columns) {
		fputs("none\n", out);
	} else {
		for (size_t i = 0; i < t->n; i++) {
			bool last = i % t->columns == t->columns - 1;
			size_t pad = last ? 0 : t->width[i % t->columns] - chars(t->cells[i]) + 2;
			fprintf(out, "%s%*s%s", t->cells[i], (int)pad, "", last ? "\n" : "");
		}
	}
	bool failed = !t || t->failed;
	for (size_t i = 0; t && i < t->n; i++)
		free(t->cells[i]);
	if (t)
		free(t->cells);
	free(t);
	return failed ? -1 : 0;
}

void ctl_ago(int64_t then_ms, char out[CTL_AGO_BYTES])
{
	int64_t s = (clock_wall_ms() - then_ms) / 1000;
	char date[CLOCK_TEXT_BYTES];

	if (then_ms == 0) {
		snprintf(out, CTL_AGO_BYTES, "-");
	} else if (s < 0 || s >= 7 * 86400) {
		clock_rfc3339(then_ms, date);
		snprintf(out, CTL_AGO_BYTES, "%.10s", date);
	} else if (s < 60) {
		snprintf(out, CTL_AGO_BYTES, "%lld s ago", (long long)s);
	} else if (s < 3600) {
		snprintf(out, CTL_AGO_BYTES, "%lld min ago", (long long)(s / 60));
	} else {
		snprintf(out, CTL_AGO_BYTES, s < 86400 ? "%lld h ago" : "%lld days ago",
			(long long)(s < 86400 ? s / 3600 : s / 86400));
	}
}
