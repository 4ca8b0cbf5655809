#include "schema_check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/strv.h"

static bool is_type(const struct json *v, const char *type)
{
	if (strcmp(type, "object") == 0)
		return json_is_object(v);
	if (strcmp(type, "array") == 0)
		return json_is_array(v);
	if (strcmp(type, "string") == 0)
		return json_str(v, NULL) != NULL;
	if (strcmp(type, "number") == 0)
		return json_is_num(v);
	if (strcmp(type, "integer") == 0)
		return json_is_num(v) && fabs(json_num(v, 0.5) - floor(json_num(v, 0.5))) <= 0;
	if (strcmp(type, "boolean") == 0)
		return json_bool(v, true) == json_bool(v, false);
	return strcmp(type, "null") == 0 && json_is_null(v);
}

static bool same(const struct json *a, const struct json *b)
{
	if (json_str(a, NULL))
		return strcmp(json_str(a, ""), json_str(b, "\x01")) == 0;
	if (json_is_null(a))
		return json_is_null(b);
	return json_is_num(a) && json_is_num(b) && fabs(json_num(a, 0) - json_num(b, 1)) <= 0;
}

static int check_type(const struct json *type, const struct json *value, struct err *e)
{
	bool fits = json_str(type, NULL) && is_type(value, json_str(type, ""));

	for (const struct json *t = json_first(type); t; t = json_next(t))
		fits |= is_type(value, json_str(t, ""));
	return fits ? 0 : err_set(e, ERR_INVALID, "has another type");
}

static int check_object(
	const struct json *root, const struct json *schema, const struct json *value, struct err *e)
{
	const struct json *props = json_get(schema, "properties"),
			  *more = json_get(schema, "additionalProperties");

	for (const struct json *r = json_first(json_get(schema, "required")); r; r = json_next(r))
		if (!json_get(value, json_str(r, "")))
			return err_set(e, ERR_INVALID, "lacks %s", json_str(r, ""));
	for (const struct json *m = json_first(value); m; m = json_next(m)) {
		const struct json *p = json_get(props, json_name(m));
		if (!p && !json_is_object(more))
			return err_set(
				e, ERR_INVALID, "has %s, which the schema does not know", json_name(m));
		if (schema_check(root, p ? p : more, m, e) < 0)
			return err_wrap(e, ".%s", json_name(m));
	}
	return 0;
}

static int check_array(
	const struct json *root, const struct json *schema, const struct json *value, struct err *e)
{
	size_t n = json_len(value), i = 0;

	if ((double)n < json_num(json_get(schema, "minItems"), 0) ||
		(double)n > json_num(json_get(schema, "maxItems"), 1e9))
		return err_set(e, ERR_INVALID, "has %zu items", n);
	for (const struct json *v = json_first(value); v; v = json_next(v), i++)
		if (schema_check(root, json_get(schema, "items"), v, e) < 0)
			return err_wrap(e, "[%zu]", i);
	return 0;
}

static int check_scalar(const struct json *schema, const struct json *value, struct err *e)
{
	const struct json *list = json_get(schema, "enum"), *only = json_get(schema, "const");
	bool listed = !list;

	for (const struct json *v = json_first(list); v; v = json_next(v))
		listed |= same(v, value);
	if (!listed || (only && !same(only, value)))
		return err_set(e, ERR_INVALID, "is none of the allowed values: %.80s", json_str(value, "?"));
	if (json_is_num(value) && (json_num(value, 0) < json_num(json_get(schema, "minimum"), -1e300) ||
					  json_num(value, 0) > json_num(json_get(schema, "maximum"), 1e300)))
		return err_set(e, ERR_INVALID, "is out of range: %g", json_num(value, 0));
	if (json_get(schema, "pattern") && json_str(value, NULL)) {
		uint8_t bytes[32];
		if (hex_decode(json_str(value, ""), bytes, sizeof bytes) != 32)
			return err_set(e, ERR_INVALID, "is no SHA-256");
	}
	return 0;
}

static bool is_known(const char *keyword)
{
	static const char *const known[] = { "$schema", "$id", "$defs", "$ref", "title", "description",
		"type", "const", "enum", "properties", "required", "additionalProperties", "items",
		"minItems", "maxItems", "minimum", "maximum", "pattern" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(keyword, known[i]) == 0)
			return true;
	return false;
}

int schema_check(const struct json *root, const struct json *schema, const struct json *value, struct err *e)
{
	static const char prefix[] = "#/$defs/";
	const char *ref = json_str(json_get(schema, "$ref"), NULL);

	if (ref) {
		const struct json *def = strncmp(ref, prefix, sizeof prefix - 1) == 0
						 ? json_get(json_get(root, "$defs"), ref + sizeof prefix - 1)
						 : NULL;
		return def ? schema_check(root, def, value, e)
			   : err_set(e, ERR_INVALID, "%s is nowhere", ref);
	}
	if (!json_is_object(schema))
		return err_set(e, ERR_INVALID, "has no schema");
	for (const struct json *k = json_first(schema); k; k = json_next(k))
		if (!is_known(json_name(k)))
			return err_set(e, ERR_INVALID, "keyword %s is not supported here", json_name(k));
	if (json_get(schema, "type") && check_type(json_get(schema, "type"), value, e) < 0)
		return -1;
	if (check_scalar(schema, value, e) < 0)
		return -1;
	if (json_is_object(value))
		return check_object(root, schema, value, e);
	return json_is_array(value) ? check_array(root, schema, value, e) : 0;
}
