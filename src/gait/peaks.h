#pragma once

#include <stddef.h>

struct peak {
	double at;         /* index, sub-sample */
	double value;      /* of the parabola's vertex */
	double prominence; /* over the valley before it */
};

/**
 * peaks_find() - the maxima of sign · v between valleys at least @delta deep on both sides
 * A maximum needs a rise of @delta before it and a fall of @delta after it; samples next to a gap are no
 * maxima. Sub-sample by the parabola through the three samples around the largest.
 * @sign   +1 maxima, -1 minima
 * Return  the count found, of which the first @max stand in @out. Linear in @n.
 * Source  hysteresis ("zig-zag") extremes; parabola as in Smith & Serra 1987
 */
size_t peaks_find(const double *v, size_t n, int sign, double delta, struct peak *out, size_t max);
