#include <math.h>
#include <string.h>

#include "base/strv.h"
#include "gait/keypoints_parts.h"

enum { META_DEPTH = 16, FPS = 1, WIDTH, HEIGHT, ENGINE, FLAGS, LAYOUT, COORDINATES };

static int read_fps(struct about *a, struct json_pull *p, struct err *e)
{
	bool number = json_pull_kind(p) == JSON_NUMBER;

	if ((number ? json_pull_num(p, &a->fps, e) : json_pull_skip(p, e)) < 0)
		return -1;
	if (!(number && a->fps >= 5 && a->fps <= 1000))
		return err_set(e, ERR_INVALID, "fps must be a number of frames a second, 5 to 1000");
	return 0;
}

static int read_size(int *ret, const char *name, struct json_pull *p, struct err *e)
{
	bool number = json_pull_kind(p) == JSON_NUMBER;
	double v = 0;

	if ((number ? json_pull_num(p, &v, e) : json_pull_skip(p, e)) < 0)
		return -1;
	if (!(number && v >= 16 && v <= 16384 && floor(v) >= v))
		return err_set(e, ERR_INVALID, "%s must be a whole number of pixels, 16 to 16384", name);
	*ret = (int)v;
	return 0;
}

/* A string, or an object with a name; anything else is no name and stays unknown. */
static int read_engine(struct about *a, struct json_pull *p, struct err *e)
{
	static const char *const names[] = { "name", NULL };
	uint32_t seen = 0;
	int r = 0, cut = 0;

	if (json_pull_kind(p) == JSON_STRING) {
		cut = json_pull_str(p, a->engine, sizeof a->engine, e);
	} else if (json_pull_kind(p) == JSON_OBJECT) {
		r = json_pull_object(p, e);
		while (r >= 0 && (r = json_pull_member(p, names, &seen, e)) > 0)
			r = json_pull_kind(p) == JSON_STRING
				    ? (cut = json_pull_str(p, a->engine, sizeof a->engine, e))
				    : json_pull_skip(p, e);
	} else {
		r = json_pull_skip(p, e);
	}
	if (r < 0 || cut < 0)
		return -1;
	if (cut == JSON_PULL_LONG || !str_is_clean_utf8(a->engine, strlen(a->engine)))
		return err_set(e, ERR_INVALID, "engine must be plain text of at most %zu bytes",
			sizeof a->engine - 1);
	return 0;
}

static int read_flags(struct about *a, struct json_pull *p, struct err *e)
{
	char text[32];
	int r;

	if (json_pull_kind(p) != JSON_ARRAY)
		return json_pull_skip(p, e);
	r = json_pull_array(p, e);
	while (r >= 0 && (r = json_pull_element(p, e)) > 0) {
		if (json_pull_kind(p) != JSON_STRING) {
			r = json_pull_skip(p, e);
			continue;
		}
		r = json_pull_str(p, text, sizeof text, e);
		a->several |= r == 0 && strcmp(text, "several_people") == 0;
	}
	return r;
}

/* A short word, "" for anything else. */
static int read_word(char *out, size_t size, struct json_pull *p, struct err *e)
{
	out[0] = '\0';
	return (json_pull_kind(p) == JSON_STRING ? json_pull_str(p, out, size, e) : json_pull_skip(p, e)) < 0
		       ? -1
		       : 0;
}

static int read_layout(struct about *a, struct json_pull *p, struct err *e)
{
	char text[32];

	if (read_word(text, sizeof text, p, e) < 0)
		return -1;
	if (!layout_of_name(text, &a->layout))
		return err_set(e, ERR_INVALID, "layout must be %s", layout_names);
	return 0;
}

static int read_coordinates(struct about *a, struct json_pull *p, struct err *e)
{
	char text[32];

	if (read_word(text, sizeof text, p, e) < 0)
		return -1;
	a->coordinates = strcmp(text, "pixels") == 0       ? COORDINATES_PIXELS
			 : strcmp(text, "normalized") == 0 ? COORDINATES_NORMALIZED
							   : COORDINATES_UNKNOWN;
	if (a->coordinates == COORDINATES_UNKNOWN)
		return err_set(e, ERR_INVALID, "coordinates must be \"pixels\" or \"normalized\"");
	return 0;
}

int about_read(struct about *a, int member, struct json_pull *p, struct err *e)
{
	switch (member) {
	case FPS:
		return read_fps(a, p, e);
	case WIDTH:
		return read_size(&a->width, "width", p, e);
	case HEIGHT:
		return read_size(&a->height, "height", p, e);
	case ENGINE:
		return read_engine(a, p, e);
	case FLAGS:
		return read_flags(a, p, e);
	case LAYOUT:
		return read_layout(a, p, e);
	default:
		return read_coordinates(a, p, e);
	}
}

void about_apply(const struct about *a, struct keypoints *k)
{
	k->fps = a->fps > 0 ? a->fps : k->fps;
	k->width = a->width ? a->width : k->width;
	k->height = a->height ? a->height : k->height;
	k->several |= a->several;
	if (a->engine[0])
		memcpy(k->engine, a->engine, sizeof k->engine);
	if (k->layout == LAYOUT_BY_COUNT)
		k->layout = a->layout;
	if (a->coordinates != COORDINATES_UNKNOWN)
		k->coordinates = a->coordinates;
}

int keypoints_meta(struct keypoints *k, const char *text, size_t len, struct err *e)
{
	static const char *const names[] = { ABOUT_NAMES, NULL };
	struct about a = { 0 };
	struct json_pull p;
	uint32_t seen = 0;

	if (len > KEYPOINTS_MAX_TEXT)
		return err_set(e, ERR_TOO_LARGE, "more than %d bytes", KEYPOINTS_MAX_TEXT);
	json_pull_init(&p, text, len, META_DEPTH);
	int r = json_pull_object(&p, e);
	while (r >= 0 && (r = json_pull_member(&p, names, &seen, e)) > 0)
		r = about_read(&a, r, &p, e);
	if (r < 0 || json_pull_end(&p, e) < 0)
		return -1;
	if (!(a.fps > 0))
		return err_set(e, ERR_INVALID, "fps must be a number of frames a second, 5 to 1000");
	about_apply(&a, k);
	return 0;
}
