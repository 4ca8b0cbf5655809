#include "gait/params.h"

#include <math.h>

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

const struct param_info *param_info(enum param p)
{
	return &infos[p];
}

bool param_is_implausible(const struct param_info *i, const struct value *v)
{
	return !v->reason && !(v->value >= i->low && v->value <= i->high);
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
