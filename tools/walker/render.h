#pragma once

#include <stdint.h>

#include "base/err.h"
#include "field.h"
#include "scene.h"

/* Pictures of the scene: the empty room once for each camera, then the walker and its shadow into a copy. */

struct background;

/**
 * render_background() - the empty room as a camera sees it
 * @threads  how many work on it
 * @ret      set on 0; free with background_free()
 * Return    0; -1 with ERR_NOMEM, ERR_TOO_LARGE
 */
int render_background(
	const struct scene *s, enum view view, int threads, struct background **ret, struct err *e);
void background_free(struct background *b);

/* A picture under work. */
struct canvas {
	uint8_t *rgb;       /* the result: 8-bit sRGB, width * height * 3 bytes, rows from the top */
	struct vec3 *light; /* linear RGB where the walker or its shadow is */
	int8_t *seen;       /* which group of the walker's parts a pixel shows, or -1 */
};

/* Return 0 and @ret (free with canvas_free()), or -1 with ERR_NOMEM. */
int canvas_new(int width, int height, struct canvas **ret, struct err *e);
void canvas_free(struct canvas *c);

/**
 * render_frame() - one picture; the same arguments give the same bytes
 * @frame  its number; changes the film grain
 * @c      of the size of @b; its rgb is the picture
 * Threads safe: works on its arguments and @c alone
 */
void render_frame(const struct scene *s, enum view view, const struct background *b, const struct field *f,
	int frame, struct canvas *c);
