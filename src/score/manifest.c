#include "score/manifest.h"

#include <math.h>
#include <string.h>

#include "base/strv.h"
#include "score/manifest_parts.h"

enum { DEPTH = 8, HEX_SHA256 = 64 };

int manifest_bad(struct err *e, const char *member, const char *want)
{
	return err_set(e, ERR_CORRUPT, "%s: %s", member, want);
}

static bool is_among(const char *name, const char *names)
{
	size_t len = strlen(name);

	for (const char *at = names; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		if (n == len && memcmp(at, name, n) == 0)
			return true;
		at += n;
	}
	return false;
}

int manifest_members(const struct json *object, const char *names, struct err *e)
{
	if (!json_is_object(object))
		return err_set(e, ERR_CORRUPT, "an object with %s is wanted", names);
	for (const struct json *v = json_first(object); v; v = json_next(v)) {
		if (!is_among(json_name(v), names))
			return err_set(e, ERR_CORRUPT, "%.40s: there is no such member; there are %s",
				json_name(v), names);
		for (const struct json *w = json_next(v); w; w = json_next(w))
			if (strcmp(json_name(v), json_name(w)) == 0)
				return manifest_bad(e, json_name(v), "it stands twice");
	}
	return 0;
}

int manifest_text(const struct json *from, const char *member, char *out, size_t size, struct err *e)
{
	const char *text = json_str(json_get(from, member), "");

	if (!*text || !str_is_clean_utf8(text, strlen(text)) || !str_copy(out, size, text))
		return err_set(
			e, ERR_CORRUPT, "%s: plain text of 1 to %zu bytes is wanted", member, size - 1);
	return 0;
}

int manifest_text_maybe(const struct json *from, const char *member, char *out, size_t size, struct err *e)
{
	return json_get(from, member) ? manifest_text(from, member, out, size, e) : 0;
}

int manifest_number(
	const struct json *from, const char *member, double low, double high, double *ret, struct err *e)
{
	const struct json *v = json_get(from, member);
	double n = json_num(v, low - 1);

	if (!json_is_num(v) || !(n >= low && n <= high))
		return err_set(e, ERR_CORRUPT, "%s: a number from %g to %g is wanted", member, low, high);
	*ret = n;
	return 0;
}

int manifest_number_maybe(
	const struct json *from, const char *member, double low, double high, double *ret, struct err *e)
{
	return json_get(from, member) ? manifest_number(from, member, low, high, ret, e) : 0;
}

int manifest_count(const struct json *from, const char *member, size_t most, size_t *ret, struct err *e)
{
	int64_t n = json_int(json_get(from, member), -1);

	if (n < 0 || (size_t)n > most)
		return err_set(e, ERR_CORRUPT, "%s: a whole number up to %zu is wanted", member, most);
	*ret = (size_t)n;
	return 0;
}

static int take_feature(const struct json *v, struct manifest *m, struct err *e)
{
	const char *name = json_str(json_get(v, "name"), ""), *unit = json_str(json_get(v, "unit"), "");
	enum feature f = feature_find(name);

	if (manifest_members(v, "name unit", e) < 0)
		return -1;
	if (f == FEATURES)
		return err_set(e, ERR_CORRUPT, "\"%.60s\" is not measured here", name);
	if (strcmp(unit, feature_unit(f)) != 0)
		return err_set(
			e, ERR_CORRUPT, "%s comes in %s, not in \"%.20s\"", name, feature_unit(f), unit);
	for (size_t i = 0; i < m->features; i++)
		if (m->feature[i] == f)
			return err_set(e, ERR_CORRUPT, "%s twice", name);
	m->feature[m->features++] = f;
	return 0;
}

static int take_features(const struct json *root, struct manifest *m, struct err *e)
{
	const struct json *list = json_get(root, "features");

	if (!json_is_array(list) || json_len(list) == 0)
		return manifest_bad(e, "features", "a list of names and units is wanted");
	for (const struct json *v = json_first(list); v; v = json_next(v))
		if (take_feature(v, m, e) < 0)
			return err_wrap(e, "features");
	return 0;
}

static int take_file(const struct json *root, struct manifest *m, struct err *e)
{
	uint8_t bytes[HEX_SHA256 / 2];

	if (manifest_text(root, "file", m->file, sizeof m->file, e) < 0 ||
		manifest_text(root, "sha256", m->sha256, sizeof m->sha256, e) < 0)
		return -1;
	if (strchr(m->file, '/') || m->file[0] == '.')
		return manifest_bad(e, "file", "a name in the manifest's own folder is wanted");
	if (strlen(m->sha256) != HEX_SHA256 || hex_decode(m->sha256, bytes, sizeof bytes) < 0)
		return manifest_bad(e, "sha256", "64 hexadecimal digits are wanted");
	return 0;
}

static bool is_date(const char *d)
{
	static const char form[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof form; i++)
		if (form[i] == 'd' ? d[i] < '0' || d[i] > '9' : d[i] != form[i])
			return false;
	int month = (d[5] - '0') * 10 + d[6] - '0', day = (d[8] - '0') * 10 + d[9] - '0';

	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static int take_training(const struct json *root, struct manifest *m, struct err *e)
{
	const struct json *t = json_get(root, "training");

	if (manifest_members(t, "data date", e) < 0 ||
		manifest_text(t, "data", m->training, sizeof m->training, e) < 0 ||
		manifest_text(t, "date", m->trained, sizeof m->trained, e) < 0)
		return err_wrap(e, "training");
	return is_date(m->trained) ? 0 : manifest_bad(e, "training: date", "YYYY-MM-DD is wanted");
}

static int take_decision(const struct json *root, struct manifest *m, struct err *e)
{
	const struct json *d = json_get(root, "decision");

	if (manifest_members(d, "threshold above below", e) < 0 ||
		manifest_number(d, "threshold", 0, 1, &m->threshold, e) < 0 ||
		manifest_text(d, "above", m->above, sizeof m->above, e) < 0 ||
		manifest_text(d, "below", m->below, sizeof m->below, e) < 0)
		return err_wrap(e, "decision");
	return 0;
}

static int take_identity(const struct json *root, struct manifest *m, struct err *e)
{
	const struct json *demo = json_get(root, "demonstration");

	if (manifest_members(root,
		    "name version demonstration notice file sha256 features max_missing min_cycles_a_side "
		    "quality "
		    "population training calibration decision",
		    e) < 0)
		return -1;
	/* It must be said either way: an omission would turn a demonstration into a measurement. */
	m->demonstration = json_bool(demo, true);
	if (json_bool(demo, true) != json_bool(demo, false))
		return manifest_bad(e, "demonstration", "true or false is wanted");
	if (manifest_text(root, "name", m->name, sizeof m->name, e) < 0 ||
		manifest_text(root, "version", m->version, sizeof m->version, e) < 0 ||
		manifest_text(root, "notice", m->notice, sizeof m->notice, e) < 0)
		return -1;
	return take_file(root, m, e);
}

int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *e)
{
	struct json *root __attribute__((cleanup(json_free_p))) = NULL;
	struct manifest m = { 0 };

	if (json_parse(text, len, DEPTH, &root, e) < 0)
		return -1;
	if (take_identity(root, &m, e) < 0 || take_features(root, &m, e) < 0 ||
		manifest_count(root, "max_missing", m.features, &m.max_missing, e) < 0 ||
		manifest_count(root, "min_cycles_a_side", 1000, &m.min_cycles, e) < 0 ||
		manifest_quality(root, &m, e) < 0 || manifest_population(root, &m, e) < 0 ||
		take_training(root, &m, e) < 0 || manifest_calibration(root, &m, e) < 0 ||
		take_decision(root, &m, e) < 0)
		return -1;
	*ret = m;
	return 0;
}
