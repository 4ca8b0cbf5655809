#include "support/testing.h"

#include <math.h>

#include "base/strv.h"
#include "kit.h"

/* TRC and MOT as OpenSim 4.5 reads them (TRCFileAdapter, DelimFileAdapter, FileAdapter::tokenize). */
enum { TOKENS = 128, TOKEN = 160, FRAMES = 4096 };

struct line {
	char token[TOKENS][TOKEN];
	size_t n;
};

/* Its tokenizer: split at tabs; an empty last piece is none. */
static const char *next_line(const char *at, struct line *l)
{
	const char *end = strchr(at, '\n');

	assert_non_null(end);
	assert_null(memchr(at, '\r', (size_t)(end - at)));
	l->n = 0;
	while (at < end) {
		const char *tab = memchr(at, '\t', (size_t)(end - at));
		size_t n = (size_t)((tab ? tab : end) - at);
		assert_true(l->n < TOKENS && n < TOKEN);
		memcpy(l->token[l->n], at, n);
		l->token[l->n++][n] = '\0';
		at = tab ? tab + 1 : end;
	}
	return end + 1;
}

static void drop_empty(struct line *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->token[i][0])
			memmove(l->token[n++], l->token[i], TOKEN);
	l->n = n;
}

static double number(const char *text)
{
	double v = NAN;

	if (!str_to_double(text, -1e6, 1e6, &v))
		fail_msg("\"%s\" is no number", text);
	return v;
}

struct trc {
	size_t frames, markers;
	double rate;
	char name[BODY_POINTS][TOKEN];
	double *time, (*at)[BODY_POINTS][3]; /* NaN unknown */
};

static void trc_free(struct trc *t)
{
	free(t->time);
	free(t->at);
}

static size_t whole(const char *text)
{
	int64_t v = -1;

	assert_true(str_to_i64(text, 0, 1000000, &v));
	return (size_t)v;
}

static const char *trc_head(const char *at, struct trc *t)
{
	static const char *const keys[] = { "DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units",
		"OrigDataRate", "OrigDataStartFrame", "OrigNumFrames" };
	static struct line l;
	char label[16];

	at = next_line(at, &l);
	assert_int_equal(l.n, 4);
	assert_string_equal(l.token[0], "PathFileType");
	assert_string_equal(l.token[1], "4");
	assert_string_equal(l.token[2], "(X/Y/Z)");
	at = next_line(at, &l);
	assert_int_equal(l.n, ARRAY_LEN(keys));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_string_equal(l.token[i], keys[i]);
	at = next_line(at, &l);
	assert_int_equal(l.n, ARRAY_LEN(keys));
	t->rate = number(l.token[0]);
	assert_true(t->rate > 0 && number(l.token[1]) == t->rate && number(l.token[5]) == t->rate);
	t->frames = whole(l.token[2]);
	t->markers = whole(l.token[3]);
	assert_string_equal(l.token[4], "m");
	assert_int_equal(whole(l.token[6]), 1);
	assert_int_equal(whole(l.token[7]), t->frames);
	at = next_line(at, &l);
	drop_empty(&l);
	assert_int_equal(l.n, t->markers + 2);
	assert_string_equal(l.token[0], "Frame#");
	assert_string_equal(l.token[1], "Time");
	for (size_t m = 0; m < t->markers; m++)
		memcpy(t->name[m], l.token[m + 2], TOKEN);
	at = next_line(at, &l);
	assert_string_equal(l.token[0], "");
	assert_string_equal(l.token[1], "");
	drop_empty(&l);
	assert_int_equal(l.n, 3 * t->markers);
	for (size_t i = 0; i < l.n; i++) {
		snprintf(label, sizeof label, "%c%zu", "XYZ"[i % 3], i / 3 + 1);
		assert_string_equal(l.token[i], label);
	}
	at = next_line(at, &l);
	assert_int_equal(l.n, 0);
	return at;
}

static void trc_read(const char *at, struct trc *t)
{
	static struct line l;

	*t = (struct trc){ 0 };
	at = trc_head(at, t);
	assert_true(t->frames > 0 && t->frames < FRAMES && t->markers > 0 && t->markers <= BODY_POINTS);
	t->time = calloc(t->frames, sizeof *t->time);
	t->at = calloc(t->frames, sizeof *t->at);
	assert_true(t->time && t->at);
	for (size_t f = 0; f < t->frames; f++) {
		at = next_line(at, &l);
		assert_int_equal(l.n, 3 * t->markers + 2);
		assert_int_equal(whole(l.token[0]), f + 1);
		t->time[f] = number(l.token[1]);
		if (f > 0)
			near(t->time[f] - t->time[f - 1], 1 / t->rate, 2e-6);
		for (size_t i = 0; i < 3 * t->markers; i++)
			t->at[f][i / 3][i % 3] = l.token[i + 2][0] ? number(l.token[i + 2]) : NAN;
	}
	assert_string_equal(at, "");
}

static size_t marker(const struct trc *t, const char *name)
{
	for (size_t m = 0; m < t->markers; m++)
		if (strcmp(t->name[m], name) == 0)
			return m;
	fail_msg("no marker %s", name);
	return 0;
}

static double lowest_of(const struct trc *t, const char *name)
{
	size_t m = marker(t, name);
	double low = INFINITY;

	for (size_t f = 0; f < t->frames; f++)
		low = fmin(low, t->at[f][m][1]);
	return low;
}

/* 110 steps a minute of 0.65 m, 1.70 m tall, whichever way the image shows it. */
static void markers_stand_in_metres(void **state)
{
	static const enum kit_case cases[] = { KIT_ADULT, KIT_LEFTWARDS, KIT_SIDE_ONLY };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct kit k;
		struct trc t __attribute__((cleanup(trc_free)));
		kit_open(&k, cases[i]);
		assert_int_equal(kit_write(&k, report_trc), 0);
		trc_read(buf_str(&k.out), &t);
		size_t hip = marker(&t, "CHip"), last = t.frames - 1;
		near((t.at[last][hip][0] - t.at[0][hip][0]) / (t.time[last] - t.time[0]), 0.65 * 110 / 60,
			0.03);
		near(t.at[t.frames / 2][hip][1], 0.53 * 1.70, 0.06); /* leg and ankle of synth.c */
		near(lowest_of(&t, "LHeel"), 0, 0.03);
		near(lowest_of(&t, "RHeel"), 0, 0.03);
		near(lowest_of(&t, "RAnkle"), 0.039 * 1.70, 0.03);
		size_t left = marker(&t, "LKnee"), right = marker(&t, "RKnee");
		for (size_t f = 0; f < t.frames; f++) {
			near(t.at[f][left][2], -0.0455 * 1.70, 5.1e-5);
			near(t.at[f][right][2], 0.0455 * 1.70, 5.1e-5);
			near(t.at[f][hip][2], 0, 1e-9);
		}
		kit_close(&k);
	}
}

static void what_was_not_seen_is_blank(void **state)
{
	struct kit k;
	struct trc t __attribute__((cleanup(trc_free)));
	size_t blank = 0, known = 0;

	(void)state;
	kit_open(&k, KIT_HOLES);
	/* A whole tenth of a second without a leg, and a point that was never seen. */
	const struct pass *p = &k.a.view[VIEW_SIDE].passes.pass[0];
	for (size_t f = p->from; f < p->to; f++) {
		k.a.view[VIEW_SIDE].track.x[BODY_L_EAR][f] = NAN;
		if (f > p->to - 4)
			for (int b = 0; b < BODY_POINTS; b++)
				k.a.view[VIEW_SIDE].track.x[b][f] = NAN;
	}
	assert_int_equal(kit_write(&k, report_trc), 0);
	trc_read(buf_str(&k.out), &t);
	for (size_t m = 0; m < t.markers; m++)
		assert_string_not_equal(t.name[m], "LEar");
	for (size_t f = 0; f < t.frames; f++)
		for (size_t m = 0; m < t.markers; m++) {
			blank += isnan(t.at[f][m][0]) ? 1 : 0;
			known += isnan(t.at[f][m][0]) ? 0 : 1;
			assert_int_equal(isnan(t.at[f][m][0]), isnan(t.at[f][m][2]));
		}
	assert_true(blank >= 3 * t.markers && known > 10 * t.markers);
	kit_close(&k);
}

struct mot {
	size_t rows, columns;
	char name[TOKENS][TOKEN];
	double v[FRAMES][16];
};

static void mot_read(const char *at, struct mot *m)
{
	static struct line l;
	bool version = false, degrees = false;

	at = next_line(at, &l);
	assert_string_equal(l.token[0], "Coordinates");
	for (int64_t v; at = next_line(at, &l), strcmp(l.n > 0 ? l.token[0] : "", "endheader") != 0;) {
		char *equals = l.n > 0 ? strchr(l.token[0], '=') : NULL;
		if (!equals)
			continue;
		*equals = '\0';
		version = version || (strcmp(l.token[0], "version") == 0 && strcmp(equals + 1, "1") == 0);
		degrees = degrees || (strcmp(l.token[0], "inDegrees") == 0 && strcmp(equals + 1, "yes") == 0);
		if (strcmp(l.token[0], "nRows") == 0 && str_to_i64(equals + 1, 1, FRAMES, &v))
			m->rows = (size_t)v;
		if (strcmp(l.token[0], "nColumns") == 0 && str_to_i64(equals + 1, 2, 16, &v))
			m->columns = (size_t)v;
	}
	assert_true(version && degrees && m->rows > 0 && m->columns > 0);
	at = next_line(at, &l);
	assert_int_equal(l.n, m->columns);
	assert_string_equal(l.token[0], "time");
	for (size_t c = 0; c < l.n; c++)
		memcpy(m->name[c], l.token[c], TOKEN);
	for (size_t r = 0; r < m->rows; r++) {
		at = next_line(at, &l);
		assert_int_equal(l.n, m->columns);
		for (size_t c = 0; c < m->columns; c++)
			m->v[r][c] = strcmp(l.token[c], "NaN") == 0 ? NAN : number(l.token[c]);
		assert_true(r == 0 || m->v[r][0] > m->v[r - 1][0]);
	}
	assert_string_equal(at, "");
}

static size_t coordinate(const struct mot *m, const char *name)
{
	for (size_t c = 0; c < m->columns; c++)
		if (strcmp(m->name[c], name) == 0)
			return c;
	fail_msg("no column %s", name);
	return 0;
}

/* The value at @time_s between rows. */
static double mot_at(const struct mot *m, size_t c, double time_s)
{
	for (size_t r = 1; r < m->rows; r++)
		if (m->v[r][0] >= time_s) {
			double part = (time_s - m->v[r - 1][0]) / (m->v[r][0] - m->v[r - 1][0]);
			return m->v[r - 1][c] + part * (m->v[r][c] - m->v[r - 1][c]);
		}
	return NAN;
}

static void angles_are_those_of_the_curves(void **state)
{
	static const enum kit_case cases[] = { KIT_ADULT, KIT_LEFTWARDS, KIT_NO_HEIGHT, KIT_CHILD };
	static const struct {
		const char *name[SIDES];
		enum joint joint;
	} columns[] = { { { "knee_angle_l", "knee_angle_r" }, JOINT_KNEE },
		{ { "ankle_angle_l", "ankle_angle_r" }, JOINT_ANKLE } };
	static struct mot m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct kit k;
		kit_open(&k, cases[i]);
		assert_int_equal(kit_write(&k, report_mot), 0);
		m = (struct mot){ 0 };
		mot_read(buf_str(&k.out), &m);
		const struct cycles *cycles = &k.a.view[VIEW_SIDE].cycles;
		for (size_t c = 0; c < ARRAY_LEN(columns); c++)
			for (enum side s = SIDE_LEFT; s < SIDES; s++) {
				size_t column = coordinate(&m, columns[c].name[s]);
				for (int percent = 0; percent <= 100; percent += 10) {
					double sum = 0, n = 0;
					for (size_t j = 0; j < cycles->count; j++) {
						const struct cycle *y = &cycles->list[j];
						if (y->foot != s)
							continue;
						sum += mot_at(&m, column,
							y->start_s + (y->end_s - y->start_s) * percent / 100);
						n++;
					}
					near(sum / n, k.a.curves[s][columns[c].joint].mean[percent], 0.6);
				}
			}
		/* At heel strike the thigh points ahead; at half the stride, behind. */
		const struct cycle *y = &cycles->list[0];
		size_t hip = coordinate(&m, y->foot == SIDE_LEFT ? "hip_flexion_l" : "hip_flexion_r");
		assert_true(mot_at(&m, hip, y->start_s) > 5);
		assert_true(mot_at(&m, hip, 0.5 * (y->start_s + y->end_s)) < -5);
		size_t lumbar = coordinate(&m, "lumbar_extension");
		near(mot_at(&m, lumbar, y->start_s), -k.a.params.of[PARAM_trunk_lean][0].value, 3);
		kit_close(&k);
	}
}

/* Ankles stand in for the feet inside the measurement, never in the files. */
static void a_layout_without_feet_has_no_foot_markers(void **state)
{
	static struct mot m;
	struct kit k;
	struct trc t __attribute__((cleanup(trc_free)));

	(void)state;
	kit_open(&k, KIT_NO_FEET);
	assert_int_equal(kit_write(&k, report_trc), 0);
	trc_read(buf_str(&k.out), &t);
	for (size_t i = 0; i < t.markers; i++)
		if (strstr(t.name[i], "Heel") || strstr(t.name[i], "Toe"))
			fail_msg("there is a marker %s", t.name[i]);
	near(lowest_of(&t, "RAnkle"), 0.039 * 1.70, 0.03);
	assert_int_equal(kit_write(&k, report_mot), 0);
	m = (struct mot){ 0 };
	mot_read(buf_str(&k.out), &m);
	assert_int_equal(m.columns, 6);
	for (size_t c = 0; c < m.columns; c++)
		assert_null(strstr(m.name[c], "ankle"));
	kit_close(&k);
}

static void nothing_is_said_of_nothing(void **state)
{
	static const struct {
		enum kit_case c;
		int trc, mot;
	} rows[] = {
		{ KIT_FRONT_ONLY, REPORT_NOTHING, REPORT_NOTHING },
		{ KIT_NO_HEIGHT, REPORT_NOTHING, 0 },
		{ KIT_UNKNOWN, REPORT_NOTHING, 0 },
		{ KIT_STANDING, REPORT_NOTHING, REPORT_NOTHING },
		{ KIT_NOBODY, REPORT_NOTHING, REPORT_NOTHING },
		{ KIT_TREADMILL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kit k;
		kit_open(&k, rows[i].c);
		if (kit_write(&k, report_trc) != rows[i].trc)
			fail_msg("TRC of %s", kit_name(rows[i].c));
		assert_int_equal(k.out.len > 0, rows[i].trc == 0);
		if (kit_write(&k, report_mot) != rows[i].mot)
			fail_msg("MOT of %s", kit_name(rows[i].c));
		assert_int_equal(k.out.len > 0, rows[i].mot == 0);
		kit_close(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markers_stand_in_metres),
		cmocka_unit_test(what_was_not_seen_is_blank),
		cmocka_unit_test(angles_are_those_of_the_curves),
		cmocka_unit_test(a_layout_without_feet_has_no_foot_markers),
		cmocka_unit_test(nothing_is_said_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
