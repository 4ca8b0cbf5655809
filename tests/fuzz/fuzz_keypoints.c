#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "gait/keypoints.h"
#include "gait/keypoints_document.h"

/* The input: one byte that picks the reader (f frame, m meta.json, else a document), then the text. What our
 * stream takes, the tree must take as well: it is the stricter of the two. */

static void check(const struct keypoints *k)
{
	if (k->frames > KEYPOINTS_MAX_FRAMES || k->people > KEYPOINTS_MAX_TOTAL)
		abort();
	for (size_t f = 0; f < k->frames; f++)
		if (k->first[f] > k->first[f + 1] || k->first[f + 1] - k->first[f] > KEYPOINTS_MAX_PEOPLE)
			abort();
	if (k->frames > 0 && (k->first[0] != 0 || k->first[k->frames] != k->people))
		abort();
	for (size_t i = 0; i < k->people; i++)
		for (int j = 0; j < BODY_POINTS; j++) {
			const struct keypoint *p = &k->person[i].p[j];
			if (!isfinite(p->x) || !isfinite(p->y) || !(p->c >= 0 && p->c <= 1))
				abort();
		}
	if (!memchr(k->engine, '\0', sizeof k->engine) || !(k->fps >= 0 && k->fps <= 1000) ||
		k->layout < LAYOUT_BY_COUNT || k->layout >= LAYOUTS)
		abort();
}

static int read_one(struct keypoints *k, char which, const char *text, size_t len, struct err *e)
{
	if (which == 'f')
		return keypoints_add(k, text, len, e);
	if (which == 'm')
		return keypoints_meta(k, text, len, e);
	return keypoints_document(k, text, len, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KEYPOINTS_CLEANUP struct keypoints k = { 0 };
	struct json *tree __attribute__((cleanup(json_free_p))) = NULL;
	struct err e = { 0 }, tree_e = { 0 };

	if (size == 0)
		return 0;
	const char *text = (const char *)data + 1;
	if (keypoints_add_empty(&k, &e) < 0)
		abort();
	int r = read_one(&k, (char)data[0], text, size - 1, &e);
	check(&k);
	if (r < 0) {
		if (e.kind == ERR_NONE || !e.msg[0] || k.frames != 1 || k.people != 0)
			abort();
		return 0;
	}
	if (e.kind != ERR_NONE || k.frames < 1)
		abort();
	if (json_parse(text, size - 1, 64, &tree, &tree_e) < 0)
		abort();
	return 0;
}
