#include "score/features.h"

#include <math.h>
#include <string.h>

enum how { WHOLE_VALUE, MEAN_OF_SIDES, ABSOLUTE_VALUE };

struct feature_row {
	const char *name, *unit;
	enum param param;
	enum how how;
};

static const struct feature_row rows[FEATURES] = {
#define FEATURE(name, unit, parameter, how) [FEATURE_##name] = { #name, unit, PARAM_##parameter, how },
#include "score/features.def"
#undef FEATURE
};

const char *feature_name(enum feature f)
{
	return rows[f].name;
}

const char *feature_unit(enum feature f)
{
	return rows[f].unit;
}

enum feature feature_find(const char *name)
{
	enum feature f = 0;

	while (f < FEATURES && strcmp(rows[f].name, name) != 0)
		f++;
	return f;
}

static double standard_error(const struct value *v)
{
	if (isnan(v->sd)) /* given by its interval alone */
		return (v->ci_high - v->value) / 1.96;
	return v->n > 0 ? v->sd / sqrt((double)v->n) : NAN;
}

struct feature_value feature_of(const struct param_set *p, enum feature f)
{
	const struct value *l = &p->of[rows[f].param][SIDE_LEFT], *r = &p->of[rows[f].param][SIDE_RIGHT];

	switch (rows[f].how) {
	case MEAN_OF_SIDES:
		return (struct feature_value){ 0.5 * (l->value + r->value),
			0.5 * hypot(standard_error(l), standard_error(r)) };
	case ABSOLUTE_VALUE:
		return (struct feature_value){ fabs(l->value), standard_error(l) };
	case WHOLE_VALUE:
		break;
	}
	return (struct feature_value){ l->value, standard_error(l) };
}
