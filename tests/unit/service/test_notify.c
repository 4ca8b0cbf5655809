#include "kit.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fsx.h"
#include "core/retry.h"
#include "service/checkin.h"
#include "service/jobs.h"
#include "service/notify.h"

/* The maildir's messages, one after the other. */
static void mails(struct kit *k, struct buf *out)
{
	char folder[400], path[800];

	buf_init(out, 1 << 20);
	snprintf(folder, sizeof folder, "%s/mail/new", k->dir);
	CLEANUP(closedir_p) DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));) {
		struct buf one BUF_CLEANUP;
		buf_init(&one, 1 << 20);
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
		assert_ok(fsx_read_file(path, &one, &k->e), &k->e);
		assert_ok(buf_add(out, one.data, one.len, &k->e), &k->e);
	}
}

static void drain(struct kit *k)
{
	int r;

	while ((r = notify_once(&k->s, &k->e)) == NOTIFY_SENT)
		;
	assert_int_equal(r, NOTIFY_IDLE);
}

static void finish(struct kit *k, struct job *job, const char *result, const char *score)
{
	struct attempt a;
	char token[64];

	kit_running(k, job, &a, token);
	const struct completion c = { .job = job->id,
		.attempt = a.id,
		.run_id = RUN,
		.status = "complete",
		.score = score,
		.result = strv_of(result) };
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
}

static void received_and_result(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct buf text BUF_CLEANUP;

	assert_int_equal(notify_once(&k->s, &k->e), NOTIFY_IDLE);
	finish(k, &job, kit_null_result, NULL);
	kit_sql(k, "UPDATE jobs SET email_score = 1");
	drain(k);
	assert_int_equal(kit_files(k, "mail/new"), 2);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'sent'"), 2);
	mails(k, &text);
	assert_has(text.data, "To: <ann@example.org>");
	assert_has(text.data, job.id);
	assert_has(text.data, "Too few steps");
	assert_has(text.data, "@example.org>");
	/* No patient facts. */
	assert_null(strstr(text.data, "172"));
	/* Sent, but killed before it was written down: not a second message. */
	kit_sql(k, "UPDATE outbox SET state = 'pending'");
	drain(k);
	assert_int_equal(kit_files(k, "mail/new"), 2);
}

/* The number stands in a mail only where the submitter asked for it and the operator allows it. */
static void the_score(void **state)
{
	struct kit *k = *state;

	for (int asked = 0; asked < 2; asked++)
		for (int allowed = 0; allowed < 2; allowed++) {
			struct job job;
			struct buf text BUF_CLEANUP;
			k->s.opt.mail_may_send_score = allowed;
			finish(k, &job, kit_result, "0.75");
			char sql[100];
			snprintf(sql, sizeof sql, "UPDATE jobs SET email_score = %d", asked);
			kit_sql(k, sql);
			drain(k);
			mails(k, &text);
			assert_int_equal(strstr(text.data, "Score: 0.75") != NULL, asked && allowed);
			char clear[400];
			snprintf(clear, sizeof clear, "%s/mail/new", k->dir);
			assert_ok(fsx_remove_tree(clear, &k->e), &k->e);
			assert_ok(fsx_mkdirs(clear, 0700, &k->e), &k->e);
		}
}

/* The failure's mail tells why, also when the job has been asked for again before it went out. */
static void failure_keeps_its_words(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];
	struct buf text BUF_CLEANUP;

	kit_running(k, &job, &a, token);
	const struct completion c = { .job = job.id,
		.attempt = a.id,
		.run_id = RUN,
		.status = "error",
		.error = "{\"kind\":\"no_person\",\"text\":\"Nobody was seen.\"}" };
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	assert_ok(jobs_rerun(&k->s, &k->ann, "user:a", job.id, &job, &k->e), &k->e);
	drain(k);
	mails(k, &text);
	assert_has(text.data, "Nobody was seen.");
}

/* Two results, two mails, each with its own words, though the first goes out when the second is there. */
static void a_rerun_keeps_to_its_own_mail(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];
	struct buf order BUF_CLEANUP, text BUF_CLEANUP;

	k->s.opt.mail_may_send_score = true;
	buf_init(&order, 65536);
	finish(k, &job, kit_result, "0.75");
	assert_ok(jobs_rerun(&k->s, &k->ann, "user:a", job.id, &job, &k->e), &k->e);
	kit_work(k);
	kit_attempt(k, job.id, 2, &a);
	kit_token(k, &a, token);
	assert_ok(checkin(&k->s, a.id, token, RUN, &order, &k->e), &k->e);
	const struct completion c = { .job = job.id,
		.attempt = a.id,
		.run_id = RUN,
		.status = "complete",
		.result = strv_of(kit_null_result) };
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	kit_sql(k, "UPDATE jobs SET email_score = 1");
	drain(k);
	assert_int_equal(kit_files(k, "mail/new"), 3);
	mails(k, &text);
	const char *score = strstr(text.data, "Score: 0.75");
	assert_non_null(score);
	assert_null(strstr(score + 1, "Score: 0.75"));
	const char *none = strstr(text.data, "Too few steps");
	assert_non_null(none);
	/* Once in each form of that mail: plain and HTML. */
	none = strstr(none + 1, "Too few steps");
	assert_true(!none || !strstr(none + 1, "Too few steps"));
}

/* A mailer that cannot is asked again, later and later, for five days. */
static void put_off_and_given_up(void **state)
{
	struct kit *k = *state;
	struct job job;
	char folder[400];
	int64_t start;

	kit_job(k, &job);
	snprintf(folder, sizeof folder, "%s/mail", k->dir);
	assert_ok(fsx_remove_tree(folder, &k->e), &k->e);
	FILE *f = fopen(folder, "w"); /* a file in the folder's place */
	assert_non_null(f);
	fclose(f);
	start = clock_wall_ms();
	clock_test_set(start, 1);
	assert_int_equal(notify_once(&k->s, &k->e), NOTIFY_SENT);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'pending' AND tries = 1 "
				       "AND last_error <> ''"),
		1);
	assert_int_equal(notify_once(&k->s, &k->e), NOTIFY_IDLE);
	clock_test_advance(60000);
	assert_int_equal(notify_once(&k->s, &k->e), NOTIFY_SENT);
	clock_test_advance(retry_mail_give_up_ms);
	assert_int_equal(notify_once(&k->s, &k->e), NOTIFY_SENT);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'bounced' AND tries = 3"), 1);
	assert_int_equal(notify_once(&k->s, &k->e), NOTIFY_IDLE);
	assert_int_equal(unlink(folder), 0);
}

static void nothing_to_an_erased_job(void **state)
{
	struct kit *k = *state;
	struct job job;

	kit_job(k, &job);
	assert_ok(jobs_cancel(&k->s, &k->ann, "user:a", job.id, &job, &k->e), &k->e);
	assert_ok(jobs_erase(&k->s, &k->ann, "user:a", job.id, &k->e), &k->e);
	drain(k);
	assert_int_equal(kit_files(k, "mail/new"), 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(received_and_result), T(the_score), T(failure_keeps_its_words),
		T(a_rerun_keeps_to_its_own_mail), T(put_off_and_given_up), T(nothing_to_an_erased_job) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
