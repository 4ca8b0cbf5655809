#include "pose/gait_analyze_options.h"

#include <getopt.h>
#include <string.h>

#include "base/strv.h"

const char options_help[] =
	"Usage: gait-analyze [--front PATH] [--side PATH] --out result.json [OPTION]…\n"
	"Measure walking from key points. A PATH is a folder as gait-pose or OpenPose writes one (meta.json "
	"and\n"
	"a JSON file a frame), or one JSON file for the whole video: {\"fps\":…, \"frames\":[…]} with "
	"OpenPose's\n"
	"people or MediaPipe's landmarks, or COCO's list of results (AlphaPose, MMPose). At least one view.\n"
	"\n"
	"      --front PATH             walking towards or away from the camera\n"
	"      --side PATH              walking across the image\n"
	"      --keypoints ARCHIVE      instead: keypoints.tar.gz of an attempt, with the folders front and "
	"side\n"
	"      --layout NAME            body_25, body_25b, coco_18, coco_17 or mediapipe_33; without it the "
	"one\n"
	"                               that the files name, or the count of numbers (75: body_25)\n"
	"      --out FILE               where result.json goes (schema/result.schema.json)\n"
	"      --height LENGTH          172cm, 1.72m, 5'7\", 5ft 7in; without it no lengths and no speed\n"
	"      --age YEARS              1 to 115, or\n"
	"      --age-months MONTHS      12 to 1380\n"
	"      --sex F|M|O\n"
	"      --walking-aid WORD       none, cane, crutches, walker, hand_held or other\n"
	"      --orthosis WORD          worn on: none, left, right or both\n"
	"      --footwear WORD          barefoot, socks, shoes, insoles or other\n"
	"      --model DIR              folder with manifest.json and the model file it names\n"
	"      --allow-demonstration    let a demonstration model give a score (it is no diagnosis)\n"
	"      --input-sha256-front HEX checksum of the video, passed on to the result; also …-side\n"
	"      --fps NUMBER             frame rate where the files tell none\n"
	"      --csv FILE               also write the parameters, one row each and side (docs/outputs.md)\n"
	"      --csv-curves FILE        the joint curves, one row each per cent of the cycle\n"
	"      --trc FILE, --mot FILE   body points in metres and joint angles over time for OpenSim (side "
	"view)\n"
	"      --svg-curves FILE        drawings: joint curves with reference bands,\n"
	"      --svg-events FILE        heel strikes and toe-offs over time,\n"
	"      --svg-table FILE         the table of parameters\n"
	"      --pdf FILE               the report for print, two A4 pages\n"
	"      --summary, --no-summary  a table for people on stdout; shown by itself on a terminal\n"
	"      --timing                 milliseconds of each stage on stderr\n"
	"      --serve                  for gaitd: answer requests on stdin until it ends "
	"(docs/architecture.md);\n"
	"                               with --model and --allow-demonstration, and limits of one request:\n"
	"      --max-memory BYTES, --max-cpu SECONDS\n"
	"      --help\n"
	"\n"
	"Exit: 0 result written, also where it says that nothing could be measured; 64 usage; 65 input that\n"
	"cannot be used; 66 not found; 71 memory; 73, 74 disk; 70 internal. The reason is on stderr.\n";

enum {
	OPT_FRONT = 1,
	OPT_SIDE,
	OPT_KEYPOINTS,
	OPT_LAYOUT,
	OPT_OUT,
	OPT_HEIGHT,
	OPT_AGE,
	OPT_MONTHS,
	OPT_SEX,
	OPT_WALKING_AID,
	OPT_ORTHOSIS,
	OPT_FOOTWEAR,
	OPT_MODEL,
	OPT_DEMO,
	OPT_SHA_FRONT,
	OPT_SHA_SIDE,
	OPT_FPS,
	OPT_SUMMARY,
	OPT_NO_SUMMARY,
	OPT_TIMING,
	OPT_SERVE,
	OPT_MAX_MEMORY,
	OPT_MAX_CPU,
	OPT_HELP,
	OPT_REPORT /* + enum report_kind */
};

static const struct option table[] = {
	{ "front", required_argument, NULL, OPT_FRONT },
	{ "side", required_argument, NULL, OPT_SIDE },
	{ "keypoints", required_argument, NULL, OPT_KEYPOINTS },
	{ "layout", required_argument, NULL, OPT_LAYOUT },
	{ "out", required_argument, NULL, OPT_OUT },
	{ "height", required_argument, NULL, OPT_HEIGHT },
	{ "age", required_argument, NULL, OPT_AGE },
	{ "age-months", required_argument, NULL, OPT_MONTHS },
	{ "sex", required_argument, NULL, OPT_SEX },
	{ "walking-aid", required_argument, NULL, OPT_WALKING_AID },
	{ "orthosis", required_argument, NULL, OPT_ORTHOSIS },
	{ "footwear", required_argument, NULL, OPT_FOOTWEAR },
	{ "model", required_argument, NULL, OPT_MODEL },
	{ "allow-demonstration", no_argument, NULL, OPT_DEMO },
	{ "input-sha256-front", required_argument, NULL, OPT_SHA_FRONT },
	{ "input-sha256-side", required_argument, NULL, OPT_SHA_SIDE },
	{ "fps", required_argument, NULL, OPT_FPS },
	{ "summary", no_argument, NULL, OPT_SUMMARY },
	{ "no-summary", no_argument, NULL, OPT_NO_SUMMARY },
	{ "timing", no_argument, NULL, OPT_TIMING },
	{ "serve", no_argument, NULL, OPT_SERVE },
	{ "max-memory", required_argument, NULL, OPT_MAX_MEMORY },
	{ "max-cpu", required_argument, NULL, OPT_MAX_CPU },
	{ "help", no_argument, NULL, OPT_HELP },
#define REPORT(name, option, max_mb, text) { option, required_argument, NULL, OPT_REPORT + REPORT_##name },
#include "pose/gait_analyze_reports.def"
#undef REPORT
	{ 0 },
};

/* The number at the start of @text; *@rest is what follows it. */
static bool leading_number(const char *text, double *ret, const char **rest)
{
	char number[16];
	size_t n = strspn(text, "0123456789.");

	if (n == 0 || n >= sizeof number)
		return false;
	memcpy(number, text, n);
	number[n] = '\0';
	*rest = text + n + strspn(text + n, " ");
	return str_to_double(number, 0, 1000, ret);
}

static bool in_range(double m, double *ret)
{
	if (!(m >= 0.4 && m <= 2.5))
		return false;
	*ret = m;
	return true;
}

bool options_height(const char *text, double *ret_m)
{
	double a, b = 0;
	const char *rest;

	if (!leading_number(text, &a, &rest))
		return false;
	if (strcmp(rest, "cm") == 0)
		return in_range(a / 100, ret_m);
	if (strcmp(rest, "m") == 0)
		return in_range(a, ret_m);
	size_t feet = rest[0] == '\'' ? 1 : strncmp(rest, "ft", 2) == 0 ? 2 : 0;
	if (feet == 0)
		return false;
	rest += feet;
	rest += strspn(rest, " ");
	if (*rest && (!leading_number(rest, &b, &rest) || b >= 12))
		return false;
	if (*rest && strcmp(rest, "\"") != 0 && strcmp(rest, "in") != 0 && strcmp(rest, "''") != 0)
		return false;
	return in_range((a * 12 + b) * 0.0254, ret_m);
}

static int take_number(
	const char *text, double low, double high, const char *name, double *ret, struct err *e)
{
	if (str_to_double(text, low, high, ret))
		return 0;
	return err_set(e, ERR_FIELD, "--%s: a number from %g to %g is wanted", name, low, high);
}

static int take_whole(
	const char *text, int64_t low, int64_t high, const char *name, int64_t *ret, struct err *e)
{
	if (str_to_i64(text, low, high, ret))
		return 0;
	return err_set(e, ERR_FIELD, "--%s: a whole number from %lld to %lld is wanted", name, (long long)low,
		(long long)high);
}

static int take_sha(const char *text, const char **ret, struct err *e)
{
	uint8_t bytes[32];

	if (strlen(text) != 64 || hex_decode(text, bytes, sizeof bytes) != 32)
		return err_set(e, ERR_FIELD, "--input-sha256-…: 64 hexadecimal digits are wanted");
	*ret = text;
	return 0;
}

static int take_word(
	const char *text, enum patient_fact f, const char *name, struct patient *p, struct err *e)
{
	if (patient_parse(p, f, text))
		return 0;
	return err_set(e, ERR_FIELD, "--%s: %s is wanted", name, patient_words(f));
}

static int take_patient(int option, const char *text, struct patient *p, struct err *e)
{
	if (option == OPT_HEIGHT)
		return options_height(text, &p->height_m) ? 0
							  : err_set(e, ERR_FIELD,
								    "--height: 40 to 250 cm with a unit is "
								    "wanted, as in 172cm or 5'7\"");
	if (option == OPT_MONTHS)
		return take_number(text, 12, 1380, "age-months", &p->age_months, e);
	if (option == OPT_AGE) {
		double years;
		if (take_number(text, 1, 115, "age", &years, e) < 0)
			return -1;
		p->age_months = 12 * years;
		return 0;
	}
	if (strlen(text) != 1 || !strchr("FMO", text[0]))
		return err_set(e, ERR_FIELD, "--sex: F, M or O is wanted");
	p->sex = text[0];
	return 0;
}

static int take(int option, const char *text, struct options *o, struct err *e)
{
	if (option >= OPT_REPORT && option < OPT_REPORT + (int)REPORT_KINDS) {
		o->report[option - OPT_REPORT] = text;
		return 0;
	}
	switch (option) {
	case OPT_FRONT:
		o->dir[VIEW_FRONT] = text;
		return 0;
	case OPT_SIDE:
		o->dir[VIEW_SIDE] = text;
		return 0;
	case OPT_KEYPOINTS:
		o->archive = text;
		return 0;
	case OPT_LAYOUT:
		return layout_of_name(text, &o->layout)
			       ? 0
			       : err_set(e, ERR_FIELD, "--layout: %s is wanted", layout_names);
	case OPT_OUT:
		o->out = text;
		return 0;
	case OPT_HEIGHT:
	case OPT_AGE:
	case OPT_MONTHS:
	case OPT_SEX:
		return take_patient(option, text, &o->patient, e);
	case OPT_WALKING_AID:
		return take_word(text, PATIENT_WALKING_AID, "walking-aid", &o->patient, e);
	case OPT_ORTHOSIS:
		return take_word(text, PATIENT_ORTHOSIS, "orthosis", &o->patient, e);
	case OPT_FOOTWEAR:
		return take_word(text, PATIENT_FOOTWEAR, "footwear", &o->patient, e);
	case OPT_MODEL:
		o->model_dir = text;
		return 0;
	case OPT_DEMO:
		o->allow_demonstration = true;
		return 0;
	case OPT_SHA_FRONT:
		return take_sha(text, &o->sha256[VIEW_FRONT], e);
	case OPT_SHA_SIDE:
		return take_sha(text, &o->sha256[VIEW_SIDE], e);
	case OPT_FPS:
		return take_number(text, 5, 1000, "fps", &o->fps, e);
	case OPT_SUMMARY:
		o->summary = true;
		return 0;
	case OPT_NO_SUMMARY:
		o->no_summary = true;
		return 0;
	case OPT_TIMING:
		o->timing = true;
		return 0;
	case OPT_SERVE:
		o->serve = true;
		return 0;
	case OPT_MAX_MEMORY:
		return take_whole(text, 64 << 20, INT64_C(1) << 40, "max-memory", &o->max_memory_bytes, e);
	case OPT_MAX_CPU:
		return take_whole(text, 1, 3600, "max-cpu", &o->max_cpu_s, e);
	case OPT_HELP:
		o->help = true;
		return 0;
	default:
		return err_set(e, ERR_USAGE, "unknown option; --help shows them");
	}
}

int options_parse(int argc, char **argv, struct options *ret, struct err *e)
{
	struct options o = { 0 };

	patient_init(&o.patient);
	opterr = 0;
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;)
		if (take(c, optarg, &o, e) < 0)
			return -1;
	if (!o.help) {
		if (optind < argc)
			return err_set(e, ERR_USAGE, "\"%s\" is no option", argv[optind]);
		if (o.serve) {
			*ret = o;
			return 0;
		}
		bool views = o.dir[VIEW_FRONT] || o.dir[VIEW_SIDE];
		if (!views && !o.archive)
			return err_set(e, ERR_USAGE,
				"--front, --side or --keypoints is needed; --help shows all options");
		if (views && o.archive)
			return err_set(e, ERR_USAGE, "--keypoints stands instead of --front and --side");
		if (!o.out)
			return err_set(e, ERR_USAGE, "--out is needed");
	}
	*ret = o;
	return 0;
}
