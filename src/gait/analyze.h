#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gait/angles.h"
#include "gait/cycles.h"
#include "gait/events.h"
#include "gait/params.h"
#include "gait/join.h"
#include "gait/passes.h"
#include "gait/patient.h"
#include "gait/profile.h"
#include "gait/samples.h"
#include "gait/spatial.h"
#include "gait/track.h"

/* The whole measurement: key points of one or two views in, parameters, curves and doubts out. Pure. */

struct view_result {
	bool present; /* key points of this view were given */
	bool used;    /* walking was found and the view is the one it claims to be */
	double fps;
	char engine[64];
	size_t frames, frames_with_person, swapped;
	double mean_confidence;
	struct track track;
	struct passes passes;
	struct scale scale[PASSES_MAX]; /* one a pass */
	struct events events;
	struct cycles cycles;
	struct step *steps;
	size_t step_count;
	struct placement *places;
	size_t place_count;
	uint32_t flags; /* bits of enum flag */
};

struct draws {
	float (*value)[PARAMS][SIDES]; /* uncertainty.h */
};

struct analysis {
	struct patient patient;
	struct view_result view[VIEWS];
	struct joined_views joined;
	double flat_deg[SIDES]; /* side view: heel to toe from the horizontal while the foot lies flat
				   (contact.h) */
	bool never_flat[SIDES];
	struct sample_set samples;
	struct param_set params;
	struct draws draws;
	struct curve curves[SIDES][JOINTS];
	struct profile profile;
};

/**
 * analyze() - measure
 * @front, @side  key points with fps set; either may be NULL, not both
 * @ret           release with analysis_deinit() (also after -1)
 * Return         0 whatever was found: what cannot be known is null with its reason; -1 with ERR_NOMEM,
 *                ERR_INVALID (no view), ERR_TOO_LARGE
 */
int analyze(const struct keypoints *front, const struct keypoints *side, const struct patient *patient,
	struct analysis *ret, struct err *e);
void analysis_deinit(struct analysis *a);
#define ANALYSIS_CLEANUP __attribute__((cleanup(analysis_deinit)))

static inline bool view_has_flag(const struct view_result *v, enum flag f)
{
	return v->flags >> f & 1;
}

static inline void view_set_flag(struct view_result *v, enum flag f)
{
	v->flags |= UINT32_C(1) << f;
}
