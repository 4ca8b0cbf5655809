#include "gait/params.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "gait/num.h"

static const struct param_info infos[PARAMS] = {
#define PARAM(name, unit, shape, decimals, low, high)                                                        \
	[PARAM_##name] = { #name, unit, shape, decimals, low, high },
#include "gait/params.def"
#undef PARAM
};

struct text_row {
	const char *code, *text;
	bool spoils;
};

static const struct text_row reasons[REASONS] = {
	[REASON_NONE] = { "", "", false },
#define REASON(code, text) [REASON_##code] = { #code, text, false },
#include "gait/reasons.def"
#undef REASON
};

static const struct text_row flags[FLAGS] = {
#define FLAG(code, spoils, text) [FLAG_##code] = { #code, text, spoils },
#include "gait/flags.def"
#undef FLAG
};

static const struct text_row doubts[DOUBTS] = {
#define DOUBT(code, text) [DOUBT_##code] = { #code, text, false },
#include "gait/doubts.def"
#undef DOUBT
};

const struct param_info *param_info(enum param p)
{
	return &infos[p];
}

bool param_is_implausible(const struct param_info *i, const struct value *v)
{
	return !v->reason && !(v->value >= i->low && v->value <= i->high);
}

double param_both(const struct param_set *s, enum param p)
{
	return 0.5 * (s->of[p][SIDE_LEFT].value + s->of[p][SIDE_RIGHT].value);
}

double param_cv(enum param p, const struct value *v)
{
	static const char *const ratio_scales[] = { "s", "m", "m/s", "steps/min" };
	bool ratio = (p >= PARAM_stance && p <= PARAM_double_support);

	for (size_t i = 0; i < ARRAY_LEN(ratio_scales); i++)
		ratio |= strcmp(infos[p].unit, ratio_scales[i]) == 0;
	return ratio && !v->reason && v->value > 0 ? 100 * v->sd / v->value : NAN;
}

const char *reason_code(enum reason r)
{
	return reasons[r].code;
}

const char *reason_text(enum reason r)
{
	return reasons[r].text;
}

const char *flag_code(enum flag f)
{
	return flags[f].code;
}

const char *flag_text(enum flag f)
{
	return flags[f].text;
}

bool flag_spoils_score(enum flag f)
{
	return flags[f].spoils;
}

const char *doubt_code(enum doubt d)
{
	return doubts[d].code;
}

const char *doubt_text(enum doubt d)
{
	return doubts[d].text;
}

struct value value_missing(enum reason why, enum view view)
{
	return (struct value){
		.value = NAN, .sd = NAN, .ci_low = NAN, .ci_high = NAN, .reason = why, .view = view
	};
}

struct value value_of(const double *v, size_t n, size_t least, enum reason why, enum view view)
{
	struct value ret = value_missing(why, view);
	size_t known;
	double mean = num_mean(v, n, &known);

	if (known < least || known == 0)
		return ret;
	ret.reason = REASON_NONE;
	ret.n = known;
	ret.value = mean;
	ret.sd = num_sd(v, n);
	if (known >= 2) {
		double half = num_t975(known - 1) * ret.sd / sqrt((double)known);
		ret.ci_low = mean - half;
		ret.ci_high = mean + half;
	}
	return ret;
}
