#include "support/testing.h"

#include <math.h>

#include "core/submission.h"

/* What a careful person would send. */
static const struct submission_fields good = {
	.age = "34", .sex = "F", .height = "172cm", .weight = "68kg", .role = "self"
};

static struct field_errors judge(const struct submission_fields *f, const char *consent, struct submission *s)
{
	struct field_errors errors = { .n = 0 };

	submission_parse(f, consent, s, &errors);
	return errors;
}

static const char *reason(const struct field_errors *e, const char *field)
{
	for (unsigned i = 0; i < e->n; i++)
		if (strcmp(e->items[i].field, field) == 0)
			return e->items[i].reason;
	return "";
}

static void a_good_one_passes(void **state)
{
	struct submission s;
	const struct field_errors e = judge(&good, "", &s);

	(void)state;
	assert_int_equal(e.n, 0);
	assert_int_equal(s.age_months, 34 * 12);
	assert_int_equal(s.sex, 'F');
	assert_float_equal(s.height_cm, 172, 1e-9);
	assert_float_equal(s.weight_kg, 68, 1e-9);
	assert_string_equal(s.role, "self");
	assert_string_equal(s.email, "");
	assert_string_equal(s.subject_code, "");
	assert_false(s.email_score);
	assert_false(s.has_hint[0] || s.has_hint[1]);
	assert_null(s.notes);
}

struct number_row {
	const char *text;
	double want; /* NaN: refused */
	const char *says;
};

static void heights(void **state)
{
	static const struct number_row rows[] = { { "172cm", 172, "" }, { "172 cm", 172, "" },
		{ " 172cm ", 172, "" }, { "172.5cm", 172.5, "" }, { "172CM", 172, "" }, { "1.72m", 172, "" },
		{ "1.72 m", 172, "" }, { "5'7\"", 170.18, "" }, { "5' 7\"", 170.18, "" },
		{ "5'7''", 170.18, "" }, { "5'", 152.4, "" }, { "5'7.5\"", 171.45, "" },
		{ "5\xe2\x80\x99"
		  "7\xe2\x80\x9d",
			170.18, "" },
		{ "5\xe2\x80\xb2"
		  "7\xe2\x80\xb3",
			170.18, "" },
		{ "5\xe2\x80\xb2 7\xe2\x80\xb3", 170.18, "" }, { "5ft 7in", 170.18, "" },
		{ "5ft7in", 170.18, "" }, { "5 ft 7 in", 170.18, "" }, { "5FT 7IN", 170.18, "" },
		{ "5 Feet 7 Inches", 170.18, "" }, { "5ft", 152.4, "" }, { "40cm", 40, "" },
		{ "250cm", 250, "" }, { "39.9cm", NAN, "40 to 250" }, { "250.1cm", NAN, "40 to 250" },
		{ "1'3\"", NAN, "40 to 250" }, { "1'4\"", 40.64, "" }, { "8'2\"", 248.92, "" },
		{ "8'3\"", NAN, "40 to 250" }, { "0cm", NAN, "40 to 250" }, { "-172cm", NAN, "40 to 250" },
		{ "172", NAN, "unit" }, { "67", NAN, "unit" }, { "1.72", NAN, "unit" },
		{ "", NAN, "missing" }, { NULL, NAN, "missing" }, { "cm", NAN, "understood" },
		{ "tall", NAN, "understood" }, { "5'12\"", NAN, "understood" }, { "5'7", NAN, "understood" },
		{ "7\"", NAN, "understood" }, { "5'7\"cm", NAN, "understood" },
		{ "172mm", NAN, "understood" }, { "172cmcm", NAN, "understood" },
		{ "1,72m", NAN, "understood" }, { "0x10cm", NAN, "understood" },
		{ "nancm", NAN, "understood" }, { "infcm", NAN, "understood" },
		{ "5ft 7in 3in", NAN, "understood" }, { "172cm; rm", NAN, "understood" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct submission_fields f = good;
		struct submission s;
		f.height = rows[i].text;
		const struct field_errors e = judge(&f, "", &s);
		if (isnan(rows[i].want) ? e.n != 1 || !strstr(reason(&e, "height"), rows[i].says)
					: e.n != 0 || fabs(s.height_cm - rows[i].want) > 0.005)
			fail_msg("height %s: %u errors, %.3f cm, \"%s\"",
				rows[i].text ? rows[i].text : "(absent)", e.n, s.height_cm,
				reason(&e, "height"));
	}
}

static void weights(void **state)
{
	static const struct number_row rows[] = { { "68kg", 68, "" }, { "68 kg", 68, "" }, { "68KG", 68, "" },
		{ "68.25kg", 68.25, "" }, { "150lb", 68.0389, "" }, { "150lbs", 68.0389, "" },
		{ "150 LBS", 68.0389, "" }, { "150", 68.0389, "" }, { "1kg", 1, "" }, { "500kg", 500, "" },
		{ "0.99kg", NAN, "1 to 500" }, { "500.1kg", NAN, "1 to 500" }, { "2.3", 1.0433, "" },
		{ "2.2", NAN, "1 to 500" }, { "1102", 499.859, "" }, { "1103", NAN, "1 to 500" },
		{ "-68kg", NAN, "1 to 500" }, { "", NAN, "missing" }, { NULL, NAN, "missing" },
		{ "kg", NAN, "understood" }, { "heavy", NAN, "understood" }, { "68st", NAN, "understood" },
		{ "68kgs", NAN, "understood" }, { "68,5kg", NAN, "understood" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct submission_fields f = good;
		struct submission s;
		f.weight = rows[i].text;
		const struct field_errors e = judge(&f, "", &s);
		if (isnan(rows[i].want) ? e.n != 1 || !strstr(reason(&e, "weight"), rows[i].says)
					: e.n != 0 || fabs(s.weight_kg - rows[i].want) > 0.005)
			fail_msg("weight %s: %u errors, %.3f kg, \"%s\"",
				rows[i].text ? rows[i].text : "(absent)", e.n, s.weight_kg,
				reason(&e, "weight"));
	}
}

/* A form sends every field that it has, the ones left blank as "". */
static void ages(void **state)
{
	static const struct {
		const char *age, *months;
		int want; /* -1: refused */
		const char *field, *says;
	} rows[] = { { "34", NULL, 408, "", "" }, { "1", NULL, 12, "", "" }, { "115", NULL, 1380, "", "" },
		{ NULL, "12", 12, "", "" }, { NULL, "1380", 1380, "", "" }, { "34", "", 408, "", "" },
		{ "", "30", 30, "", "" }, { "", "", -1, "age", "missing" },
		{ NULL, NULL, -1, "age", "missing" }, { "0", NULL, -1, "age", "1 to 115" },
		{ "116", NULL, -1, "age", "1 to 115" }, { "2.5", NULL, -1, "age", "age_months" },
		{ "-3", NULL, -1, "age", "1 to 115" }, { "ten", NULL, -1, "age", "1 to 115" },
		{ " 9", NULL, -1, "age", "1 to 115" }, { NULL, "11", -1, "age_months", "12 to 1380" },
		{ NULL, "1381", -1, "age_months", "12 to 1380" },
		{ NULL, "99999999999999999999", -1, "age_months", "12 to 1380" },
		{ "3", "36", -1, "age", "not both" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct submission_fields f = good;
		struct submission s;
		f.age = rows[i].age;
		f.age_months = rows[i].months;
		const struct field_errors e = judge(&f, "", &s);
		if (rows[i].want < 0 ? e.n != 1 || !strstr(reason(&e, rows[i].field), rows[i].says)
				     : e.n != 0 || s.age_months != rows[i].want)
			fail_msg("age row %zu: %u errors (%s), %d months", i, e.n,
				e.n ? e.items[0].reason : "", s.age_months);
	}
}

#define LONG_64 "0123456789012345678901234567890123456789012345678901234567890123"

static void other_fields(void **state)
{
	static const struct {
		const char *field, *value;
		bool ok;
	} rows[] = { { "sex", "F", true }, { "sex", "M", true }, { "sex", "O", true }, { "sex", "f", false },
		{ "sex", "X", false }, { "sex", "FM", false }, { "sex", "", false }, { "sex", NULL, false },
		{ "ethnicity", NULL, true }, { "ethnicity", "", true },
		{ "ethnicity", "african_american", true }, { "ethnicity", "native_american", true },
		{ "ethnicity", "asian", true }, { "ethnicity", "hispanic", true },
		{ "ethnicity", "caucasian", true }, { "ethnicity", "pacific_islander", true },
		{ "ethnicity", "other", true }, { "ethnicity", "undisclosed", true },
		{ "ethnicity", "Asian", false }, { "ethnicity", "martian", false }, { "role", NULL, true },
		{ "role", "", true }, { "role", "parent", true }, { "role", "clinician", true },
		{ "role", "school", true }, { "role", "self", true }, { "role", "other", true },
		{ "role", "admin", false }, { "email", NULL, true }, { "email", "", true },
		{ "email", "a@example.org", true }, { "email", "a", false }, { "email", "a@b", false },
		{ "email", "a@example.org\r\nBcc: x", false }, { "subject", NULL, true },
		{ "subject", "", true }, { "subject", "P-01_a.2", true }, { "subject", "Jane Doe", false },
		{ "subject", LONG_64, false }, { "result_by_email", NULL, true },
		{ "result_by_email", "", true }, { "result_by_email", "score", true },
		{ "result_by_email", "link", true }, { "result_by_email", "both", false },
		{ "subject_hint_front", NULL, true }, { "subject_hint_front", "", true },
		{ "subject_hint_front", "640,360", true }, { "subject_hint_front", "0.5,0.25", true },
		{ "subject_hint_front", "640", false }, { "subject_hint_front", "640,", false },
		{ "subject_hint_front", ",360", false }, { "subject_hint_front", "-1,5", false },
		{ "subject_hint_front", "1,16385", false }, { "subject_hint_front", "1,2,3", false },
		{ "subject_hint_side", "16384,16384", true }, { "subject_hint_side", "a,b", false },
		{ "priority", NULL, true }, { "priority", "", true }, { "priority", "-10", true },
		{ "priority", "10", true }, { "priority", "11", false }, { "priority", "-11", false },
		{ "priority", "1.0", false }, { "notes", NULL, true }, { "notes", "", true },
		{ "notes", "Two lines\r\nof text\twith \xc3\xa9", true }, { "notes", "bell\a", false },
		{ "notes", "\xff\xfe", false }, { "notes", "\xed\xa0\x80", false },
		{ "authority", "self", true }, { "authority", "guardian", true },
		{ "authority", "clinician", true }, { "authority", "school", true },
		{ "authority", "dog", false }, { "walking_aid", NULL, true }, { "walking_aid", "", true },
		{ "walking_aid", "none", true }, { "walking_aid", "cane", true },
		{ "walking_aid", "crutches", true }, { "walking_aid", "walker", true },
		{ "walking_aid", "hand_held", true }, { "walking_aid", "other", true },
		{ "walking_aid", "hand held", false }, { "walking_aid", "None", false },
		{ "orthosis", NULL, true }, { "orthosis", "none", true }, { "orthosis", "left", true },
		{ "orthosis", "right", true }, { "orthosis", "both", true }, { "orthosis", "other", false },
		{ "footwear", NULL, true }, { "footwear", "barefoot", true }, { "footwear", "socks", true },
		{ "footwear", "shoes", true }, { "footwear", "insoles", true }, { "footwear", "other", true },
		{ "footwear", "none", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct submission_fields f = good;
		struct submission s;
		size_t most;
		*submission_field_slot(&f, rows[i].field, &most) = rows[i].value;
		const struct field_errors e = judge(&f, "", &s);
		if (rows[i].ok ? e.n != 0 : e.n != 1 || !field_errors_has(&e, rows[i].field))
			fail_msg("%s=%s: %u errors, %s", rows[i].field,
				rows[i].value ? rows[i].value : "(absent)", e.n,
				e.n ? e.items[0].reason : "");
	}
}

static void values_arrive(void **state)
{
	struct submission_fields f = good;
	struct submission s;

	(void)state;
	f.ethnicity = "hispanic";
	f.email = "mail@example.org";
	f.subject = "P-7";
	f.result_by_email = "score";
	f.subject_hint_front = "12.5,7";
	f.subject_hint_side = "0,16384";
	f.priority = "-3";
	f.notes = "slow today";
	f.consent_version = "2026-01";
	f.authority = "guardian";
	f.walking_aid = "hand_held";
	f.orthosis = "right";
	f.footwear = "barefoot";
	assert_int_equal(judge(&f, "2026-01", &s).n, 0);
	assert_string_equal(s.walking_aid, "hand_held");
	assert_string_equal(s.orthosis, "right");
	assert_string_equal(s.footwear, "barefoot");
	assert_string_equal(s.ethnicity, "hispanic");
	assert_string_equal(s.email, "mail@example.org");
	assert_string_equal(s.subject_code, "P-7");
	assert_true(s.email_score);
	assert_true(s.has_hint[0] && s.has_hint[1]);
	assert_float_equal(s.hint_x[0], 12.5, 0);
	assert_float_equal(s.hint_y[0], 7, 0);
	assert_float_equal(s.hint_y[1], 16384, 0);
	assert_int_equal(s.priority, -3);
	assert_string_equal(s.notes, "slow today");
	assert_string_equal(s.consent_version, "2026-01");
	assert_string_equal(s.authority, "guardian");
}

static void wrong_words_are_told_the_right_ones(void **state)
{
	struct submission_fields f = good;
	struct submission s;

	(void)state;
	f.orthosis = "yes";
	const struct field_errors e = judge(&f, "", &s);
	assert_int_equal(e.n, 1);
	assert_string_equal(e.items[0].field, "orthosis");
	assert_string_equal(e.items[0].reason, "must be one of none, left, right, both");
	assert_string_equal(s.orthosis, "");
}

static void notes_count_characters(void **state)
{
	char text[4003];
	struct submission_fields f = good;
	struct submission s;

	(void)state;
	for (int i = 0; i < 2001; i++)
		memcpy(text + 2 * (size_t)i, "\xc3\xa9", 2);
	text[4002] = '\0';
	f.notes = text;
	const struct field_errors e = judge(&f, "", &s);
	assert_has(reason(&e, "notes"), "2001");
	text[4000] = '\0';
	assert_int_equal(judge(&f, "", &s).n, 0);
}

static void consent(void **state)
{
	static const struct {
		const char *in_force, *version, *authority, *wrong; /* wrong: the field, "" for none */
	} rows[] = { { "", NULL, NULL, "" }, { "", "", "", "" }, { "v2", "v2", "self", "" },
		{ "v2", NULL, "self", "consent_version" }, { "v2", "", "self", "consent_version" },
		{ "v2", "v1", "self", "consent_version" }, { "v2", "v2", NULL, "authority" },
		{ "v2", "v2", "", "authority" }, { "v2", "v2", "cat", "authority" }, { "", "v1", "self", "" },
		{ "", "v1", NULL, "authority" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct submission_fields f = good;
		struct submission s;
		f.consent_version = rows[i].version;
		f.authority = rows[i].authority;
		const struct field_errors e = judge(&f, rows[i].in_force, &s);
		if (*rows[i].wrong ? e.n != 1 || !field_errors_has(&e, rows[i].wrong) : e.n != 0)
			fail_msg("consent row %zu: %u errors, %s", i, e.n, e.n ? e.items[0].reason : "");
	}
}

static void all_wrong_ones_at_once(void **state)
{
	const struct submission_fields f = { .age = "200",
		.sex = "?",
		.ethnicity = "?",
		.walking_aid = "?",
		.orthosis = "?",
		.footwear = "?",
		.height = "172",
		.weight = "heavy",
		.email = "?",
		.role = "?",
		.consent_version = "old",
		.authority = "?",
		.subject = "J D",
		.result_by_email = "?",
		.subject_hint_front = "?",
		.subject_hint_side = "?",
		.priority = "99",
		.notes = "\a" };
	static const char *const fields[] = { "age", "sex", "ethnicity", "height", "weight", "email", "role",
		"consent_version", "authority", "subject", "result_by_email", "subject_hint_front",
		"subject_hint_side", "priority", "notes", "walking_aid", "orthosis", "footwear" };
	struct submission s;

	(void)state;
	const struct field_errors e = judge(&f, "new", &s);
	assert_int_equal(e.n, ARRAY_LEN(fields));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		assert_true(field_errors_has(&e, fields[i]));
}

static void slots(void **state)
{
	struct submission_fields f = { 0 };
	size_t most = 0;
	int view = -1;

	(void)state;
	assert_ptr_equal(submission_field_slot(&f, "height", &most), &f.height);
	assert_int_equal(most, 24);
	assert_null(submission_field_slot(&f, "name", &most));
	assert_null(submission_field_slot(&f, "", &most));
	assert_null(submission_field_slot(&f, "fileuploadfront", &most));
	assert_true(submission_is_file_field("fileuploadfront", &view));
	assert_int_equal(view, 0);
	assert_true(submission_is_file_field("fileuploadside", &view));
	assert_int_equal(view, 1);
	assert_false(submission_is_file_field("fileupload", &view));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_good_one_passes), cmocka_unit_test(heights),
		cmocka_unit_test(weights), cmocka_unit_test(ages), cmocka_unit_test(other_fields),
		cmocka_unit_test(values_arrive), cmocka_unit_test(wrong_words_are_told_the_right_ones),
		cmocka_unit_test(notes_count_characters), cmocka_unit_test(consent),
		cmocka_unit_test(all_wrong_ones_at_once), cmocka_unit_test(slots) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
