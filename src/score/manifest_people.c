#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "score/manifest_parts.h"
#include "score/population.h"

enum { MONTHS_MAX = 1400, PEOPLE_MAX = 100000000 };

static int take_ages(const struct json *from, double *low, double *high, struct err *e)
{
	if (manifest_number(from, "age_min_months", 0, MONTHS_MAX, low, e) < 0)
		return -1;
	return manifest_number(from, "age_max_months", *low, MONTHS_MAX, high, e);
}

static bool is_sex(const char *text)
{
	return strlen(text) == 1 && strchr("FMO", text[0]);
}

static int take_sexes(const struct json *list, struct manifest *m, struct err *e)
{
	size_t n = 0;

	if (!list)
		return 0;
	if (!json_is_array(list) || json_len(list) == 0)
		return manifest_bad(e, "sexes", "a list of F, M and O is wanted");
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		const char *sex = json_str(v, "");
		if (!is_sex(sex) || strchr(m->sexes, sex[0]))
			return manifest_bad(e, "sexes", "a list of F, M and O, each once, is wanted");
		m->sexes[n++] = sex[0];
	}
	return 0;
}

static int take_excluded(const struct json *list, enum patient_fact f, struct manifest *m, struct err *e)
{
	if (!list)
		return 0;
	if (!json_is_array(list) || json_len(list) == 0)
		return manifest_bad(e, patient_fact_name(f), "a list of words is wanted");
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		const char *word = json_str(v, "");
		struct patient p;
		patient_init(&p);
		if (strcmp(word, "unknown") != 0 && !patient_parse(&p, f, word))
			return err_set(e, ERR_CORRUPT, "%s: \"%.30s\" is none of unknown, %s",
				patient_fact_name(f), word, patient_words(f));
		m->excludes[f] |= UINT32_C(1) << population_fact(&p, f);
	}
	return 0;
}

static int take_excludes(const struct json *p, struct manifest *m, struct err *e)
{
	const struct json *x = json_get(p, "excludes");

	if (!x)
		return 0;
	if (manifest_members(x, "walking_aid orthosis footwear", e) < 0)
		return err_wrap(e, "excludes");
	for (enum patient_fact f = 0; f < PATIENT_FACTS; f++)
		if (take_excluded(json_get(x, patient_fact_name(f)), f, m, e) < 0)
			return err_wrap(e, "excludes");
	return 0;
}

int manifest_population(const struct json *root, struct manifest *m, struct err *e)
{
	const struct json *p = json_get(root, "population");

	if (manifest_members(p, "text age_min_months age_max_months sexes excludes", e) < 0 ||
		manifest_text(p, "text", m->population, sizeof m->population, e) < 0 ||
		take_ages(p, &m->age_min_months, &m->age_max_months, e) < 0 ||
		take_sexes(json_get(p, "sexes"), m, e) < 0 || take_excludes(p, m, e) < 0)
		return err_wrap(e, "population");
	return 0;
}

static int take_refused(const struct json *list, struct manifest *m, struct err *e)
{
	if (!list)
		return 0;
	if (!json_is_array(list))
		return manifest_bad(e, "refuses", "a list of flags is wanted");
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		enum flag f = 0;
		while (f < FLAGS && strcmp(flag_code(f), json_str(v, "")) != 0)
			f++;
		if (f == FLAGS)
			return err_set(
				e, ERR_CORRUPT, "refuses: \"%.40s\" is no flag of a view", json_str(v, ""));
		m->refuses |= UINT32_C(1) << f;
	}
	return 0;
}

int manifest_quality(const struct json *root, struct manifest *m, struct err *e)
{
	const struct json *q = json_get(root, "quality");

	if (!q)
		return 0;
	if (manifest_members(q, "min_confidence min_frames_a_second refuses", e) < 0 ||
		manifest_number_maybe(q, "min_confidence", 0, 1, &m->min_confidence, e) < 0 ||
		manifest_number_maybe(q, "min_frames_a_second", 0, 1000, &m->min_fps, e) < 0 ||
		take_refused(json_get(q, "refuses"), m, e) < 0)
		return err_wrap(e, "quality");
	return 0;
}

static int take_group(const struct json *row, struct manifest *m, struct err *e)
{
	struct calibration_group g = {
		.age_min_months = NAN, .age_max_months = NAN, .predicted = NAN, .observed = NAN, .brier = NAN
	};
	const struct json *sex = json_get(row, "sex");

	if (manifest_members(row, "group age_min_months age_max_months sex n predicted observed brier", e) <
			0 ||
		manifest_text(row, "group", g.group, sizeof g.group, e) < 0 ||
		manifest_count(row, "n", PEOPLE_MAX, &g.n, e) < 0 ||
		manifest_number(row, "predicted", 0, 1, &g.predicted, e) < 0 ||
		manifest_number(row, "observed", 0, 1, &g.observed, e) < 0 ||
		manifest_number_maybe(row, "brier", 0, 1, &g.brier, e) < 0)
		return -1;
	if ((json_get(row, "age_min_months") || json_get(row, "age_max_months")) &&
		take_ages(row, &g.age_min_months, &g.age_max_months, e) < 0)
		return -1;
	if (sex && !is_sex(json_str(sex, "")))
		return manifest_bad(e, "sex", "F, M or O is wanted");
	g.sex = json_str(sex, "")[0];
	m->group[m->groups++] = g;
	return 0;
}

static int take_table(const struct json *list, struct manifest *m, struct err *e)
{
	size_t i = 1;

	if (!list)
		return 0;
	if (!json_is_array(list) || json_len(list) > GROUPS_MAX)
		return err_set(e, ERR_CORRUPT, "table: a list of at most %d groups is wanted", GROUPS_MAX);
	for (const struct json *v = json_first(list); v; v = json_next(v), i++)
		if (take_group(v, m, e) < 0)
			return err_wrap(e, "table: row %zu", i);
	return 0;
}

int manifest_calibration(const struct json *root, struct manifest *m, struct err *e)
{
	const struct json *c = json_get(root, "calibration");

	if (manifest_members(c, "slope intercept method table", e) < 0 ||
		manifest_number(c, "slope", 0.01, 100, &m->slope, e) < 0 ||
		manifest_number(c, "intercept", -100, 100, &m->intercept, e) < 0 ||
		manifest_text_maybe(c, "method", m->calibration_method, sizeof m->calibration_method, e) <
			0 ||
		take_table(json_get(c, "table"), m, e) < 0)
		return err_wrap(e, "calibration");
	return 0;
}
