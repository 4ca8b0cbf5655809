#include "pose/marks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/json.h"

enum { RESULT_MAX_BYTES = 64 << 20, RESULT_MAX_DEPTH = 16, MARKS_MAX = 100000 };
#define PHASE_MAX_S 3.0 /* a longer stance or swing is a pause in walking, or another pass */

void marks_deinit(struct marks *m)
{
	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		free(m->of[s]);
}

static int by_time(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	return (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

static int take(const struct json *event, enum view view, struct marks *m, struct err *e)
{
	const char *of = json_str(json_get(event, "view"), ""), *foot = json_str(json_get(event, "foot"), ""),
		   *kind = json_str(json_get(event, "kind"), "");
	const struct mark mark = { json_num(json_get(event, "time_s"), NAN),
		strcmp(kind, "heel_strike") == 0 };
	enum side s = strcmp(foot, "left") == 0 ? SIDE_LEFT : SIDE_RIGHT;

	if (strcmp(of, view_name(view)) != 0)
		return strcmp(of, view_name(VIEW_FRONT)) == 0 || strcmp(of, view_name(VIEW_SIDE)) == 0
			       ? 0
			       : err_set(e, ERR_INVALID, "an event of no view");
	if (strcmp(foot, side_name(s)) != 0 || (!mark.strike && strcmp(kind, "toe_off") != 0) ||
		!(fabs(mark.time_s) < 1e6))
		return err_set(e, ERR_INVALID, "an event without foot, kind or time");
	m->of[s][m->n[s]++] = mark;
	return 0;
}

static int take_all(const struct json *events, enum view view, struct marks *m, struct err *e)
{
	size_t n = json_len(events);

	if (!json_is_array(events))
		return err_set(e, ERR_INVALID, "it has no events");
	if (n > MARKS_MAX)
		return err_set(e, ERR_TOO_LARGE, "more than %d events", MARKS_MAX);
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		m->of[s] = calloc(n + 1, sizeof *m->of[s]);
		if (!m->of[s])
			return err_set(e, ERR_NOMEM, "events");
	}
	for (const struct json *v = json_first(events); v; v = json_next(v))
		if (take(v, view, m, e) < 0)
			return -1;
	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		qsort(m->of[s], m->n[s], sizeof *m->of[s], by_time);
	return 0;
}

int marks_read(const char *path, enum view view, struct marks *ret, struct err *e)
{
	CLEANUP(json_free_p) struct json *root = NULL;
	BUF_CLEANUP struct buf text;

	buf_init(&text, RESULT_MAX_BYTES);
	if (fsx_read_file(path, &text, e) < 0)
		return -1;
	if (json_parse(text.data, text.len, RESULT_MAX_DEPTH, &root, e) < 0 ||
		take_all(json_get(root, "events"), view, ret, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

enum foot_phase marks_between(const struct marks *m, enum side foot, size_t i)
{
	const struct mark *a = &m->of[foot][i], *b = a + 1;

	if (a->strike == b->strike || b->time_s - a->time_s > PHASE_MAX_S)
		return FOOT_UNKNOWN;
	return a->strike ? FOOT_STANCE : FOOT_SWING;
}

enum foot_phase marks_phase(const struct marks *m, enum side foot, double time_s)
{
	for (size_t i = 0; i + 1 < m->n[foot]; i++)
		if (m->of[foot][i].time_s <= time_s && time_s < m->of[foot][i + 1].time_s)
			return marks_between(m, foot, i);
	return FOOT_UNKNOWN;
}
