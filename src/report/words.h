#pragma once

#include <stddef.h>

#include "gait/params.h"
#include "gait/patient.h"

/* The words of printed reports: names of parameters, units as printed, what to do about a flag. */

/* "Step length"; NULL for a symmetry index. */
const char *words_param(enum param p);
/* "°" for degrees, "" for 1, others as they are. */
const char *words_unit(const char *unit);
/* As many decimals as a reader can use, which are fewer than are stored. */
int words_decimals(enum param p);
/* What to do; NULL where nothing can be done. */
const char *words_advice(enum flag f);
/* The symmetry index of a sided quantity, or PARAMS. */
enum param words_symmetry(enum param p);

/* "8 years 2 months", "30 years"; "not given". */
void words_age(const struct patient *p, char *out, size_t size);
void words_height(const struct patient *p, char *out, size_t size);
const char *words_sex(const struct patient *p);
/* "hand held" for hand_held; "not given" */
void words_fact(const struct patient *p, enum patient_fact f, char *out, size_t size);
/* A name of the tables with its underscores as blanks. */
void words_name(const char *name, char *out, size_t size);
