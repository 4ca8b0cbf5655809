#include "truth.h"

#include "base/json.h"
#include "skeleton.h"
#include "vec.h"

enum { CURVE = 101 };
#define FIRST_PHASE 0.18 /* of the right cycle at the first frame: in single support */
#define NUDGE       1e-7 /* s: just behind an event */

static const char *const side_name[SIDE_COUNT] = { [SIDE_RIGHT] = "right", [SIDE_LEFT] = "left" };
static const char *const contact_name[CONTACT_COUNT] = {
	[CONTACT_HEEL] = "heel", [CONTACT_FLAT] = "flat", [CONTACT_TOE] = "toe"
};
static const char *const view_name[VIEW_COUNT] = { [VIEW_SIDE] = "side", [VIEW_FRONT] = "front" };

void film_init(struct film *f, const struct options *o)
{
	struct body body = options_body(o);
	struct kin_params gait = options_gait(o);

	f->o = o;
	f->frames = options_frames(o);
	kin_init(&f->kin, &body, &gait);
	f->start_s = FIRST_PHASE * f->kin.cycle_s;
	struct scene_params sp = {
		.distance = f->kin.stride / f->kin.cycle_s * f->frames / o->fps,
		.height = o->height_m,
		.width = o->frame_width,
		.height_px = o->frame_height,
		.side_direction = o->direction,
		.front_toward = o->front_toward,
		.seed = o->seed,
	};
	scene_init(&f->scene, &sp, kin_pelvis_x(&f->kin, f->start_s));
}

double film_time(const struct film *f, int frame)
{
	return f->start_s + frame / f->o->fps;
}

static void pair(struct json_w *w, const char *name, double left, double right, int decimals)
{
	json_w_obj(w, name);
	json_w_num(w, "left", left, decimals);
	json_w_num(w, "right", right, decimals);
	json_w_obj_end(w);
}

static void write_parameters(struct json_w *w, const struct film *f)
{
	const struct kin *k = &f->kin;
	double stance = 100 * KIN_STANCE, left = kin_step_time(k, SIDE_LEFT),
	       right = kin_step_time(k, SIDE_RIGHT);

	json_w_num(w, "height_m", k->body.height, 4);
	json_w_num(w, "age_years", f->o->age, 2);
	json_w_num(w, "leg_length_m", body_leg(&k->body), 4);
	json_w_bool(w, "walks", !k->p.stand);
	if (k->p.stand)
		return;
	json_w_str(w, "contact", contact_name[k->p.contact]);
	pair(w, "foot_pitch_at_contact_deg", DEG(kin_foot(k, kin_time_of(k, 1, SIDE_LEFT), SIDE_LEFT).pitch),
		DEG(kin_foot(k, kin_time_of(k, 1, SIDE_RIGHT), SIDE_RIGHT).pitch), 2);
	pair(w, "foot_progression_deg", DEG(k->p.toe_out), DEG(k->p.toe_out), 2);
	json_w_num(w, "cadence_steps_per_min", k->p.cadence, 4);
	json_w_num(w, "speed_m_per_s", k->stride / k->cycle_s, 5);
	json_w_num(w, "stride_length_m", k->stride, 5);
	json_w_num(w, "stride_time_s", k->cycle_s, 5);
	pair(w, "step_length_m", kin_step_length(k, SIDE_LEFT), kin_step_length(k, SIDE_RIGHT), 5);
	pair(w, "step_time_s", left, right, 5);
	json_w_num(w, "step_width_m", k->p.step_width, 4);
	pair(w, "stance_percent", stance, stance, 2);
	json_w_num(w, "double_support_percent", 2 * stance - 100, 2);
}

/* Times in the film, s, at which foot @s passes @phase of its cycle. */
static void write_events(struct json_w *w, const struct film *f, const char *name, enum side s, double phase)
{
	double end = f->o->stand ? 0 : f->frames / f->o->fps;

	json_w_arr(w, name);
	for (int n = -1;; n++) {
		double t = kin_time_of(&f->kin, n + phase, s) - f->start_s;

		if (t >= end)
			break;
		if (t >= 0)
			json_w_num(w, NULL, t, 4);
	}
	json_w_arr_end(w);
}

static double angle_of(const struct leg_angles *a, int which)
{
	const double all[] = { a->thigh, a->hip, a->knee, a->ankle };

	return all[which];
}

static const char *const angle_name[] = { "thigh", "hip", "knee", "ankle" };
enum { ANGLES = sizeof angle_name / sizeof angle_name[0] };

/* One gait cycle, heel strike to heel strike, at 0, 1 ... 100 %. */
static void write_curves(struct json_w *w, const struct film *f, enum side s)
{
	struct skeleton pose;

	json_w_obj(w, side_name[s]);
	for (int a = 0; a < ANGLES; a++) {
		json_w_arr(w, angle_name[a]);
		for (int i = 0; i < CURVE; i++) {
			double t = kin_time_of(&f->kin, i / 100., s) + (i == CURVE - 1 ? -NUDGE : NUDGE);

			skeleton_at(&f->kin, t, f->scene.place, &pose);
			json_w_num(w, NULL, angle_of(&pose.leg[s], a), 2);
		}
		json_w_arr_end(w);
	}
	json_w_obj_end(w);
}

static void write_frame_angles(struct json_w *w, const struct film *f, enum side s)
{
	struct skeleton pose;

	json_w_obj(w, side_name[s]);
	for (int a = 0; a < ANGLES; a++) {
		json_w_arr(w, angle_name[a]);
		for (int i = 0; i < f->frames; i++) {
			skeleton_at(&f->kin, film_time(f, i), f->scene.place, &pose);
			json_w_num(w, NULL, angle_of(&pose.leg[s], a), 1);
		}
		json_w_arr_end(w);
	}
	json_w_obj_end(w);
}

static double posture_of(const struct posture *p, int which)
{
	const double all[] = { p->trunk_lean, p->trunk_sway, p->pelvis_obliquity, p->arm[SIDE_LEFT],
		p->arm[SIDE_RIGHT] };

	return all[which];
}

static void write_frame_posture(struct json_w *w, const struct film *f)
{
	static const char *const name[] = { "trunk_lean", "trunk_sway", "pelvis_obliquity", "arm_left",
		"arm_right" };
	struct skeleton pose;

	json_w_obj(w, "frame_posture_deg");
	for (size_t a = 0; a < sizeof name / sizeof name[0]; a++) {
		json_w_arr(w, name[a]);
		for (int i = 0; i < f->frames; i++) {
			skeleton_at(&f->kin, film_time(f, i), f->scene.place, &pose);
			json_w_num(w, NULL, posture_of(&pose.posture, (int)a), 2);
		}
		json_w_arr_end(w);
	}
	json_w_obj_end(w);
}

static void write_view(struct json_w *w, const struct film *f, enum view v)
{
	const struct camera *c = &f->scene.camera[v];
	struct skeleton pose;
	struct vec3 key[BODY25];

	json_w_obj(w, view_name[v]);
	json_w_str(w, "file", v == VIEW_SIDE ? "side.mp4" : "front.mp4");
	json_w_str(w, "direction",
		v == VIEW_SIDE       ? (f->o->direction > 0 ? "right" : "left")
		: f->o->front_toward ? "toward"
				     : "away");
	json_w_num(w, "focal_px", (double)c->focal, 3);
	json_w_arr(w, "camera_at_m");
	json_w_num(w, NULL, (double)c->at.x, 4);
	json_w_num(w, NULL, (double)c->at.y, 4);
	json_w_num(w, NULL, (double)c->at.z, 4);
	json_w_arr_end(w);
	json_w_arr(
		w, "depth_m"); /* of the mid hip: focal_px / depth_m is the scale there in pixels a metre */
	for (int i = 0; i < f->frames; i++) {
		skeleton_at(&f->kin, film_time(f, i), f->scene.place, &pose);
		skeleton_body25(&pose, key);
		json_w_num(w, NULL, (double)camera_project(c, key[8]).z, 3);
	}
	json_w_arr_end(w);
	json_w_arr(w, "key_points");
	for (int i = 0; i < f->frames; i++) {
		skeleton_at(&f->kin, film_time(f, i), f->scene.place, &pose);
		skeleton_body25(&pose, key);
		json_w_arr(w, NULL);
		for (int j = 0; j < BODY25; j++) {
			struct vec3 p = camera_project(c, key[j]);

			json_w_num(w, NULL, (double)p.x, 2);
			json_w_num(w, NULL, (double)p.y, 2);
		}
		json_w_arr_end(w);
	}
	json_w_arr_end(w);
	json_w_obj_end(w);
}

int truth_write(const struct film *f, struct buf *out, struct err *e)
{
	static const enum side order[] = { SIDE_LEFT, SIDE_RIGHT };
	struct json_w w;

	json_w_init(&w, out);
	json_w_obj(&w, NULL);
	json_w_str(&w, "format", "walker truth 1");
	json_w_num(&w, "fps", f->o->fps, 4);
	json_w_int(&w, "frames", f->frames);
	json_w_int(&w, "width", f->o->frame_width);
	json_w_int(&w, "height", f->o->frame_height);
	json_w_int(&w, "seed", f->o->seed);
	write_parameters(&w, f);
	json_w_obj(&w, "events_s");
	for (int i = 0; i < SIDE_COUNT; i++) {
		json_w_obj(&w, side_name[order[i]]);
		write_events(&w, f, "heel_strike", order[i], 0);
		write_events(&w, f, "toe_off", order[i], KIN_STANCE);
		json_w_obj_end(&w);
	}
	json_w_obj_end(&w);
	json_w_obj(&w, "angles_deg");
	for (int i = 0; i < SIDE_COUNT; i++)
		write_curves(&w, f, order[i]);
	json_w_obj_end(&w);
	json_w_obj(&w, "frame_angles_deg");
	for (int i = 0; i < SIDE_COUNT; i++)
		write_frame_angles(&w, f, order[i]);
	json_w_obj_end(&w);
	write_frame_posture(&w, f);
	json_w_obj(&w, "views");
	for (int v = 0; v < VIEW_COUNT; v++) {
		if (f->o->view[v])
			write_view(&w, f, (enum view)v);
	}
	json_w_obj_end(&w);
	json_w_obj_end(&w);
	return json_w_end(&w, e);
}
