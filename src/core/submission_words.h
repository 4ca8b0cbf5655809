#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/field_errors.h"

/**
 * submission_word() - judge a field that must be one of a few words (submission_words.def)
 * @value   NULL and "" are "not given"
 * @out     the word, or "" where none was given or it was wrong; large enough for every word of the field
 * Return   was one given that can be used? A wrong one is added to @errors with the words that are allowed
 */
bool submission_word(
	const char *field, const char *value, char *out, size_t size, struct field_errors *errors);
