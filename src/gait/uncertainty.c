#include "gait/uncertainty.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gait/derive.h"
#include "gait/num.h"

enum { LEAST_STRIDES = 3 /* a foot: fewer draws say nothing about a spread */ };

void draws_deinit(struct draws *d)
{
	free(d->value);
	d->value = NULL;
}

/* splitmix64 (Steele 2014). */
static uint64_t random_bits(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* One view's heel strikes by foot, and how often each was drawn. */
struct urn {
	uint32_t *strike[SIDES];
	size_t n[SIDES], events;
	uint16_t *times;
	void *block[2];
};

static void urn_deinit(struct urn *u)
{
	free(u->block[0]);
	free(u->block[1]);
}

static int urn_init(struct urn *u, const struct events *ev, struct err *e)
{
	size_t n = ev->count + 1;

	u->block[0] = malloc(SIDES * n * sizeof *u->strike[0]);
	u->block[1] = calloc(n, sizeof *u->times);
	if (!u->block[0] || !u->block[1])
		return err_set(e, ERR_NOMEM, "no memory to draw from %zu events", ev->count);
	u->times = u->block[1];
	u->events = ev->count;
	for (int s = 0; s < SIDES; s++)
		u->strike[s] = (uint32_t *)u->block[0] + (size_t)s * n;
	for (size_t i = 0; i < ev->count; i++)
		if (ev->list[i].kind == EVENT_HEEL_STRIKE)
			u->strike[ev->list[i].foot][u->n[ev->list[i].foot]++] = (uint32_t)i;
	return 0;
}

static void urn_draw(struct urn *u, uint64_t *state)
{
	memset(u->times, 0, u->events * sizeof *u->times);
	for (int s = 0; s < SIDES; s++)
		for (size_t i = 0; i < u->n[s]; i++)
			u->times[u->strike[s][random_bits(state) % u->n[s]]]++;
}

static void measure_again(const struct analysis *a, const struct urn urn[VIEWS], struct param_set *ret)
{
	*ret = a->params; /* what is missing stays missing, with its reason */
	for (enum param p = 0; p < PARAMS; p++)
		for (int s = 0; s < SIDES; s++) {
			const struct samples *from = &a->samples.of[p][param_info(p)->shape == WHOLE ? 0 : s];
			if (from->n > 0 && !a->params.of[p][s].reason)
				ret->of[p][s] = samples_weighted(from, urn[from->view].times);
		}
	derive_params(ret, &a->patient);
}

static bool is_derived(const struct analysis *a, enum param p)
{
	return a->samples.of[p][SIDE_LEFT].n == 0 && a->samples.of[p][SIDE_RIGHT].n == 0;
}

static void interval_of(struct analysis *a, enum param p, int side, double *scratch)
{
	struct value *v = &a->params.of[p][side];
	size_t known = 0;

	for (size_t d = 0; d < DRAWS; d++) {
		scratch[d] = (double)a->draws.value[d][p][side];
		known += isnan(scratch[d]) ? 0 : 1;
	}
	if (known < DRAWS * 3 / 4)
		return;
	v->ci_low = fmin(v->value, num_quantile(scratch, DRAWS, 0.025));
	v->ci_high = fmax(v->value, num_quantile(scratch, DRAWS, 0.975));
}

int uncertainty_make(struct analysis *a, struct err *e)
{
	struct urn front __attribute__((cleanup(urn_deinit))) = { 0 };
	struct urn side __attribute__((cleanup(urn_deinit))) = { 0 };
	struct param_set again;
	double scratch[DRAWS];
	uint64_t state = 1;

	if (urn_init(&front, &a->view[VIEW_FRONT].events, e) < 0 ||
		urn_init(&side, &a->view[VIEW_SIDE].events, e) < 0)
		return -1;
	a->draws.value = malloc(DRAWS * sizeof *a->draws.value);
	if (!a->draws.value)
		return err_set(e, ERR_NOMEM, "no memory for %d draws", DRAWS);
	for (size_t d = 0; d < DRAWS; d++) {
		urn_draw(&front, &state);
		urn_draw(&side, &state);
		const struct urn both[VIEWS] = { [VIEW_FRONT] = front, [VIEW_SIDE] = side };
		measure_again(a, both, &again);
		for (enum param p = 0; p < PARAMS; p++)
			for (int s = 0; s < SIDES; s++)
				a->draws.value[d][p][s] =
					again.of[p][s].reason ? NAN : (float)again.of[p][s].value;
	}
	for (enum param p = 0; p < PARAMS; p++)
		for (int s = 0; s < SIDES; s++) {
			const struct value *v = &a->params.of[p][s];
			if (!v->reason && is_derived(a, p) && isnan(v->ci_low) && v->n >= LEAST_STRIDES)
				interval_of(a, p, s, scratch);
		}
	return 0;
}
