#include "service/analyses.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strv.h"
#include "core/job.h"
#include "service/scorer.h"

/* MOST_AT_ONCE is also the most that analysis.max_at_once allows. */
enum { MOST_AT_ONCE = 64, FIELD_BYTES = 64, FIELDS = 8 };

struct analyses {
	pthread_mutex_t lock;
	unsigned now;
	char user[MOST_AT_ONCE][ID_BYTES]; /* "": free */
};

struct analysis_request {
	struct service *svc;
	char user[ID_BYTES];
	bool counted, as_form;
	struct buf views[VIEW_COUNT], body;
	int current; /* the view whose bytes arrive now; -1: none, or a file that nobody asked for */
	bool came[VIEW_COUNT];
	char field[FIELDS][FIELD_BYTES];
	struct field_errors errors;
	int64_t start_ms;
};

static const char *const field_names[FIELDS] = { "height", "age", "age_months", "sex", "walking_aid",
	"orthosis", "footwear", "fps" };

int analyses_new(struct analyses **ret, struct err *e)
{
	struct analyses *a = calloc(1, sizeof *a);

	if (!a)
		return err_set(e, ERR_NOMEM, "analyses");
	pthread_mutex_init(&a->lock, NULL);
	*ret = a;
	return 0;
}

void analyses_free(struct analyses *a)
{
	if (!a)
		return;
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static int enter(struct service *s, const char *user, struct err *e)
{
	struct analyses *a = s->analyses;
	unsigned own = 0;
	int slot = -1, r = 0;

	pthread_mutex_lock(&a->lock);
	for (int i = 0; i < MOST_AT_ONCE; i++) {
		slot = slot < 0 && !*a->user[i] ? i : slot;
		own += strcmp(a->user[i], user) == 0;
	}
	if (own >= s->opt.max_analyses_per_user)
		r = err_set(e, ERR_RATE,
			"%u analyses of this account are under way, which is the limit: wait for one to end",
			own);
	else if (slot < 0 || a->now >= s->opt.max_analyses)
		r = err_set(e, ERR_BUSY, "as many analyses as allowed are under way: try again in a moment");
	else
		snprintf(a->user[slot], ID_BYTES, "%s", user), a->now++;
	pthread_mutex_unlock(&a->lock);
	return r;
}

static void leave(struct service *s, const char *user)
{
	struct analyses *a = s->analyses;

	pthread_mutex_lock(&a->lock);
	for (int i = 0; i < MOST_AT_ONCE; i++)
		if (strcmp(a->user[i], user) == 0) {
			a->user[i][0] = '\0';
			a->now--;
			break;
		}
	pthread_mutex_unlock(&a->lock);
}

int analysis_begin(struct service *s, const struct user *who, bool as_form, int64_t content_length,
	struct analysis_request **ret, struct err *e)
{
	struct analysis_request *a = calloc(1, sizeof *a);

	if (!a)
		return err_set(e, ERR_NOMEM, "analysis");
	a->svc = s;
	a->as_form = as_form;
	a->current = -1;
	a->start_ms = clock_mono_ms();
	snprintf(a->user, sizeof a->user, "%s", who->id);
	for (int v = 0; v < VIEW_COUNT; v++)
		buf_init(&a->views[v], SCORER_INPUT_MAX);
	buf_init(&a->body, SCORER_INPUT_MAX);
	if (enter(s, a->user, e) < 0) {
		analysis_free(a);
		return -1;
	}
	a->counted = true;
	/* Once and not by and by, with a copy each time; pages that nothing comes for are never touched. */
	if (!as_form && content_length > 0 && content_length <= SCORER_INPUT_MAX &&
		buf_reserve(&a->body, (size_t)content_length, e) < 0) {
		analysis_free(a);
		return -1;
	}
	*ret = a;
	return 0;
}

void analysis_free(struct analysis_request *a)
{
	if (!a)
		return;
	if (a->counted)
		leave(a->svc, a->user);
	for (int v = 0; v < VIEW_COUNT; v++)
		buf_deinit(&a->views[v]);
	buf_deinit(&a->body);
	free(a);
}

static int find_field(const char *name)
{
	for (int i = 0; i < FIELDS; i++)
		if (strcmp(name, field_names[i]) == 0)
			return i;
	return -1;
}

static int find_view(const char *name)
{
	for (int v = 0; v < VIEW_COUNT; v++)
		if (strcmp(name, view_name((enum view)v)) == 0)
			return v;
	return -1;
}

int analysis_field(struct analysis_request *a, const char *name, const char *value, size_t len, struct err *e)
{
	int i = find_field(name);

	(void)e;
	if (i < 0)
		field_errors_add(&a->errors, name,
			find_view(name) < 0 ? "is not a field of this form" : "must be a file of key points");
	else if (len >= FIELD_BYTES || memchr(value, '\0', len))
		field_errors_add(&a->errors, name, "must have at most %d bytes and no NUL", FIELD_BYTES - 1);
	else if (!str_is_clean_utf8(value, len))
		field_errors_add(&a->errors, name, "must be UTF-8 text");
	else
		memcpy(a->field[i], value, len);
	return 0;
}

int analysis_file_begin(struct analysis_request *a, const char *name, struct err *e)
{
	int view = find_view(name);

	(void)e;
	a->current = view;
	if (view < 0)
		field_errors_add(&a->errors, name,
			find_field(name) < 0 ? "is not a field of this form" : "must be text, not a file");
	else
		a->came[view] = true;
	return 0;
}

int analysis_file_data(struct analysis_request *a, const void *bytes, size_t len, struct err *e)
{
	return a->current < 0 ? 0 : buf_add(&a->views[a->current], bytes, len, e);
}

int analysis_file_end(struct analysis_request *a, struct err *e)
{
	(void)e;
	if (a->current >= 0 && a->views[a->current].len == 0)
		field_errors_add(&a->errors, view_name((enum view)a->current), "is empty");
	a->current = -1;
	return 0;
}

int analysis_body(struct analysis_request *a, const void *bytes, size_t len, struct err *e)
{
	return buf_add(&a->body, bytes, len, e);
}

static int write_facts(const struct analysis_request *a, struct buf *out, struct err *e)
{
	struct json_w w;

	json_w_init(&w, out);
	json_w_obj(&w, NULL);
	for (int i = 0; i < FIELDS; i++)
		if (*a->field[i])
			json_w_str(&w, field_names[i], a->field[i]);
	json_w_obj_end(&w);
	return json_w_end(&w, e);
}

/* Who and how much, never what. */
static void log_outcome(const struct analysis_request *a, int outcome, const struct err *e)
{
	log_event(LOG_INFO, "analysis", LOG_S("user", a->user),
		LOG_S("outcome", outcome == 0  ? "measured"
				 : outcome > 0 ? "refused"
					       : err_kind_name(e->kind)),
		LOG_I("bytes", a->body.len + a->views[0].len + a->views[1].len),
		LOG_I("ms", clock_mono_ms() - a->start_ms));
}

static int run(struct analysis_request *a, struct buf *text, struct err *e)
{
	struct buf facts BUF_CLEANUP;
	struct strv parts[SCORER_PARTS] = { 0 };

	buf_init(&facts, SCORER_FACTS_MAX);
	if (!a->as_form) {
		if (a->body.len == 0)
			return err_set(e, ERR_INVALID, "the body is empty");
		parts[SCORER_BODY] = (struct strv){ a->body.data, a->body.len };
		return scorer_analyze(a->svc->scorer, parts, text, &a->errors, e);
	}
	if (!a->came[VIEW_FRONT] && !a->came[VIEW_SIDE])
		field_errors_add(
			&a->errors, "side", "is missing: key points of at least one view are needed");
	if (a->errors.n > 0)
		return ANALYSIS_FIELDS;
	if (write_facts(a, &facts, e) < 0)
		return -1;
	parts[SCORER_FACTS] = (struct strv){ facts.data, facts.len };
	parts[SCORER_FRONT] = (struct strv){ a->views[VIEW_FRONT].data, a->views[VIEW_FRONT].len };
	parts[SCORER_SIDE] = (struct strv){ a->views[VIEW_SIDE].data, a->views[VIEW_SIDE].len };
	return scorer_analyze(a->svc->scorer, parts, text, &a->errors, e);
}

int analysis_run(struct analysis_request *a, struct buf *text, struct field_errors *errors, struct err *e)
{
	int r = run(a, text, e);

	log_outcome(a, r, e);
	*errors = a->errors;
	return r;
}
