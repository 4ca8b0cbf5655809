#include "gait/anthropometry.h"

#include <math.h>
#include <stddef.h>

#include "base/cleanup.h"

#define EYES_IN_HEAD  0.454 /* of the head's height below its top: what makes adults' eyes 0.936 */
#define HIP_OVER_SEAT 0.050 /* of the height: what makes adults' hip joints 0.530 */
#define ANKLE         0.039 /* of the height */

static const struct row {
	double months, head, sitting; /* shares of the height */
} rows[] = {
	{ 12, 0.220, 0.625 },
	{ 18, 0.210, 0.605 },
	{ 24, 0.200, 0.590 },
	{ 36, 0.188, 0.575 },
	{ 48, 0.180, 0.560 },
	{ 84, 0.163, 0.540 },
	{ 120, 0.154, 0.525 },
	{ 168, 0.145, 0.515 },
	{ 216, 0.141, 0.520 },
};

static struct row row_at(double age_months)
{
	const struct row *last = &rows[ARRAY_LEN(rows) - 1];

	if (!(age_months < last->months))
		return *last;
	size_t i = 0;
	while (age_months > rows[i + 1].months)
		i++;
	double u = fmax(0, (age_months - rows[i].months) / (rows[i + 1].months - rows[i].months));
	return (struct row){ age_months, rows[i].head + u * (rows[i + 1].head - rows[i].head),
		rows[i].sitting + u * (rows[i + 1].sitting - rows[i].sitting) };
}

double anthropometry_eyes(double age_months)
{
	return 1 - EYES_IN_HEAD * row_at(age_months).head;
}

double anthropometry_leg(double age_months)
{
	return 1 - row_at(age_months).sitting + HIP_OVER_SEAT;
}

double anthropometry_thigh_and_shank(double age_months)
{
	return anthropometry_leg(age_months) - ANKLE;
}
