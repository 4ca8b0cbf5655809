#pragma once

#include "base/json.h"
#include "score/manifest.h"

/* The parts of manifest_parse(). Each names the member that it refuses. */

int manifest_bad(struct err *e, const char *member, const char *want);

/**
 * manifest_members() - is @object an object of these members, none twice?
 * A member whose name is misspelled would be left out in silence, and a population with it.
 * @names  separated by blanks
 */
int manifest_members(const struct json *object, const char *names, struct err *e);

int manifest_text(const struct json *from, const char *member, char *out, size_t size, struct err *e);
/* "" where it is absent. */
int manifest_text_maybe(const struct json *from, const char *member, char *out, size_t size, struct err *e);
int manifest_number(
	const struct json *from, const char *member, double low, double high, double *ret, struct err *e);
/* *@ret stays where it is absent. */
int manifest_number_maybe(
	const struct json *from, const char *member, double low, double high, double *ret, struct err *e);
int manifest_count(const struct json *from, const char *member, size_t most, size_t *ret, struct err *e);

/* For whom it was made and what it needs: "population", "quality". */
int manifest_population(const struct json *root, struct manifest *m, struct err *e);
int manifest_quality(const struct json *root, struct manifest *m, struct err *e);
/* What its number means: "calibration" with the table by groups. */
int manifest_calibration(const struct json *root, struct manifest *m, struct err *e);
