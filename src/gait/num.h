#pragma once

#include <stddef.h>

/* Small statistics over arrays in which NaN means "unknown" and is skipped. */

/* Mean, or NaN of nothing; *@ret_n (may be NULL) is the count of known values. */
double num_mean(const double *v, size_t n, size_t *ret_n);

/* Sample standard deviation (n - 1), NaN below two known values. */
double num_sd(const double *v, size_t n);

/**
 * num_quantile() - the @q-quantile (0…1) by linear interpolation between order statistics
 * Reorders @v; NaN of nothing
 * Source Hyndman & Fan 1996, type 7
 */
double num_quantile(double *v, size_t n, double q);

/* Two-sided 97.5 % point of Student's t with @df degrees of freedom (Abramowitz & Stegun 1964, 26.7.5). */
double num_t975(size_t df);

/**
 * num_line() - least squares y = a + b·x over the pairs that are both known
 * Return the count of pairs used; below two, or where all x are equal, *@a and *@b are NaN
 */
size_t num_line(const double *x, const double *y, size_t n, double *a, double *b);

/**
 * num_line_robust() - num_line(), then again without what lies more than 2.5 robust SD off it, twice
 * @scratch  @n doubles
 * Source    iteratively trimmed least squares (Rousseeuw & Leroy 1987)
 */
size_t num_line_robust(const double *x, const double *y, size_t n, double *scratch, double *a, double *b);

/* The value of @v (n samples at 0, 1, 2 …) at the fractional index @at; NaN outside or beside a gap. */
double num_at(const double *v, size_t n, double at);
