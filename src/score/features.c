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

static double combined(enum how how, double left, double right)
{
	switch (how) {
	case MEAN_OF_SIDES:
		return 0.5 * (left + right);
	case ABSOLUTE_VALUE:
		return fabs(left);
	case WHOLE_VALUE:
		break;
	}
	return left;
}

double feature_of(const struct param_set *p, enum feature f)
{
	const struct value *v = p->of[rows[f].param];

	return combined(rows[f].how, v[SIDE_LEFT].value, v[SIDE_RIGHT].value);
}

double feature_of_draw(const struct draws *d, size_t draw, enum feature f)
{
	const float *v = d->value[draw][rows[f].param];

	return combined(rows[f].how, (double)v[SIDE_LEFT], (double)v[SIDE_RIGHT]);
}
