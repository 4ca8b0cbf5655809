#pragma once

#include <stdbool.h>

/* Who walked, and in what: what a measurement must know to be read, and to be compared with another day's. */
enum walking_aid {
	WALKING_AID_UNKNOWN,
#define WALKING_AID(word) WALKING_AID_##word,
#include "gait/patient.def"
};

enum orthosis {
	ORTHOSIS_UNKNOWN,
#define ORTHOSIS(word) ORTHOSIS_##word,
#include "gait/patient.def"
};

enum footwear {
	FOOTWEAR_UNKNOWN,
#define FOOTWEAR(word) FOOTWEAR_##word,
#include "gait/patient.def"
};

struct patient {
	double height_m;   /* NaN unknown */
	double age_months; /* NaN unknown */
	char sex;          /* 'F', 'M', 'O'; 0 unknown */
	enum walking_aid walking_aid;
	enum orthosis orthosis;
	enum footwear footwear;
};

/* The facts that are words of patient.def. */
enum patient_fact { PATIENT_WALKING_AID, PATIENT_ORTHOSIS, PATIENT_FOOTWEAR, PATIENT_FACTS };

/* Nothing is known. */
void patient_init(struct patient *p);
/* "walking_aid", "orthosis", "footwear": as results, options and uploads call it. */
const char *patient_fact_name(enum patient_fact f);
/* The words that @f may be, for messages: "none, left, right or both". */
const char *patient_words(enum patient_fact f);
/* Set @f from its word; false, and @p as it was, for any other. */
bool patient_parse(struct patient *p, enum patient_fact f, const char *word);
/* The word of @f; NULL where it is not known. */
const char *patient_word(const struct patient *p, enum patient_fact f);
