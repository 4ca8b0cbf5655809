#include "service/rescore.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strv.h"
#include "service/attempt_end.h"
#include "store/old_videos.h"

enum { RESULT_DEPTH = 16, KEPT_MOST = 2 };

static int read_side(struct strv text, struct rescore_side *ret, struct err *e)
{
	CLEANUP(json_free_p) struct json *root = NULL;

	if (json_parse(text.p, text.n, RESULT_DEPTH, &root, e) < 0)
		return err_wrap(e, "result.json");
	const struct json *score = json_get(root, "score"), *model = json_get(score, "model");
	*ret = (struct rescore_side){ .score = json_num(json_get(score, "value"), NAN),
		.demonstration = json_bool(json_get(model, "demonstration"), false) };
	str_cut(ret->model, sizeof ret->model, json_str(json_get(model, "name"), ""));
	str_cut(ret->version, sizeof ret->version, json_str(json_get(model, "version"), ""));
	str_cut(ret->decision, sizeof ret->decision, json_str(json_get(score, "decision"), ""));
	for (const struct json *r = json_first(json_get(score, "reasons")); r; r = json_next(r)) {
		size_t len = strlen(ret->reasons);
		snprintf(ret->reasons + len, sizeof ret->reasons - len, "%s%s", len ? ", " : "",
			json_str(json_get(r, "code"), ""));
	}
	return 0;
}

static int read_old(struct service *s, const struct job *job, struct rescore_side *ret, struct err *e)
{
	struct buf text BUF_CLEANUP;
	char key[BLOB_KEY_BYTES];

	buf_init(&text, SCORER_RESULT_MAX);
	attempt_output_key(job->id, job->result_attempt, "result.json", key);
	int r = blob_read_all(s->blob, key, &text, e);
	if (r == BLOB_NONE)
		return err_set(e, ERR_NOT_FOUND, "its result.json is not in the store");
	return r < 0 ? -1 : read_side((struct strv){ text.data, text.len }, ret, e);
}

/* Both views in one archive, or each in its own. Return how many there are; -1 */
static int read_kept(struct service *s, const struct job *job, struct buf kept[KEPT_MOST], struct err *e)
{
	static const char *const names[] = { "keypoints.tar.gz", "keypoints_front.tar.gz",
		"keypoints_side.tar.gz" };
	char key[BLOB_KEY_BYTES];
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(names) && n < KEPT_MOST; i++) {
		attempt_output_key(job->id, job->result_attempt, names[i], key);
		int r = blob_read_all(s->blob, key, &kept[n], e);
		if (r < 0)
			return err_wrap(e, "%s", names[i]);
		if (r == BLOB_NONE)
			continue;
		n++;
		if (i == 0)
			break;
	}
	return n > 0 ? n : err_set(e, ERR_NOT_FOUND, "its key points were not kept");
}

static int write_facts(struct service *s, const struct job *job, struct buf *out, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	const struct submission *p = &job->submission;
	struct video videos[VIEW_COUNT];
	uint8_t sha256[SHA256_BYTES];
	char name[32], hex[SHA256_HEX_BYTES];
	struct json_w w;
	unsigned n;

	if (store_begin(s->store, STORE_READ, &tx, e) < 0 || store_job_videos(tx, job->id, videos, &n, e) < 0)
		return -1;
	json_w_init(&w, out);
	json_w_obj(&w, NULL);
	json_w_num(&w, "height_cm", p->height_cm, 2);
	json_w_int(&w, "age_months", p->age_months);
	json_w_strn(&w, "sex", &p->sex, 1);
	json_w_str(&w, "walking_aid", p->walking_aid);
	json_w_str(&w, "orthosis", p->orthosis);
	json_w_str(&w, "footwear", p->footwear);
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof name, "video_sha256_%s", view_name(videos[i].view));
		/* The one that the key points are from: another may have taken its place meanwhile. */
		int r = store_old_video_sha256(tx, job->id, videos[i].view, job->result_attempt, sha256, e);
		if (r < 0)
			return -1;
		hex_encode(r == 0 ? sha256 : videos[i].sha256, SHA256_BYTES, hex);
		json_w_str(&w, name, hex);
	}
	json_w_obj_end(&w);
	return json_w_end(&w, e);
}

static void kept_deinit(struct buf (*kept)[KEPT_MOST])
{
	for (int i = 0; i < KEPT_MOST; i++)
		buf_deinit(&(*kept)[i]);
}

static int analyze(struct scorer *scorer, const struct buf *facts, const struct buf kept[KEPT_MOST],
	struct buf *text, struct err *e)
{
	struct strv parts[SCORER_PARTS] = { [SCORER_FACTS] = { facts->data, facts->len },
		[SCORER_KEPT_1] = { kept[0].data, kept[0].len },
		[SCORER_KEPT_2] = { kept[1].data, kept[1].len } };
	struct field_errors errors = { .n = 0 };
	int r = scorer_analyze(scorer, parts, text, &errors, e);

	return r == SCORER_FIELDS
		       ? err_set(e, ERR_FIELD, "%s %s", errors.items[0].field, errors.items[0].reason)
		       : r;
}

int rescore_job(struct service *s, struct scorer *scorer, const struct job *job, struct rescore *ret,
	struct buf *text, struct err *e)
{
	struct buf facts BUF_CLEANUP;
	struct buf kept[KEPT_MOST] __attribute__((cleanup(kept_deinit)));

	buf_init(&facts, SCORER_FACTS_MAX);
	for (int i = 0; i < KEPT_MOST; i++)
		buf_init(&kept[i], SCORER_INPUT_MAX);
	if (job->erased)
		return err_set(e, ERR_CONFLICT, "it was erased");
	if (job->result_attempt == 0)
		return err_set(e, ERR_CONFLICT, "it has no result");
	if (read_kept(s, job, kept, e) < 0 || read_old(s, job, &ret->old, e) < 0 ||
		write_facts(s, job, &facts, e) < 0 || analyze(scorer, &facts, kept, text, e) < 0)
		return -1;
	return read_side((struct strv){ text->data, text->len }, &ret->new, e);
}
