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

/**
 * render_frame() - one picture; the same arguments give the same bytes
 * @frame  its number; changes the film grain
 * @rgb    8-bit sRGB, width * height * 3 bytes, rows from the top
 * Threads safe: works on its arguments and @rgb alone
 */
void render_frame(const struct scene *s, enum view view, const struct background *b, const struct field *f,
	int frame, uint8_t *rgb);
