#include "body.h"

#include <stddef.h>

#include "vec.h"

/* One row an age, both sexes' mean.
 * Height: WHO child growth standards (2006) to 5 years, WHO growth reference (2007) to 19.
 * Sitting height / height: after Fredriks et al., Arch Dis Child 90:807 (2005), rounded to 0.005.
 * Head / height: Stratz's classic proportions (1909): a quarter at birth, a fifth at 2, a sixth at 6,
 * between a seventh and an eighth when grown.
 * Cadence and step: Sutherland et al., J Bone Joint Surg Am 62:336 (1980) for 1 to 3 and 7 years; a free,
 * rather slow adult walk of 104 steps/min and 0.36 of the height a step at the end. */
struct age_row {
	double age, height, sitting, head, cadence, step;
};

static const struct age_row ages[] = {
	{ 1, 0.750, 0.625, 0.220, 176, 0.216 },
	{ 1.5, 0.815, 0.605, 0.210, 171, 0.251 },
	{ 2, 0.868, 0.590, 0.200, 156, 0.275 },
	{ 2.5, 0.913, 0.582, 0.194, 156, 0.307 },
	{ 3, 0.956, 0.575, 0.188, 154, 0.329 },
	{ 4, 1.030, 0.560, 0.180, 151, 0.370 },
	{ 7, 1.213, 0.540, 0.163, 144, 0.479 },
	{ 10, 1.382, 0.525, 0.154, 132, 0.530 },
	{ 14, 1.615, 0.515, 0.145, 118, 0.590 },
	{ 20, 1.720, 0.520, 0.141, 104, 0.620 },
};

enum { ROWS = sizeof ages / sizeof ages[0] };

static double between(double a, double b, double t)
{
	return a + (b - a) * t;
}

static struct age_row row_at(double age)
{
	size_t i = 0;

	while (i < ROWS - 2 && age > ages[i + 1].age)
		i++;
	const struct age_row *a = &ages[i], *b = a + 1;
	double t = clampd((age - a->age) / (b->age - a->age), 0, 1);

	return (struct age_row){ age, between(a->height, b->height, t), between(a->sitting, b->sitting, t),
		between(a->head, b->head, t), between(a->cadence, b->cadence, t),
		between(a->step, b->step, t) };
}

struct body_typical body_typical(double age)
{
	struct age_row r = row_at(age);

	return (struct body_typical){ r.height, r.cadence, r.step };
}

struct body body_make(double height, double age)
{
	struct age_row r = row_at(age), adult = ages[ROWS - 1];
	double unit = height / 1.75; /* the figure of figure.c is 1.75 m tall */
	/* The hip joint of the adult figure lies 0.057 of the height above the seat. */
	double hip_height = height * (1 - r.sitting + 0.057), head_scale = unit * r.head / adult.head;
	struct body b = {
		.height = height,
		.ankle = .080 * unit,
		.heel = .050 * unit,
		.ball = .125 * unit,
		.toe = .195 * unit,
		.hip_half = .087 * unit,
		.upper_arm = .186 * height,
		.forearm = .150 * height,
		.head_scale = head_scale,
		/* What is left between hip and head; see the offsets in skeleton.c. */
		.trunk_scale = (height * 1.02 - hip_height - .244 * head_scale) / .600,
		.limb_scale = unit,
		.foot_scale = unit,
	};

	b.thigh = (hip_height - b.ankle) * .499;
	b.shank = (hip_height - b.ankle) - b.thigh;
	return b;
}
