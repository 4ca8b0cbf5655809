#pragma once

#include <stdint.h>

#include "score/manifest.h"

/* Was the model made for this person? Bits of enum score_reason (reasons.def), 0: yes. */
uint32_t population_judge(const struct manifest *m, const struct patient *p);

/* The fact's number in its enum, 0 unknown: what manifest.excludes counts bits by. */
unsigned population_fact(const struct patient *p, enum patient_fact f);
