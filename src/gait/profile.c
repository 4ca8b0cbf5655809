#include "gait/profile.h"

#include <math.h>
#include <stddef.h>

static double rms_difference(const struct curve *c, const struct norm_curve *n)
{
	double sum = 0;

	for (int i = 0; i < CURVE_POINTS; i++) {
		double d = c->mean[i] - n->mean[i];
		sum += d * d;
	}
	return sqrt(sum / CURVE_POINTS);
}

void profile_make(struct curve (*curves)[JOINTS], const struct patient *p, struct profile *ret)
{
	double whole = 0;
	int known = 0;

	*ret = (struct profile){ .gps = { NAN, NAN }, .gps_whole = NAN };
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		double sum = 0;
		int n = 0;
		for (enum joint j = JOINT_HIP; j < JOINTS; j++) {
			struct norm_curve norm;
			ret->gvs[s][j] = NAN;
			if (!norm_curve(j, p, &norm))
				continue;
			ret->source = norm.source;
			if (curves[s][j].n == 0)
				continue;
			ret->gvs[s][j] = rms_difference(&curves[s][j], &norm);
			sum += ret->gvs[s][j] * ret->gvs[s][j];
			n++;
		}
		/* A score of two joints is not comparable with one of three. */
		if (n != 3)
			continue;
		ret->gps[s] = sqrt(sum / n);
		whole += sum;
		known += n;
	}
	if (known == 6)
		ret->gps_whole = sqrt(whole / known);
}
