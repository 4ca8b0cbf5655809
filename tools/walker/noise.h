#pragma once

#include <stdint.h>

#include "vec.h"

/* Repeatable noise: the same place gives the same value on every run and thread. */

/* A 32-bit mixer with low bias (C. Wellons, "hash prospector", 2018). */
static inline uint32_t noise_hash(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352du;
	x ^= x >> 15;
	x *= 0x846ca68bu;
	return x ^ x >> 16;
}

/* A value in [0, 1) for a grid point. */
static inline float noise_cell(int x, int y, int z)
{
	uint32_t h = (uint32_t)x * 73856093u ^ (uint32_t)y * 19349663u ^ (uint32_t)z * 83492791u;

	return (float)noise_hash(h) * (1.f / 4294967296.f);
}

/* Smooth value noise in [0, 1), one cell a unit. */
static inline float noise_at(struct vec3 p)
{
	float bx = floorf(p.x), by = floorf(p.y), bz = floorf(p.z);
	int x = (int)bx, y = (int)by, z = (int)bz;
	float fx = p.x - bx, fy = p.y - by, fz = p.z - bz, plane[2];

	fx = fx * fx * (3 - 2 * fx);
	fy = fy * fy * (3 - 2 * fy);
	fz = fz * fz * (3 - 2 * fz);
	for (int k = 0; k < 2; k++) {
		float a = noise_cell(x, y, z + k), b = noise_cell(x + 1, y, z + k);
		float c = noise_cell(x, y + 1, z + k), d = noise_cell(x + 1, y + 1, z + k);

		a += (b - a) * fx;
		c += (d - c) * fx;
		plane[k] = a + (c - a) * fy;
	}
	return plane[0] + (plane[1] - plane[0]) * fz;
}

/* Three octaves, about [0, 0.875). */
static inline float noise_fbm(struct vec3 p)
{
	return .5f * noise_at(p) + .25f * noise_at(v_mul(p, 2.03f)) + .125f * noise_at(v_mul(p, 4.1f));
}
