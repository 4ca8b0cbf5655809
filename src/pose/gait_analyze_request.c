#include "pose/gait_analyze_request.h"

#include <stdio.h>

#include "base/json_cut.h"
#include "gait/keypoints_document.h"
#include "pose/gait_analyze_archive.h"
#include "pose/gait_analyze_facts.h"
#include "pose/gait_analyze_result.h"

enum { BODY_DEPTH = 12, BODY_MEMBERS = 8 };

/* Where each view's document stands: in a part of its own or inside the body. */
struct documents {
	struct strv view[VIEWS];
	struct strv kept[2]; /* archives of an attempt, instead of them */
};

static void refuse(struct scorer_refusal *r, enum err_kind kind, const char *detail)
{
	r->kind = kind;
	str_cut(r->detail, sizeof r->detail, detail);
}

static struct strv part_of(const struct buf *b)
{
	return (struct strv){ buf_str(b), b->len };
}

static bool is_null(struct strv v)
{
	return strv_eq(v, "null");
}

/* {"front": …, "side": …, "patient": {…}, "fps": 30}: the documents are only found, not read. */
static bool cut_body(
	struct strv body, struct documents *docs, struct analyze_facts *facts, struct scorer_refusal *refusal)
{
	struct json_piece piece[BODY_MEMBERS];
	char name[32], fps[64];
	struct err e;
	int n = json_cut(body.p, body.n, BODY_DEPTH, piece, BODY_MEMBERS, &e);

	if (n < 0) {
		refuse(refusal, ERR_INVALID, e.msg);
		return false;
	}
	for (int i = 0; i < n; i++) {
		struct strv value = piece[i].value;
		snprintf(name, sizeof name, "%.*s", (int)(piece[i].name.n < 31 ? piece[i].name.n : 31),
			piece[i].name.p);
		if (strv_eq(piece[i].name, "front") || strv_eq(piece[i].name, "side")) {
			if (!is_null(value))
				docs->view[name[0] == 'f' ? VIEW_FRONT : VIEW_SIDE] = value;
		} else if (strv_eq(piece[i].name, "patient")) {
			if (!is_null(value))
				analyze_facts_read(facts, value, "patient.", false, refusal);
		} else if (strv_eq(piece[i].name, "fps")) {
			snprintf(fps, sizeof fps, "{\"fps\":%.*s}", (int)(value.n < 40 ? value.n : 40),
				value.p);
			analyze_facts_read(facts, strv_of(fps), "", false, refusal);
		} else {
			scorer_refusal_add(refusal, name, "is not a field of this request");
		}
	}
	return true;
}

/* Return false where memory is out: that is nobody's field. */
static bool read_view(
	struct keypoints *k, struct strv text, const char *name, double fps, struct scorer_refusal *refusal)
{
	struct err e;

	if (keypoints_document(k, text.p, text.n, &e) < 0) {
		if (e.kind == ERR_NOMEM) {
			refuse(refusal, ERR_NOMEM, e.msg);
			return false;
		}
		scorer_refusal_add(refusal, name, e.msg);
		return true;
	}
	if (k->frames == 0)
		scorer_refusal_add(refusal, name, "has no frames");
	else if (!(k->fps > 0) && !(fps > 0))
		scorer_refusal_add(
			refusal, "fps", "is missing: neither the key points nor the request say it");
	else if (!(k->fps > 0))
		k->fps = fps;
	return true;
}

/* Both views in one archive, or each in its own. */
static bool read_kept(const struct documents *docs, double fps, struct keypoints *const k[VIEWS],
	bool ret_present[VIEWS], struct scorer_refusal *refusal)
{
	struct err e;

	for (int i = 0; i < 2 && docs->kept[i].n; i++) {
		bool present[VIEWS] = { false };
		int r = analyze_read_archive_bytes(docs->kept[i].p, docs->kept[i].n, fps, k, present, &e);
		for (enum view v = VIEW_FRONT; r == 0 && v < VIEWS; v++) {
			if (present[v] && ret_present[v])
				r = err_set(&e, ERR_INVALID, "%s is in both archives", view_name(v));
			ret_present[v] |= present[v];
		}
		if (r < 0) {
			refuse(refusal, e.kind == ERR_NOMEM || e.kind == ERR_TOO_LARGE ? e.kind : ERR_INVALID,
				e.msg);
			return false;
		}
	}
	return true;
}

/* Return false where something is wrong that is nobody's field. */
static bool read_all(const struct documents *docs, double fps, struct keypoints *const k[VIEWS],
	bool ret_present[VIEWS], struct scorer_refusal *refusal)
{
	if (docs->kept[0].n)
		return read_kept(docs, fps, k, ret_present, refusal);
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		ret_present[i] = docs->view[i].n > 0;
		if (ret_present[i] && !read_view(k[i], docs->view[i], view_name(i), fps, refusal))
			return false;
	}
	return true;
}

static bool measure_request(const struct documents *docs, const struct analyze_facts *facts,
	struct model *model, bool allow_demonstration, struct buf *text, struct scorer_refusal *refusal)
{
	KEYPOINTS_CLEANUP struct keypoints front;
	KEYPOINTS_CLEANUP struct keypoints side;
	ANALYZE_OUTPUT_CLEANUP struct analyze_output out = { 0 };
	struct keypoints *k[VIEWS] = { [VIEW_FRONT] = &front, [VIEW_SIDE] = &side };
	struct analyze_input in = { .patient = facts->patient, .allow_demonstration = allow_demonstration };
	bool present[VIEWS] = { false };
	struct err e;

	keypoints_init(&front);
	keypoints_init(&side);
	if (!read_all(docs, facts->fps, k, present, refusal))
		return false;
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		in.keys[i] = present[i] ? k[i] : NULL;
		in.sha256[i] = facts->sha256[i][0] ? facts->sha256[i] : NULL;
	}
	if (!in.keys[VIEW_FRONT] && !in.keys[VIEW_SIDE])
		scorer_refusal_add(refusal, "side", "is missing: key points of at least one view are needed");
	if (refusal->n > 0) {
		refuse(refusal, ERR_FIELD, "");
		return false;
	}
	if (analyze_result(&in, model, &out, text, &e) == 0)
		return true;
	refuse(refusal, e.kind, e.msg);
	return false;
}

bool analyze_request(const struct buf parts[SCORER_PARTS], struct model *model, bool allow_demonstration,
	struct buf *text, struct scorer_refusal *refusal)
{
	struct documents docs = { .view = { [VIEW_FRONT] = part_of(&parts[SCORER_FRONT]),
					  [VIEW_SIDE] = part_of(&parts[SCORER_SIDE]) },
		.kept = { part_of(&parts[SCORER_KEPT_1]), part_of(&parts[SCORER_KEPT_2]) } };
	struct analyze_facts facts;

	analyze_facts_init(&facts);
	if (parts[SCORER_BODY].len && !cut_body(part_of(&parts[SCORER_BODY]), &docs, &facts, refusal))
		return false;
	if (parts[SCORER_FACTS].len)
		analyze_facts_read(&facts, part_of(&parts[SCORER_FACTS]), "", true, refusal);
	return measure_request(&docs, &facts, model, allow_demonstration, text, refusal);
}
