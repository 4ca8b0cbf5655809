#include "support/testing.h"

#include <math.h>

#include "gait/norms.h"
#include "kit.h"
#include "report/csv.h"
#include "report/words.h"

enum { COLUMNS = 40, CELL = 256 };

/* A reader of RFC 4180, and nothing laxer. */
struct row {
	char cell[COLUMNS][CELL];
	size_t n;
};

static const char *read_row(const char *at, struct row *r)
{
	r->n = 0;
	for (;;) {
		size_t n = 0;
		bool quoted = *at == '"';
		assert_true(r->n < COLUMNS);
		at += quoted ? 1 : 0;
		for (;;) {
			if (quoted && at[0] == '"' && at[1] != '"')
				break;
			if (!quoted && (*at == ',' || *at == '\r'))
				break;
			assert_int_not_equal(*at, '\0');
			assert_false(!quoted && (*at == '"' || *at == '\n'));
			at += quoted && *at == '"' ? 1 : 0;
			assert_true(n + 1 < CELL);
			r->cell[r->n][n++] = *at++;
		}
		r->cell[r->n++][n] = '\0';
		at += quoted ? 1 : 0;
		if (*at == ',') {
			at++;
			continue;
		}
		assert_memory_equal(at, "\r\n", 2);
		return at + 2;
	}
}

static size_t column(const struct row *head, const char *name)
{
	for (size_t i = 0; i < head->n; i++)
		if (strcmp(head->cell[i], name) == 0)
			return i;
	fail_msg("no column %s", name);
	return 0;
}

static void is_number(const char *cell, double want, int decimals)
{
	char text[64] = "";

	if (isfinite(want))
		snprintf(text, sizeof text, "%.*f", decimals, want);
	assert_string_equal(cell, text);
}

static void one_value(
	const struct row *head, const struct row *r, const struct analysis *a, enum param p, enum side s)
{
	const struct param_info *i = param_info(p);
	const struct value *v = &a->params.of[p][s];
	bool known = v->reason == REASON_NONE;
	struct norm_range range = { .low = NAN, .high = NAN };

	assert_int_equal(r->n, head->n);
	assert_string_equal(r->cell[column(head, "name")], i->name);
	assert_string_equal(r->cell[column(head, "side")], i->shape == WHOLE ? "" : side_name(s));
	assert_string_equal(r->cell[column(head, "unit")], i->unit);
	is_number(r->cell[column(head, "value")], known ? v->value : NAN, i->decimals);
	is_number(r->cell[column(head, "sd")], known ? v->sd : NAN, i->decimals);
	is_number(r->cell[column(head, "ci95_low")], known ? v->ci_low : NAN, i->decimals);
	is_number(r->cell[column(head, "ci95_high")], known ? v->ci_high : NAN, i->decimals);
	assert_string_equal(r->cell[column(head, "reason")], known ? "" : reason_code(v->reason));
	for (enum doubt d = 0; d < DOUBTS; d++)
		assert_int_equal(
			strstr(r->cell[column(head, "doubts")], doubt_code(d)) != NULL, v->doubts >> d & 1);
	if (norm_range(p, &a->patient, &range))
		assert_string_equal(r->cell[column(head, "reference_source")], range.source);
	is_number(r->cell[column(head, "reference_low")], range.low, i->decimals);
	is_number(r->cell[column(head, "reference_high")], range.high, i->decimals);
}

static void parameters_come_back(void **state)
{
	static struct row head, r;

	(void)state;
	for (enum kit_case c = 0; c < KIT_CASES; c++) {
		struct kit k;
		kit_open(&k, c);
		assert_int_equal(kit_write(&k, report_csv), 0);
		const char *at = read_row(buf_str(&k.out), &head);
		assert_string_equal(head.cell[0], "name");
		for (enum param p = 0; p < PARAMS; p++)
			for (enum side s = SIDE_LEFT; s < SIDES; s++) {
				if (s == SIDE_RIGHT && param_info(p)->shape == WHOLE)
					continue;
				at = read_row(at, &r);
				one_value(&head, &r, &k.a, p, s);
			}
		assert_string_equal(at, "");
		kit_close(&k);
	}
}

static void curves_come_back(void **state)
{
	static struct row head, r;

	(void)state;
	for (enum kit_case c = 0; c < KIT_CASES; c++) {
		struct kit k;
		char name[64];
		kit_open(&k, c);
		assert_int_equal(kit_write(&k, report_csv_curves), 0);
		const char *at = read_row(buf_str(&k.out), &head);
		assert_string_equal(head.cell[0], "percent");
		for (int i = 0; i < CURVE_POINTS; i++) {
			at = read_row(at, &r);
			assert_int_equal(r.n, head.n);
			is_number(r.cell[0], i, 0);
			for (enum joint j = JOINT_HIP; j < JOINTS; j++)
				for (enum side s = SIDE_LEFT; s < SIDES; s++) {
					const struct curve *v = &k.a.curves[s][j];
					snprintf(
						name, sizeof name, "%s_%s_mean", joint_name(j), side_name(s));
					is_number(
						r.cell[column(&head, name)], v->n > 0 ? v->mean[i] : NAN, 2);
					snprintf(name, sizeof name, "%s_%s_sd", joint_name(j), side_name(s));
					is_number(r.cell[column(&head, name)], v->n > 0 ? v->sd[i] : NAN, 2);
				}
			struct norm_curve norm;
			bool has = norm_curve(JOINT_KNEE, &k.a.patient, &norm);
			is_number(r.cell[column(&head, "knee_reference_mean")], has ? norm.mean[i] : NAN, 2);
		}
		assert_string_equal(at, "");
		kit_close(&k);
	}
}

static void a_pair_has_numbers(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, KIT_ADULT);
	assert_true(
		k.a.params.of[PARAM_cadence][0].value > 105 && k.a.params.of[PARAM_cadence][0].value < 115);
	assert_int_equal(kit_write(&k, report_csv), 0);
	assert_has(buf_str(&k.out), "\r\ncadence,,1"); /* 110 or so */
	kit_close(&k);
}

/* What a spreadsheet must not run, and what must not break the rows. */
static void hostile_texts_stay_texts(void **state)
{
	static const struct {
		const char *text, *cell;
	} rows[] = {
		{ "plain", "plain" },
		{ "=1+1", "'=1+1" },
		{ "+1", "'+1" },
		{ "-1", "'-1" },
		{ "@SUM(A1)", "'@SUM(A1)" },
		{ "\tx", "'\tx" },
		{ "a,b", "a,b" },
		{ "say \"no\"", "say \"no\"" },
		{ "two\r\nlines", "two\r\nlines" },
		{ "=\"a\",b", "'=\"a\",b" },
		{ "", "" },
	};
	static struct row r;
	BUF_CLEANUP struct buf out;
	struct csv c = { .out = &out };

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		csv_text(&c, rows[i].text);
	csv_number(&c, -1.5, 2);
	csv_number(&c, NAN, 2);
	csv_number(&c, INFINITY, 2);
	csv_row_end(&c);
	assert_int_equal(c.err.kind, ERR_NONE);
	assert_string_equal(read_row(buf_str(&out), &r), "");
	assert_int_equal(r.n, ARRAY_LEN(rows) + 3);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(r.cell[i], rows[i].cell);
	assert_string_equal(r.cell[ARRAY_LEN(rows)], "-1.50");
	assert_string_equal(r.cell[ARRAY_LEN(rows) + 1], "");
	assert_string_equal(r.cell[ARRAY_LEN(rows) + 2], "");
}

static void a_full_buffer_is_an_error(void **state)
{
	struct kit k;
	struct err e = { 0 };

	(void)state;
	kit_open(&k, KIT_ADULT);
	for (size_t room = 1; room < 3000; room += 97) {
		BUF_CLEANUP struct buf out;
		buf_init(&out, room);
		assert_fails(report_csv(&k.r, &out, &e), &e, ERR_TOO_LARGE);
		assert_fails(report_csv_curves(&k.r, &out, &e), &e, ERR_TOO_LARGE);
		assert_fails(report_trc(&k.r, &out, &e), &e, ERR_TOO_LARGE);
		assert_fails(report_mot(&k.r, &out, &e), &e, ERR_TOO_LARGE);
	}
	kit_close(&k);
}

static void every_parameter_and_flag_has_words(void **state)
{
	(void)state;
	for (enum param p = 0; p < PARAMS; p++)
		if (strncmp(param_info(p)->name, "symmetry_", 9) != 0 && !words_param(p))
			fail_msg("labels.def has no words for %s", param_info(p)->name);
	for (enum flag f = 0; f < FLAGS; f++)
		if (!words_advice(f))
			fail_msg("advice.def does not say what to do about %s", flag_code(f));
	assert_int_equal(words_symmetry(PARAM_step_time), PARAM_symmetry_step_time);
	assert_int_equal(words_symmetry(PARAM_cadence), PARAMS);
}

static void ages_and_facts_read_well(void **state)
{
	static const struct {
		double months;
		const char *text;
	} rows[] = { { NAN, "not given" }, { 86, "7 years 2 months" }, { 96, "8 years" },
		{ 361, "30 years" } };
	struct patient p;
	char text[64];

	(void)state;
	patient_init(&p);
	words_height(&p, text, sizeof text);
	assert_string_equal(text, "not given");
	words_fact(&p, PATIENT_WALKING_AID, text, sizeof text);
	assert_string_equal(text, "not given");
	assert_true(patient_parse(&p, PATIENT_WALKING_AID, "hand_held"));
	words_fact(&p, PATIENT_WALKING_AID, text, sizeof text);
	assert_string_equal(text, "hand held");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		p.age_months = rows[i].months;
		words_age(&p, text, sizeof text);
		assert_string_equal(text, rows[i].text);
	}
	words_name("stride_time_cv", text, sizeof text);
	assert_string_equal(text, "stride time variation");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_come_back),
		cmocka_unit_test(curves_come_back),
		cmocka_unit_test(a_pair_has_numbers),
		cmocka_unit_test(hostile_texts_stay_texts),
		cmocka_unit_test(a_full_buffer_is_an_error),
		cmocka_unit_test(every_parameter_and_flag_has_words),
		cmocka_unit_test(ages_and_facts_read_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
