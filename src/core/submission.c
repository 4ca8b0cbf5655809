#include "core/submission.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "core/mail_address.h"
#include "core/submission_words.h"

const char **submission_field_slot(struct submission_fields *f, const char *name, size_t *ret_max_bytes)
{
#define FIELD(field, required, max_bytes)                                                                    \
	if (strcmp(name, #field) == 0) {                                                                     \
		*ret_max_bytes = max_bytes;                                                                  \
		return &f->field;                                                                            \
	}
#include "core/submission_fields.def"
#undef FIELD
	return NULL;
}

const char *submission_file_field(int view)
{
	return view == 0 ? "fileuploadfront" : "fileuploadside";
}

bool submission_is_file_field(const char *name, int *ret_view)
{
	for (int view = 0; view < 2; view++)
		if (strcmp(name, submission_file_field(view)) == 0) {
			*ret_view = view;
			return true;
		}
	return false;
}

static void parse_age(const struct submission_fields *f, struct submission *s, struct field_errors *errors)
{
	/* A form sends a box that was left blank as "". */
	const char *years = f->age && *f->age ? f->age : NULL;
	const char *months = f->age_months && *f->age_months ? f->age_months : NULL;
	int64_t n;

	if (years && months)
		field_errors_add(errors, "age", "give either age (years) or age_months, not both");
	else if (months && str_to_i64(months, 12, 1380, &n))
		s->age_months = (int)n;
	else if (months)
		field_errors_add(errors, "age_months", "must be a whole number of months from 12 to 1380");
	else if (years && str_to_i64(years, 1, 115, &n))
		s->age_months = (int)n * 12;
	else if (years)
		field_errors_add(errors, "age",
			"must be whole years from 1 to 115; for young children give age_months instead");
	else
		field_errors_add(errors, "age", "is missing: give age (years) or age_months");
}

/* The number in front of a unit: "172cm" with unit "cm" → 172. Blanks around and between are allowed. */
static bool number_before(const char *text, const char *unit, double min, double max, double *ret)
{
	char digits[24];
	struct strv v = strv_trim(strv_of(text));
	size_t unit_len = strlen(unit);

	if (v.n <= unit_len || !strv_ieq((struct strv){ v.p + v.n - unit_len, unit_len }, unit))
		return false;
	v = strv_trim((struct strv){ v.p, v.n - unit_len });
	if (v.n == 0 || v.n >= sizeof digits)
		return false;
	memcpy(digits, v.p, v.n);
	digits[v.n] = '\0';
	return str_to_double(digits, min, max, ret);
}

/* Feet and inches: 5'7", 5ft 7in, 5', 5ft. The apostrophe may be typographic (U+2019, U+2032). */
static bool feet_inches(const char *text, double *ret_cm)
{
	static const char *const feet_marks[] = { "'", "\xe2\x80\x99", "\xe2\x80\xb2", "ft", "feet" };
	static const char *const inch_marks[] = { "\"", "''", "\xe2\x80\x9d", "\xe2\x80\xb3", "inches",
		"in" };

	for (size_t i = 0; i < ARRAY_LEN(feet_marks); i++) {
		const char *mark = strcasestr(text, feet_marks[i]);
		char head[24];
		double feet, inches = 0;
		if (!mark || (size_t)(mark - text) + strlen(feet_marks[i]) >= sizeof head)
			continue;
		snprintf(head, sizeof head, "%.*s%s", (int)(mark - text), text, feet_marks[i]);
		const char *rest = mark + strlen(feet_marks[i]);
		while (*rest == ' ')
			rest++;
		if (!number_before(head, feet_marks[i], 0, 9, &feet))
			continue;
		bool ok = *rest == '\0';
		for (size_t k = 0; !ok && k < ARRAY_LEN(inch_marks); k++)
			ok = number_before(rest, inch_marks[k], 0, 11.99, &inches);
		if (!ok)
			continue;
		*ret_cm = (feet * 12 + inches) * 2.54;
		return true;
	}
	return false;
}

static void parse_height(const char *text, struct submission *s, struct field_errors *errors)
{
	double v;

	if (!text || !*text) {
		field_errors_add(errors, "height", "is missing: for example 172cm or 5'7\"");
		return;
	}
	if (str_to_double(text, -1e9, 1e9, &v)) {
		field_errors_add(errors, "height",
			"needs its unit, %.10s alone could be cm or inches: write %.10scm, 1.72m or 5'7\"",
			text, text);
		return;
	}
	double cm = -1;
	if (number_before(text, "cm", -1e6, 1e6, &v))
		cm = v;
	else if (number_before(text, "m", -1e6, 1e6, &v))
		cm = v * 100;
	else if (feet_inches(text, &v))
		cm = v;
	else {
		field_errors_add(
			errors, "height", "is not understood: write it as 172cm, 1.72m, 5'7\" or 5ft 7in");
		return;
	}
	if (cm < 40 || cm > 250)
		field_errors_add(errors, "height", "must be from 40 to 250 cm, this is %.1f cm", cm);
	else
		s->height_cm = cm;
}

static void parse_weight(const char *text, struct submission *s, struct field_errors *errors)
{
	const double lb_kg = 0.45359237; /* exact, international pound, 1959 */
	double v, kg;

	if (!text || !*text) {
		field_errors_add(errors, "weight", "is missing: for example 68kg or 150lb");
		return;
	}
	if (number_before(text, "kg", -1e6, 1e6, &v))
		kg = v;
	else if (number_before(text, "lb", -1e6, 1e6, &v) || number_before(text, "lbs", -1e6, 1e6, &v) ||
		 str_to_double(text, -1e6, 1e6, &v))
		kg = v * lb_kg;
	else {
		field_errors_add(errors, "weight", "is not understood: write it as 68kg or 150lb");
		return;
	}
	if (kg < 1 || kg > 500)
		field_errors_add(errors, "weight", "must be from 1 to 500 kg, this is %.1f kg", kg);
	else
		s->weight_kg = kg;
}

static void parse_choices(
	const struct submission_fields *f, struct submission *s, struct field_errors *errors)
{
	char wish[16];

	if (!f->sex || !*f->sex)
		field_errors_add(errors, "sex", "is missing: F, M or O");
	else if (strlen(f->sex) == 1 && strchr("FMO", f->sex[0]))
		s->sex = f->sex[0];
	else
		field_errors_add(errors, "sex", "must be F, M or O");
	submission_word("ethnicity", f->ethnicity, s->ethnicity, sizeof s->ethnicity, errors);
	submission_word("walking_aid", f->walking_aid, s->walking_aid, sizeof s->walking_aid, errors);
	submission_word("orthosis", f->orthosis, s->orthosis, sizeof s->orthosis, errors);
	submission_word("footwear", f->footwear, s->footwear, sizeof s->footwear, errors);
	if (!submission_word("role", f->role, s->role, sizeof s->role, errors))
		str_copy(s->role, sizeof s->role, "other");
	s->email_score = submission_word("result_by_email", f->result_by_email, wish, sizeof wish, errors) &&
			 strcmp(wish, "score") == 0;
}

static void parse_hint(const char *text, int view, struct submission *s, struct field_errors *errors)
{
	const char *field = view == 0 ? "subject_hint_front" : "subject_hint_side";
	char x[32];

	if (!text || !*text)
		return;
	const char *comma = strchr(text, ',');
	if (!comma || (size_t)(comma - text) >= sizeof x) {
		field_errors_add(errors, field, "must be x,y: the walker's place in the first frame");
		return;
	}
	memcpy(x, text, (size_t)(comma - text));
	x[comma - text] = '\0';
	if (!str_to_double(x, 0, 16384, &s->hint_x[view]) ||
		!str_to_double(comma + 1, 0, 16384, &s->hint_y[view]))
		field_errors_add(errors, field, "must be two numbers x,y from 0 to 16384");
	else
		s->has_hint[view] = true;
}

static void parse_consent(const struct submission_fields *f, const char *consent, struct submission *s,
	struct field_errors *errors)
{
	bool given = f->consent_version && *f->consent_version;

	if (*consent && !given)
		field_errors_add(errors, "consent_version",
			"is missing: the consent text in force is version %.40s", consent);
	else if (*consent && strcmp(f->consent_version, consent) != 0)
		field_errors_add(errors, "consent_version",
			"is not the text in force, which is version %.40s: read it again", consent);
	else if (given && !str_copy(s->consent_version, sizeof s->consent_version, f->consent_version))
		field_errors_add(errors, "consent_version", "is too long");
	if (!submission_word("authority", f->authority, s->authority, sizeof s->authority, errors) &&
		(*consent || given))
		field_errors_add(
			errors, "authority", "is missing: who consents (self, guardian, clinician, school)");
}

static size_t utf8_chars(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

bool subject_code_ok(const char *code)
{
	size_t len = strlen(code);

	return len >= 1 && len <= 63 &&
	       strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static void parse_texts(const struct submission_fields *f, struct submission *s, struct field_errors *errors)
{
	int64_t n;

	if (f->email && *f->email && !mail_address_ok(f->email))
		field_errors_add(errors, "email", "is not an e-mail address that can be used");
	else if (f->email)
		str_copy(s->email, sizeof s->email, f->email);
	if (f->subject && *f->subject && !subject_code_ok(f->subject))
		field_errors_add(errors, "subject",
			"must be a code of A-Z a-z 0-9 . _ - with at most 63 characters, never a name");
	else if (f->subject)
		str_copy(s->subject_code, sizeof s->subject_code, f->subject);
	if (f->notes && utf8_chars(f->notes) > 2000)
		field_errors_add(
			errors, "notes", "has %zu characters, 2000 are the limit", utf8_chars(f->notes));
	else if (f->notes && *f->notes)
		s->notes = f->notes;
	if (f->priority && *f->priority && !str_to_i64(f->priority, -10, 10, &n))
		field_errors_add(errors, "priority", "must be a whole number from -10 to 10");
	else if (f->priority && *f->priority)
		s->priority = (int)n;
}

static void check_utf8(const struct submission_fields *f, struct field_errors *errors)
{
#define FIELD(field, required, max_bytes)                                                                    \
	if (f->field && !str_is_clean_utf8(f->field, strlen(f->field)))                                      \
		field_errors_add(errors, #field, "has control characters or is not UTF-8");
#include "core/submission_fields.def"
#undef FIELD
}

void submission_parse(const struct submission_fields *f, const char *consent, struct submission *ret,
	struct field_errors *errors)
{
	*ret = (struct submission){ 0 };
	check_utf8(f, errors);
	parse_age(f, ret, errors);
	parse_choices(f, ret, errors);
	parse_height(f->height, ret, errors);
	parse_weight(f->weight, ret, errors);
	parse_consent(f, consent, ret, errors);
	parse_hint(f->subject_hint_front, 0, ret, errors);
	parse_hint(f->subject_hint_side, 1, ret, errors);
	parse_texts(f, ret, errors);
}
