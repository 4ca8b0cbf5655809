#include "score/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xgboost/c_api.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "score/model_check.h"

enum { MANIFEST_MAX = 64 << 10, MODEL_MAX = 8 << 20 };

struct model {
	struct manifest manifest;
	BoosterHandle booster;
};

static int failed(struct err *e, const char *what)
{
	/* XGBoost's text holds a stack trace; its first line is the reason. */
	const char *why = XGBGetLastError(), *end = strchrnul(why, '\n');

	return err_set(e, ERR_CORRUPT, "%s: %.*s", what, (int)(end - why > 200 ? 200 : end - why), why);
}

static void matrix_free(DMatrixHandle *h)
{
	if (*h)
		(void)XGDMatrixFree(*h);
}

void model_free(struct model *m)
{
	if (m && m->booster)
		(void)XGBoosterFree(m->booster);
	free(m);
}

const struct manifest *model_manifest(const struct model *m)
{
	return &m->manifest;
}

static int read_manifest(const char *dir, struct manifest *ret, struct err *e)
{
	char path[4096];
	BUF_CLEANUP struct buf text;

	buf_init(&text, MANIFEST_MAX);
	if (fsx_join(path, sizeof path, dir, "manifest.json", e) < 0 || fsx_read_file(path, &text, e) < 0 ||
		manifest_parse(buf_str(&text), text.len, ret, e) < 0)
		return err_wrap(e, "%s/manifest.json", dir);
	return 0;
}

static int read_checked(const char *dir, const struct manifest *m, struct buf *text, struct err *e)
{
	char path[4096], hex[2 * SHA256_BYTES + 1];
	uint8_t sum[SHA256_BYTES];

	if (fsx_join(path, sizeof path, dir, m->file, e) < 0 || fsx_read_file(path, text, e) < 0 ||
		sha256_of(text->data, text->len, sum, e) < 0)
		return -1;
	hex_encode(sum, sizeof sum, hex);
	if (strcasecmp(hex, m->sha256) != 0)
		return err_set(e, ERR_CORRUPT, "its SHA-256 is %s, not the manifest's", hex);
	return model_check(buf_str(text), text->len, m, e);
}

int model_open(const char *dir, struct model **ret, struct err *e)
{
	CLEANUP(model_free_p) struct model *m = calloc(1, sizeof *m);
	BUF_CLEANUP struct buf text;

	buf_init(&text, MODEL_MAX);
	if (!m)
		return err_set(e, ERR_NOMEM, "no memory for a model");
	if (read_manifest(dir, &m->manifest, e) < 0)
		return -1;
	if (read_checked(dir, &m->manifest, &text, e) < 0)
		return err_wrap(e, "%s/%s", dir, m->manifest.file);
	if (XGBSetGlobalConfig("{\"verbosity\": 0}") != 0 || XGBoosterCreate(NULL, 0, &m->booster) != 0 ||
		XGBoosterSetParam(m->booster, "nthread", "1") != 0 ||
		XGBoosterLoadModelFromBuffer(m->booster, text.data, text.len) != 0)
		return failed(e, m->manifest.file);
	*ret = TAKE(m);
	return 0;
}

/* type 1: margins, 2: contributions (XGBoosterPredictFromDMatrix). */
static int predict(
	struct model *m, const float *x, size_t rows, int type, size_t want, float *out, struct err *e)
{
	DMatrixHandle matrix __attribute__((cleanup(matrix_free))) = NULL;
	char config[160];
	const bst_ulong *shape;
	bst_ulong dims, total = 1;
	const float *result;

	snprintf(config, sizeof config,
		"{\"type\":%d,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,\"strict_shape\":"
		"false}",
		type);
	if (XGDMatrixCreateFromMat_omp(x, rows, m->manifest.features, NAN, &matrix, 1) != 0)
		return failed(e, "features");
	const char *names[FEATURES];
	for (size_t i = 0; i < m->manifest.features; i++)
		names[i] = feature_name(m->manifest.feature[i]);
	if (XGDMatrixSetStrFeatureInfo(matrix, "feature_name", names, m->manifest.features) != 0 ||
		XGBoosterPredictFromDMatrix(m->booster, matrix, config, &shape, &dims, &result) != 0)
		return failed(e, "prediction");
	for (bst_ulong i = 0; i < dims; i++)
		total *= shape[i];
	if (total != want)
		return err_set(e, ERR_CORRUPT, "the model answers %llu numbers where %zu were expected",
			(unsigned long long)total, want);
	memcpy(out, result, want * sizeof *out);
	return 0;
}

int model_margins(struct model *m, const float *x, size_t rows, float *out, struct err *e)
{
	return predict(m, x, rows, 1, rows, out, e);
}

int model_contributions(struct model *m, const float *x, float *out, struct err *e)
{
	return predict(m, x, 1, 2, m->manifest.features + 1, out, e);
}
