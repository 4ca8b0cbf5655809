#include "score/population.h"

#include <math.h>
#include <string.h>

#include "score/reason.h"

unsigned population_fact(const struct patient *p, enum patient_fact f)
{
	switch (f) {
	case PATIENT_WALKING_AID:
		return p->walking_aid;
	case PATIENT_ORTHOSIS:
		return p->orthosis;
	case PATIENT_FOOTWEAR:
		return p->footwear;
	case PATIENT_FACTS:
		break;
	}
	return 0;
}

static uint32_t bit(enum score_reason r)
{
	return UINT32_C(1) << r;
}

static bool is_within(double age_months, double low, double high)
{
	return age_months >= low && age_months <= high;
}

uint32_t population_judge(const struct manifest *m, const struct patient *p)
{
	static const enum score_reason excluded[PATIENT_FACTS] = {
		[PATIENT_WALKING_AID] = SCORE_walking_aid_excluded,
		[PATIENT_ORTHOSIS] = SCORE_orthosis_excluded,
		[PATIENT_FOOTWEAR] = SCORE_footwear_excluded,
	};
	uint32_t r = 0;

	if (isnan(p->age_months))
		r |= bit(SCORE_age_unknown);
	else if (!is_within(p->age_months, m->age_min_months, m->age_max_months))
		r |= bit(SCORE_outside_population);
	if (m->sexes[0] && !p->sex)
		r |= bit(SCORE_sex_unknown);
	else if (m->sexes[0] && !strchr(m->sexes, p->sex))
		r |= bit(SCORE_sex_outside_population);
	for (enum patient_fact f = 0; f < PATIENT_FACTS; f++)
		if (m->excludes[f] >> population_fact(p, f) & 1)
			r |= bit(excluded[f]);
	return r;
}

const struct calibration_group *manifest_group(const struct manifest *m, const struct patient *p)
{
	const struct calibration_group *best = NULL;
	int most = -1;

	for (size_t i = 0; i < m->groups; i++) {
		const struct calibration_group *g = &m->group[i];
		int tells = (isnan(g->age_min_months) ? 0 : 2) + (g->sex ? 1 : 0);
		bool fits = (isnan(g->age_min_months) ||
				    is_within(p->age_months, g->age_min_months, g->age_max_months)) &&
			    (!g->sex || g->sex == p->sex);
		if (fits && tells > most) {
			best = g;
			most = tells;
		}
	}
	return best;
}
