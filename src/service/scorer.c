#include "service/scorer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

enum { START_MS = 30000, PAUSE_MS = 100, PAUSE_MOST_MS = 30000, CLOSE_MS = 2000, TRIES = 2 };

/* One child and its turn. */
struct lane {
	bool taken; /* under the scorer's lock; who took it owns what follows */
	struct scorer_child child;
	uint32_t last_id;
	int64_t pause_ms, not_before_ms; /* after a start that failed */
};

struct scorer {
	struct scorer_options opt;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	struct lane lane[SCORER_CHILDREN_MAX];
};

int scorer_new(const struct scorer_options *o, struct scorer **ret, struct err *e)
{
	struct scorer *s = calloc(1, sizeof *s);
	pthread_condattr_t attr;

	if (!s)
		return err_set(e, ERR_NOMEM, "scorer");
	s->opt = *o;
	for (unsigned i = 0; i < SCORER_CHILDREN_MAX; i++)
		scorer_child_init(&s->lane[i].child);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->turn, &attr);
	pthread_condattr_destroy(&attr);
	*ret = s;
	return 0;
}

void scorer_free(struct scorer *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < SCORER_CHILDREN_MAX; i++)
		scorer_child_close(&s->lane[i].child, CLOSE_MS);
	pthread_cond_destroy(&s->turn);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* The first that is free: so a second child is started only where two requests meet. NULL: none. */
static struct lane *free_lane(struct scorer *s)
{
	for (unsigned i = 0; i < s->opt.children; i++)
		if (!s->lane[i].taken)
			return &s->lane[i];
	return NULL;
}

static int take_turn(struct scorer *s, struct lane **ret, struct err *e)
{
	struct timespec until;
	struct lane *lane;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += s->opt.wait_ms / 1000;
	until.tv_nsec += s->opt.wait_ms % 1000 * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&s->lock);
	while (!(lane = free_lane(s)) && r == 0)
		r = pthread_cond_timedwait(&s->turn, &s->lock, &until);
	if (lane)
		lane->taken = true;
	pthread_mutex_unlock(&s->lock);
	*ret = lane;
	return lane ? 0 : err_set(e, ERR_BUSY, "other analyses are under way: try again in a moment");
}

static void give_turn(struct scorer *s, struct lane *lane)
{
	pthread_mutex_lock(&s->lock);
	lane->taken = false;
	pthread_cond_signal(&s->turn);
	pthread_mutex_unlock(&s->lock);
}

static int ensure_child(struct scorer *s, struct lane *lane, struct err *e)
{
	int64_t now = clock_mono_ms();
	struct err why;

	if (lane->child.pid >= 0)
		return 0;
	if (now >= lane->not_before_ms) {
		if (scorer_child_start(&lane->child, &s->opt.child, now + START_MS, &why) == 0) {
			log_event(LOG_INFO, "scorer.started", LOG_I("pid", lane->child.pid),
				LOG_S("model", s->opt.child.model_dir), LOG_I("ms", clock_mono_ms() - now));
			lane->pause_ms = 0;
			return 0;
		}
		lane->pause_ms = lane->pause_ms ? 2 * lane->pause_ms : PAUSE_MS;
		lane->pause_ms = lane->pause_ms < PAUSE_MOST_MS ? lane->pause_ms : PAUSE_MOST_MS;
		lane->not_before_ms = clock_mono_ms() + lane->pause_ms;
		log_event(LOG_ERROR, "scorer.start_failed", LOG_S("reason", why.msg),
			LOG_I("again_in_ms", lane->pause_ms));
	}
	return err_set(e, ERR_UNAVAILABLE,
		"the program that analyses key points cannot be started at present: try again later");
}

int scorer_start(struct scorer *s, struct err *e)
{
	struct lane *lane;

	if (take_turn(s, &lane, e) < 0)
		return -1;
	int r = lane->child.pid >= 0
			? 0
			: scorer_child_start(&lane->child, &s->opt.child, clock_mono_ms() + START_MS, e);
	give_turn(s, lane);
	return r;
}

/* Only the end of it is sure to leave nothing of this request behind. */
static void end_child(struct lane *lane, const char *event)
{
	char words[400];

	scorer_child_end(&lane->child, words, sizeof words);
	log_event(LOG_WARN, event, LOG_S("how", words));
}

static int tell_refusal(const struct buf *body, struct field_errors *errors, struct err *e)
{
	struct scorer_refusal r;

	if (scorer_refusal_get(buf_str(body), body->len, &r, e) < 0)
		return err_set(e, ERR_CHILD, "the analysis gave no reason for its refusal");
	if (r.kind != ERR_FIELD || r.n == 0)
		return err_set(e, r.kind == ERR_FIELD ? ERR_INVALID : r.kind, "%s", r.detail);
	for (unsigned i = 0; i < r.n; i++)
		field_errors_add(errors, r.items[i].field, "%s", r.items[i].reason);
	return SCORER_FIELDS;
}

static int ask(struct scorer *s, struct lane *lane, struct scorer_head *head,
	const struct strv parts[SCORER_PARTS], struct buf *text, struct field_errors *errors, struct err *e)
{
	int64_t until = clock_mono_ms() + s->opt.child.deadline_ms;
	enum scorer_kind kind = SCORER_READY;

	for (int i = 0; i < TRIES; i++) {
		if (ensure_child(s, lane, e) < 0)
			return -1;
		head->id = ++lane->last_id;
		buf_reset(text);
		int r = scorer_child_ask(&lane->child, head, parts, until, &kind, text, e);
		if (r == 0)
			return kind == SCORER_RESULT ? 0 : tell_refusal(text, errors, e);
		end_child(lane, r < 0 ? "scorer.ended" : "scorer.died");
		if (r < 0)
			return -1;
	}
	return err_set(e, ERR_CHILD, "the analysis of these key points failed: its program ended twice");
}

int scorer_analyze(struct scorer *s, const struct strv parts[SCORER_PARTS], struct buf *text,
	struct field_errors *errors, struct err *e)
{
	struct scorer_head head = { .kind = SCORER_ANALYZE };
	unsigned char bytes[SCORER_HEAD_BYTES];
	struct lane *lane;

	for (int i = 0; i < SCORER_PARTS; i++) {
		if (parts[i].n > SCORER_INPUT_MAX)
			return err_set(
				e, ERR_TOO_LARGE, "key points of more than %d bytes", SCORER_INPUT_MAX);
		head.len[i] = (uint32_t)parts[i].n;
	}
	if (scorer_head_put(&head, bytes, e) < 0 || take_turn(s, &lane, e) < 0)
		return -1;
	int r = ask(s, lane, &head, parts, text, errors, e);
	give_turn(s, lane);
	return r;
}
