#include "gait/symmetry.h"

#include <math.h>

double symmetry_si(double left, double right)
{
	double mean = 0.5 * (left + right);

	return fabs(mean) > 0 ? 100 * (right - left) / mean : NAN;
}

double symmetry_ga(double left, double right)
{
	return left > 0 && right > 0 ? 100 * fabs(log(fmin(left, right) / fmax(left, right))) : NAN;
}

double symmetry_sa(double left, double right)
{
	if (!(left > 0 && right > 0))
		return NAN;
	return 100 * (M_PI / 4 - atan(left / right)) / (M_PI / 2);
}
