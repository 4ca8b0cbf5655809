#include "pose/gait_analyze_facts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "pose/gait_analyze_options.h"

enum { FACTS_DEPTH = 2 };

void analyze_facts_init(struct analyze_facts *f)
{
	*f = (struct analyze_facts){ .fps = 0 };
	patient_init(&f->patient);
}

static bool number(const struct json *v, double least, double most, double *ret)
{
	double n = json_num(v, NAN);

	if (json_is_num(v) && n >= least && n <= most)
		*ret = n;
	else if (!str_to_double(json_str(v, ""), least, most, ret))
		return false;
	return true;
}

static const char *take_height(struct analyze_facts *f, const struct json *v)
{
	return options_height(json_str(v, ""), &f->patient.height_m)
		       ? NULL
		       : "40 to 250 cm with its unit: 172cm, 1.72m, 5'7\" or 5ft 7in";
}

static const char *take_height_cm(struct analyze_facts *f, const struct json *v)
{
	double cm;

	if (!number(v, 40, 250, &cm))
		return "a number from 40 to 250";
	f->patient.height_m = cm / 100;
	return NULL;
}

static const char *take_age(struct analyze_facts *f, const struct json *v)
{
	double years;

	if (!number(v, 1, 115, &years))
		return "years from 1 to 115; for young children give age_months instead";
	f->patient.age_months = 12 * years;
	return NULL;
}

static const char *take_months(struct analyze_facts *f, const struct json *v)
{
	return number(v, 12, 1380, &f->patient.age_months) ? NULL : "months from 12 to 1380";
}

static const char *take_sex(struct analyze_facts *f, const struct json *v)
{
	const char *text = json_str(v, "");

	if (strlen(text) != 1 || !strchr("FMO", text[0]))
		return "F, M or O";
	f->patient.sex = text[0];
	return NULL;
}

static const char *take_word(struct analyze_facts *f, enum patient_fact fact, const struct json *v)
{
	return patient_parse(&f->patient, fact, json_str(v, "")) ? NULL : patient_words(fact);
}

static const char *take_walking_aid(struct analyze_facts *f, const struct json *v)
{
	return take_word(f, PATIENT_WALKING_AID, v);
}

static const char *take_orthosis(struct analyze_facts *f, const struct json *v)
{
	return take_word(f, PATIENT_ORTHOSIS, v);
}

static const char *take_footwear(struct analyze_facts *f, const struct json *v)
{
	return take_word(f, PATIENT_FOOTWEAR, v);
}

static const char *take_fps(struct analyze_facts *f, const struct json *v)
{
	return number(v, 5, 1000, &f->fps) ? NULL : "frames a second from 5 to 1000";
}

static const char *take_sum(char ret[65], const struct json *v)
{
	uint8_t sum[32];
	const char *text = json_str(v, "");

	if (strlen(text) != 64 || hex_decode(text, sum, sizeof sum) != 32)
		return "64 hexadecimal digits";
	memcpy(ret, text, 65);
	return NULL;
}

static const char *take_sum_front(struct analyze_facts *f, const struct json *v)
{
	return take_sum(f->sha256[VIEW_FRONT], v);
}

static const char *take_sum_side(struct analyze_facts *f, const struct json *v)
{
	return take_sum(f->sha256[VIEW_SIDE], v);
}

static const struct fact {
	const char *name;
	bool internal;
	/* Return NULL, or what the value must be */
	const char *(*take)(struct analyze_facts *f, const struct json *v);
} facts[] = { { "height", false, take_height }, { "height_cm", false, take_height_cm },
	{ "age", false, take_age }, { "age_months", false, take_months }, { "sex", false, take_sex },
	{ "walking_aid", false, take_walking_aid }, { "orthosis", false, take_orthosis },
	{ "footwear", false, take_footwear }, { "fps", false, take_fps },
	{ "video_sha256_front", true, take_sum_front }, { "video_sha256_side", true, take_sum_side } };

static bool given(const struct json *v)
{
	return !json_is_null(v) && strcmp(json_str(v, "-"), "") != 0;
}

static void take(struct analyze_facts *f, const struct json *v, const char *field, bool internal,
	struct scorer_refusal *refusal)
{
	const struct fact *fact = NULL;
	char reason[160];

	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (strcmp(facts[i].name, json_name(v)) == 0 && (internal || !facts[i].internal))
			fact = &facts[i];
	if (!fact) {
		scorer_refusal_add(refusal, field, "is not a field of this request");
		return;
	}
	const char *want = given(v) ? fact->take(f, v) : NULL;
	if (!want)
		return;
	snprintf(reason, sizeof reason, "must be %s", want);
	scorer_refusal_add(refusal, field, reason);
}

void analyze_facts_read(struct analyze_facts *f, struct strv text, const char *prefix, bool internal,
	struct scorer_refusal *refusal)
{
	struct json *root __attribute__((cleanup(json_free_p))) = NULL;
	char name[80];
	struct err e;

	snprintf(name, sizeof name, "%.*s", (int)strcspn(prefix, "."), prefix);
	if (json_parse(text.p, text.n, FACTS_DEPTH, &root, &e) < 0) {
		scorer_refusal_add(refusal, name, e.msg);
		return;
	}
	if (!json_is_object(root)) {
		scorer_refusal_add(refusal, name, "must be an object");
		return;
	}
	for (const struct json *v = json_first(root); v; v = json_next(v)) {
		snprintf(name, sizeof name, "%s%.60s", prefix, json_name(v));
		take(f, v, name, internal, refusal);
	}
	if (given(json_get(root, "age")) && given(json_get(root, "age_months"))) {
		snprintf(name, sizeof name, "%sage", prefix);
		scorer_refusal_add(refusal, name, "give either age (years) or age_months, not both");
	}
	if (given(json_get(root, "height")) && given(json_get(root, "height_cm"))) {
		snprintf(name, sizeof name, "%sheight", prefix);
		scorer_refusal_add(refusal, name, "give either height or height_cm, not both");
	}
}
