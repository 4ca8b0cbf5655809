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

/* Of the feet; where there are none, ankles stand in for them (track.h). */
static double lowest(const struct track *t, size_t f)
{
	double low = INFINITY;

	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		const struct body_leg *l = &body_legs[s];
		low = fmin(low, t->y[l->heel][f]);
		low = fmin(low, t->y[l->toe][f]);
	}
	return isfinite(low) ? low : NAN;
}

/* A line through the lowest foot points: an oblique walk's floor rises or falls in the image. */
static int find_floor(struct walk *w, struct err *e)
{
	const struct track *t = &w->v->track;
	size_t n = w->pass->to - w->pass->from;
	CLEANUP(free_p) double *block = malloc((n + 1) * 3 * sizeof *block);

	if (!block)
		return err_set(e, ERR_NOMEM, "no memory for the floor under %zu frames", n);
	w->floor_m = t->no_feet ? ANKLE_HEIGHT * w->height_m : 0;
	for (size_t i = 0; i < n; i++) {
		block[i] = (double)i;
		block[n + i] = lowest(t, w->pass->from + i);
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
	for (enum side s = SIDE_LEFT; s < SIDES && w->v->track.no_feet; s++)
		if (b == body_legs[s].heel || b == body_legs[s].toe)
			return false;
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

/* Every cell ends in a tab, as in OpenSim's own files: its reader then counts an empty last one too. Tenths
 * of a millimetre: half an hour at 60 frames a second stays below 64 MB. */
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
							 : buf_addf(out, e, "%.4f\t%.4f\t%.4f\t", p.x, p.y,
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

/* One row a frame of the pass. */
struct motion {
	double (*v)[COORDINATES];
	size_t n;
};

static void motion_deinit(struct motion *m)
{
	free(m->v);
}

/* A side view shows no pelvis: it is taken as upright, so the hip's angle is the thigh's from the vertical
 * and the lean of the trunk is the spine's. The figure then stands in OpenSim as in the video. */
static void move_leg(const struct walk *w, enum side s, double flat_deg, struct motion *m)
{
	const struct cycles *strides = &w->v->cycles;
	int first = s == SIDE_LEFT ? HIP_L : HIP_R;
	size_t k = 0;

	for (size_t i = 0; i < m->n; i++) {
		double at[JOINTS], frame = (double)(w->pass->from + i), time_s = frame / w->v->track.fps;
		while (k < strides->count && (strides->list[k].foot != s || strides->list[k].end_s <= time_s))
			k++;
		bool inside = k < strides->count && strides->list[k].start_s <= time_s;
		angles_at(&w->v->track, s, w->pass->dir, frame, flat_deg, inside ? &strides->list[k] : NULL,
			at);
		m->v[i][first] = at[JOINT_HIP] - at[JOINT_TRUNK];
		m->v[i][first + 1] = at[JOINT_KNEE];
		m->v[i][first + 2] = at[JOINT_ANKLE];
		m->v[i][LUMBAR] = -at[JOINT_TRUNK];
	}
}

static int motion_make(const struct walk *w, const double flat_deg[SIDES], struct motion *ret, struct err *e)
{
	ret->n = w->pass->to - w->pass->from;
	ret->v = calloc(ret->n + 1, sizeof *ret->v);
	if (!ret->v)
		return err_set(e, ERR_NOMEM, "no memory for the angles of %zu frames", ret->n);
	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		move_leg(w, s, flat_deg[s], ret);
	return 0;
}

/* The columns that hold anything, and the rows from the first to the last in which all of them do. Return the
 * number of columns, 0 where there is no such row. */
static size_t motion_extent(const struct motion *m, bool has[COORDINATES], size_t *from, size_t *to)
{
	size_t columns = 0;

	*from = *to = 0;
	for (int c = 0; c < COORDINATES; c++) {
		has[c] = false;
		for (size_t i = 0; i < m->n && !has[c]; i++)
			has[c] = !isnan(m->v[i][c]);
		columns += has[c] ? 1 : 0;
	}
	for (size_t i = 0; i < m->n; i++) {
		bool whole = true;
		for (int c = 0; c < COORDINATES; c++)
			whole = whole && (!has[c] || !isnan(m->v[i][c]));
		if (whole && *to == 0)
			*from = i;
		if (whole)
			*to = i + 1;
	}
	return *to > 0 ? columns : 0;
}

static int mot_head(const bool *has, size_t rows, size_t columns, struct buf *out, struct err *e)
{
	if (buf_addf(out, e,
		    "Coordinates\nversion=1\nnRows=%zu\nnColumns=%zu\ninDegrees=yes\n\n"
		    "Measured from a side video: sagittal plane only, pelvis taken as upright. Names and "
		    "signs of\n"
		    "Rajagopal 2016: hip and knee flexion and ankle dorsiflexion positive, trunk lean "
		    "forward negative.\n"
		    "In gait2392 the knee has the other sign. NaN: not seen.\nendheader\ntime",
		    rows, columns + 1) < 0)
		return -1;
	for (int c = 0; c < COORDINATES; c++)
		if (has[c] && buf_addf(out, e, "\t%s", coordinates[c]) < 0)
			return -1;
	return buf_addc(out, '\n', e);
}

int report_mot(const struct report *r, struct buf *out, struct err *e)
{
	struct motion m __attribute__((cleanup(motion_deinit))) = { 0 };
	struct walk w;
	bool has[COORDINATES];
	size_t from, to, columns;

	if (!longest_pass(r->analysis, &w))
		return REPORT_NOTHING;
	if (motion_make(&w, r->analysis->flat_deg, &m, e) < 0)
		return -1;
	columns = motion_extent(&m, has, &from, &to);
	if (columns == 0)
		return REPORT_NOTHING;
	if (mot_head(has, to - from, columns, out, e) < 0)
		return -1;
	for (size_t i = from; i < to; i++) {
		if (buf_addf(out, e, "%.6f", (double)(w.pass->from + i) / w.v->track.fps) < 0)
			return -1;
		for (int c = 0; c < COORDINATES; c++)
			if (has[c] && (isnan(m.v[i][c]) ? buf_adds(out, "\tNaN", e)
							: buf_addf(out, e, "\t%.4f", m.v[i][c])) < 0)
				return -1;
		if (buf_addc(out, '\n', e) < 0)
			return -1;
	}
	return 0;
}
