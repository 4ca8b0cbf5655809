#include "pose/gait_analyze_reports.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsx.h"
#include "report/report.h"

static const struct {
	const char *option;
	size_t max_bytes;
	int (*write)(const struct report *r, struct buf *out, struct err *e);
} kinds[REPORT_KINDS] = {
#define REPORT(name, option, max_mb, text)                                                                   \
	[REPORT_##name] = { (option), (size_t)(max_mb) << 20, report_##name },
#include "pose/gait_analyze_reports.def"
#undef REPORT
};

const char *report_option(enum report_kind k)
{
	return kinds[k].option;
}

static void take_reasons(const struct score *s, struct report_score *ret)
{
	for (enum score_reason i = 0; i < SCORE_REASONS && ret->reason_count < REPORT_REASONS; i++)
		if (s->reasons >> i & 1)
			ret->reasons[ret->reason_count++] = score_reason_text(i);
	for (enum flag f = 0; f < FLAGS && ret->reason_count < REPORT_REASONS; f++)
		if (s->flags >> f & 1)
			ret->reasons[ret->reason_count++] = flag_text(f);
}

/* The report shows those that weigh most: none may be left out before that is known. */
_Static_assert((int)FEATURES <= (int)REPORT_SHARES, "a share a feature");
_Static_assert((int)SCORE_REASONS + (int)FLAGS <= (int)REPORT_REASONS, "all reasons at once");

static struct report_score opinion(const struct score *s)
{
	struct report_score r = { .value = s->value, .low = s->low, .high = s->high };

	if (s->has_model) {
		r.model = s->model.name;
		r.version = s->model.version;
		r.notice = s->model.notice;
		r.population = s->model.population;
		r.demonstration = s->model.demonstration;
	}
	take_reasons(s, &r);
	if (isnan(s->value))
		return r;
	r.decision = s->at_threshold ? s->model.above : s->model.below;
	for (size_t i = 0; i < s->shares && i < REPORT_SHARES; i++)
		r.shares[r.share_count++] = (struct report_share){ feature_name(s->share[i].feature),
			feature_unit(s->share[i].feature), s->share[i].value, s->share[i].contribution };
	return r;
}

static int write_one(enum report_kind k, const char *path, const struct report *r, struct err *e)
{
	BUF_CLEANUP struct buf text;

	buf_init(&text, kinds[k].max_bytes);
	int made = kinds[k].write(r, &text, e);
	if (made < 0)
		return err_wrap(e, "--%s", kinds[k].option);
	if (made != REPORT_NOTHING)
		return fsx_replace(path, buf_str(&text), text.len, 0644, e);
	fprintf(stderr, "gait-analyze: --%s: nothing to write, see the reasons in the result\n",
		kinds[k].option);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, ERR_IO, "%s", path);
	return 0;
}

int report_write(const char *const paths[REPORT_KINDS], const char *const sha256[VIEWS],
	const struct analysis *a, const struct score *s, struct err *e)
{
	struct report r = { .analysis = a,
		.score = opinion(s),
		.sha256 = { sha256[VIEW_FRONT], sha256[VIEW_SIDE] },
		.program = "gaitd " GAITD_VERSION };

	for (enum report_kind k = 0; k < REPORT_KINDS; k++)
		if (paths[k] && write_one(k, paths[k], &r, e) < 0)
			return -1;
	report_release();
	return 0;
}
