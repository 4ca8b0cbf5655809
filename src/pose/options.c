#include "pose/options.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/strv.h"

static const char help[] =
	"gait-pose: the walking person of a video as BODY_25 key points\n"
	"\n"
	"  gait-pose --input VIDEO [--write_json DIR] [--write_video FILE.mp4]\n"
	"  gait-pose --input VIDEO --read_json DIR --events result.json --view front|side --write_video "
	"FILE\n"
	"\n"
	"  --input VIDEO          MP4, MOV, Matroska, WebM or AVI\n"
	"  --write_json DIR       NAME_000000000000_keypoints.json a frame, and meta.json\n"
	"  --write_video FILE     the video with the skeleton drawn in (H.264)\n"
	"  --read_json DIR        no search: the key points that an engine wrote for this video before\n"
	"  --events FILE          what gait-analyze made of them: heel strikes and toe-offs are drawn too\n"
	"  --view front|side      which of the result's views this video is\n"
	"  --model full|heavy     BlazePose model; full is the default, heavy four times slower\n"
	"  --weights DIR          the model files (default: $GAIT_WEIGHTS, then beside the program)\n"
	"  --subject_hint X,Y     where the walker is in the first frame: pixels, or fractions 0..1\n"
	"  --max_seconds S        longer videos are refused (default 300)\n"
	"  --max_pixels N         larger pictures are refused (default 9437184: 4096 x 2304)\n"
	"  --max_fps F            faster videos are thinned (default 60)\n"
	"  --decode_threads N     threads that decode, ahead of the model's one (default 2)\n"
	"  --progress[=stderr]    a line `progress PERCENT` now and then, on stdout or stderr\n"
	"  --describe             only say what the file's head tells: {\"seconds\", \"frames\"}, thinned to "
	"--max_fps\n"
	"  --bench_model N        time N runs of the model alone; with --input, also three whole runs, and "
	"the ratio\n"
	"  --help, --version\n"
	"\n"
	"Exit: 0 done; 3 no person found; 64 usage; 65 not a video that can be read, or past a limit;\n"
	"66 no such file; 70 internal; 71 out of memory; 73 no space; 74 input or output; 78 model files.\n";

enum {
	INPUT = 256,
	WRITE_JSON,
	WRITE_VIDEO,
	READ_JSON,
	EVENTS,
	VIEW_OF,
	MODEL,
	WEIGHTS,
	HINT,
	MAX_SECONDS,
	MAX_PIXELS,
	MAX_FPS,
	PROGRESS,
	DECODE_THREADS,
	BENCH,
	DESCRIBE,
	HELP,
	VERSION
};

static const struct option names[] = { { "input", required_argument, NULL, INPUT },
	{ "write_json", required_argument, NULL, WRITE_JSON },
	{ "write_video", required_argument, NULL, WRITE_VIDEO },
	{ "read_json", required_argument, NULL, READ_JSON }, { "events", required_argument, NULL, EVENTS },
	{ "view", required_argument, NULL, VIEW_OF }, { "model", required_argument, NULL, MODEL },
	{ "weights", required_argument, NULL, WEIGHTS }, { "subject_hint", required_argument, NULL, HINT },
	{ "max_seconds", required_argument, NULL, MAX_SECONDS },
	{ "max_pixels", required_argument, NULL, MAX_PIXELS },
	{ "max_fps", required_argument, NULL, MAX_FPS },
	{ "decode_threads", required_argument, NULL, DECODE_THREADS },
	{ "progress", optional_argument, NULL, PROGRESS }, { "bench_model", required_argument, NULL, BENCH },
	{ "describe", no_argument, NULL, DESCRIBE }, { "help", no_argument, NULL, HELP },
	{ "version", no_argument, NULL, VERSION }, { NULL, 0, NULL, 0 } };

const char *options_help(void)
{
	return help;
}

static bool parse_hint(const char *text, struct pose_options *o)
{
	char x[32];
	const char *comma = strchr(text, ',');
	size_t n = comma ? (size_t)(comma - text) : 0;

	if (!comma || n >= sizeof x)
		return false;
	memcpy(x, text, n);
	x[n] = '\0';
	o->has_hint =
		str_to_double(x, 0, 100000, &o->hint_x) && str_to_double(comma + 1, 0, 100000, &o->hint_y);
	return o->has_hint;
}

static bool parse_model(const char *text, enum weights_model *ret)
{
	*ret = strcmp(text, "heavy") == 0 ? WEIGHTS_HEAVY : WEIGHTS_FULL;
	return *ret == WEIGHTS_HEAVY || strcmp(text, "full") == 0;
}

static bool parse_progress(const char *text, int *ret)
{
	*ret = text && strcmp(text, "stderr") == 0 ? STDERR_FILENO : STDOUT_FILENO;
	return !text || *ret == STDERR_FILENO || strcmp(text, "stdout") == 0;
}

/* False where the value cannot be used. */
static bool take_limit(struct pose_options *o, int code, const char *value)
{
	int64_t n = 0;
	bool ok;

	switch (code) {
	case MAX_SECONDS:
		return str_to_double(value, 1, 86400, &o->limits.max_seconds);
	case MAX_FPS:
		return str_to_double(value, 5, 240, &o->max_fps);
	case MAX_PIXELS:
		return str_to_i64(value, 4096, INT64_C(1) << 28, &o->limits.max_pixels);
	case DECODE_THREADS:
		ok = str_to_i64(value, 1, 4, &n);
		o->limits.threads = (int)n;
		return ok;
	default:
		ok = str_to_i64(value, 1, 1000000, &n);
		o->bench_model = (int)n;
		return ok;
	}
}

static bool take(struct pose_options *o, int code, const char *value)
{
	switch (code) {
	case INPUT:
		o->input = value;
		return *value != '\0';
	case WRITE_JSON:
		o->json_dir = value;
		return *value != '\0';
	case WRITE_VIDEO:
		o->video_file = value;
		return *value != '\0';
	case READ_JSON:
		o->read_dir = value;
		return *value != '\0';
	case EVENTS:
		o->events_file = value;
		return *value != '\0';
	case VIEW_OF:
		o->has_view = true;
		o->view = strcmp(value, view_name(VIEW_FRONT)) == 0 ? VIEW_FRONT : VIEW_SIDE;
		return strcmp(value, view_name(o->view)) == 0;
	case WEIGHTS:
		o->weights_dir = value;
		return *value != '\0';
	case MODEL:
		return parse_model(value, &o->model);
	case HINT:
		return parse_hint(value, o);
	case PROGRESS:
		return parse_progress(value, &o->progress_fd);
	case DESCRIBE:
		o->describe = true;
		return true;
	case HELP:
		o->help = true;
		return true;
	case VERSION:
		o->version = true;
		return true;
	default:
		return take_limit(o, code, value);
	}
}

int options_parse(int argc, char **argv, struct pose_options *ret, struct err *e)
{
	struct pose_options o = { .model = WEIGHTS_FULL,
		.limits = { .max_seconds = 300,
			.max_pixels = 4096 * 2304,
			.working_side = 1280,
			.threads = 2 },
		.max_fps = 60,
		.progress_fd = -1 };
	int code, index = 0;

	opterr = 0;
	optind = 0; /* start over, also in a second call */
	while ((code = getopt_long(argc, argv, "", names, &index)) != -1) {
		if (code == '?' || code == ':')
			return err_set(e, ERR_USAGE, "%s is unknown or lacks its value (see --help)",
				argv[optind - 1]);
		if (!take(&o, code, optarg))
			return err_set(e, ERR_USAGE, "--%s does not take %s", names[index].name, optarg);
	}
	if (optind < argc)
		return err_set(e, ERR_USAGE, "%s: what is that? The video is named by --input", argv[optind]);
	if (!o.help && !o.version && !o.input && !o.bench_model)
		return err_set(e, ERR_USAGE, "--input VIDEO is missing (see --help)");
	if (!o.help && !o.version && (o.read_dir || o.events_file || o.has_view) &&
		(!o.input || !o.read_dir || !o.events_file || !o.has_view || !o.video_file || o.json_dir ||
			o.bench_model || o.describe))
		return err_set(e, ERR_USAGE,
			"--read_json, --events, --view, --input and --write_video go together, without "
			"--write_json (see --help)");
	/* Twice the fastest camera that makes sense here; a bound on memory. */
	o.limits.max_frames = (size_t)(o.limits.max_seconds * 500);
	*ret = o;
	return 0;
}
