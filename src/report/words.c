#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"

static const char *const labels[PARAMS] = {
#define LABEL(param, text) [PARAM_##param] = (text),
#include "report/labels.def"
#undef LABEL
};

static const char *const advice[FLAGS] = {
#define ADVICE(flag, text) [FLAG_##flag] = (text),
#include "report/advice.def"
#undef ADVICE
};

static const char not_given[] = "not given";

const char *words_param(enum param p)
{
	return labels[p];
}

const char *words_advice(enum flag f)
{
	return advice[f];
}

const char *words_unit(const char *unit)
{
	return strcmp(unit, "degrees") == 0 ? "°" : strcmp(unit, "1") == 0 ? "" : unit;
}

int words_decimals(enum param p)
{
	static const struct {
		const char *unit;
		int decimals;
	} rows[] = { { "s", 2 }, { "m", 2 }, { "m/s", 2 }, { "%", 1 }, { "degrees", 1 }, { "steps/min", 1 },
		{ "1", 2 }, { "m/(steps/min)", 4 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].unit, param_info(p)->unit) == 0)
			return rows[i].decimals;
	return param_info(p)->decimals;
}

enum param words_symmetry(enum param p)
{
	char name[64];

	snprintf(name, sizeof name, "symmetry_%s", param_info(p)->name);
	for (enum param s = 0; s < PARAMS; s++)
		if (strcmp(param_info(s)->name, name) == 0)
			return s;
	return PARAMS;
}

void words_age(const struct patient *p, char *out, size_t size)
{
	int months = isnan(p->age_months) ? 0 : (int)p->age_months;

	if (isnan(p->age_months))
		snprintf(out, size, "%s", not_given);
	else if (months % 12 == 0 || months >= 18 * 12)
		snprintf(out, size, "%d years", months / 12);
	else
		snprintf(out, size, "%d years %d months", months / 12, months % 12);
}

void words_height(const struct patient *p, char *out, size_t size)
{
	if (isnan(p->height_m))
		snprintf(out, size, "%s", not_given);
	else
		snprintf(out, size, "%.0f cm", 100 * p->height_m);
}

const char *words_sex(const struct patient *p)
{
	return p->sex == 'F' ? "female" : p->sex == 'M' ? "male" : p->sex == 'O' ? "other" : not_given;
}

void words_name(const char *name, char *out, size_t size)
{
	const char *end = str_ends(name, "_cv") ? "variation" : "";

	snprintf(out, size, "%.*s%s", (int)(strlen(name) - (end[0] ? 2 : 0)), name, end);
	for (char *c = out; *c; c++)
		*c = *c == '_' ? ' ' : *c;
}

void words_fact(const struct patient *p, enum patient_fact f, char *out, size_t size)
{
	const char *word = patient_word(p, f);

	words_name(word ? word : not_given, out, size);
}
