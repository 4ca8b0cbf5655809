#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Signals with NaN for missing samples. Nothing here invents a sample beyond what its comment says. */

/**
 * filter_fill_gaps() - straight lines across runs of at most @max_gap missing samples
 * Gaps at the ends stay. Return the count of samples filled
 * Source Stenum 2021: gaps up to 0.12 s, linearly
 */
size_t filter_fill_gaps(double *v, size_t n, size_t max_gap);

/**
 * filter_hampel() - make NaN of samples far from the median of their neighbours
 * @half     neighbours on either side, at most 15; fewer at the ends
 * @floor    a deviation up to this is never an outlier (units of @v)
 * @scratch  @n doubles
 * Return    the count of outliers: |v - median| > max(3 · 1.4826 · MAD, floor)
 * Source    Hampel 1974; Pearson 2002
 */
size_t filter_hampel(double *v, size_t n, size_t half, double floor, double *scratch);

/* One second-order section, direct form II transposed; a0 = 1. */
struct biquad {
	double b0, b1, b2, a1, a2;
};

/**
 * filter_lowpass() - second-order Butterworth low-pass for a filter that runs forth and back
 * @cutoff_hz  where the two passes TOGETHER are at -3 dB; held below 0.42 · fps
 * @fps        samples a second
 * Source      Winter 2009, section 3.4.4.2; bilinear transform with pre-warping
 */
struct biquad filter_lowpass(double cutoff_hz, double fps);

/**
 * filter_zero_lag() - run @f forth and back over each run of known samples, in place
 * Edges are extended by their point reflection, the state starts as if the first value had stood for ever;
 * runs shorter than @min_run become NaN: they are too short to say anything about.
 * @scratch  @n + 2 · FILTER_PAD doubles
 * Source    Gustafsson 1996 on edges; Robertson & Dowling 2003 on two passes
 */
enum { FILTER_PAD = 256 };
void filter_zero_lag(
	const struct biquad *f, double *v, size_t n, size_t pad, size_t min_run, double *scratch);

/* Mean of the known samples within @half of each one; linear in @n. @out and @v do not overlap. */
void filter_box(const double *v, size_t n, size_t half, double *out);

/**
 * filter_range() - maximum minus minimum of the known samples within @half of each one; linear in @n
 * @queue  @n indices of scratch
 * Source  Lemire 2006 (monotonic queue)
 */
void filter_range(const double *v, size_t n, size_t half, double *out, size_t *queue);

/* d/dt in units a second by central differences; NaN beside gaps and at the ends. No overlap. */
void filter_slope(const double *v, size_t n, double fps, double *out);
