#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gaitctl_commands.h"
#include "app/gaitctl_table.h"
#include "base/cleanup.h"
#include "base/strv.h"
#include "service/releases.h"

/* gaitctl jobs release, gaitctl jobs withdraw */

/* A comment may be about a person's health: it comes by stdin, never in an argument list that others can see.
 */
static int read_comment(char out[RELEASE_COMMENT_BYTES + 1], struct err *e)
{
	size_t n = fread(out, 1, RELEASE_COMMENT_BYTES, stdin);

	if (ferror(stdin))
		return err_errno(e, ERR_IO, "read the comment");
	if (n == RELEASE_COMMENT_BYTES)
		return err_set(
			e, ERR_FIELD, "the comment has more than %d characters", RELEASE_COMMENT_CHARS);
	while (n > 0 && strchr(" \t\r\n", out[n - 1]))
		n--;
	out[n] = '\0';
	return strlen(out) == n ? 0 : err_set(e, ERR_FIELD, "the comment holds a NUL");
}

static int result_attempt(struct house *h, const char *id, int64_t *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct job job;

	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0 || jobs_get(&h->svc, tx, NULL, id, &job, e) < 0)
		return -1;
	*ret = job.result_attempt;
	return 0;
}

int ctl_release(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	const char *attempt_text = ctl_take_option(args, &n, "--attempt");
	bool with_comment = ctl_take_flag(args, &n, "--comment-stdin");
	CLEANUP(free_p) char *comment = calloc(1, RELEASE_COMMENT_BYTES + 1);
	int64_t attempt = 0;
	struct job job;

	if (!comment)
		return err_set(e, ERR_NOMEM, "comment");
	if (n != 1 || (attempt_text && !str_to_i64(attempt_text, 1, INT32_MAX, &attempt)))
		return err_set(e, ERR_USAGE, "gaitctl jobs " CTL_RELEASE_USAGE);
	if ((with_comment && read_comment(comment, e) < 0) ||
		(!attempt_text && result_attempt(h, args[0], &attempt, e) < 0) ||
		release_result(&h->svc, NULL, ctl_actor(), args[0], (int)attempt, comment, &job, e) < 0)
		return -1;
	if (!c->json)
		fprintf(c->out, "released: the submitter sees the result of attempt %d\n", job.shown_attempt);
	return 0;
}

int ctl_withdraw(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	const char *reason = ctl_take_option(args, &n, "--reason");
	struct job job;

	if (n != 1 || !reason)
		return err_set(e, ERR_USAGE, "gaitctl jobs " CTL_WITHDRAW_USAGE);
	if (release_withdraw(&h->svc, NULL, ctl_actor(), args[0], reason, &job, e) < 0)
		return -1;
	if (!c->json)
		fputs("taken back: the submitter sees no result\n", c->out);
	return 0;
}

int ctl_print_release(struct ctl *c, struct house *h, const struct job *j, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct release *r = calloc(1, sizeof *r);
	char when[CTL_AGO_BYTES];

	if (!r)
		return err_set(e, ERR_NOMEM, "release");
	if (j->release == RELEASE_NONE)
		return 0;
	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0 ||
		store_release_get(tx, j->id, j->shown_attempt ? j->shown_attempt : j->result_attempt, r, e) <
			0)
		return -1;
	fprintf(c->out, "release: %s (attempt %d)", release_name(j->release), j->result_attempt);
	if (j->shown_attempt && j->shown_attempt != j->result_attempt)
		fprintf(c->out, "; the submitter sees attempt %d", j->shown_attempt);
	if (*r->actor) {
		ctl_ago(r->at_ms, when);
		fprintf(c->out, "; %s by %s, %s", release_name(r->state), r->actor, when);
	}
	fputc('\n', c->out);
	if (*r->reason)
		fprintf(c->out, "reason: %s\n", r->reason);
	if (*r->comment)
		fprintf(c->out, "comment: %s\n", r->comment);
	return 0;
}
