#pragma once

#include <math.h>

/* Vectors and frames of the walker. World: x forward or back along the walkway, y across it, z up; metres.
 * Single precision: the renderer evaluates these millions of times, and 1e-7 of some metres is far below a
 * pixel. */

#define PI       3.14159265358979323846
#define RAD(deg) ((deg)*PI / 180)
#define DEG(rad) ((rad)*180 / PI)
#define PI_F     3.14159265f

struct vec3 {
	float x, y, z;
};

/* An orthonormal frame: its axes in world coordinates, and so the columns of a rotation. */
struct mat3 {
	struct vec3 x, y, z;
};

static inline struct vec3 v3(float x, float y, float z)
{
	return (struct vec3){ x, y, z };
}

/* From double precision, where kinematics meets the renderer. */
static inline struct vec3 v3d(double x, double y, double z)
{
	return (struct vec3){ (float)x, (float)y, (float)z };
}

static inline struct vec3 v_add(struct vec3 a, struct vec3 b)
{
	return v3(a.x + b.x, a.y + b.y, a.z + b.z);
}

static inline struct vec3 v_sub(struct vec3 a, struct vec3 b)
{
	return v3(a.x - b.x, a.y - b.y, a.z - b.z);
}

static inline struct vec3 v_mul(struct vec3 a, float s)
{
	return v3(a.x * s, a.y * s, a.z * s);
}

static inline struct vec3 v_had(struct vec3 a, struct vec3 b)
{
	return v3(a.x * b.x, a.y * b.y, a.z * b.z);
}

/* a + b * s */
static inline struct vec3 v_mad(struct vec3 a, struct vec3 b, float s)
{
	return v3(a.x + b.x * s, a.y + b.y * s, a.z + b.z * s);
}

static inline float v_dot(struct vec3 a, struct vec3 b)
{
	return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline struct vec3 v_cross(struct vec3 a, struct vec3 b)
{
	return v3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}

static inline float v_len(struct vec3 a)
{
	return sqrtf(v_dot(a, a));
}

static inline struct vec3 v_norm(struct vec3 a)
{
	return v_mul(a, 1 / v_len(a));
}

static inline struct vec3 v_mix(struct vec3 a, struct vec3 b, float t)
{
	return v3(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, a.z + (b.z - a.z) * t);
}

static inline float clampf(float x, float lo, float hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

static inline double clampd(double x, double lo, double hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

/* 0 below @a, 1 above @b, smooth between. */
static inline float smoothf(float a, float b, float x)
{
	x = clampf((x - a) / (b - a), 0, 1);
	return x * x * (3 - 2 * x);
}

static inline double smoothd(double a, double b, double x)
{
	x = clampd((x - a) / (b - a), 0, 1);
	return x * x * (3 - 2 * x);
}

/* Local to world and back (rotation only). */
static inline struct vec3 m_out(const struct mat3 *m, struct vec3 q)
{
	return v_add(v_add(v_mul(m->x, q.x), v_mul(m->y, q.y)), v_mul(m->z, q.z));
}

static inline struct vec3 m_in(const struct mat3 *m, struct vec3 p)
{
	return v3(v_dot(m->x, p), v_dot(m->y, p), v_dot(m->z, p));
}

static inline struct mat3 m_mul(struct mat3 a, struct mat3 b)
{
	return (struct mat3){ m_out(&a, b.x), m_out(&a, b.y), m_out(&a, b.z) };
}

/* Rotations about the axes, radians, right-handed. */
static inline struct mat3 m_rot_x(double angle)
{
	float c = (float)cos(angle), s = (float)sin(angle);

	return (struct mat3){ v3(1, 0, 0), v3(0, c, s), v3(0, -s, c) };
}

static inline struct mat3 m_rot_y(double angle)
{
	float c = (float)cos(angle), s = (float)sin(angle);

	return (struct mat3){ v3(c, 0, -s), v3(0, 1, 0), v3(s, 0, c) };
}

static inline struct mat3 m_rot_z(double angle)
{
	float c = (float)cos(angle), s = (float)sin(angle);

	return (struct mat3){ v3(c, s, 0), v3(-s, c, 0), v3(0, 0, 1) };
}

/* The frame with the given z axis whose x axis lies as near to @forward as it can. */
static inline struct mat3 m_basis(struct vec3 z, struct vec3 forward)
{
	z = v_norm(z);
	struct vec3 y = v_norm(v_cross(z, forward));

	return (struct mat3){ v_cross(y, z), y, z };
}
