#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"

/* struct json is never defined: a pointer to it is a pointer to cJSON's item. */
static const cJSON *item(const struct json *v)
{
	return (const cJSON *)(const void *)v;
}

static const struct json *view(const cJSON *v)
{
	return (const struct json *)(const void *)v;
}

/* What cJSON would let through or fall over is found before it sees the text: deep nesting (it recurses),
 * control characters, bytes that are no UTF-8, and an escaped NUL (it would end the C string early, so that
 * "owner\\u0000x" read as "owner"). Return the offset of the first offence, or @len. */
static size_t scan(const char *text, size_t len, int max_depth, const char **ret_why)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c >= 0x80) {
			size_t n = in_string ? str_utf8_len(text + i, len - i) : 0;
			if (n == 0)
				return *ret_why = "a byte that is no UTF-8", i;
			i += n - 1;
		} else if (c < 0x20 && (in_string || !(c == '\n' || c == '\r' || c == '\t'))) {
			return *ret_why = "a control character", i;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (in_string && c == '\\') {
			if (len - i >= 6 && memcmp(text + i + 1, "u0000", 5) == 0)
				return *ret_why = "an escaped NUL", i;
			i++;
		} else if (!in_string && (c == '[' || c == '{') && ++depth > max_depth) {
			return *ret_why = NULL, i;
		} else if (!in_string && (c == ']' || c == '}')) {
			depth--;
		}
	}
	return len;
}

int json_parse(const char *text, size_t len, int max_depth, struct json **ret, struct err *e)
{
	const char *end = NULL, *why = NULL;
	size_t bad = scan(text, len, max_depth, &why);

	if (bad < len && !why)
		return err_set(e, ERR_INVALID, "JSON is nested deeper than %d", max_depth);
	if (bad < len)
		return err_set(e, ERR_INVALID, "not valid JSON at byte %zu: %s", bad, why);
	cJSON *root = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (!root)
		return err_set(e, ERR_INVALID, "not valid JSON at byte %zu",
			end && end >= text ? (size_t)(end - text) : 0);
	for (; end && end < text + len; end++)
		if (*end != ' ' && *end != '\n' && *end != '\r' && *end != '\t') {
			size_t at = (size_t)(end - text);
			cJSON_Delete(root);
			return err_set(e, ERR_INVALID, "text after the JSON value at byte %zu", at);
		}
	*ret = (struct json *)(void *)root;
	return 0;
}

void json_free(struct json *root)
{
	cJSON_Delete((cJSON *)(void *)root);
}

const struct json *json_get(const struct json *object, const char *name)
{
	return object && cJSON_IsObject(item(object))
		       ? view(cJSON_GetObjectItemCaseSensitive(item(object), name))
		       : NULL;
}

const struct json *json_first(const struct json *v)
{
	return v && (cJSON_IsArray(item(v)) || cJSON_IsObject(item(v))) ? view(item(v)->child) : NULL;
}

const struct json *json_next(const struct json *element)
{
	return element ? view(item(element)->next) : NULL;
}

const char *json_name(const struct json *member)
{
	return member ? item(member)->string : NULL;
}

size_t json_len(const struct json *array)
{
	int n = array && cJSON_IsArray(item(array)) ? cJSON_GetArraySize(item(array)) : 0;

	return n > 0 ? (size_t)n : 0;
}

bool json_is_object(const struct json *v)
{
	return v && cJSON_IsObject(item(v));
}

bool json_is_array(const struct json *v)
{
	return v && cJSON_IsArray(item(v));
}

bool json_is_null(const struct json *v)
{
	return !v || cJSON_IsNull(item(v));
}

bool json_is_num(const struct json *v)
{
	return v && cJSON_IsNumber(item(v)) && isfinite(item(v)->valuedouble);
}

const char *json_str(const struct json *v, const char *fallback)
{
	return v && cJSON_IsString(item(v)) ? item(v)->valuestring : fallback;
}

double json_num(const struct json *v, double fallback)
{
	return json_is_num(v) ? item(v)->valuedouble : fallback;
}

int64_t json_int(const struct json *v, int64_t fallback)
{
	if (!json_is_num(v) || fabs(item(v)->valuedouble) > 9007199254740992.0 ||
		floor(item(v)->valuedouble) < item(v)->valuedouble)
		return fallback;
	return (int64_t)item(v)->valuedouble;
}

bool json_bool(const struct json *v, bool fallback)
{
	return v && cJSON_IsBool(item(v)) ? (bool)cJSON_IsTrue(item(v)) : fallback;
}

int json_print(const struct json *v, struct buf *out, struct err *e)
{
	char *text = cJSON_PrintUnformatted(item(v));

	if (!text)
		return err_set(e, ERR_NOMEM, "no memory to print JSON");
	int r = buf_adds(out, text, e);
	cJSON_free(text);
	return r;
}

void json_w_init(struct json_w *w, struct buf *out)
{
	*w = (struct json_w){ .out = out };
}

static void put(struct json_w *w, const char *text, size_t len)
{
	if (!w->failed && buf_add(w->out, text, len, &w->err) < 0)
		w->failed = true;
}

/* JSON is UTF-8 (RFC 8259, section 8.1) while text from outside may be anything: a byte that belongs to no
 * character becomes '?', a control character its escape. */
static void put_quoted(struct json_w *w, const char *s, size_t len)
{
	size_t from = 0;

	put(w, "\"", 1);
	for (size_t i = 0, n; i < len; i += n) {
		unsigned char c = (unsigned char)s[i];
		char esc[8];
		n = 1;
		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') /* nearly all, so without a call */
			continue;
		n = str_utf8_len(s + i, len - i);
		if (n > 2 || (n == 2 && !(c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)) ||
			(n == 1 && c >= 0x20 && c != 0x7f && c != '"' && c != '\\'))
			continue;
		put(w, s + from, i - from);
		if (n == 0)
			memcpy(esc, "?", 2);
		else if (c == '"' || c == '\\')
			snprintf(esc, sizeof esc, "\\%c", c);
		else if (c == '\n')
			memcpy(esc, "\\n", 3);
		else
			snprintf(esc, sizeof esc, "\\u%04x", n == 2 ? (unsigned char)s[i + 1] : c);
		put(w, esc, strlen(esc));
		n = n ? n : 1;
		from = i + n;
	}
	put(w, s + from, len - from);
	put(w, "\"", 1);
}

static void begin(struct json_w *w, const char *name)
{
	if (w->need_comma)
		put(w, ",", 1);
	w->need_comma = true;
	if (name) {
		put_quoted(w, name, strlen(name));
		put(w, ":", 1);
	}
}

static void open_with(struct json_w *w, const char *name, const char *bracket)
{
	begin(w, name);
	put(w, bracket, 1);
	w->need_comma = false;
}

static void close_with(struct json_w *w, const char *bracket)
{
	put(w, bracket, 1);
	w->need_comma = true;
}

void json_w_obj(struct json_w *w, const char *name)
{
	open_with(w, name, "{");
}

void json_w_obj_end(struct json_w *w)
{
	close_with(w, "}");
}

void json_w_arr(struct json_w *w, const char *name)
{
	open_with(w, name, "[");
}

void json_w_arr_end(struct json_w *w)
{
	close_with(w, "]");
}

void json_w_strn(struct json_w *w, const char *name, const char *value, size_t len)
{
	begin(w, name);
	put_quoted(w, value, len);
}

void json_w_str(struct json_w *w, const char *name, const char *value)
{
	if (value)
		json_w_strn(w, name, value, strlen(value));
	else
		json_w_null(w, name);
}

void json_w_int(struct json_w *w, const char *name, int64_t value)
{
	char text[24];

	begin(w, name);
	snprintf(text, sizeof text, "%lld", (long long)value);
	put(w, text, strlen(text));
}

/* What "%.*f" would write, without zeros at its end, for nearly all numbers that come here: a result has
 * thousands of them. False where the last digit might be another one: large values, and those near the middle
 * between two texts, where the product's own rounding could decide. */
static bool short_number(double value, int decimals, char text[32])
{
	static const double scales[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
	const double most = 1e12, doubt = 1e-3; /* the product is wrong by at most 1e12 × 2^-53 */

	if (decimals < 0 || decimals >= (int)(sizeof scales / sizeof scales[0]))
		return false;
	double scaled = fabs(value) * scales[decimals], whole = floor(scaled), rest = scaled - whole;
	if (!(scaled < most) || fabs(rest - 0.5) < doubt)
		return false;
	uint64_t n = (uint64_t)whole + (rest > 0.5 ? 1 : 0);
	while (decimals > 0 && n % 10 == 0) {
		n /= 10;
		decimals--;
	}
	char *p = text + 31;
	*p = '\0';
	bool negative = value < 0 && n > 0;
	for (int i = 0; n > 0 || i <= decimals; i++) {
		if (i == decimals && decimals > 0)
			*--p = '.';
		*--p = (char)('0' + n % 10);
		n /= 10;
	}
	if (negative)
		*--p = '-';
	memmove(text, p, (size_t)(text + 32 - p));
	return true;
}

void json_w_num(struct json_w *w, const char *name, double value, int decimals)
{
	char text[352];

	if (!isfinite(value)) {
		json_w_null(w, name);
		return;
	}
	begin(w, name);
	if (short_number(value, decimals, text)) {
		put(w, text, strlen(text));
		return;
	}
	snprintf(text, sizeof text, "%.*f", decimals, value);
	for (char *p = text; *p; p++)
		if (*p == ',')
			*p = '.';
	if (strchr(text, '.')) {
		size_t len = strlen(text);
		while (text[len - 1] == '0')
			text[--len] = '\0';
		if (text[len - 1] == '.')
			text[--len] = '\0';
	}
	put(w, strcmp(text, "-0") == 0 ? "0" : text, strcmp(text, "-0") == 0 ? 1 : strlen(text));
}

void json_w_bool(struct json_w *w, const char *name, bool value)
{
	begin(w, name);
	put(w, value ? "true" : "false", value ? 4 : 5);
}

void json_w_time(struct json_w *w, const char *name, int64_t unix_ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_rfc3339(unix_ms, text);
	json_w_str(w, name, unix_ms ? text : NULL);
}

void json_w_null(struct json_w *w, const char *name)
{
	begin(w, name);
	put(w, "null", 4);
}

void json_w_raw(struct json_w *w, const char *name, const char *json_text)
{
	begin(w, name);
	put(w, json_text, strlen(json_text));
}

int json_w_end(struct json_w *w, struct err *e)
{
	if (!w->failed)
		return 0;
	if (e)
		*e = w->err;
	return -1;
}
