#include "curves.h"

#include "vec.h"

/* Every 5 % of the cycle, degrees; shapes after the normative data of Winter, Biomechanics and Motor
 * Control of Human Movement (4th ed. 2009), read off by hand. */
enum { POINTS = 20 };

static const double thigh_deg[POINTS] = { 21.5, 20, 17.5, 13.5, 9, 4, -1, -6, -11, -15.5, -19, -18.5, -12, -1,
	9, 16.5, 21, 23.2, 23.8, 23.2 };
static const double knee_deg[POINTS] = { 4, 10, 16, 18.5, 17.5, 14.5, 11, 8, 6, 7, 12, 22, 37, 51, 60, 61, 53,
	39.5, 24, 11 };

/* The foot's pitch as knots of a monotone curve, so that its flat part is exactly flat. */
struct knot {
	double phase, deg;
};

enum { KNOTS = 15 };

/* Toe walking: after the pattern that Perry, Gait Analysis (1992), calls equinus contact: on the forefoot at
 * strike, the heel some centimetres up all through stance. */
static const struct knot pitch_knots[CONTACT_COUNT][KNOTS] = {
	[CONTACT_HEEL] = { { 0, 18 }, { .045, 8 }, { .09, 0 }, { .33, 0 }, { .42, -8 }, { .50, -21 },
		{ .56, -38 }, { .61, -58 }, { .63, -64 }, { .67, -60 }, { .73, -43 }, { .80, -18 },
		{ .86, 3 }, { .92, 15 }, { .97, 20 } },
	[CONTACT_FLAT] = { { 0, 0 }, { .045, 0 }, { .09, 0 }, { .33, 0 }, { .42, -8 }, { .50, -21 },
		{ .56, -38 }, { .61, -58 }, { .63, -64 }, { .67, -60 }, { .73, -43 }, { .80, -18 },
		{ .86, -5 }, { .92, 0 }, { .97, 0 } },
	[CONTACT_TOE] = { { 0, -15 }, { .045, -15 }, { .09, -15 }, { .33, -15 }, { .42, -19 }, { .50, -28 },
		{ .56, -41 }, { .61, -57 }, { .63, -62 }, { .67, -58 }, { .73, -45 }, { .80, -28 },
		{ .86, -20 }, { .92, -15 }, { .97, -15 } },
};

/* Through the 20 points, with continuous velocity (Catmull and Rom 1974), periodic; degrees. */
static double through(const double deg[POINTS], double phase)
{
	double f = (phase - floor(phase)) * POINTS, base = floor(f), u = f - base;
	int i = (int)base % POINTS;
	double a = deg[(i + POINTS - 1) % POINTS], b = deg[i], c = deg[(i + 1) % POINTS],
	       d = deg[(i + 2) % POINTS];

	return b + .5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)));
}

double curve_thigh(double phase)
{
	return RAD(through(thigh_deg, phase));
}

double curve_knee(double phase)
{
	return RAD(through(knee_deg, phase));
}

static struct knot knot_at(const struct knot *knots, int i)
{
	int n = KNOTS, turn = i < 0 ? -1 : i / n;
	struct knot k = knots[i - turn * n];

	k.phase += turn;
	return k;
}

/* Slope at a knot of the monotone cubic (Fritsch and Butland 1984): 0 at turns and along flat parts. */
static double knot_slope(const struct knot *knots, int i)
{
	struct knot a = knot_at(knots, i - 1), b = knot_at(knots, i), c = knot_at(knots, i + 1);
	double h0 = b.phase - a.phase, h1 = c.phase - b.phase;
	double d0 = (b.deg - a.deg) / h0, d1 = (c.deg - b.deg) / h1;

	if (d0 * d1 <= 0)
		return 0;
	return 3 * (h0 + h1) / ((2 * h1 + h0) / d0 + (h1 + 2 * h0) / d1);
}

double curve_foot_pitch(double phase, enum contact contact)
{
	const struct knot *knots = pitch_knots[contact];
	int i = 0;

	phase -= floor(phase);
	while (i < KNOTS - 1 && phase >= knots[i + 1].phase)
		i++;
	struct knot a = knot_at(knots, i), b = knot_at(knots, i + 1);
	double h = b.phase - a.phase, u = (phase - a.phase) / h, u2 = u * u, u3 = u2 * u;

	return RAD((2 * u3 - 3 * u2 + 1) * a.deg + (u3 - 2 * u2 + u) * h * knot_slope(knots, i) +
		   (3 * u2 - 2 * u3) * b.deg + (u3 - u2) * h * knot_slope(knots, i + 1));
}
