#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xgboost/c_api.h>

#include "fuzz.h"
#include "score/manifest.h"
#include "score/model_check.h"

/* The input: manifest.json, a byte 0, and the model file. What the manifest's reader takes is inside its
 * bounds; what model_check() takes beside it XGBoost may refuse, but must load and answer without leaving its
 * arrays. */

enum { MODEL_MAX = 64 << 10 /* larger ones are only looked through: predicting them tests patience alone */ };

static int is_text(const char *text, size_t size)
{
	return text[0] && memchr(text, '\0', size);
}

static void check(const struct manifest *m)
{
	if (m->features < 1 || m->features > FEATURES || m->max_missing > m->features ||
		m->groups > GROUPS_MAX)
		abort();
	for (size_t i = 0; i < m->features; i++)
		if (m->feature[i] >= FEATURES)
			abort();
	if (!is_text(m->name, sizeof m->name) || !is_text(m->notice, sizeof m->notice) ||
		!is_text(m->population, sizeof m->population) || !is_text(m->above, sizeof m->above) ||
		!is_text(m->trained, sizeof m->trained) || strchr(m->file, '/') || strlen(m->sha256) != 64)
		abort();
	if (!(m->age_min_months <= m->age_max_months) || !(m->slope > 0 && m->slope <= 100) ||
		!isfinite(m->intercept) || !(m->threshold >= 0 && m->threshold <= 1))
		abort();
	for (size_t i = 0; i < m->groups; i++)
		if (!(m->group[i].predicted >= 0 && m->group[i].predicted <= 1) ||
			isnan(m->group[i].age_min_months) != isnan(m->group[i].age_max_months))
			abort();
}

static void predict(BoosterHandle b, size_t features)
{
	static const char *const ask[] = { "{\"type\":1,\"training\":false,\"iteration_begin\":0,"
					   "\"iteration_end\":0,\"strict_shape\":false}",
		"{\"type\":2,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
		"\"strict_shape\":false}" };
	float x[3 * FEATURES] = { 0 };
	DMatrixHandle matrix;
	const bst_ulong *shape;
	bst_ulong dims;
	const float *out;

	for (size_t i = 0; i < 3 * features; i++)
		x[i] = i % 4 == 3 ? NAN : (float)(i * i % 101) - 20;
	if (XGDMatrixCreateFromMat_omp(x, 3, features, NAN, &matrix, 1) != 0)
		abort();
	for (int i = 0; i < 2; i++)
		(void)XGBoosterPredictFromDMatrix(b, matrix, ask[i], &shape, &dims, &out);
	(void)XGDMatrixFree(matrix);
}

static void load(const void *text, size_t len, size_t features)
{
	BoosterHandle b;

	if (XGBSetGlobalConfig("{\"verbosity\": 0}") != 0 || XGBoosterCreate(NULL, 0, &b) != 0)
		abort();
	if (XGBoosterSetParam(b, "nthread", "1") == 0 && XGBoosterLoadModelFromBuffer(b, text, len) == 0)
		predict(b, features);
	(void)XGBoosterFree(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = size > 0 ? memchr(data, '\0', size) : NULL;
	struct manifest m = { .features = 0 };
	struct err e = { 0 };

	if (!end)
		return 0;
	const char *model = end + 1;
	size_t len = size - (size_t)(model - text);
	if (manifest_parse(text, (size_t)(end - text), &m, &e) < 0) {
		if (e.kind == ERR_NONE || !e.msg[0] || m.features != 0)
			abort();
		return 0;
	}
	check(&m);
	if (model_check(model, len, &m, &e) < 0) {
		if (e.kind == ERR_NONE || !e.msg[0])
			abort();
		return 0;
	}
	if (len < MODEL_MAX)
		load(model, len, m.features);
	return 0;
}
