#include "base/json_pull.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/strv.h"

/* A quoted string's inside, as it stands in the text. */
struct span {
	const char *p;
	size_t n;
	bool escaped;
};

static int bad(const struct json_pull *p, const char *at, const char *why, struct err *e)
{
	if (at == p->text && p->end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		why = "a byte order mark";
	else if (at >= p->end)
		why = "the text ends too early";
	return err_set(e, ERR_INVALID, "not valid JSON at byte %zu: %s", (size_t)(at - p->text), why);
}

void json_pull_init(struct json_pull *p, const char *text, size_t len, int max_depth)
{
	*p = (struct json_pull){ .text = text,
		.at = text,
		.end = text + len,
		.max_depth = max_depth < JSON_PULL_MAX_DEPTH ? max_depth : JSON_PULL_MAX_DEPTH };
}

/* The next byte that is no blank; 0 (which no value starts with) at the end. */
static inline char next(struct json_pull *p)
{
	for (; p->at < p->end; p->at++)
		if (*p->at != ' ' && *p->at != '\n' && *p->at != '\r' && *p->at != '\t')
			return *p->at;
	return '\0';
}

static inline bool is_digit(const char *at, const char *end)
{
	return at < end && *at >= '0' && *at <= '9';
}

enum json_kind json_pull_kind(struct json_pull *p)
{
	switch (next(p)) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return JSON_NUMBER;
	default:
		return JSON_NOTHING;
	}
}

/* The value of 4 hexadecimal digits; -1 where there are none. */
static int hex4(const char *at, const char *end)
{
	int v = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = at[i];
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* The length of the escape at @at and its character (RFC 8259, section 7); 0 where it is none. */
static size_t escape(const char *at, const char *end, uint32_t *ret)
{
	static const char plain[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
	const char *c;

	if (end - at < 2)
		return 0;
	if (at[1] && (c = strchr(plain, at[1]))) {
		*ret = (unsigned char)meaning[c - plain];
		return 2;
	}
	int high = at[1] == 'u' ? hex4(at + 2, end) : -1;
	if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
		return 0;
	*ret = (uint32_t)high;
	if (high < 0xd800 || high > 0xdbff)
		return 6;
	int low = end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? hex4(at + 8, end) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*ret = 0x10000 + ((uint32_t)high - 0xd800) * 0x400 + ((uint32_t)low - 0xdc00);
	return 12;
}

/* At a quote. */
static int string(struct json_pull *p, struct span *ret, struct err *e)
{
	const char *at = p->at + 1, *from = at;
	bool escaped = false;
	uint32_t ignored;

	while (at < p->end && *at != '"') {
		unsigned char c = (unsigned char)*at;
		size_t n = 1;
		if (c < 0x20)
			return bad(p, at, "a control character", e);
		if (c == '\\') {
			escaped = true;
			if ((n = escape(at, p->end, &ignored)) == 0)
				return bad(p, at, "an escape that stands for no character", e);
		} else if (c >= 0x80 && (n = str_utf8_len(at, (size_t)(p->end - at))) == 0) {
			return bad(p, at, "a byte that is no UTF-8", e);
		}
		at += n;
	}
	if (at >= p->end)
		return bad(p, at, "", e);
	*ret = (struct span){ from, (size_t)(at - from), escaped };
	p->at = at + 1;
	return 0;
}

static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80)
		return out[0] = (char)c, 1;
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((n == 2 ? 0xc0u : n == 3 ? 0xe0u : 0xf0u) | c);
	return n;
}

/* false where it does not fit. */
static bool unescape(const struct span *s, char *out, size_t size)
{
	size_t len = 0;

	for (const char *at = s->p, *end = s->p + s->n; at < end;) {
		const char *plain = memchr(at, '\\', (size_t)(end - at));
		size_t n = (size_t)((plain ? plain : end) - at);
		if (len + n >= size)
			return false;
		memcpy(out + len, at, n);
		len += n;
		at += n;
		if (!plain)
			break;
		char utf8[4];
		uint32_t c = 0;
		at += escape(at, end, &c);
		n = put_utf8(utf8, c);
		if (len + n >= size)
			return false;
		memcpy(out + len, utf8, n);
		len += n;
	}
	out[len] = '\0';
	return true;
}

static bool span_is(const struct span *s, const char *name)
{
	char text[64];

	if (!s->escaped)
		return strncmp(name, s->p, s->n) == 0 && name[s->n] == '\0';
	return unescape(s, text, sizeof text) && strcmp(text, name) == 0;
}

/* Valid it may be, but not what the caller can use. */
static int other_kind(struct json_pull *p, const char *wanted, struct err *e)
{
	if (json_pull_kind(p) == JSON_NOTHING)
		return bad(p, p->at, "a value is wanted", e);
	return err_set(e, ERR_INVALID, "%s is wanted at byte %zu", wanted, (size_t)(p->at - p->text));
}

static int enter(struct json_pull *p, char bracket, const char *wanted, struct err *e)
{
	if (next(p) != bracket)
		return other_kind(p, wanted, e);
	if (p->depth >= p->max_depth)
		return err_set(e, ERR_INVALID, "JSON is nested deeper than %d at byte %zu", p->max_depth,
			(size_t)(p->at - p->text));
	p->depth++;
	p->at++;
	p->fresh = true;
	return 0;
}

int json_pull_object(struct json_pull *p, struct err *e)
{
	return enter(p, '{', "an object", e);
}

int json_pull_array(struct json_pull *p, struct err *e)
{
	return enter(p, '[', "a list", e);
}

/* To the next member or element. 1; 0: @bracket closed; -1 */
static inline int step(struct json_pull *p, char bracket, struct err *e)
{
	char c = next(p);

	if (c == bracket) {
		p->at++;
		p->depth--;
		p->fresh = false;
		return 0;
	}
	if (!p->fresh) {
		if (c != ',')
			return bad(p, p->at, "a comma or the closing bracket is wanted", e);
		p->at++;
	}
	p->fresh = false;
	return 1;
}

int json_pull_element(struct json_pull *p, struct err *e)
{
	return step(p, ']', e);
}

static int key(struct json_pull *p, struct span *ret, struct err *e)
{
	int r = step(p, '}', e);

	if (r <= 0)
		return r;
	if (next(p) != '"')
		return bad(p, p->at, "a name in quotes is wanted", e);
	if (string(p, ret, e) < 0)
		return -1;
	if (next(p) != ':')
		return bad(p, p->at, "a colon is wanted", e);
	p->at++;
	return 1;
}

int json_pull_member(struct json_pull *p, const char *const *names, uint32_t *seen, struct err *e)
{
	struct span s;
	int r, i;

	while ((r = key(p, &s, e)) > 0) {
		for (i = 0; names[i] && !span_is(&s, names[i]); i++)
			;
		if (!names[i]) {
			if (json_pull_skip(p, e) < 0)
				return -1;
			continue;
		}
		if (*seen >> i & 1)
			return err_set(e, ERR_INVALID, "%s stands twice in one object, again at byte %zu",
				names[i], (size_t)(s.p - p->text));
		*seen |= UINT32_C(1) << i;
		return i + 1;
	}
	return r;
}

/* Seldom: more digits than a double holds exactly. */
static int slow_number(const struct json_pull *p, const char *from, double *ret, struct err *e)
{
	char text[512];
	size_t n = (size_t)(p->at - from);

	if (n >= sizeof text)
		return bad(p, from, "a number of more than 511 characters", e);
	memcpy(text, from, n);
	text[n] = '\0';
	double v = str_strtod(text);
	if (!isfinite(v))
		return bad(p, from, "a number that is too large", e);
	*ret = v;
	return 0;
}

_Static_assert(FLT_EVAL_METHOD == 0, "number() needs division and multiplication of double rounded once");

/* Up to 15 digits are an integer that double holds exactly, powers of ten up to 22 too; their quotient or
 * product, rounded once, is the nearest double (Clinger 1990, "How to Read Floating Point Numbers
 * Accurately"). Anything else goes to strtod(). */
static int number(struct json_pull *p, double *ret, struct err *e)
{
	static const double ten[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
		1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	const char *from = p->at, *end = p->end, *at = from + (*from == '-'), *digits = at;
	uint64_t m = 0;
	int64_t power = 0;

	for (; is_digit(at, end); at++)
		m = m * 10 + (uint64_t)(*at - '0');
	int64_t count = at - digits;
	if (count == 0 || (count > 1 && *digits == '0'))
		return bad(p, at, count ? "a number with a leading zero" : "a value is wanted", e);
	if (at < end && *at == '.') {
		const char *point = ++at;
		for (; is_digit(at, end); at++)
			m = m * 10 + (uint64_t)(*at - '0');
		power = point - at;
		count -= power;
		if (power == 0)
			return bad(p, at, "a digit is wanted behind the point", e);
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		bool minus = ++at < end && *at == '-';
		int64_t x = 0;
		at += at < end && (*at == '-' || *at == '+');
		if (!is_digit(at, end))
			return bad(p, at, "a digit is wanted in the exponent", e);
		for (; is_digit(at, end); at++)
			x = x < 100000 ? x * 10 + (*at - '0') : x;
		power += minus ? -x : x;
	}
	p->at = at;
	if (count > 15 || power < -22 || power > 22)
		return slow_number(p, from, ret, e);
	double v = (double)(int64_t)m;
	v = power < 0 ? v / ten[-power] : v * ten[power];
	*ret = *from == '-' ? -v : v;
	return 0;
}

int json_pull_num(struct json_pull *p, double *ret, struct err *e)
{
	if (json_pull_kind(p) != JSON_NUMBER)
		return other_kind(p, "a number", e);
	return number(p, ret, e);
}

int json_pull_nums(struct json_pull *p, double *ret, size_t max, size_t *ret_count, struct err *e)
{
	size_t n = 0;
	int r = json_pull_array(p, e);

	if (r < 0)
		return -1;
	for (; (r = json_pull_element(p, e)) > 0; n++) {
		if (n >= max)
			return err_set(e, ERR_INVALID, "more than %zu numbers", max);
		char c = next(p);
		if (c != '-' && !(c >= '0' && c <= '9'))
			return json_pull_skip(p, e) < 0
				       ? -1
				       : err_set(e, ERR_INVALID, "value %zu is not a number", n);
		if (number(p, &ret[n], e) < 0)
			return -1;
	}
	*ret_count = n;
	return r;
}

int json_pull_str(struct json_pull *p, char *out, size_t size, struct err *e)
{
	struct span s;

	if (next(p) != '"')
		return other_kind(p, "a string", e);
	if (string(p, &s, e) < 0)
		return -1;
	if (unescape(&s, out, size))
		return 0;
	out[0] = '\0';
	return JSON_PULL_LONG;
}

static int word(struct json_pull *p, const char *text, size_t len, struct err *e)
{
	if ((size_t)(p->end - p->at) < len || memcmp(p->at, text, len) != 0)
		return bad(p, p->at, "a value is wanted", e);
	p->at += len;
	return 0;
}

/* A value; of an object or list only its opening bracket. */
static int begin(struct json_pull *p, struct err *e)
{
	struct span s;
	double ignored;

	switch (json_pull_kind(p)) {
	case JSON_OBJECT:
		return json_pull_object(p, e);
	case JSON_ARRAY:
		return json_pull_array(p, e);
	case JSON_STRING:
		return string(p, &s, e);
	case JSON_NUMBER:
		return number(p, &ignored, e);
	case JSON_BOOL:
		return *p->at == 't' ? word(p, "true", 4, e) : word(p, "false", 5, e);
	case JSON_NULL:
		return word(p, "null", 4, e);
	case JSON_NOTHING:
		break;
	}
	return bad(p, p->at, "a value is wanted", e);
}

int json_pull_skip(struct json_pull *p, struct err *e)
{
	uint64_t objects = 0; /* the lowest bit: is the innermost open bracket an object's? */
	int outside = p->depth;
	struct span s;

	do {
		int depth = p->depth, r = 0;
		enum json_kind kind = json_pull_kind(p);
		if (begin(p, e) < 0)
			return -1;
		if (p->depth > depth)
			objects = objects << 1 | (kind == JSON_OBJECT);
		while (p->depth > outside && r == 0) {
			r = objects & 1 ? key(p, &s, e) : json_pull_element(p, e);
			if (r < 0)
				return -1;
			if (r == 0)
				objects >>= 1;
		}
	} while (p->depth > outside);
	return 0;
}

int json_pull_end(struct json_pull *p, struct err *e)
{
	next(p);
	if (p->at < p->end)
		return err_set(
			e, ERR_INVALID, "text after the JSON value at byte %zu", (size_t)(p->at - p->text));
	return 0;
}
