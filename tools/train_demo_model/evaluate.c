#include "evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"

enum { BINS = 5 };

const struct group groups[] = {
	{ "all walks", SOURCE_WALK, NAN, NAN, 0 },
	{ "3 to 6 years", SOURCE_WALK, 36, 83, 0 },
	{ "7 to 14 years", SOURCE_WALK, 84, 179, 0 },
	{ "15 to 65 years", SOURCE_WALK, 180, 791, 0 },
	{ "F", SOURCE_WALK, NAN, NAN, 'F' },
	{ "M", SOURCE_WALK, NAN, NAN, 'M' },
	{ "3 to 6 years, F", SOURCE_WALK, 36, 83, 'F' },
	{ "3 to 6 years, M", SOURCE_WALK, 36, 83, 'M' },
	{ "7 to 14 years, F", SOURCE_WALK, 84, 179, 'F' },
	{ "7 to 14 years, M", SOURCE_WALK, 84, 179, 'M' },
	{ "15 to 65 years, F", SOURCE_WALK, 180, 791, 'F' },
	{ "15 to 65 years, M", SOURCE_WALK, 180, 791, 'M' },
	{ "numbers on paper", SOURCE_PAPER, NAN, NAN, 0 },
};
const size_t group_count = ARRAY_LEN(groups);

double platt_score(const struct platt *c, double margin)
{
	return 1 / (1 + exp(-(c->slope * margin + c->intercept)));
}

static bool is_for_calibration(const struct synthetic *p)
{
	return p->set == SET_CALIBRATE && p->source == SOURCE_WALK;
}

struct platt platt_fit(const struct people *p, const double *margin)
{
	struct platt c = { 1, 0 };
	double positive = 0, negative = 0;

	for (size_t i = 0; i < p->count; i++)
		if (is_for_calibration(&p->list[i]))
			*(p->list[i].group ? &positive : &negative) += 1;
	for (int round = 0; round < 50; round++) {
		double g0 = 0, g1 = 0, h00 = 1e-9, h01 = 0, h11 = 1e-9; /* gradient; Hessian */
		for (size_t i = 0; i < p->count; i++) {
			if (!is_for_calibration(&p->list[i]))
				continue;
			double target =
				p->list[i].group ? (positive + 1) / (positive + 2) : 1 / (negative + 2);
			double s = platt_score(&c, margin[i]), d = s - target, w = s * (1 - s);
			g0 += d * margin[i];
			g1 += d;
			h00 += w * margin[i] * margin[i];
			h01 += w * margin[i];
			h11 += w;
		}
		double det = h00 * h11 - h01 * h01;
		c.slope -= (h11 * g0 - h01 * g1) / det;
		c.intercept -= (h00 * g1 - h01 * g0) / det;
	}
	c.slope = round(1e4 * c.slope) / 1e4;
	c.intercept = round(1e4 * c.intercept) / 1e4;
	return c;
}

static bool is_in(const struct synthetic *p, const struct group *g)
{
	double age = (double)p->x[FEATURE_age_months];

	return p->set == SET_TEST && p->source == g->source && (!g->sex || g->sex == p->sex) &&
	       (isnan(g->age_min_months) || (age >= g->age_min_months && age <= g->age_max_months));
}

/* The share of pairs in which the shifted one has the higher margin (Mann-Whitney). */
static double auc(const struct people *p, const double *margin, const struct group *g)
{
	double won = 0, pairs = 0;

	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; p->list[i].group && is_in(&p->list[i], g) && k < p->count; k++)
			if (!p->list[k].group && is_in(&p->list[k], g)) {
				won += margin[i] > margin[k] ? 1 : margin[i] == margin[k] ? 0.5 : 0;
				pairs++;
			}
	return pairs > 0 ? won / pairs : NAN;
}

struct figures figures_of(
	const struct people *p, const double *margin, const struct platt *c, const struct group *g)
{
	struct figures f = { .predicted = 0 };

	for (size_t i = 0; i < p->count; i++) {
		if (!is_in(&p->list[i], g))
			continue;
		double s = platt_score(c, margin[i]), d = s - p->list[i].group;
		f.n++;
		f.positive += p->list[i].group ? 1 : 0;
		f.predicted += s;
		f.brier += d * d;
	}
	f.predicted /= (double)f.n;
	f.brier /= (double)f.n;
	f.observed = (double)f.positive / (double)f.n;
	f.auc = auc(p, margin, g);
	return f;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Held-out walks in fifths of their score: what was said, and what was so. */
static int write_fifths(
	struct buf *out, const struct people *p, const double *margin, const struct platt *c, struct err *e)
{
	CLEANUP(free_p) double *sorted = malloc(p->count * sizeof *sorted);
	size_t n = 0;

	if (!sorted)
		return err_set(e, ERR_NOMEM, "no memory for %zu scores", p->count);
	for (size_t i = 0; i < p->count; i++)
		if (is_in(&p->list[i], &groups[0]))
			sorted[n++] = margin[i];
	qsort(sorted, n, sizeof *sorted, compare);
	if (buf_adds(out,
		    "\n| held-out walks by score | n | mean score | shifted |\n| --- | --- | --- | --- |\n",
		    e) < 0)
		return -1;
	for (size_t b = 0; b < BINS; b++) {
		double low = b ? sorted[b * n / BINS] : -INFINITY,
		       high = b + 1 < BINS ? sorted[(b + 1) * n / BINS] : INFINITY;
		double said = 0, was = 0, count = 0;
		for (size_t i = 0; i < p->count; i++)
			if (is_in(&p->list[i], &groups[0]) && margin[i] >= low && margin[i] < high) {
				said += platt_score(c, margin[i]);
				was += p->list[i].group;
				count++;
			}
		if (buf_addf(out, e, "| fifth %zu | %.0f | %.2f | %.2f |\n", b + 1, count, said / count,
			    was / count) < 0)
			return -1;
	}
	return 0;
}

static int write_counts(struct buf *out, const struct people *p, const struct platt *c, struct err *e)
{
	size_t n[2][SETS] = { 0 };

	for (size_t i = 0; i < p->count; i++)
		n[p->list[i].source][p->list[i].set]++;
	return buf_addf(out, e,
		"Demonstration on synthetic data; half of each set is shifted. Trained on %zu numbers on "
		"paper "
		"and %zu walks;\ncalibrated (Platt 1999) on %zu other walks: slope %.4f, intercept %.4f; "
		"held "
		"out: %zu and %zu.\n\n"
		"| held out | n | shifted | mean score | AUC | Brier |\n| --- | --- | --- | --- | --- | --- "
		"|\n",
		n[SOURCE_PAPER][SET_TRAIN], n[SOURCE_WALK][SET_TRAIN], n[SOURCE_WALK][SET_CALIBRATE],
		c->slope, c->intercept, n[SOURCE_PAPER][SET_TEST], n[SOURCE_WALK][SET_TEST]);
}

int evaluate_tables(
	struct buf *out, const struct people *p, const double *margin, const struct platt *c, struct err *e)
{
	if (write_counts(out, p, c, e) < 0)
		return -1;
	for (size_t i = 0; i < group_count; i++) {
		struct figures f = figures_of(p, margin, c, &groups[i]);
		if (buf_addf(out, e, "| %s | %zu | %.2f | %.2f | %.2f | %.3f |\n", groups[i].name, f.n,
			    f.observed, f.predicted, f.auc, f.brier) < 0)
			return -1;
	}
	return write_fifths(out, p, margin, c, e);
}
