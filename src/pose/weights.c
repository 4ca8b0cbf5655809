#include "pose/weights.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "base/strv.h"

#define MAX_FILE_BYTES ((size_t)64 << 20)

/* npm package @mediapipe/pose 0.5.1675469404 (Apache-2.0); scripts/weights fetches them. */
static const struct {
	const char *name, *file, *sha256;
} models[] = {
	[WEIGHTS_FULL] = { "blazepose-full", "pose_landmark_full.tflite",
		"e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f" },
	[WEIGHTS_HEAVY] = { "blazepose-heavy", "pose_landmark_heavy.tflite",
		"59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe" },
	[WEIGHTS_DETECTOR] = { "blazepose-detector", "pose_detection.tflite",
		"a63c614bef30d35947f13be361820b1e4e3bec9cfeebf4d11216a18373108e85" },
};

const char *weights_name(enum weights_model m)
{
	return models[m].name;
}

const char *weights_file(enum weights_model m)
{
	return models[m].file;
}

const char *weights_sha256(enum weights_model m)
{
	return models[m].sha256;
}

static bool holds_detector(const char *dir)
{
	char path[PATH_MAX];

	return fsx_join(path, sizeof path, dir, models[WEIGHTS_DETECTOR].file, NULL) == 0 && fsx_exists(path);
}

int weights_find(const char *wanted, char *out, unsigned long size, struct err *e)
{
	/* build/PRESET/bin/gait-pose → build/weights; an installed one → ../share/gaitd/weights. */
	static const char *const beside[] = { "weights", "../weights", "../../weights",
		"../share/gaitd/weights" };
	char program[PATH_MAX];

	if (!wanted)
		wanted = getenv("GAIT_WEIGHTS");
	if (wanted && *wanted)
		return str_copy(out, size, wanted) ? 0
						   : err_set(e, ERR_CONFIG, "the weights' path is too long");
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	if (n > 0) {
		program[n] = '\0';
		char *slash = strrchr(program, '/');
		if (slash)
			*slash = '\0';
		for (size_t i = 0; i < ARRAY_LEN(beside); i++)
			if (fsx_join(out, size, program, beside[i], NULL) == 0 && holds_detector(out))
				return 0;
	}
	return err_set(e, ERR_CONFIG,
		"the model files are not here: run scripts/weights, or name their directory with "
		"--weights or GAIT_WEIGHTS");
}

static int check_sum(const struct buf *file, enum weights_model m, struct err *e)
{
	uint8_t sum[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];

	if (sha256_of(file->data, file->len, sum, e) < 0)
		return -1;
	hex_encode(sum, sizeof sum, hex);
	if (strcmp(hex, models[m].sha256) != 0)
		return err_set(e, ERR_CONFIG,
			"not the file this program was made for (SHA-256 %.12s…, wanted %.12s…): "
			"run scripts/weights",
			hex, models[m].sha256);
	return 0;
}

int weights_load(const char *dir, enum weights_model m, unsigned outputs, struct nn **ret, struct err *e)
{
	BUF_CLEANUP struct buf file;
	char path[PATH_MAX];
	struct tfl_graph *g = NULL;

	buf_init(&file, MAX_FILE_BYTES);
	if (fsx_join(path, sizeof path, dir, models[m].file, e) < 0)
		return err_wrap(e, "weights");
	if (fsx_read_file(path, &file, e) < 0) {
		if (e && e->kind == ERR_NOT_FOUND)
			return err_set(e, ERR_CONFIG, "%s is missing: run scripts/weights", path);
		return err_wrap(e, "%s", path);
	}
	if (check_sum(&file, m, e) < 0 || tfl_read(file.data, file.len, &g, e) < 0 ||
		nn_open(g, outputs, ret, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}
