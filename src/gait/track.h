#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "gait/keypoints.h"
#include "gait/person.h"

/* One person's cleaned signals: x[p][f], y[p][f] in pixels, x right, y UP, NaN where unknown. */
struct track {
	double fps;
	size_t n;
	int width, height;      /* of the image, pixels; 0 unknown */
	double leg_px;          /* median length of thigh + shank; NaN without legs */
	bool no_feet;           /* the layout has no heels and toes: ankles stand in their places */
	double mean_confidence; /* of hips, knees, ankles, heels, toes where the person is seen */
	size_t seen;            /* frames with the person */
	size_t low_confidence, swapped, outliers,
		filled; /* what cleaning did: points; frames; points; points */
	double *x[BODY_POINTS], *y[BODY_POINTS];
	double *block; /* holds them all */
};

struct track_options {
	double min_confidence; /* points below it are missing */
	double max_gap_s;      /* gaps up to it are bridged */
	double cutoff_hz;      /* of the low-pass, both passes together */
	bool fix_swaps;
};

/* What the literature uses (docs/gait-methods.md, section 1); the confidence depends on @engine. */
struct track_options track_defaults(const char *engine);

/**
 * track_make() - clean the chosen person's points
 * Order   confidence, left/right swaps, short gaps (for the swap's sake none before), Hampel, gaps, low-pass
 * @ret    release with track_deinit()
 * Errors  ERR_NOMEM
 * Source  Stenum 2021 (gaps), Pearson 2002 (Hampel), Winter 2009 (low-pass)
 */
int track_make(const struct keypoints *k, const struct person_choice *who, const struct track_options *o,
	struct track *ret, struct err *e);
void track_deinit(struct track *t);
#define TRACK_CLEANUP __attribute__((cleanup(track_deinit)))
