#include "gait/patient.h"

#include <math.h>
#include <string.h>

enum { WORDS_MAX = 8 };

static const struct {
	const char *name, *words, *word[WORDS_MAX]; /* word[0] is unknown; NULL ends */
} facts[PATIENT_FACTS] = {
#define WALKING_AID(word) #word,
	[PATIENT_WALKING_AID] = { "walking_aid", "none, cane, crutches, walker, hand_held or other",
		{
			"",
#include "gait/patient.def"
		} },
#define ORTHOSIS(word) #word,
	[PATIENT_ORTHOSIS] = { "orthosis", "none, left, right or both",
		{
			"",
#include "gait/patient.def"
		} },
#define FOOTWEAR(word) #word,
	[PATIENT_FOOTWEAR] = { "footwear", "barefoot, socks, shoes, insoles or other",
		{
			"",
#include "gait/patient.def"
		} },
};

void patient_init(struct patient *p)
{
	*p = (struct patient){ .height_m = NAN, .age_months = NAN };
}

const char *patient_fact_name(enum patient_fact f)
{
	return facts[f].name;
}

const char *patient_words(enum patient_fact f)
{
	return facts[f].words;
}

bool patient_parse(struct patient *p, enum patient_fact f, const char *word)
{
	int i = 1;

	while (i < WORDS_MAX && facts[f].word[i] && strcmp(facts[f].word[i], word) != 0)
		i++;
	if (i == WORDS_MAX || !facts[f].word[i])
		return false;
	switch (f) {
	case PATIENT_WALKING_AID:
		p->walking_aid = (enum walking_aid)i;
		return true;
	case PATIENT_ORTHOSIS:
		p->orthosis = (enum orthosis)i;
		return true;
	case PATIENT_FOOTWEAR:
		p->footwear = (enum footwear)i;
		return true;
	case PATIENT_FACTS:
		break;
	}
	return false;
}

const char *patient_word(const struct patient *p, enum patient_fact f)
{
	const int at[PATIENT_FACTS] = { [PATIENT_WALKING_AID] = (int)p->walking_aid,
		[PATIENT_ORTHOSIS] = (int)p->orthosis,
		[PATIENT_FOOTWEAR] = (int)p->footwear };

	return at[f] > 0 ? facts[f].word[at[f]] : NULL;
}
