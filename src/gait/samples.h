#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gait/params.h"

/* The single measurements that a parameter is the mean of, each with the heel strike that it belongs to: so
 * that resampling strides (uncertainty.h) moves everything that was measured in a stride together. */
struct samples {
	double *v;
	uint32_t *strike; /* index of a heel strike in the events of @view */
	size_t n, cap;
	enum view view;
	enum reason why; /* what to say where there are fewer than @least */
	size_t least;
};

/* A whole-body parameter's samples stand at SIDE_LEFT. Parameters that follow from others have none. */
struct sample_set {
	struct samples of[PARAMS][SIDES];
};

void sample_set_deinit(struct sample_set *s);

/* Append; NaN is left out. Errors: ERR_NOMEM */
int samples_add(struct samples *s, double v, size_t strike, struct err *e);

/* Mean, SD, count and 95 % interval (Student's t). */
struct value samples_value(const struct samples *s);

/**
 * samples_weighted() - mean and SD with each sample counted as often as its heel strike was drawn
 * @times  by heel strike's index
 * Return  a value without an interval; REASON_… where nothing was drawn
 */
struct value samples_weighted(const struct samples *s, const uint16_t *times);
