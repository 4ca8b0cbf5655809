#include "support/testing.h"

#include <math.h>

#include "synth.h"

#define THIGH         0.245
#define SHANK         0.246
#define ANKLE         0.039
#define CAMERA_M      6.0 /* front: distance at the start (towards) or after it (away) */
#define CAMERA_HEIGHT 1.2

struct point {
	double x, y, z; /* along the walk, up, to the walker's left; metres */
};

struct synth synth_adult(enum view view)
{
	return (struct synth){ .view = view,
		.fps = 30,
		.seconds = 5,
		.cadence = 110,
		.height_m = 1.70,
		.step_m = 0.65,
		.width_m = 0.10,
		.stance = 0.62,
		.dir = 1,
		.px_per_m = 160,
		.width = 1280,
		.height = 720,
		.seed = 7 };
}

double synth_uniform(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

double synth_stride_s(const struct synth *s)
{
	return 120 / s->cadence;
}

static double first_strike(const struct synth *s, enum side foot)
{
	double stride = synth_stride_s(s);

	return s->start_s + 0.3 * stride + (foot == SIDE_LEFT ? (0.5 + s->lag) * stride : 0);
}

double synth_strike(const struct synth *s, enum side foot, int n)
{
	return first_strike(s, foot) + n * synth_stride_s(s);
}

double synth_toe_off(const struct synth *s, enum side foot, int n)
{
	return synth_strike(s, foot, n) + s->stance * synth_stride_s(s);
}

static double walked_s(const struct synth *s, double t)
{
	double stop = s->stop_s > 0 ? s->stop_s : s->seconds;

	return fmin(fmax(t, s->start_s), stop);
}

/* Where the body is along the walk. */
static double body_x(const struct synth *s, double t)
{
	return s->step_m * s->cadence / 60 * (walked_s(s, t) - s->start_s);
}

/* The foot at @t: where it stands, or how far its swing has come; *@lift in metres, *@pitch in radians. */
static double foot_x(const struct synth *s, enum side foot, double t, double *lift, double *pitch)
{
	double stride = synth_stride_s(s), phase = (walked_s(s, t) - first_strike(s, foot)) / stride;
	double n = floor(phase), f = phase - n;
	/* At heel strike the foot stands half a step ahead of the body. */
	double placed = body_x(s, s->start_s) +
			s->step_m * s->cadence / 60 * (first_strike(s, foot) + n * stride - s->start_s) +
			0.52 * s->step_m;
	*lift = *pitch = 0;
	if (f <= s->stance)
		return placed;
	double u = (f - s->stance) / (1 - s->stance);
	*lift = 0.12 * sin(M_PI * u) * sin(M_PI * u);
	*pitch = -0.5 * sin(2 * M_PI * u); /* the foot goes with the shank */
	/* A cubic that leaves with about the body's speed and lands with some left: the floor stops the heel.
	 */
	double m0 = 1 - s->stance, m1 = 0.25, u2 = u * u, u3 = u2 * u;
	double part = (u3 - 2 * u2 + u) * m0 + (3 * u2 - 2 * u3) + (u3 - u2) * m1;
	return placed + 2 * s->step_m * part;
}

static void leg(
	const struct synth *s, enum side foot, double t, struct point hip, struct point out[BODY_POINTS])
{
	const struct body_leg *l = &body_legs[foot];
	double lift, pitch, h = s->height_m, side = foot == SIDE_LEFT ? 1 : -1;
	double x = foot_x(s, foot, t, &lift, &pitch);
	struct point ankle = { x, ANKLE * h + lift, side * s->width_m / 2 };
	double dx = ankle.x - hip.x, dy = hip.y - ankle.y,
	       d = fmin(hypot(dx, dy), (THIGH + SHANK) * h * 0.999);
	double a = THIGH * h, b = SHANK * h, along = (a * a - b * b + d * d) / (2 * d);
	double out_of = sqrt(fmax(0, a * a - along * along)), len = hypot(dx, dy);

	hip.z = ankle.z;
	out[l->hip] = hip;
	out[l->knee] = (struct point){ hip.x + along * dx / len + out_of * dy / len,
		hip.y - along * dy / len + out_of * dx / len, ankle.z };
	out[l->ankle] = ankle;
	out[l->heel] = (struct point){ x - 0.05, 0.01 + lift, ankle.z };
	out[l->toe] = (struct point){ x + 0.16 * cos(pitch), 0.01 + lift + 0.16 * sin(pitch), ankle.z };
}

static void body(const struct synth *s, double t, struct point out[BODY_POINTS])
{
	double h = s->height_m, x = body_x(s, t);
	struct point hip = { x, 0.515 * h, 0 };

	for (int i = 0; i < BODY_POINTS; i++)
		out[i] = (struct point){ x, 0.7 * h, 0 };
	leg(s, SIDE_LEFT, t, hip, out);
	leg(s, SIDE_RIGHT, t, hip, out);
	out[BODY_MID_HIP] = hip;
	out[BODY_NECK] = (struct point){ x + 0.02, 0.81 * h, 0 };
	out[BODY_L_SHOULDER] = (struct point){ x, 0.81 * h, 0.18 };
	out[BODY_R_SHOULDER] = (struct point){ x, 0.81 * h, -0.18 };
	out[BODY_NOSE] = (struct point){ x + 0.1, 0.902 * h, 0 };
	out[BODY_L_EYE] = (struct point){ x + 0.09, 0.922 * h, 0.03 };
	out[BODY_R_EYE] = (struct point){ x + 0.09, 0.922 * h, -0.03 };
}

static void project(const struct synth *s, const struct point *p, double t, double *x, double *y)
{
	double floor_y = 0.85 * s->height;

	if (s->view == VIEW_SIDE) {
		double away = s->treadmill ? p->x - body_x(s, t) : p->x - 0.5 * body_x(s, s->seconds);
		*x = 0.5 * s->width + s->dir * s->px_per_m * away;
		*y = floor_y - s->px_per_m * p->y;
		return;
	}
	double z = s->dir > 0 ? CAMERA_M + body_x(s, s->seconds) - p->x : CAMERA_M + p->x;
	double focal = s->px_per_m * CAMERA_M;
	/* Towards the camera the walker's left is the image's right. */
	*x = 0.5 * s->width + s->dir * focal * p->z / z;
	*y = 0.5 * s->height - focal * (p->y - CAMERA_HEIGHT) / z;
}

static void swap_legs(struct person *p)
{
	for (int i = 0; i < 5; i++) {
		const enum body_point pair[5][2] = { { BODY_L_HIP, BODY_R_HIP }, { BODY_L_KNEE, BODY_R_KNEE },
			{ BODY_L_ANKLE, BODY_R_ANKLE }, { BODY_L_HEEL, BODY_R_HEEL },
			{ BODY_L_BIG_TOE, BODY_R_BIG_TOE } };
		struct keypoint k = p->p[pair[i][0]];
		p->p[pair[i][0]] = p->p[pair[i][1]];
		p->p[pair[i][1]] = k;
	}
}

static double gauss(uint64_t *state)
{
	return sqrt(-2 * log(synth_uniform(state))) * cos(2 * M_PI * synth_uniform(state));
}

void synth_fill(const struct synth *s, struct keypoints *k)
{
	struct err e = { 0 };
	struct point at[BODY_POINTS];
	uint64_t state = s->seed;

	k->fps = s->fps;
	k->width = s->width;
	k->height = s->height;
	for (size_t f = 0; f < (size_t)(s->seconds * s->fps); f++) {
		double t = (double)f / s->fps;
		static const char one[] = "{\"people\":[{\"pose_keypoints_2d\":["
					  "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
					  "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
					  "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}]}";
		assert_ok(keypoints_add(k, one, sizeof one - 1, &e), &e);
		struct person *p = &k->person[k->people - 1];
		body(s, t, at);
		for (int i = 0; i < BODY_POINTS; i++) {
			double x, y;
			bool small_toe = i == BODY_L_SMALL_TOE || i == BODY_R_SMALL_TOE;
			project(s, &at[i], t, &x, &y);
			double dx = s->noise_px * gauss(&state), dy = s->noise_px * gauss(&state);
			bool gone = synth_uniform(&state) < s->drop || small_toe;
			p->p[i] = (struct keypoint){ (float)(x + dx), (float)(y + dy), gone ? 0 : 0.9f };
		}
		if (f >= s->swap_from && f < s->swap_to)
			swap_legs(p);
	}
}
