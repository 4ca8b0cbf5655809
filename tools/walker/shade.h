#pragma once

#include "field.h"
#include "scene.h"

/**
 * shade_walker() - light that leaves a point of the walker's surface towards the eye
 * @view  the side and the front camera each have a weak fill light beside them
 * @nearest  index of the part at @p, and @n the normal there, from field_surface()
 * @p     on the surface;  @ray  from the eye, of length 1
 * Return linear RGB
 */
struct vec3 shade_walker(const struct scene *s, enum view view, const struct field *f,
	const struct near_list *l, int nearest, struct vec3 n, struct vec3 p, struct vec3 ray);
