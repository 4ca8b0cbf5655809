#include "options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "vec.h"

enum kind { KIND_NUMBER, KIND_INT, KIND_SEED, KIND_HEIGHT, KIND_SIZE, KIND_WORD, KIND_TEXT, KIND_FLAG };

/* Words of a KIND_WORD option stand in @words, separated by '|'; the value is the word's number. */
struct row {
	const char *name, *arg;
	enum kind kind;
	size_t at; /* in struct options, or in struct words */
	double min, max;
	const char *words, *help;
};

struct words {
	int view, direction, front_direction, contact;
};

#define AT(field)   offsetof(struct options, field)
#define WORD(field) offsetof(struct words, field)

static const struct row rows[] = {
	{ "--out", "DIR", KIND_TEXT, AT(out_dir), 0, 0, NULL,
		"folder for side.mp4, front.mp4 and truth.json (made if missing)" },
	{ "--view", "VIEW", KIND_WORD, WORD(view), 0, 0, "both|side|front", "which videos to render (both)" },
	{ "--cadence", "N", KIND_NUMBER, AT(cadence), 40, 220, NULL,
		"steps a minute (104; a child: by age)" },
	{ "--step", "M", KIND_NUMBER, AT(step_m), 0.08, 1.2, NULL,
		"step length, m (0.36 of the height; a child: by age)" },
	{ "--speed", "M/S", KIND_NUMBER, AT(speed_m_per_s), 0.1, 2.6, NULL,
		"walking speed instead of --step" },
	{ "--height", "H", KIND_HEIGHT, AT(height_m), 0.6, 2.3, NULL,
		"standing height: 172cm or 1.72m (1.72m; a child: by age)" },
	{ "--width", "M", KIND_NUMBER, AT(width_m), 0, 0.4, NULL, "step width, m (0.058 of the height)" },
	{ "--asymmetry", "F", KIND_NUMBER, AT(asymmetry), -0.5, 0.5, NULL,
		"step lengths: (left - right) / mean (0)" },
	{ "--asymmetry-time", "F", KIND_NUMBER, AT(asymmetry_time), -0.4, 0.4, NULL,
		"step times: (left - right) / mean (0)" },
	{ "--knee-left", "F", KIND_NUMBER, AT(knee[SIDE_LEFT]), 0.3, 1.3, NULL,
		"left knee flexion in swing against the typical (1)" },
	{ "--knee-right", "F", KIND_NUMBER, AT(knee[SIDE_RIGHT]), 0.3, 1.3, NULL,
		"right knee flexion in swing against the typical (1)" },
	{ "--contact", "PART", KIND_WORD, WORD(contact), 0, 0, "heel|flat|toe",
		"what of the foot meets the floor first; toe: the heel never comes down (heel)" },
	{ "--toe-out", "DEG", KIND_NUMBER, AT(toe_out_deg), -20, 35, NULL,
		"how far the feet point outwards; negative: inwards (6.3)" },
	{ "--pelvis-drop", "DEG", KIND_NUMBER, AT(pelvis_drop_deg), 0, 10, NULL,
		"the pelvis tilts so far to either side (3.5)" },
	{ "--trunk-lean", "DEG", KIND_NUMBER, AT(trunk_lean_deg), -10, 35, NULL,
		"the chest leans so much farther forward than usual (0)" },
	{ "--trunk-sway", "DEG", KIND_NUMBER, AT(trunk_sway_deg), 0, 15, NULL,
		"the chest leans so far over the standing leg (0)" },
	{ "--arm-swing", "F", KIND_NUMBER, AT(arm_swing), 0, 1.6, NULL,
		"swing of the arms against the typical (1)" },
	{ "--stand", NULL, KIND_FLAG, AT(stand), 0, 0, NULL,
		"the figure stands, with a little sway, and does not walk" },
	{ "--direction", "WAY", KIND_WORD, WORD(direction), 0, 0, "right|left",
		"walking direction in the side view (right)" },
	{ "--front-direction", "WAY", KIND_WORD, WORD(front_direction), 0, 0, "toward|away",
		"towards the front camera or away from it (toward)" },
	{ "--duration", "S", KIND_NUMBER, AT(duration_s), 0.1, 120, NULL, "length of the videos, s (6.5)" },
	{ "--fps", "N", KIND_NUMBER, AT(fps), 5, 240, NULL, "frames a second (30)" },
	{ "--size", "WxH", KIND_SIZE, AT(frame_width), 32, 4096, NULL,
		"picture size, even numbers (1280x720)" },
	{ "--seed", "N", KIND_SEED, AT(seed), 0, 1e9, NULL, "colours, wall and film grain (1)" },
	{ "--child", NULL, KIND_FLAG, AT(child), 0, 0, NULL,
		"a child's proportions and gait; 4 years without --age" },
	{ "--age", "YEARS", KIND_NUMBER, AT(age), BODY_AGE_MIN, BODY_AGE_ADULT, NULL,
		"age of the child (implies --child)" },
	{ "--threads", "N", KIND_INT, AT(threads), 1, 64, NULL, "rendering threads (as many as processors)" },
	{ "--truth-only", NULL, KIND_FLAG, AT(truth_only), 0, 0, NULL,
		"write truth.json alone, of the wanted views; takes no time" },
	{ "--progress", NULL, KIND_FLAG, AT(progress), 0, 0, NULL,
		"a progress line, also where stderr is no terminal" },
	{ "--help", NULL, KIND_FLAG, AT(help), 0, 0, NULL, "this text" },
};

static int refuse(const struct row *r, const char *value, struct err *e)
{
	switch (r->kind) {
	case KIND_WORD:
		return err_set(e, ERR_USAGE, "%s takes one of %s, not \"%s\"", r->name, r->words, value);
	case KIND_HEIGHT:
		return err_set(
			e, ERR_USAGE, "%s takes 60cm to 230cm, or 0.6m to 2.3m, not \"%s\"", r->name, value);
	case KIND_SIZE:
		return err_set(e, ERR_USAGE,
			"%s takes two even numbers from %g to %g, as 1280x720, not \"%s\"", r->name, r->min,
			r->max, value);
	case KIND_TEXT:
		return err_set(e, ERR_USAGE, "%s must not be empty", r->name);
	case KIND_NUMBER:
	case KIND_INT:
	case KIND_SEED:
	case KIND_FLAG:
		break;
	}
	return err_set(e, ERR_USAGE, "%s takes %s from %.10g to %.10g, not \"%s\"", r->name,
		r->kind == KIND_NUMBER ? "a number" : "a whole number", r->min, r->max, value);
}

/* "172cm", "1.72m"; without a unit up to 3 is metres and more is centimetres. */
static bool height_from(const struct row *r, const char *text, double *ret)
{
	char digits[32];
	double v, unit = 0;

	if (!str_copy(digits, sizeof digits, text))
		return false;
	size_t n = strlen(digits);
	if (str_ends(digits, "cm")) {
		unit = .01;
		digits[n - 2] = '\0';
	} else if (str_ends(digits, "m")) {
		unit = 1;
		digits[n - 1] = '\0';
	}
	if (!str_to_double(digits, 0, 1000, &v))
		return false;
	if (unit == 0)
		unit = v > 3 ? .01 : 1;
	if (v * unit < r->min - 1e-9 || v * unit > r->max + 1e-9)
		return false;
	*ret = v * unit;
	return true;
}

static bool size_from(const struct row *r, const char *text, int ret[2])
{
	char part[32];
	const char *x = strchr(text, 'x');
	int64_t w, h;

	if (!x || !str_copy(part, sizeof part, text))
		return false;
	part[x - text < (ptrdiff_t)sizeof part ? x - text : 0] = '\0';
	if (!str_to_i64(part, (int64_t)r->min, (int64_t)r->max, &w) ||
		!str_to_i64(x + 1, (int64_t)r->min, (int64_t)r->max, &h) || w % 2 || h % 2)
		return false;
	ret[0] = (int)w;
	ret[1] = (int)h;
	return true;
}

static bool word_from(const struct row *r, const char *text, int *ret)
{
	const char *w = r->words;

	for (int i = 0; w; i++) {
		size_t n = strcspn(w, "|");

		if (strv_eq((struct strv){ w, n }, text)) {
			*ret = i;
			return true;
		}
		w = w[n] ? w + n + 1 : NULL;
	}
	return false;
}

static int set_value(const struct row *r, const char *text, struct options *o, struct words *w, struct err *e)
{
	void *at = (r->kind == KIND_WORD ? (char *)w : (char *)o) + r->at;
	int64_t whole = 0;
	bool ok = false;

	switch (r->kind) {
	case KIND_NUMBER:
		ok = str_to_double(text, r->min, r->max, at);
		break;
	case KIND_INT:
		ok = str_to_i64(text, (int64_t)r->min, (int64_t)r->max, &whole);
		if (ok)
			*(int *)at = (int)whole;
		break;
	case KIND_SEED:
		ok = str_to_i64(text, (int64_t)r->min, (int64_t)r->max, &whole);
		if (ok)
			*(uint32_t *)at = (uint32_t)whole;
		break;
	case KIND_HEIGHT:
		ok = height_from(r, text, at);
		break;
	case KIND_SIZE:
		ok = size_from(r, text, at);
		break;
	case KIND_WORD:
		ok = word_from(r, text, at);
		break;
	case KIND_TEXT:
		ok = *text != '\0';
		*(const char **)at = text;
		break;
	case KIND_FLAG:
		*(bool *)at = true;
		return 0;
	}
	return ok ? 0 : refuse(r, text, e);
}

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	}
	return NULL;
}

/* Set what was not given, and check what one option cannot know of another. */
static int settle(struct options *o, const struct words *w, struct err *e)
{
	if (!o->out_dir)
		return err_set(e, ERR_USAGE, "--out DIR is missing; see --help");
	if (o->step_m > 0 && o->speed_m_per_s > 0)
		return err_set(e, ERR_USAGE, "--step and --speed exclude each other");
	if (o->age > 0)
		o->child = true;
	else
		o->age = o->child ? 4 : BODY_AGE_ADULT;
	struct body_typical t = body_typical(o->age);
	if (o->height_m <= 0)
		o->height_m = t.height;
	if (o->cadence <= 0)
		o->cadence = t.cadence;
	if (o->speed_m_per_s > 0)
		o->step_m = o->speed_m_per_s * 60 / o->cadence;
	if (o->step_m <= 0)
		o->step_m = t.step * o->height_m / t.height;
	o->speed_m_per_s = o->step_m * o->cadence / 60;
	if (o->width_m < 0)
		o->width_m = .058 * o->height_m;
	o->contact = (enum contact)w->contact;
	o->view[VIEW_SIDE] = w->view != 2;
	o->view[VIEW_FRONT] = w->view != 1;
	o->direction = w->direction ? -1 : 1;
	o->front_toward = !w->front_direction;
	struct body b = options_body(o);
	double longest = KIN_STEP_PER_LEG_MAX * body_leg(&b), least = .2 * body_leg(&b);
	double ask = o->step_m * (1 + (o->asymmetry < 0 ? -o->asymmetry : o->asymmetry) / 2);
	if (ask > longest || o->step_m < least)
		return err_set(e, ERR_USAGE,
			"a step of %.2f m is not possible for this height: %.2f to %.2f m are", ask, least,
			longest);
	double widest = ask > KIN_STEP_PER_LEG_SHORT * body_leg(&b) ? KIN_WIDTH_PER_LEG_MAX
								    : KIN_WIDTH_PER_LEG_MAX_SHORT;
	if (o->width_m > widest * body_leg(&b))
		return err_set(e, ERR_USAGE,
			"a step width of %.2f m is not possible for this height: up to %.2f m is", o->width_m,
			widest * body_leg(&b));
	return 0;
}

int options_parse(int argc, char *const argv[], struct options *o, struct err *e)
{
	struct words w = { 0 };
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	*o = (struct options){ .width_m = -1,
		.knee = { 1, 1 },
		.toe_out_deg = DEG(KIN_TOE_OUT),
		.pelvis_drop_deg = KIN_DROP,
		.arm_swing = 1,
		.duration_s = 6.5,
		.fps = 30,
		.frame_width = 1280,
		.frame_height = 720,
		.seed = 1,
		.threads = processors < 1    ? 1
			   : processors > 16 ? 16
					     : (int)processors };
	for (int i = 1; i < argc; i++) {
		const struct row *r = find_row(argv[i]);
		const char *value = NULL;

		if (!r)
			return err_set(e, ERR_USAGE, "unknown option \"%s\"; see --help", argv[i]);
		if (r->kind != KIND_FLAG) {
			if (i + 1 >= argc)
				return err_set(e, ERR_USAGE, "%s needs a value: %s", r->name, r->arg);
			value = argv[++i];
		}
		if (set_value(r, value, o, &w, e))
			return -1;
	}
	return o->help ? 0 : settle(o, &w, e);
}

int options_help(struct buf *out, struct err *e)
{
	if (buf_adds(out,
		    "walker: videos of one walking figure, from the side and from the front at the same "
		    "time,\n"
		    "and truth.json: its events, lengths, angles and key points.\n\n"
		    "usage: walker --out DIR [option...]\n\n",
		    e))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		const char *arg = r->words ? r->words : r->arg ? r->arg : "";

		if (buf_addf(out, e, "  %-17s %-16s %s\n", r->name, arg, r->help))
			return -1;
	}
	return buf_adds(out,
		"\nExit codes: 0 done; 64 wrong option; 69 no H.264 coder; 73, 74 the disk; 71 memory.\n", e);
}

struct body options_body(const struct options *o)
{
	return body_make(o->height_m, o->age);
}

struct kin_params options_gait(const struct options *o)
{
	return (struct kin_params){ .cadence = o->cadence,
		.step = o->step_m,
		.step_width = o->width_m,
		.asym_length = o->asymmetry,
		.asym_time = o->asymmetry_time,
		.knee_scale = { [SIDE_RIGHT] = o->knee[SIDE_RIGHT], [SIDE_LEFT] = o->knee[SIDE_LEFT] },
		.contact = o->contact,
		.toe_out = RAD(o->toe_out_deg),
		.pelvis_drop = RAD(o->pelvis_drop_deg),
		.trunk_lean = RAD(o->trunk_lean_deg),
		.trunk_sway = RAD(o->trunk_sway_deg),
		.arm_swing = o->arm_swing,
		.stand = o->stand };
}

int options_frames(const struct options *o)
{
	int n = (int)(o->duration_s * o->fps + .5);

	return n < 1 ? 1 : n;
}
