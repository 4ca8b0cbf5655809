#pragma once

#include <stddef.h>

/**
 * sparc() - spectral arc length of a speed profile: smoothness, the nearer to zero the smoother
 * The amplitude spectrum, as a share of its value at zero frequency, up to 10 Hz or to the highest frequency
 * that still has 5 % of that; the length of that line, negative, with the frequency axis scaled to one.
 * @v      speed at @fps samples a second, all known; only its shape counts
 * Return  NaN below 8 samples or without any movement
 * Source  Balasubramanian, Melendez-Calderon, Roby-Brami & Burdet 2015 (cut-off, threshold and zero padding
 * as there)
 */
double sparc(const double *v, size_t n, double fps);
