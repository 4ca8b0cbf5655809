#include "forest.h"

#include <math.h>
#include <stdlib.h>
#include <xgboost/c_api.h>

#include "base/cleanup.h"

enum { ROUNDS = 100 };

const char forest_settings[] =
	"gradient boosting, 100 trees of depth 3, eta 0.1, lambda 2, exact splits, one thread";

#define WALK_WEIGHT 4.0f /* of a measured walk against a person on paper, who are many more */

static int check(int r, const char *what, struct err *e)
{
	return r == 0 ? 0 : err_set(e, ERR_INTERNAL, "%s: %.300s", what, XGBGetLastError());
}

static void matrix_free(DMatrixHandle *h)
{
	if (*h)
		(void)XGDMatrixFree(*h);
}

static void booster_free(BoosterHandle *h)
{
	if (*h)
		(void)XGBoosterFree(*h);
}

/* The features of those of @set, or of everybody (SETS); @label and @weight get theirs. */
static size_t table(const struct people *p, enum set set, float *x, float *label, float *weight)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct synthetic *who = &p->list[i];
		if (set != SETS && who->set != set)
			continue;
		for (size_t f = 0; f < people_feature_count; f++)
			x[n * people_feature_count + f] = who->x[people_features[f]];
		label[n] = (float)who->group;
		weight[n] = who->source == SOURCE_WALK ? WALK_WEIGHT : 1;
		n++;
	}
	return n;
}

static int name_features(const char **names, DMatrixHandle matrix, struct err *e)
{
	for (size_t i = 0; i < people_feature_count; i++)
		names[i] = feature_name(people_features[i]);
	return check(
		XGDMatrixSetStrFeatureInfo(matrix, "feature_name", names, people_feature_count), "names", e);
}

static int grow(BoosterHandle booster, DMatrixHandle matrix, struct err *e)
{
	static const char *const setting[][2] = { { "booster", "gbtree" }, { "objective", "binary:logistic" },
		{ "tree_method", "exact" }, { "max_depth", "3" }, { "eta", "0.1" }, { "lambda", "2" },
		{ "min_child_weight", "20" }, { "nthread", "1" }, { "seed", "1" }, { "verbosity", "0" } };

	for (size_t i = 0; i < ARRAY_LEN(setting); i++)
		if (check(XGBoosterSetParam(booster, setting[i][0], setting[i][1]), setting[i][0], e) < 0)
			return -1;
	for (int i = 0; i < ROUNDS; i++)
		if (check(XGBoosterUpdateOneIter(booster, i, matrix), "training", e) < 0)
			return -1;
	return 0;
}

static int judge(BoosterHandle booster, DMatrixHandle matrix, size_t want, double *ret, struct err *e)
{
	static const char margins[] =
		"{\"type\":1,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
		"\"strict_shape\":false}";
	const bst_ulong *shape;
	bst_ulong dims;
	const float *out;

	if (check(XGBoosterPredictFromDMatrix(booster, matrix, margins, &shape, &dims, &out), "prediction",
		    e) < 0)
		return -1;
	if (dims < 1 || shape[0] != want)
		return err_set(e, ERR_INTERNAL, "the model judged another number of people");
	for (size_t i = 0; i < want; i++)
		ret[i] = (double)out[i];
	return 0;
}

int forest_grow(const struct people *p, const char *path, double *ret_margin, struct err *e)
{
	DMatrixHandle some __attribute__((cleanup(matrix_free))) = NULL;
	DMatrixHandle all __attribute__((cleanup(matrix_free))) = NULL;
	BoosterHandle booster __attribute__((cleanup(booster_free))) = NULL;
	CLEANUP(free_p) float *x = malloc(p->count * (people_feature_count + 2) * sizeof *x);
	const char *names[FEATURES];

	if (!x)
		return err_set(e, ERR_NOMEM, "no memory for %zu people", p->count);
	float *label = x + p->count * people_feature_count, *weight = label + p->count;
	size_t n = table(p, SET_TRAIN, x, label, weight);
	if (check(XGDMatrixCreateFromMat_omp(x, n, people_feature_count, NAN, &some, 1), "matrix", e) < 0 ||
		check(XGDMatrixSetFloatInfo(some, "label", label, n), "labels", e) < 0 ||
		check(XGDMatrixSetFloatInfo(some, "weight", weight, n), "weights", e) < 0 ||
		name_features(names, some, e) < 0 ||
		check(XGBoosterCreate(&some, 1, &booster), "booster", e) < 0 || grow(booster, some, e) < 0)
		return -1;
	/* Training leaves the names in the matrix; the file gets them from the booster. */
	if (check(XGBoosterSetStrFeatureInfo(booster, "feature_name", names, people_feature_count), "names",
		    e) < 0 ||
		check(XGBoosterSaveModel(booster, path), path, e) < 0)
		return -1;
	n = table(p, SETS, x, label, weight);
	if (check(XGDMatrixCreateFromMat_omp(x, n, people_feature_count, NAN, &all, 1), "matrix", e) < 0 ||
		name_features(names, all, e) < 0)
		return -1;
	return judge(booster, all, n, ret_margin, e);
}
