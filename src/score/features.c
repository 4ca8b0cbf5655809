#include "score/features.h"

#include <math.h>
#include <string.h>

enum how { WHOLE_VALUE, MEAN_OF_SIDES, ABSOLUTE_VALUE, OF_PATIENT };

struct feature_row {
	const char *name, *unit;
	enum how how;
	enum param param; /* unless OF_PATIENT */
	size_t at;        /* OF_PATIENT: a double of struct patient */
};

static const struct feature_row rows[FEATURES] = {
#define FEATURE(name, unit, parameter, how) [FEATURE_##name] = { #name, unit, how, PARAM_##parameter, 0 },
#define PATIENT_FACT(name, unit, member)                                                                     \
	[FEATURE_##name] = { #name, unit, OF_PATIENT, PARAMS, offsetof(struct patient, member) },
#include "score/features.def"
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

static double of_patient(const struct patient *p, size_t at)
{
	double v;

	memcpy(&v, (const char *)p + at, sizeof v);
	return v;
}

static double combined(enum how how, double left, double right)
{
	switch (how) {
	case MEAN_OF_SIDES:
		return 0.5 * (left + right);
	case ABSOLUTE_VALUE:
		return fabs(left);
	case WHOLE_VALUE:
	case OF_PATIENT:
		break;
	}
	return left;
}

double feature_of(const struct analysis *a, enum feature f)
{
	if (rows[f].how == OF_PATIENT)
		return of_patient(&a->patient, rows[f].at);
	const struct value *v = a->params.of[rows[f].param];

	return combined(rows[f].how, v[SIDE_LEFT].value, v[SIDE_RIGHT].value);
}

double feature_of_draw(const struct analysis *a, size_t draw, enum feature f)
{
	if (rows[f].how == OF_PATIENT)
		return of_patient(&a->patient, rows[f].at);
	const float *v = a->draws.value[draw][rows[f].param];

	return combined(rows[f].how, (double)v[SIDE_LEFT], (double)v[SIDE_RIGHT]);
}
