/* What OpenSim reads: marker trajectories (TRC) and joint angles over time (MOT), of the longest pass seen
 * from the side. Times are the video's, so that they stand beside the events of result.json. */
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/num.h"
#include "report/report.h"

/* Of the height: half the distance of hip joints and of shoulders in Rajagopal 2016's model (0.0773 and 0.17
 * m at 1.70 m), and how high an ankle stands (Winter 2009, figure 4.1). */
#define HALF_HIPS      0.0455
#define HALF_SHOULDERS 0.1
#define ANKLE_HEIGHT   0.039

/* As Pose2Sim's OpenSim set-ups for BODY_25 call them; the side in z. */
static const struct {
	const char *name;
	double z; /* of the height, right positive */
} markers[BODY_POINTS] = {
	[BODY_NOSE] = { "Nose", 0 },
	[BODY_NECK] = { "Neck", 0 },
	[BODY_R_SHOULDER] = { "RShoulder", HALF_SHOULDERS },
	[BODY_R_ELBOW] = { "RElbow", HALF_SHOULDERS },
	[BODY_R_WRIST] = { "RWrist", HALF_SHOULDERS },
	[BODY_L_SHOULDER] = { "LShoulder", -HALF_SHOULDERS },
	[BODY_L_ELBOW] = { "LElbow", -HALF_SHOULDERS },
	[BODY_L_WRIST] = { "LWrist", -HALF_SHOULDERS },
	[BODY_MID_HIP] = { "CHip", 0 },
	[BODY_R_HIP] = { "RHip", HALF_HIPS },
	[BODY_R_KNEE] = { "RKnee", HALF_HIPS },
	[BODY_R_ANKLE] = { "RAnkle", HALF_HIPS },
	[BODY_L_HIP] = { "LHip", -HALF_HIPS },
	[BODY_L_KNEE] = { "LKnee", -HALF_HIPS },
	[BODY_L_ANKLE] = { "LAnkle", -HALF_HIPS },
	[BODY_R_EYE] = { "REye", 0 },
	[BODY_L_EYE] = { "LEye", 0 },
	[BODY_R_EAR] = { "REar", 0 },
	[BODY_L_EAR] = { "LEar", 0 },
	[BODY_L_BIG_TOE] = { "LBigToe", -HALF_HIPS },
	[BODY_L_SMALL_TOE] = { "LSmallToe", -HALF_HIPS },
	[BODY_L_HEEL] = { "LHeel", -HALF_HIPS },
	[BODY_R_BIG_TOE] = { "RBigToe", HALF_HIPS },
	[BODY_R_SMALL_TOE] = { "RSmallToe", HALF_HIPS },
	[BODY_R_HEEL] = { "RHeel", HALF_HIPS },
};

struct walk {
	const struct view_result *v;
	const struct pass *pass;
	const struct scale *scale;
	double height_m;
	double floor_px, floor_slope; /* the floor's image height over time */
	double floor_m;               /* how high the points that it was fitted to stand */
};

static bool longest_pass(const struct analysis *a, struct walk *w)
{
	const struct view_result *v = &a->view[VIEW_SIDE];

	*w = (struct walk){ .v = v, .height_m = a->patient.height_m };
	for (size_t i = 0; v->used && i < v->passes.count; i++) {
		const struct pass *p = &v->passes.pass[i];
		if (w->pass && p->to - p->from <= w->pass->to - w->pass->from)
			continue;
		w->pass = p;
		w->scale = &v->scale[i];
	}
	return w->pass != NULL;
}

static double px_a_metre(const struct walk *w, size_t frame)
{
	double s = w->scale->at0 + w->scale->slope * (double)frame / w->v->track.fps;

	return s > 0 ? s : NAN;
}

static double lowest(const struct track *t, bool ankles, size_t f)
{
	double low = INFINITY;

	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		const struct body_leg *l = &body_legs[s];
		low = fmin(low, t->y[ankles ? l->ankle : l->heel][f]);
		low = fmin(low, t->y[ankles ? l->ankle : l->toe][f]);
	}
	return isfinite(low) ? low : NAN;
}

/* A line through the lowest foot points: an oblique walk's floor rises or falls in the image. */
static int find_floor(struct walk *w, struct err *e)
{
	const struct track *t = &w->v->track;
	size_t n = w->pass->to - w->pass->from, known = 0;
	CLEANUP(free_p) double *block = malloc((n + 1) * 3 * sizeof *block);

	if (!block)
		return err_set(e, ERR_NOMEM, "no memory for the floor under %zu frames", n);
	for (int ankles = 0; ankles < 2 && known < 2; ankles++) {
		w->floor_m = ankles ? ANKLE_HEIGHT * w->height_m : 0;
		known = 0;
		for (size_t i = 0; i < n; i++) {
			block[i] = (double)i;
			block[n + i] = lowest(t, ankles, w->pass->from + i);
			known += isnan(block[n + i]) ? 0 : 1;
		}
	}
	num_line_robust(block, block + n, n, block + 2 * n, &w->floor_px, &w->floor_slope);
	return 0;
}

struct walk_point {
	double x, y;
};

static struct walk_point place(const struct walk *w, enum body_point b, size_t f)
{
	const struct track *t = &w->v->track;
	double px = px_a_metre(w, f), floor = w->floor_px + w->floor_slope * (double)(f - w->pass->from);

	return (struct walk_point){ w->pass->dir * (t->x[b][f] - w->scale->centre_px) / px,
		(t->y[b][f] - floor) / px + w->floor_m };
}

static bool is_seen(const struct walk *w, enum body_point b)
{
	for (size_t f = w->pass->from; f < w->pass->to; f++)
		if (!isnan(w->v->track.x[b][f]))
			return true;
	return false;
}

static int trc_head(const struct walk *w, const bool *seen, size_t count, struct buf *out, struct err *e)
{
	size_t frames = w->pass->to - w->pass->from;
	double fps = w->v->track.fps;
	int n = 0;

	if (buf_addf(out, e,
		    "PathFileType\t4\t(X/Y/Z)\tside_view_depth_assumed.trc\n"
		    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
		    "OrigNumFrames\n%.6g\t%.6g\t%zu\t%zu\tm\t%.6g\t1\t%zu\nFrame#\tTime\t",
		    fps, fps, frames, count, fps, frames) < 0)
		return -1;
	for (int b = 0; b < BODY_POINTS; b++)
		if (seen[b] && buf_addf(out, e, "%s\t\t\t", markers[b].name) < 0)
			return -1;
	if (buf_adds(out, "\n\t\t", e) < 0)
		return -1;
	for (int b = 0; b < BODY_POINTS; b++)
		if (seen[b] && (n++, buf_addf(out, e, "X%d\tY%d\tZ%d\t", n, n, n) < 0))
			return -1;
	return buf_adds(out, "\n\n", e);
}

/* Every cell ends in a tab, as in OpenSim's own files: its reader then counts an empty last one too. */
static int trc_rows(const struct walk *w, const bool *seen, struct buf *out, struct err *e)
{
	for (size_t f = w->pass->from; f < w->pass->to; f++) {
		if (buf_addf(out, e, "%zu\t%.6f\t", f - w->pass->from + 1, (double)f / w->v->track.fps) < 0)
			return -1;
		for (int b = 0; b < BODY_POINTS; b++) {
			struct walk_point p = place(w, (enum body_point)b, f);
			if (!seen[b])
				continue;
			int r = isnan(p.x) || isnan(p.y) ? buf_adds(out, "\t\t\t", e)
							 : buf_addf(out, e, "%.6f\t%.6f\t%.6f\t", p.x, p.y,
								   markers[b].z * w->height_m);
			if (r < 0)
				return -1;
		}
		if (buf_addc(out, '\n', e) < 0)
			return -1;
	}
	return 0;
}

int report_trc(const struct report *r, struct buf *out, struct err *e)
{
	struct walk w;
	bool seen[BODY_POINTS];
	size_t count = 0;

	if (!longest_pass(r->analysis, &w) || isnan(px_a_metre(&w, w.pass->from)) ||
		isnan(px_a_metre(&w, w.pass->to - 1)))
		return REPORT_NOTHING;
	if (find_floor(&w, e) < 0)
		return -1;
	for (int b = 0; b < BODY_POINTS; b++) {
		seen[b] = is_seen(&w, (enum body_point)b);
		count += seen[b] ? 1 : 0;
	}
	if (count == 0 || isnan(w.floor_px))
		return REPORT_NOTHING;
	return trc_head(&w, seen, count, out, e) < 0 ? -1 : trc_rows(&w, seen, out, e);
}

enum { HIP_R, KNEE_R, ANKLE_R, HIP_L, KNEE_L, ANKLE_L, LUMBAR, COORDINATES };

static const char *const coordinates[COORDINATES] = { "hip_flexion_r", "knee_angle_r", "ankle_angle_r",
	"hip_flexion_l", "knee_angle_l", "ankle_angle_l", "lumbar_extension" };

/* A side view shows no pelvis: it is taken as upright, so the hip's angle is the thigh's from the vertical
 * and the lean of the trunk is the spine's. The figure then stands in OpenSim as in the video. */
static void pose_at(const struct walk *w, const double flat_deg[SIDES], size_t f, double out[COORDINATES])
{
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		double at[JOINTS];
		int first = s == SIDE_LEFT ? HIP_L : HIP_R;
		angles_at(&w->v->track, s, w->pass->dir, (double)f, flat_deg[s], at);
		out[first] = at[JOINT_HIP] - at[JOINT_TRUNK];
		out[first + 1] = at[JOINT_KNEE];
		out[first + 2] = at[JOINT_ANKLE];
		out[LUMBAR] = -at[JOINT_TRUNK];
	}
}

/* The columns that hold anything, and the frames from the first to the last in which all of them do. */
static bool mot_extent(
	const struct walk *w, const double *flat_deg, bool has[COORDINATES], size_t *from, size_t *to)
{
	double v[COORDINATES];
	bool any = false;

	for (int c = 0; c < COORDINATES; c++)
		has[c] = false;
	for (size_t f = w->pass->from; f < w->pass->to; f++) {
		pose_at(w, flat_deg, f, v);
		for (int c = 0; c < COORDINATES; c++)
			has[c] = has[c] || !isnan(v[c]);
	}
	for (size_t f = w->pass->from; f < w->pass->to; f++) {
		bool whole = true;
		pose_at(w, flat_deg, f, v);
		for (int c = 0; c < COORDINATES; c++)
			whole = whole && (!has[c] || !isnan(v[c]));
		if (!whole)
			continue;
		if (!any)
			*from = f;
		*to = f + 1;
		any = true;
	}
	for (int c = 0; c < COORDINATES; c++)
		if (has[c])
			return any;
	return false;
}

int report_mot(const struct report *r, struct buf *out, struct err *e)
{
	const double *flat_deg = r->analysis->flat_deg;
	struct walk w;
	bool has[COORDINATES];
	double v[COORDINATES];
	size_t from = 0, to = 0, columns = 1;

	if (!longest_pass(r->analysis, &w) || !mot_extent(&w, flat_deg, has, &from, &to))
		return REPORT_NOTHING;
	for (int c = 0; c < COORDINATES; c++)
		columns += has[c] ? 1 : 0;
	if (buf_addf(out, e,
		    "Coordinates\nversion=1\nnRows=%zu\nnColumns=%zu\ninDegrees=yes\n\n"
		    "Measured from a side video: sagittal plane only, pelvis taken as upright. Names and "
		    "signs of\n"
		    "Rajagopal 2016: hip and knee flexion and ankle dorsiflexion positive, trunk lean "
		    "forward negative.\n"
		    "In gait2392 the knee has the other sign. NaN: not seen.\nendheader\ntime",
		    to - from, columns) < 0)
		return -1;
	for (int c = 0; c < COORDINATES; c++)
		if (has[c] && buf_addf(out, e, "\t%s", coordinates[c]) < 0)
			return -1;
	for (size_t f = from; f < to; f++) {
		pose_at(&w, flat_deg, f, v);
		if (buf_addf(out, e, "\n%.6f", (double)f / w.v->track.fps) < 0)
			return -1;
		for (int c = 0; c < COORDINATES; c++)
			if (has[c] && (isnan(v[c]) ? buf_adds(out, "\tNaN", e)
						   : buf_addf(out, e, "\t%.4f", v[c])) < 0)
				return -1;
	}
	return buf_addc(out, '\n', e);
}
