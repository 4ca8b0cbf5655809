#include <stdlib.h>

#include "pose/detector.h"
#include "pose/image_rgba.h"
#include "pose/look.h"
#include "pose/tflite.h"

/* look.h for a browser: what web/src/framing/worker.ts calls. Built by scripts/pose-wasm, with nn_plain.c in
 * place of nn.c. One module, one look, one thread. */

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

EXPORT(pose_alloc) void *pose_alloc(size_t bytes);
EXPORT(pose_release) void pose_release(void *p);
EXPORT(pose_error) const char *pose_error(void);
EXPORT(pose_load) int pose_load(int which, const void *bytes, size_t len);
EXPORT(pose_restart) void pose_restart(int film);
EXPORT(pose_look)
const float *pose_look(int film, const uint8_t *rgba, int width, int height, int everywhere);

enum { FILMS = 3 };                      /* looked at in turns: the camera and two files */
enum { RESULT_FLOATS = 2 + 3 * BODY25 }; /* found, people, then x, y, confidence a point */

static struct {
	struct nn *detector, *model;
	struct look look[FILMS];
	struct rgba_planes planes;
	float result[RESULT_FLOATS];
	struct err err;
} state;

void *pose_alloc(size_t bytes)
{
	return malloc(bytes);
}

void pose_release(void *p)
{
	free(p);
}

const char *pose_error(void)
{
	return state.err.msg;
}

static int open_network(const void *bytes, size_t len, unsigned outputs, struct nn **ret)
{
	struct tfl_graph *g = NULL;

	return tfl_read(bytes, len, &g, &state.err) < 0 || nn_open(g, outputs, ret, &state.err) < 0 ? -1 : 0;
}

/* @which 0: the detector's file, 1: the landmark model's. 0, or -1 and pose_error(). */
int pose_load(int which, const void *bytes, size_t len)
{
	struct nn **network = which == 0 ? &state.detector : &state.model;

	nn_close(*network);
	*network = NULL;
	int r = open_network(bytes, len, which == 0 ? DETECTOR_OUTPUTS : LANDMARKS_OUTPUTS, network);
	for (int film = 0; film < FILMS; film++)
		look_init(&state.look[film], state.detector, state.model);
	return r;
}

/* Another one begins in the place of @film: nobody is followed into it. */
void pose_restart(int film)
{
	if (film >= 0 && film < FILMS)
		look_init(&state.look[film], state.detector, state.model);
}

/* @rgba width × height × 4 bytes. RESULT_FLOATS floats, or NULL and pose_error(). */
const float *pose_look(int film, const uint8_t *rgba, int width, int height, int everywhere)
{
	struct look_result found;
	struct image im;

	if (!state.detector || !state.model || film < 0 || film >= FILMS) {
		(void)err_set(&state.err, ERR_CONFIG, "no models, or no such film");
		return NULL;
	}
	if (image_from_rgba(&state.planes, rgba, width, height, &im, &state.err) < 0 ||
		look_frame(&state.look[film], &im, everywhere != 0, &found, &state.err) < 0)
		return NULL;
	float *out = state.result;
	*out++ = found.body.found ? 1 : 0;
	*out++ = (float)found.people;
	for (int i = 0; i < BODY25; i++) {
		*out++ = found.body.x[i];
		*out++ = found.body.y[i];
		*out++ = found.body.confidence[i];
	}
	return state.result;
}
