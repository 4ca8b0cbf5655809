/* train-demo-model DIR: write the demonstration model, DIR/model.json and DIR/manifest.json.
 *
 * No person's data are in it: two synthetic groups, one after typical adult values, the other shifted in the
 * directions that reviews report for autistic adults and adolescents (docs/model-card-demonstration.md). The
 * same program gives the same bytes each time: own generator, one thread, exact splits. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xgboost/c_api.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "base/json.h"
#include "base/strv.h"
#include "score/features.h"

enum { PEOPLE = 4000, ROUNDS = 60, PATH = 4096 };

/* Mean and SD of typical adults as this project's measurement gives them, and the second group's shift in SD.
 */
struct norm {
	double mean, sd, shift;
};

#define UNKNOWN_PART 0.04 /* of the values are left out, so that the model meets missing ones */

/* What the other quantities follow from. Shifts: Lum 2021 (wider, slower, longer and more variable steps in
 * time), Kindregan 2015 (shorter strides, less ankle and knee motion). */
static const struct norm cadence = { 110, 8, -0.3 };          /* steps/min */
static const struct norm step_length = { 0.78, 0.07, -0.35 }; /* of the leg's length */
static const struct norm rest[FEATURES] = {
	[FEATURE_stance] = { 62.5, 1.8, 0.4 },
	[FEATURE_double_support] = { 25, 3.5, 0.4 },
	[FEATURE_step_width_normalized] = { 0.11, 0.035, 0.6 },
	[FEATURE_stride_time_cv] = { 2.0, 0.8, 0.6 },
	[FEATURE_stride_length_cv] = { 3.0, 1.2, 0.6 },
	[FEATURE_step_time_asymmetry] = { 2.5, 1.6, 0.2 },
	[FEATURE_hip_range] = { 43, 5, -0.1 },
	[FEATURE_knee_range] = { 57, 6, -0.3 },
	[FEATURE_ankle_range] = { 28, 5, -0.4 },
};

static uint64_t state = 20211;

static double uniform(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 (Steele 2014) */

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

/* Sum of twelve uniforms less six: normal enough here, and without libm, whose last bits differ by machine.
 */
static double draw(const struct norm *n, int group)
{
	double z = -6;

	for (int i = 0; i < 12; i++)
		z += uniform();
	return n->mean + n->sd * (z + group * n->shift);
}

static void person(float *x, int group)
{
	double c = draw(&cadence, group), l = draw(&step_length, group);

	for (enum feature f = 0; f < FEATURES; f++)
		x[f] = (float)fmax(0, draw(&rest[f], group));
	x[FEATURE_cadence] = (float)c;
	x[FEATURE_stride_time] = (float)(120 / c);
	x[FEATURE_step_length_normalized] = (float)l;
	/* v / sqrt(g l0) with v = l · l0 · c / 60 and l0 = 0.90 m: sqrt(0.90 / 9.81) = 0.3029. */
	x[FEATURE_speed_normalized] = (float)(l * c / 60 * 0.3029);
	for (enum feature f = 0; f < FEATURES; f++)
		if (uniform() < UNKNOWN_PART)
			x[f] = NAN;
}

static int check(int r, const char *what, struct err *e)
{
	return r == 0 ? 0 : err_set(e, ERR_INTERNAL, "%s: %.300s", what, XGBGetLastError());
}

static int grow(BoosterHandle booster, DMatrixHandle matrix, struct err *e)
{
	static const char *const setting[][2] = { { "booster", "gbtree" }, { "objective", "binary:logistic" },
		{ "tree_method", "exact" }, { "max_depth", "2" }, { "eta", "0.15" }, { "lambda", "2" },
		{ "min_child_weight", "20" }, { "nthread", "1" }, { "seed", "1" }, { "verbosity", "0" } };

	for (size_t i = 0; i < sizeof setting / sizeof *setting; i++)
		if (check(XGBoosterSetParam(booster, setting[i][0], setting[i][1]), setting[i][0], e) < 0)
			return -1;
	for (int i = 0; i < ROUNDS; i++)
		if (check(XGBoosterUpdateOneIter(booster, i, matrix), "training", e) < 0)
			return -1;
	return 0;
}

static int train(const char *path, struct err *e)
{
	static float x[PEOPLE * FEATURES], label[PEOPLE];
	const char *names[FEATURES];
	DMatrixHandle matrix;
	BoosterHandle booster;

	for (int i = 0; i < PEOPLE; i++) {
		label[i] = (float)(i % 2);
		person(&x[(size_t)i * FEATURES], i % 2);
	}
	for (enum feature f = 0; f < FEATURES; f++)
		names[f] = feature_name(f);
	if (check(XGDMatrixCreateFromMat_omp(x, PEOPLE, FEATURES, NAN, &matrix, 1), "matrix", e) < 0)
		return -1;
	int r = check(XGDMatrixSetFloatInfo(matrix, "label", label, PEOPLE), "labels", e);
	if (r == 0)
		r = check(XGDMatrixSetStrFeatureInfo(matrix, "feature_name", names, FEATURES), "names", e);
	if (r == 0)
		r = check(XGBoosterCreate(&matrix, 1, &booster), "booster", e);
	if (r == 0) {
		r = grow(booster, matrix, e);
		if (r == 0) /* training leaves the names in the matrix; the file gets them from the booster */
			r = check(XGBoosterSetStrFeatureInfo(booster, "feature_name", names, FEATURES),
				"names", e);
		if (r == 0)
			r = check(XGBoosterSaveModel(booster, path), path, e);
		(void)XGBoosterFree(booster);
	}
	(void)XGDMatrixFree(matrix);
	return r;
}

static void write_features(struct json_w *w)
{
	json_w_arr(w, "features");
	for (enum feature f = 0; f < FEATURES; f++) {
		json_w_obj(w, NULL);
		json_w_str(w, "name", feature_name(f));
		json_w_str(w, "unit", feature_unit(f));
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
}

static void write_manifest(struct json_w *w, const char *sha256)
{
	json_w_obj(w, NULL);
	json_w_str(w, "name", "gait-demonstration");
	json_w_str(w, "version", "1");
	json_w_bool(w, "demonstration", true);
	json_w_str(w, "notice",
		"Demonstration model, trained on synthetic numbers only. It has never seen a person, says "
		"nothing about one, and is not a diagnosis.");
	json_w_str(w, "file", "model.json");
	json_w_str(w, "sha256", sha256);
	write_features(w);
	json_w_int(w, "max_missing", 3);
	json_w_int(w, "min_cycles_a_side", 2);
	json_w_obj(w, "population");
	json_w_int(w, "age_min_months", 180);
	json_w_int(w, "age_max_months", 780);
	json_w_str(
		w, "text", "synthetic adults and adolescents, 15 to 65 years; no children, no real persons");
	json_w_obj_end(w);
	json_w_obj(w, "calibration");
	json_w_int(w, "slope", 1);
	json_w_int(w, "intercept", 0);
	json_w_str(w, "method", "none: the margin's logistic function, on synthetic data");
	json_w_obj_end(w);
	json_w_obj(w, "decision");
	json_w_num(w, "threshold", 0.5, 1);
	json_w_str(w, "above", "nearer to the synthetic shifted group (demonstration)");
	json_w_str(w, "below", "nearer to the synthetic typical group (demonstration)");
	json_w_obj_end(w);
	json_w_obj_end(w);
}

static int run(const char *dir, struct err *e)
{
	char model[PATH], manifest[PATH], hex[SHA256_HEX_BYTES];
	uint8_t sum[SHA256_BYTES];
	int64_t bytes;
	BUF_CLEANUP struct buf text;
	struct json_w w;

	buf_init(&text, 1 << 16);
	if (fsx_join(model, sizeof model, dir, "model.json", e) < 0 ||
		fsx_join(manifest, sizeof manifest, dir, "manifest.json", e) < 0 || train(model, e) < 0 ||
		sha256_of_file(model, sum, &bytes, e) < 0)
		return -1;
	hex_encode(sum, sizeof sum, hex);
	json_w_init(&w, &text);
	write_manifest(&w, hex);
	if (json_w_end(&w, e) < 0 || buf_addc(&text, '\n', e) < 0)
		return -1;
	printf("%s: %lld bytes, %s\n", model, (long long)bytes, hex);
	return fsx_replace(manifest, buf_str(&text), text.len, 0644, e);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	if (argc != 2 || strcmp(argv[1], "--help") == 0) {
		fputs("Usage: train-demo-model DIR   write DIR/model.json and DIR/manifest.json\n", stdout);
		return argc == 2 ? 0 : err_exit_code(ERR_USAGE);
	}
	if (run(argv[1], &e) < 0) {
		fprintf(stderr, "train-demo-model: %s\n", e.msg);
		return err_exit_code(e.kind);
	}
	return 0;
}
