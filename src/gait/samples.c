#include "gait/samples.h"

#include <math.h>
#include <stdlib.h>

void sample_set_deinit(struct sample_set *s)
{
	for (enum param p = 0; p < PARAMS; p++)
		for (int k = 0; k < SIDES; k++) {
			free(s->of[p][k].v);
			free(s->of[p][k].strike);
			s->of[p][k].v = NULL;
			s->of[p][k].strike = NULL;
			s->of[p][k].n = s->of[p][k].cap = 0;
		}
}

int samples_add(struct samples *s, double v, size_t strike, struct err *e)
{
	if (isnan(v))
		return 0;
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;
		double *grown = realloc(s->v, cap * sizeof *grown);
		if (!grown)
			return err_set(e, ERR_NOMEM, "no memory for %zu samples", cap);
		s->v = grown;
		uint32_t *strikes = realloc(s->strike, cap * sizeof *strikes);
		if (!strikes)
			return err_set(e, ERR_NOMEM, "no memory for %zu samples", cap);
		s->strike = strikes;
		s->cap = cap;
	}
	s->v[s->n] = v;
	s->strike[s->n++] = (uint32_t)strike;
	return 0;
}

struct value samples_value(const struct samples *s)
{
	return value_of(s->v, s->n, s->least > 0 ? s->least : 1, s->why, s->view);
}

struct value samples_weighted(const struct samples *s, const uint16_t *times)
{
	struct value ret = value_missing(s->why ? s->why : REASON_not_seen, s->view);
	double sum = 0, squares = 0, shift = s->n > 0 ? s->v[0] : 0;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		double w = times[s->strike[i]], d = s->v[i] - shift;
		sum += w * d;
		squares += w * d * d;
		n += times[s->strike[i]];
	}
	if (n == 0 || s->n < s->least)
		return ret;
	ret.reason = REASON_NONE;
	ret.n = n;
	ret.value = shift + sum / (double)n;
	/* Drawing with replacement makes the variance smaller by (n - 1) / n on average: it is put back, or
	 * coefficients of variation of few strides would be drawn too low. */
	if (n > 1 && s->n > 1)
		ret.sd = sqrt(fmax(0, (squares - sum * sum / (double)n) / (double)(n - 1)) * (double)s->n /
			      (double)(s->n - 1));
	return ret;
}
