#include "service/notify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "core/mail_msg.h"
#include "core/retry.h"
#include "service/attempt_end.h"
#include "store/outbox.h"
#include "store/releases.h"

enum {
	MESSAGE_MAX_BYTES = 256 << 10,
	REASONS = 8,
	RESULT_MAX_BYTES = 32 << 20,
	HOLD_FIRST_MS = 30000,
	HOLD_MOST_MS = 300000
};

/* What the mail tells of a result; the reasons live in @root. */
struct news {
	double score; /* NaN: none */
	bool demonstration;
	struct buf text;
	struct json *root;
	const char *reasons[REASONS];
	size_t reason_count;
};

static void news_p(struct news *n)
{
	buf_deinit(&n->text);
	json_free(n->root);
}

/* A rerun may have brought another result meanwhile, which is another mail's: the one of @attempt is read
 * again. */
static int read_news(struct service *s, const struct job *job, int attempt, struct news *n, struct err *e)
{
	struct attempt_result result;
	char key[BLOB_KEY_BYTES];
	struct err why = { 0 };
	bool present = attempt == job->result_attempt;

	n->score = present ? job->score : NAN;
	n->demonstration = present && job->score_demonstration;
	if (present && !isnan(n->score))
		return 0;
	attempt_output_key(job->id, attempt, "result.json", key);
	int r = blob_read_all(s->blob, key, &n->text, &why);
	if (r == 0 && !present)
		r = attempt_read_result((struct strv){ n->text.data, n->text.len }, &result, &why);
	if (r < 0 && !present)
		return err_set(e, why.kind, "the result that the mail is about: %s", why.msg);
	if (r != 0 || json_parse(n->text.data, n->text.len, 16, &n->root, NULL) < 0)
		return 0;
	if (!present) {
		n->score = result.score;
		n->demonstration = result.demonstration;
	}
	const struct json *reason = json_first(json_get(json_get(n->root, "score"), "reasons"));
	for (; reason && n->reason_count < REASONS; reason = json_next(reason))
		if (json_str(json_get(reason, "text"), NULL))
			n->reasons[n->reason_count++] = json_str(json_get(reason, "text"), NULL);
	return 0;
}

static int render(struct service *s, const struct outbox_item *o, const struct job *job,
	const struct release *release, const char *failure, char message_id[MAIL_MESSAGE_ID_BYTES],
	struct buf *out, struct mail_parts *parts, struct err *e)
{
	CLEANUP(news_p) struct news news = { .score = NAN };
	const char *host = strchr(s->opt.mail_from, '@');
	enum mail_kind kind;
	char url[512];

	buf_init(&news.text, RESULT_MAX_BYTES);
	snprintf(url, sizeof url, "%s/jobs/%s", s->opt.public_url, job->id);
	if (!mail_kind_parse(o->kind, &kind) ||
		mail_message_id(o->message_id, host ? host + 1 : "", message_id, e) < 0)
		return -1;
	struct mail_facts f = { .kind = kind,
		.job_id = job->id,
		.ordinal = job->ordinal,
		.job_url = url,
		.from = s->opt.mail_from,
		.from_name = s->opt.site_name,
		.to = o->recipient,
		.message_id = message_id,
		.date_ms = o->created_ms,
		.site_name = s->opt.site_name,
		.failure_text = failure,
		.commented = *release->comment != '\0',
		.withheld = release->state == RELEASE_WITHHELD };
	if (kind == MAIL_RESULT) {
		if (read_news(s, job, o->attempt, &news, e) < 0)
			return -1;
		f.has_score = !isnan(news.score);
		f.score = f.has_score ? news.score : 0;
		f.with_score = s->opt.mail_may_send_score && job->submission.email_score;
		/* What is said about a score goes where the score goes. */
		f.demonstration = news.demonstration && f.has_score && f.with_score;
		f.reasons = news.reasons;
		f.reason_count = f.has_score ? 0 : news.reason_count;
	}
	return mail_render(&f, out, e) < 0 || mail_parts_make(&f, parts, e) < 0 ? -1 : 0;
}

/* A message's own back-off is for its own failures: what the mailer could not do goes out when it can again.
 */
static int64_t delay_after(const struct service *s, const struct outbox_item *o, int outcome)
{
	return outcome == MAILER_DEFERRED ? retry_mail_delay_ms(o->tries + 1, service_random())
					  : s->mail_hold.until_ms - clock_mono_ms();
}

static int settle(
	struct service *s, const struct outbox_item *o, int outcome, const struct err *why, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms();
	char masked[300];

	log_mask_email(o->recipient, masked, sizeof masked);
	if ((outcome < 0 || outcome == MAILER_DEFERRED) && now - o->created_ms > retry_mail_give_up_ms)
		outcome = MAILER_REFUSED;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r;
	if (outcome == 0)
		r = store_outbox_sent(tx, o->id, now, e);
	else if (outcome == MAILER_REFUSED)
		r = store_outbox_bounced(tx, o->id, why->msg, e);
	else
		r = store_outbox_retry(tx, o->id, now + delay_after(s, o, outcome), why->msg, e);
	if (r < 0 || store_commit(&tx, e) < 0)
		return -1;
	if (outcome == 0)
		log_event(LOG_INFO, "mail.sent", LOG_S("job", o->job), LOG_S("kind", o->kind),
			LOG_S("to", masked));
	else
		log_event(LOG_WARN, outcome == MAILER_REFUSED ? "mail.bounced" : "mail.put_off",
			LOG_S("job", o->job), LOG_S("kind", o->kind), LOG_S("to", masked),
			LOG_S("reason", why->msg));
	return 0;
}

static bool is_held(const struct service *s)
{
	return clock_mono_ms() < s->mail_hold.until_ms;
}

/* What a try at @started_ms says about the mailer as such. */
static void learn(struct service *s, int outcome, int64_t started_ms, const struct err *why)
{
	struct mail_hold *h = &s->mail_hold;

	if (outcome >= 0) {
		if (h->failures)
			log_event(LOG_INFO, "mail.works_again", LOG_I("failures", h->failures));
		*h = (struct mail_hold){ 0 };
		return;
	}
	int64_t wait = retry_delay_ms(++h->failures, HOLD_FIRST_MS, HOLD_MOST_MS, service_random());
	h->since_ms = started_ms;
	h->until_ms = clock_mono_ms() + wait;
	log_event(LOG_WARN, "mail.cannot_leave", LOG_S("reason", why->msg), LOG_I("wait_s", wait / 1000));
}

static int next_item(struct service *s, struct tx *tx, struct outbox_item *ret, struct err *e)
{
	return is_held(s) ? store_outbox_due_since(tx, s->mail_hold.since_ms, clock_wall_ms(), ret, e)
			  : store_outbox_due(tx, clock_wall_ms(), ret, e);
}

static int deliver(struct service *s, const struct outbox_item *o, const struct mail_parts *parts,
	const char *message_id, const char *text, struct err *why)
{
	const struct mailer_message m = { .message_id = message_id,
		.from = s->opt.mail_from,
		.to = o->recipient,
		.rfc5322 = text,
		.subject = parts->subject,
		.text = buf_str(&parts->text),
		.html = buf_str(&parts->html),
		.date_ms = o->created_ms };
	int64_t started = clock_wall_ms();

	FAULT_POINT("notify.before_send");
	int outcome = s->mailer->ops->send(s->mailer, &m, why);
	FAULT_POINT("notify.after_send");
	learn(s, outcome, started, why);
	return outcome;
}

/* What a mail is about, as it is when it goes out. */
struct subject {
	struct job job;
	struct attempt attempt;
	struct release release;
};

/* Return NOTIFY_IDLE where nothing is due; -1 */
static int read_subject(struct service *s, struct outbox_item *o, struct subject *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char attempt[ATTEMPT_ID_BYTES];

	if (store_begin(s->store, STORE_READ, &tx, e) < 0)
		return -1;
	int r = next_item(s, tx, o, e);
	if (r != 0)
		return r < 0 ? -1 : NOTIFY_IDLE;
	attempt_id_make(o->job, o->attempt, attempt);
	return store_job_get(tx, o->job, &ret->job, e) != 0 ||
			       store_attempt_get(tx, attempt, &ret->attempt, e) < 0 ||
			       store_release_get(tx, o->job, o->attempt, &ret->release, e) < 0
		       ? -1
		       : 0;
}

/* Nobody hears by mail of a result that was taken back meanwhile, nor that one waits which is released. Of
 * results from before there were releases nothing is known but that they were shown. */
static bool must_not_leave(const struct outbox_item *o, const struct release *r)
{
	if (strcmp(o->kind, mail_kind_name(MAIL_ANALYSED)) == 0)
		return r->state == RELEASE_RELEASED; /* its own mail says more */
	return strcmp(o->kind, mail_kind_name(MAIL_RESULT)) == 0 && r->state != RELEASE_NONE &&
	       !release_is_shown(r->state);
}

static int drop(struct service *s, const struct outbox_item *o, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_outbox_dropped(tx, o->id, e) < 0 ||
		store_commit(&tx, e) < 0)
		return -1;
	log_event(LOG_INFO, "mail.dropped", LOG_S("job", o->job), LOG_S("kind", o->kind));
	return 0;
}

int notify_once(struct service *s, struct err *e)
{
	struct outbox_item o;
	CLEANUP(free_p) struct subject *about = calloc(1, sizeof *about);
	struct buf text BUF_CLEANUP;
	char message_id[MAIL_MESSAGE_ID_BYTES];

	buf_init(&text, MESSAGE_MAX_BYTES);
	if (!about)
		return err_set(e, ERR_NOMEM, "mail");
	int r = read_subject(s, &o, about, e);
	if (r != 0)
		return r;
	if (must_not_leave(&o, &about->release))
		return drop(s, &o, e) < 0 ? -1 : NOTIFY_SENT;
	struct err why = { 0 };
	/* The attempt's own words: the job may have been asked for again meanwhile, and forgotten them. */
	const char *failure = *about->attempt.error_text ? about->attempt.error_text : about->job.error_text;
	struct mail_parts parts = { .subject = "" };
	int outcome = MAILER_DEFERRED;
	if (render(s, &o, &about->job, &about->release, failure, message_id, &text, &parts, &why) == 0)
		outcome = deliver(s, &o, &parts, message_id, text.data, &why);
	mail_parts_free(&parts);
	return settle(s, &o, outcome, &why, e) < 0 ? -1 : NOTIFY_SENT;
}

static int64_t until_due(struct service *s)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t due;

	if (store_begin(s->store, STORE_READ, &tx, NULL) < 0 || store_outbox_next_due(tx, &due, NULL) < 0)
		return 1000;
	int64_t wait = due == INT64_MAX ? 10000 : due - clock_wall_ms();
	if (is_held(s) && wait < 1000)
		wait = 1000;
	return wait < 50 ? 50 : wait > 10000 ? 10000 : wait;
}

void *notify_main(void *service)
{
	struct service *s = service;
	int failures = 0;

	while (!wake_stopping(&s->notifier)) {
		struct err e = { 0 };
		int r = notify_once(s, &e);
		if (r < 0) {
			service_log_failure("notify.failed", "", &e);
			(void)wake_wait(
				&s->notifier, retry_delay_ms(++failures, 500, 30000, service_random()));
			continue;
		}
		failures = 0;
		if (r == NOTIFY_IDLE)
			(void)wake_wait(&s->notifier, until_due(s));
	}
	return NULL;
}
