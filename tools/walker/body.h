#pragma once

/* The size of a body. Lengths in metres; girths are scales of the adult figure of 1.75 m in figure.c. */
struct body {
	double height;
	double thigh, shank;           /* hip to knee, knee to ankle joint */
	double ankle, heel, ball, toe; /* ankle joint above the sole; sole points behind and before it */
	double hip_half;               /* half the distance of the hip joints */
	double upper_arm, forearm;
	double trunk_scale, head_scale, limb_scale, foot_scale;
};

/* What is typical at an age; the table and its sources stand in body.c. */
struct body_typical {
	double height, cadence, step; /* m, steps a minute, m */
};

/* Adults are 20 and older. */
#define BODY_AGE_MIN   1.0
#define BODY_AGE_ADULT 20.0

/**
 * body_typical() - standing height and free walking of a person of @age years
 * @age  [BODY_AGE_MIN, BODY_AGE_ADULT]; between the rows of the table linear
 */
struct body_typical body_typical(double age);

/**
 * body_make() - proportions for a height and an age
 * @height  standing height in shoes, m
 * @age     as for body_typical(); it sets the head's and the legs' share of the height
 */
struct body body_make(double height, double age);

/* Hip joint to ankle joint of the straight leg. */
static inline double body_leg(const struct body *b)
{
	return b->thigh + b->shank;
}
