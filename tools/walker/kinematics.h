#pragma once

#include <stdbool.h>

#include "body.h"
#include "curves.h"

/* How the walker's pelvis and feet move: a steady gait without slip, defined at every moment.
 *
 * Each foot is planted at an exact place for KIN_STANCE of its cycle and rolls over heel, sole, ball and
 * toe tip there; the pelvis advances at the walking speed; swing follows typical joint angles, bent so that
 * it joins the two planted ends with their positions and velocities. Knees come from the leg's two lengths
 * (skeleton.c). So all truth is geometry, and nothing has to be measured from pictures.
 *
 * Own frame: x forward, y to the walker's left, z up; m and s; angles in radians. A cycle runs from heel
 * strike (phase 0) to the next of the same foot. */

enum side { SIDE_RIGHT, SIDE_LEFT, SIDE_COUNT };

#define KIN_STANCE    0.61 /* toe-off's phase: stance lasts 61 % of the cycle (Winter 2009: 58-62) */
#define KIN_TOE_OUT   0.11 /* rad: unless asked otherwise the foot points outwards by 6 degrees */
#define KIN_DROP      3.5  /* degrees: amplitude of the pelvis's obliquity unless asked otherwise */
#define KIN_HARMONICS 5

struct kin_params {
	double cadence;                /* steps a minute */
	double step;                   /* mean step length, m */
	double step_width;             /* distance of the planted ankles across the walkway, m */
	double asym_length;            /* (left - right) / mean of the step lengths (Robinson 1987) */
	double asym_time;              /* the same of the step times */
	double knee_scale[SIDE_COUNT]; /* knee flexion in swing against the typical curve */
	enum contact contact;
	double toe_out;     /* rad; negative points inwards */
	double pelvis_drop; /* rad, amplitude */
	double trunk_lean;  /* rad more than typical; forward */
	double trunk_sway;  /* rad, amplitude: over the standing leg */
	double arm_swing;   /* against the typical amplitude */
	bool stand;         /* does not walk at all */
};

struct kin {
	struct body body;
	struct kin_params p;
	double cycle_s, stride;    /* time and length of a stride */
	double offset[SIDE_COUNT]; /* phase of each foot at time 0 */
	double swing_scale;        /* amplitude of the typical angles for this step length */
	double plant[SIDE_COUNT];  /* x of the ankle above the flat foot in cycle 0 */
	double lift[SIDE_COUNT];   /* added height in mid-swing so that the foot clears the floor */
	double pelvis_z[2 * KIN_HARMONICS + 1]; /* Fourier series over the right cycle: mean, then cos, sin */
};

struct kin_foot {
	double x, y, z; /* ankle joint */
	double pitch;   /* of the foot, toes up positive */
	double toe;     /* extension at the ball, positive */
	double swing;   /* 0 while planted, else the passed part of the swing in (0, 1) */
};

/* Longest step that the figure can take, as part of the leg's length. */
#define KIN_STEP_PER_LEG_MAX 0.90

/* Widest stance, so: beyond it the legs no longer reach both plants of the longest steps. Shorter steps, as
 * toddlers' are, leave room for their wide ones. */
#define KIN_WIDTH_PER_LEG_MAX       0.25
#define KIN_WIDTH_PER_LEG_MAX_SHORT 0.35
#define KIN_STEP_PER_LEG_SHORT      0.80

/**
 * kin_init() - solve the gait
 * @k  filled; no resources
 */
void kin_init(struct kin *k, const struct body *body, const struct kin_params *params);

double kin_phase(const struct kin *k, double t, enum side s); /* cycles since cycle 0 began */
double kin_time_of(const struct kin *k, double phase, enum side s);
double kin_pelvis_x(const struct kin *k, double t);
double kin_pelvis_z(const struct kin *k, double t);
double kin_pelvis_yaw(const struct kin *k, double t);
double kin_pelvis_tilt(const struct kin *k, double t); /* obliquity: positive drops the left hip */
void kin_hip_offset(const struct kin *k, double t, enum side s, double out[3]); /* joint minus pelvis */
struct kin_foot kin_foot(const struct kin *k, double t, enum side s);

/* Where foot @s is planted in its cycle @n: x of the ankle above the flat foot. */
double kin_plant_x(const struct kin *k, enum side s, double n);

/* Step length and time of foot @s: from the other foot's plant and heel strike to its own. */
double kin_step_length(const struct kin *k, enum side s);
double kin_step_time(const struct kin *k, enum side s);
