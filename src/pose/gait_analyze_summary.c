#include "pose/gait_analyze_summary.h"

#include <math.h>

static void cell(FILE *out, const struct value *v, const struct param_info *i)
{
	char text[48];
	int decimals = i->decimals > 3 ? 3 : i->decimals;

	if (v->reason)
		snprintf(text, sizeof text, "-");
	else if (isnan(v->sd))
		snprintf(text, sizeof text, "%.*f (n=%zu)", decimals, v->value, v->n);
	else
		snprintf(text, sizeof text, "%.*f ± %.*f (n=%zu)", decimals, v->value, decimals, v->sd, v->n);
	/* "±" is two bytes and one column. */
	fprintf(out, "  %-*s", v->reason || isnan(v->sd) ? 24 : 25, text);
}

static void views(FILE *out, const struct analysis *a)
{
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		const struct view_result *v = &a->view[i];
		if (!v->present)
			continue;
		fprintf(out, "%-5s  %zu frames at %g/s, person in %zu, strides left %zu right %zu\n",
			view_name(i), v->frames, v->fps, v->frames_with_person, v->cycles.of_foot[SIDE_LEFT],
			v->cycles.of_foot[SIDE_RIGHT]);
		for (enum flag f = 0; f < FLAGS; f++)
			if (view_has_flag(v, f))
				fprintf(out, "       ! %s\n", flag_text(f));
	}
}

static void print_score(FILE *out, const struct score *s)
{
	if (!isnan(s->value)) {
		fprintf(out, "score  %.3f (95 %%: %.3f to %.3f)  %s\n", s->value, s->low, s->high,
			s->at_threshold ? s->model.above : s->model.below);
		fprintf(out, "       %s %s: %s\n", s->model.name, s->model.version, s->model.notice);
		return;
	}
	fprintf(out, "score  none\n");
	for (enum score_reason r = 0; r < SCORE_REASONS; r++)
		if (s->reasons >> r & 1)
			fprintf(out, "       - %s\n", score_reason_text(r));
	for (enum flag f = 0; f < FLAGS; f++)
		if (s->flags >> f & 1)
			fprintf(out, "       - %s\n", flag_text(f));
}

void summary_print(FILE *out, const struct analysis *a, const struct score *s)
{
	views(out, a);
	fprintf(out, "%-23s %-10s  %-24s  %-24s\n", "parameter", "unit", "left", "right");
	for (enum param p = 0; p < PARAMS; p++) {
		const struct param_info *i = param_info(p);
		const struct value *l = &a->params.of[p][SIDE_LEFT], *r = &a->params.of[p][SIDE_RIGHT];
		fprintf(out, "%-23s %-10s", i->name, i->unit);
		if (l->reason && r->reason) {
			fprintf(out, "  - %s\n", reason_text(l->reason));
			continue;
		}
		cell(out, l, i);
		if (i->shape == SIDED)
			cell(out, r, i);
		fputc('\n', out);
	}
	print_score(out, s);
}
