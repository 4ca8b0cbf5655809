#include "service/completion.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "core/token.h"
#include "service/attempt_end.h"
#include "service/checkin.h"

struct failure_words {
	char kind[32], text[256], log[ATTEMPT_LOG_BYTES];
	struct attempt_failure f;
};

/* What the script says of its failure; every part is bounded and cleaned before it is stored. */
static int read_failure(const char *text, struct failure_words *w, struct err *e)
{
	CLEANUP(json_free_p) struct json *root = NULL;

	if (!text || json_parse(text, strlen(text), 4, &root, e) < 0)
		return err_set(e, ERR_FIELD, "error must be JSON: {\"kind\", \"text\", \"log\"}");
	const char *kind = json_str(json_get(root, "kind"), "");
	const char *words = json_str(json_get(root, "text"), "");
	const char *log = json_str(json_get(root, "log"), "");
	if (!*kind || strlen(kind) >= sizeof w->kind ||
		strspn(kind, "abcdefghijklmnopqrstuvwxyz_") != strlen(kind))
		return err_set(e, ERR_FIELD, "error.kind must have 1 to 31 characters of a-z and _");
	if (!str_is_clean_utf8(words, strlen(words)))
		words = "";
	snprintf(w->kind, sizeof w->kind, "%s", kind);
	str_cut(w->text, sizeof w->text, *words ? words : "The analysis failed.");
	/* The end of a log is what tells; not from the middle of a character, though. */
	if (strlen(log) >= sizeof w->log)
		log += strlen(log) - sizeof w->log + 1;
	while (((unsigned char)*log & 0xc0) == 0x80)
		log++;
	for (size_t i = 0; (w->log[i] = log[i]) != '\0'; i++)
		if (((unsigned char)log[i] < 0x20 && log[i] != '\n' && log[i] != '\t') || log[i] == 0x7f)
			w->log[i] = '?';
	w->f = (struct attempt_failure){
		.kind = w->kind, .text = w->text, .log = w->log, .outcome = "error"
	};
	return 0;
}

/* An attempt that is over already: the same words again are fine. */
static int repeated(const struct attempt *a, bool complete, const uint8_t sha256[SHA256_BYTES], struct err *e)
{
	bool same = complete ? strcmp(a->outcome, "complete") == 0 &&
				       memcmp(a->result_sha256, sha256, SHA256_BYTES) == 0
			     : strcmp(a->outcome, "error") == 0;

	return same ? 0 : err_set(e, ERR_CONFLICT, "this attempt is over");
}

static int check_fields(const struct completion *c, struct err *e)
{
	if (!c->job || !c->attempt || !c->run_id || !c->status)
		return err_set(e, ERR_FIELD, "job_id, attempt, run_id and status are needed");
	if (strcmp(c->status, "complete") != 0 && strcmp(c->status, "error") != 0)
		return err_set(e, ERR_FIELD, "status must be complete or error");
	if (strcmp(c->status, "complete") == 0 && c->result.n == 0)
		return err_set(e, ERR_FIELD, "result is missing: the file result.json");
	return 0;
}

/* Who is speaking? 1: the attempt is over and this is a repetition. */
static int identify(struct tx *tx, const struct completion *c, const char *token,
	const uint8_t sha256[SHA256_BYTES], struct attempt *a, struct job *job, struct err *e)
{
	if (attempt_authenticate(tx, c->attempt, token, a, e) < 0)
		return -1;
	if (strcmp(a->job, c->job) != 0 || store_job_get(tx, a->job, job, e) != 0)
		return err_set(e, ERR_NOT_FOUND, "no such attempt");
	if (!*a->run_id)
		return err_set(e, ERR_CONFLICT, "this attempt has not checked in");
	if (strcmp(a->run_id, c->run_id) != 0)
		return err_set(e, ERR_CONFLICT, "another run of this attempt checked in");
	if (a->ended_ms)
		return repeated(a, strcmp(c->status, "complete") == 0, sha256, e) < 0 ? -1 : 1;
	return attempt_current(job, a, e);
}

/* Judged before it is stored: what was stored once stands, so a wrong one would keep the right one out. */
static int check_result(const struct completion *c, struct err *e)
{
	struct attempt_result result;
	struct err why = { 0 };
	char *end = NULL;

	if (attempt_read_result(c->result, &result, &why) < 0)
		return err_set(e, ERR_FIELD, "result: %s", why.msg);
	double said = c->score && *c->score ? strtod(c->score, &end) : NAN;
	if ((end && *end) || isnan(said) != isnan(result.score) ||
		(!isnan(said) && fabs(said - result.score) > 1e-3))
		return err_set(e, ERR_FIELD, "score differs from the one in result.json");
	return 0;
}

/* The result goes into the store before the transaction; the same bytes may lie there already. */
static int keep_result(struct service *s, const struct completion *c, const struct attempt *a,
	struct attempt_result *ret, struct err *e)
{
	char key[BLOB_KEY_BYTES];

	attempt_output_key(a->job, a->n, "result.json", key);
	if (s->blob->ops->put_bytes(s->blob, key, c->result.p, c->result.n, e) < 0)
		return err_wrap(e, "result.json");
	FAULT_POINT("completion.result_stored");
	int r = attempt_collect(s, a->job, a->n, ret, e);
	return r <= 0 ? r : err_set(e, ERR_IO, "result.json is not in the store");
}

int completion_known(struct service *s, const char *token, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	uint8_t hash[SHA256_BYTES];

	if (token_hash(token, hash, e) < 0 || store_begin(s->store, STORE_READ, &tx, e) < 0)
		return -1;
	int r = store_attempt_token_known(tx, hash, e);
	return r == STORE_NONE ? err_set(e, ERR_NOT_FOUND, "no such attempt") : r;
}

int completion_apply(struct service *s, const char *token, const struct completion *c, struct err *e)
{
	struct failure_words words;
	struct attempt_result result;
	struct attempt a;
	struct job job;
	uint8_t sha256[SHA256_BYTES];
	int64_t now = clock_wall_ms();

	if (check_fields(c, e) < 0 || sha256_of(c->result.p, c->result.n, sha256, e) < 0)
		return -1;
	bool complete = strcmp(c->status, "complete") == 0;
	if (!complete && read_failure(c->error, &words, e) < 0)
		return -1;
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_READ, &tx, e) < 0)
			return -1;
		int r = identify(tx, c, token, sha256, &a, &job, e);
		if (r != 0)
			return r < 0 ? -1 : 0;
	}
	if (complete && check_result(c, e) < 0)
		return -1;
	if (complete && keep_result(s, c, &a, &result, e) < 0)
		return -1;
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r = identify(tx, c, token, sha256, &a, &job, e);
	if (r != 0)
		return r < 0 ? -1 : 0;
	r = complete ? attempt_complete(s, tx, &job, &a, &result, now, e)
		     : attempt_failed(s, tx, &job, &a, &words.f, now, e);
	if (r < 0 || store_commit(&tx, e) < 0)
		return -1;
	FAULT_POINT("completion.committed");
	wake_poke(&s->worker);
	wake_poke(&s->notifier);
	wake_poke(&s->reaper);
	return 0;
}
