#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "kinematics.h"
#include "scene.h"

/* The command line. */
struct options {
	const char *out_dir; /* borrowed from argv */
	bool view[VIEW_COUNT];
	double cadence, step_m, speed_m_per_s, height_m, age, width_m;
	double asymmetry, asymmetry_time, knee[SIDE_COUNT];
	enum contact contact;
	double toe_out_deg, pelvis_drop_deg, trunk_lean_deg, trunk_sway_deg, arm_swing;
	int direction, front_toward; /* as in struct scene_params */
	double duration_s, fps;
	int frame_width, frame_height;
	uint32_t seed;
	int threads;
	bool child, stand, truth_only, progress, help;
};

/**
 * options_parse() - read and check the command line
 * @o     filled; every value that depends on another (step by speed, step and cadence by age) is set
 * Return 0; -1 with ERR_USAGE naming the option and what it takes
 */
int options_parse(int argc, char *const argv[], struct options *o, struct err *e);

/* The text of --help. */
int options_help(struct buf *out, struct err *e);

/* What the modules below need of the options. */
struct body options_body(const struct options *o);
struct kin_params options_gait(const struct options *o);
int options_frames(const struct options *o);
