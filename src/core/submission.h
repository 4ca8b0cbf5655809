#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/field_errors.h"

/* The patient facts and wishes that come with two videos. Never a name. Units are in the names. */
struct submission {
	int age_months;     /* 12–1380 */
	char sex;           /* F, M, O */
	char ethnicity[24]; /* "" where not given */
	double height_cm;   /* 40–250 */
	double weight_kg;   /* 1–500 */
	/* How the walk was made: words of submission_words.def, "" where not given */
	char walking_aid[16], orthosis[8], footwear[16];
	char email[255]; /* where mail goes; "" = the account's address */
	char role[16];   /* parent, clinician, school, self, other */
	char consent_version[64], authority[16];
	char subject_code[64];       /* "" where none */
	bool email_score;            /* result_by_email=score: the number itself may stand in the mail */
	bool has_hint[2];            /* by view */
	double hint_x[2], hint_y[2]; /* pixels of the first frame, or fractions 0–1 */
	int priority;                /* −10…10, staff only above 0 */
	const char *notes; /* borrowed from the fields; NULL where none; at most 2,000 characters of UTF-8 */
};

/* The text fields of an upload as they arrived, collected before they are judged together. */
struct submission_fields {
#define FIELD(name, required, max_bytes) const char *name;
#include "core/submission_fields.def"
#undef FIELD
};

/**
 * submission_field_slot() - where the value of a form field belongs
 * @ret_max_bytes  how long it may be
 * Return  the member's address; NULL for a field that does not exist
 */
const char **submission_field_slot(struct submission_fields *f, const char *name, size_t *ret_max_bytes);

/* Is @name one of the two file fields? The view goes to @ret_view (0 front, 1 side). */
bool submission_is_file_field(const char *name, int *ret_view);
const char *submission_file_field(int view);

/* A code of A-Z a-z 0-9 . _ - with 1 to 63 characters. */
bool subject_code_ok(const char *code);

/**
 * submission_parse() - judge all fields, naming every wrong one
 * @f        values as text, NULL where absent; borrowed
 * @consent  the operator's consent text version, or "" when none is configured
 * @ret      filled in; meaningful only where @errors stays empty
 * Source    units and ranges: docs/api/openapi.yaml, schema "Upload"
 */
void submission_parse(const struct submission_fields *f, const char *consent, struct submission *ret,
	struct field_errors *errors);
