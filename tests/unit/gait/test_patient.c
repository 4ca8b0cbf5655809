#include "support/testing.h"

#include <math.h>

#include "base/buf.h"
#include "gait/patient.h"
#include "gait/result.h"

/* Whatever message names a fact's words, it names each of them. */
static void every_word_is_read_back_and_named(void **state)
{
	static const struct {
		enum patient_fact fact;
		const char *word;
	} rows[] = {
#define WALKING_AID(w) { PATIENT_WALKING_AID, #w },
#define ORTHOSIS(w)    { PATIENT_ORTHOSIS, #w },
#define FOOTWEAR(w)    { PATIENT_FOOTWEAR, #w },
#include "gait/patient.def"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct patient p;
		patient_init(&p);
		assert_null(patient_word(&p, rows[i].fact));
		assert_true(patient_parse(&p, rows[i].fact, rows[i].word));
		assert_string_equal(patient_word(&p, rows[i].fact), rows[i].word);
		assert_has(patient_words(rows[i].fact), rows[i].word);
		for (enum patient_fact f = PATIENT_WALKING_AID; f < PATIENT_FACTS; f++)
			if (f != rows[i].fact)
				assert_null(patient_word(&p, f));
	}
}

/* What an upload may say of the walk is what an analysis can be told, word for word. */
static void uploads_use_the_same_words(void **state)
{
	static const struct {
		const char *field, *words[9];
	} uploads[] = {
#define WORDS(field, ...) { #field, { __VA_ARGS__ } },
#include "core/submission_words.def"
#undef WORDS
	};
	int facts = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(uploads); i++)
		for (enum patient_fact f = PATIENT_WALKING_AID; f < PATIENT_FACTS; f++) {
			char all[128] = "";
			if (strcmp(uploads[i].field, patient_fact_name(f)) != 0)
				continue;
			facts++;
			for (const char *const *w = uploads[i].words; *w; w++) {
				struct patient p;
				assert_true(patient_parse(&p, f, *w));
				strcat(all, w == uploads[i].words ? "" : w[1] ? ", " : " or ");
				strcat(all, *w);
			}
			assert_string_equal(all, patient_words(f));
		}
	assert_int_equal(facts, PATIENT_FACTS);
}

static void other_words_change_nothing(void **state)
{
	static const char *const wrong[] = { "", " none", "NONE", "cane,walker", "unknown" };
	struct patient p;

	(void)state;
	patient_init(&p);
	assert_true(patient_parse(&p, PATIENT_WALKING_AID, "cane"));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		for (enum patient_fact f = PATIENT_WALKING_AID; f < PATIENT_FACTS; f++)
			assert_false(patient_parse(&p, f, wrong[i]));
	assert_false(patient_parse(&p, PATIENT_ORTHOSIS, "cane"));
	assert_int_equal(p.walking_aid, WALKING_AID_cane);
	assert_int_equal(p.orthosis, ORTHOSIS_UNKNOWN);
}

static void writes(const struct patient *p, const char *want)
{
	BUF_CLEANUP struct buf text;
	struct json_w w;
	struct err e = { 0 };

	buf_init(&text, 4096);
	json_w_init(&w, &text);
	json_w_obj(&w, NULL);
	result_patient(&w, p);
	json_w_obj_end(&w);
	assert_ok(json_w_end(&w, &e), &e);
	assert_string_equal(buf_str(&text), want);
}

static void what_is_not_known_is_null(void **state)
{
	struct patient p;

	(void)state;
	patient_init(&p);
	writes(&p, "{\"patient\":{\"height_cm\":null,\"age_months\":null,\"sex\":null,\"walking_aid\":null,"
		   "\"orthosis\":null,\"footwear\":null}}");
	p = (struct patient){ .height_m = 1.125,
		.age_months = 75,
		.sex = 'F',
		.walking_aid = WALKING_AID_walker,
		.orthosis = ORTHOSIS_both,
		.footwear = FOOTWEAR_insoles };
	writes(&p, "{\"patient\":{\"height_cm\":112.5,\"age_months\":75,\"sex\":\"F\",\"walking_aid\":"
		   "\"walker\","
		   "\"orthosis\":\"both\",\"footwear\":\"insoles\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_read_back_and_named),
		cmocka_unit_test(uploads_use_the_same_words),
		cmocka_unit_test(other_words_change_nothing),
		cmocka_unit_test(what_is_not_known_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
