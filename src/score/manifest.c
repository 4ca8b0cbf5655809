#include "score/manifest.h"

#include <string.h>

#include "base/json.h"
#include "base/strv.h"

enum { DEPTH = 8, HEX_SHA256 = 64 };

static int bad(struct err *e, const char *member, const char *want)
{
	return err_set(e, ERR_CORRUPT, "%s: %s", member, want);
}

static int take_text(const struct json *root, const char *member, char *out, size_t size, struct err *e)
{
	const char *text = json_str(json_get(root, member), "");

	if (!*text || !str_is_clean_utf8(text, strlen(text)) || !str_copy(out, size, text))
		return bad(e, member, "plain text is wanted, neither empty nor too long");
	return 0;
}

static int take_number(
	const struct json *from, const char *member, double low, double high, double *ret, struct err *e)
{
	const struct json *v = json_get(from, member);
	double n = json_num(v, low - 1);

	if (!json_is_num(v) || !(n >= low && n <= high))
		return err_set(e, ERR_CORRUPT, "%s: a number from %g to %g is wanted", member, low, high);
	*ret = n;
	return 0;
}

static int take_count(const struct json *from, const char *member, size_t most, size_t *ret, struct err *e)
{
	int64_t n = json_int(json_get(from, member), -1);

	if (n < 0 || (size_t)n > most)
		return err_set(e, ERR_CORRUPT, "%s: a whole number up to %zu is wanted", member, most);
	*ret = (size_t)n;
	return 0;
}

static int take_features(const struct json *root, struct manifest *m, struct err *e)
{
	for (const struct json *v = json_first(json_get(root, "features")); v; v = json_next(v)) {
		const char *name = json_str(json_get(v, "name"), ""),
			   *unit = json_str(json_get(v, "unit"), "");
		enum feature f = feature_find(name);
		if (f == FEATURES)
			return err_set(e, ERR_CORRUPT, "features: \"%.60s\" is not measured here", name);
		if (strcmp(unit, feature_unit(f)) != 0)
			return err_set(e, ERR_CORRUPT, "features: %s comes in %s, not in \"%.20s\"", name,
				feature_unit(f), unit);
		for (size_t i = 0; i < m->features; i++)
			if (m->feature[i] == f)
				return err_set(e, ERR_CORRUPT, "features: %s twice", name);
		m->feature[m->features++] = f;
	}
	return m->features > 0 ? 0 : bad(e, "features", "a list of names and units is wanted");
}

static int take_file(const struct json *root, struct manifest *m, struct err *e)
{
	uint8_t bytes[HEX_SHA256 / 2];

	if (take_text(root, "file", m->file, sizeof m->file, e) < 0 ||
		take_text(root, "sha256", m->sha256, sizeof m->sha256, e) < 0)
		return -1;
	if (strchr(m->file, '/') || m->file[0] == '.')
		return bad(e, "file", "a name in the manifest's own folder is wanted");
	if (strlen(m->sha256) != HEX_SHA256 || hex_decode(m->sha256, bytes, sizeof bytes) < 0)
		return bad(e, "sha256", "64 hexadecimal digits are wanted");
	return 0;
}

static int take_population(const struct json *root, struct manifest *m, struct err *e)
{
	const struct json *p = json_get(root, "population");

	if (take_number(p, "age_min_months", 0, 1400, &m->age_min_months, e) < 0 ||
		take_number(p, "age_max_months", m->age_min_months, 1400, &m->age_max_months, e) < 0 ||
		take_text(p, "text", m->population, sizeof m->population, e) < 0)
		return err_wrap(e, "population");
	return 0;
}

static int take_meaning(const struct json *root, struct manifest *m, struct err *e)
{
	const struct json *c = json_get(root, "calibration"), *d = json_get(root, "decision");

	if (take_number(c, "slope", 0.01, 100, &m->slope, e) < 0 ||
		take_number(c, "intercept", -100, 100, &m->intercept, e) < 0)
		return err_wrap(e, "calibration");
	if (take_number(d, "threshold", 0, 1, &m->threshold, e) < 0 ||
		take_text(d, "above", m->above, sizeof m->above, e) < 0 ||
		take_text(d, "below", m->below, sizeof m->below, e) < 0)
		return err_wrap(e, "decision");
	return 0;
}

int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *e)
{
	struct json *root __attribute__((cleanup(json_free_p))) = NULL;
	struct manifest m = { 0 };

	if (json_parse(text, len, DEPTH, &root, e) < 0)
		return -1;
	const struct json *demo = json_get(root, "demonstration");
	/* It must be said either way: an omission would turn a demonstration into a measurement. */
	m.demonstration = json_bool(demo, true);
	if (json_bool(demo, true) != json_bool(demo, false))
		return bad(e, "demonstration", "true or false is wanted");
	if (take_text(root, "name", m.name, sizeof m.name, e) < 0 ||
		take_text(root, "version", m.version, sizeof m.version, e) < 0 ||
		take_text(root, "notice", m.notice, sizeof m.notice, e) < 0 || take_file(root, &m, e) < 0 ||
		take_features(root, &m, e) < 0 ||
		take_count(root, "max_missing", m.features, &m.max_missing, e) < 0 ||
		take_count(root, "min_cycles_a_side", 1000, &m.min_cycles, e) < 0 ||
		take_population(root, &m, e) < 0 || take_meaning(root, &m, e) < 0)
		return -1;
	*ret = m;
	return 0;
}
