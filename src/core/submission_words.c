#include "core/submission_words.h"

#include <assert.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"

enum { WORDS_MAX = 9 };

static const struct {
	const char *field, *word[WORDS_MAX]; /* NULL ends */
} table[] = {
#define WORDS(field, ...) { #field, { __VA_ARGS__, NULL } },
#include "core/submission_words.def"
#undef WORDS
};

/* "a, b, c" */
static void list(const char *const *word, char *out, size_t size)
{
	size_t n = 0;

	for (; *word && n < size; word++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", *word);
}

bool submission_word(
	const char *field, const char *value, char *out, size_t size, struct field_errors *errors)
{
	const char *const *word = NULL;
	char all[128];

	*out = '\0';
	if (!value || !*value)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(table) && !word; i++)
		if (strcmp(table[i].field, field) == 0)
			word = table[i].word;
	assert(word);
	for (const char *const *w = word; *w; w++)
		if (strcmp(*w, value) == 0)
			return str_copy(out, size, value);
	list(word, all, sizeof all);
	field_errors_add(errors, field, "must be one of %s", all);
	return false;
}
