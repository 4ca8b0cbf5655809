#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "gait/analyze.h"

#define MODELS GAIT_SOURCE_DIR "/models/demonstration"

/* A woman of 30 years, 1.70 m. */
struct patient adult(void);

/* The synthetic walker in both views; another @seed: other noise. */
void walk(struct patient p, double seconds, double width_m, double noise_px, uint64_t seed,
	struct analysis *ret);

/* A copy of the shipped model with one piece of text replaced, in the manifest or in the model file. */
struct change {
	bool in_model; /* else in the manifest */
	const char *from, *to;
	const char *why;
};

/* In @b, which must have it. */
void replace(struct buf *b, const char *from, const char *to);
void write_in(const char *dir, const char *name, const struct buf *b);
void write_changed(const char *dir, const struct change *c);

/* A model whose margin rises evenly with knee_range from @low to @high degrees: one split a tree, so that a
 * change of the feature is a change of the score. */
void write_ramp(const char *dir, double low, double high);
