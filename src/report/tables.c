/* What a spreadsheet or a statistics program reads: parameters and curves as CSV. */
#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "gait/norms.h"
#include "report/csv.h"
#include "report/report.h"

static int end(const struct csv *c, struct err *e)
{
	if (c->err.kind == ERR_NONE)
		return 0;
	if (e)
		*e = c->err;
	return -1;
}

static void titles(struct csv *c, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		csv_text(c, names[i]);
	csv_row_end(c);
}

static void doubts(struct csv *c, const struct value *v)
{
	char text[512] = "";
	int n = 0;

	for (enum doubt d = 0; d < DOUBTS; d++)
		if ((v->doubts >> d & 1) && (size_t)n < sizeof text)
			n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", n ? " " : "", doubt_code(d));
	csv_text(c, text);
}

static void reference(struct csv *c, enum param p, const struct patient *patient)
{
	struct norm_range r = { .low = NAN, .high = NAN };
	bool known = norm_range(p, patient, &r);

	csv_number(c, r.low, param_info(p)->decimals);
	csv_number(c, r.high, param_info(p)->decimals);
	csv_text(c, known ? r.source : "");
	csv_row_end(c);
}

static void value_row(
	struct csv *c, const struct analysis *a, enum param p, const char *side, const struct value *v)
{
	const struct param_info *i = param_info(p);
	bool known = v->reason == REASON_NONE;

	csv_text(c, i->name);
	csv_text(c, side);
	csv_number(c, known ? v->value : NAN, i->decimals);
	csv_text(c, i->unit);
	csv_count(c, known ? v->n : 0);
	csv_number(c, known ? v->sd : NAN, i->decimals);
	csv_number(c, known ? param_cv(p, v) : NAN, 2);
	csv_number(c, known ? v->ci_low : NAN, i->decimals);
	csv_number(c, known ? v->ci_high : NAN, i->decimals);
	csv_text(c, known ? view_name(v->view) : "");
	csv_text(c, known ? "" : reason_code(v->reason));
	doubts(c, v);
	reference(c, p, &a->patient);
}

int report_csv(const struct report *r, struct buf *out, struct err *e)
{
	static const char *const names[] = { "name", "side", "value", "unit", "n", "sd", "cv", "ci95_low",
		"ci95_high", "view", "reason", "doubts", "reference_low", "reference_high",
		"reference_source" };
	const struct analysis *a = r->analysis;
	struct csv c = { .out = out };

	titles(&c, names, ARRAY_LEN(names));
	for (enum param p = 0; p < PARAMS; p++) {
		const struct value *v = a->params.of[p];
		if (param_info(p)->shape == WHOLE) {
			value_row(&c, a, p, "", &v[0]);
			continue;
		}
		for (enum side s = SIDE_LEFT; s < SIDES; s++)
			value_row(&c, a, p, side_name(s), &v[s]);
	}
	return end(&c, e);
}

static void curve_titles(struct csv *c)
{
	static const char *const who[] = { "left", "right", "reference" };
	char name[64];

	csv_text(c, "percent");
	for (enum joint j = JOINT_HIP; j < JOINTS; j++)
		for (size_t i = 0; i < ARRAY_LEN(who); i++) {
			snprintf(name, sizeof name, "%s_%s_mean", joint_name(j), who[i]);
			csv_text(c, name);
			snprintf(name, sizeof name, "%s_%s_sd", joint_name(j), who[i]);
			csv_text(c, name);
		}
	csv_row_end(c);
}

int report_csv_curves(const struct report *r, struct buf *out, struct err *e)
{
	const struct analysis *a = r->analysis;
	struct norm_curve norm[JOINTS];
	bool has[JOINTS];
	struct csv c = { .out = out };

	curve_titles(&c);
	for (enum joint j = JOINT_HIP; j < JOINTS; j++)
		has[j] = norm_curve(j, &a->patient, &norm[j]);
	for (int i = 0; i < CURVE_POINTS; i++) {
		csv_number(&c, i, 0);
		for (enum joint j = JOINT_HIP; j < JOINTS; j++) {
			for (enum side s = SIDE_LEFT; s < SIDES; s++) {
				const struct curve *v = &a->curves[s][j];
				csv_number(&c, v->n > 0 ? v->mean[i] : NAN, 2);
				csv_number(&c, v->n > 0 ? v->sd[i] : NAN, 2);
			}
			csv_number(&c, has[j] ? norm[j].mean[i] : NAN, 2);
			csv_number(&c, has[j] ? norm[j].sd[i] : NAN, 2);
		}
		csv_row_end(&c);
	}
	return end(&c, e);
}
