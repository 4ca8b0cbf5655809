#include "skeleton.h"

/* Distance of hip and ankle above which a leg counts as straight; kinematics.c stays below it in stance. */
#define STRAIGHT 0.9998

/* A point given in a bone's own units. */
static struct vec3 on_bone(const struct skeleton *s, enum bone b, float x, float y, float z)
{
	const struct bone_pose *p = &s->bone[b];

	return v_mad(p->at, m_out(&p->axes, v3(x, y, z)), s->scale[b]);
}

float skeleton_scale(const struct body *b, enum bone bone)
{
	if (bone <= BONE_THORAX)
		return (float)b->trunk_scale;
	if (bone == BONE_HEAD)
		return (float)b->head_scale;
	return (float)(bone >= BONE_FOOT && bone < BONE_UPPER_ARM ? b->foot_scale : b->limb_scale);
}

/* Pelvis, thorax and head; arms and legs hang from them. */
static void pose_trunk(const struct kin *k, double t, struct skeleton *s)
{
	double phase = kin_phase(k, t, SIDE_RIGHT), yaw = kin_pelvis_yaw(k, t), tilt = kin_pelvis_tilt(k, t);
	double moves = k->p.stand ? 0 : 1, nod = moves * cos(4 * PI * phase);
	double over =
		-moves * sin(2 * PI * (phase - .05)); /* the right leg stands: to the right, that is -1 */
	struct bone_pose *b = s->bone;

	b[BONE_PELVIS].at = v3d(kin_pelvis_x(k, t), .018 * over, kin_pelvis_z(k, t));
	b[BONE_PELVIS].axes = m_mul(m_rot_z(yaw), m_mul(m_rot_y(RAD(4)), m_rot_x(-tilt)));
	b[BONE_THORAX].at = on_bone(s, BONE_PELVIS, -.005f, 0, .10f);
	b[BONE_THORAX].axes =
		m_mul(m_rot_z(-.9 * yaw), m_mul(m_rot_y(RAD(3.5 + .8 * nod) + k->p.trunk_lean),
						  m_rot_x(.35 * tilt - k->p.trunk_sway * over)));
	b[BONE_HEAD].at = on_bone(s, BONE_THORAX, .022f, 0, .50f);
	b[BONE_HEAD].axes = m_mul(m_rot_z(-.15 * yaw), m_rot_y(RAD(1 + nod)));
	b[BONE_HEAD].at = on_bone(s, BONE_HEAD, 0, 0, .113f);
}

static void pose_arm(const struct kin *k, double t, enum side side, struct skeleton *s)
{
	double phase = kin_phase(k, t, side), out = side == SIDE_LEFT ? 1 : -1;
	double yaw = kin_pelvis_yaw(k, t), swing = k->p.stand ? 0 : k->p.arm_swing;
	double shoulder = RAD(-3) - RAD(19) * swing * cos(2 * PI * phase) * fmin(1.2, k->swing_scale);
	double elbow = RAD(24) - RAD(11) * swing * cos(2 * PI * (phase - .04));
	struct bone_pose *upper = &s->bone[BONE_UPPER_ARM + side], *fore = &s->bone[BONE_FOREARM + side];
	struct bone_pose *hand = &s->bone[BONE_HAND + side];

	upper->at = on_bone(s, BONE_THORAX, -.005f, (float)out * .172f, .393f);
	upper->axes = m_mul(m_rot_z(-.5 * yaw), m_mul(m_rot_x(out * RAD(9)), m_rot_y(-shoulder)));
	fore->at = v_mad(upper->at, upper->axes.z, -(float)k->body.upper_arm);
	fore->axes = m_mul(
		upper->axes, m_mul(m_rot_x(-out * RAD(5)), m_mul(m_rot_y(-elbow), m_rot_z(-out * RAD(25)))));
	hand->at = v_mad(fore->at, fore->axes.z, -(float)k->body.forearm);
	hand->axes = m_mul(fore->axes, m_rot_y(-RAD(6)));
}

/* The knee from the two lengths of the leg, bent towards the foot's direction. */
static struct vec3 knee_between(const struct body *b, struct vec3 hip, struct vec3 ankle, double toe_out)
{
	double reach = STRAIGHT * body_leg(b), d = fmin(reach, v_len(v_sub(ankle, hip)));
	double c = clampd((b->thigh * b->thigh + d * d - b->shank * b->shank) / (2 * b->thigh * d), -1, 1);
	struct vec3 down = v_norm(v_sub(ankle, hip)), ahead = v3d(1, .73 * toe_out, 0);
	struct vec3 forward = v_norm(v_mad(ahead, down, -v_dot(down, ahead)));

	return v_mad(v_mad(hip, down, (float)(b->thigh * c)), forward, (float)(b->thigh * sqrt(1 - c * c)));
}

static void pose_leg(const struct kin *k, double t, enum side side, struct skeleton *s)
{
	struct kin_foot f = kin_foot(k, t, side);
	const struct body *b = &k->body;
	double toe_out = side == SIDE_LEFT ? k->p.toe_out : -k->p.toe_out; /* to the walker's left positive */
	double off[3];

	kin_hip_offset(k, t, side, off);
	struct vec3 hip = v_add(s->bone[BONE_PELVIS].at, v3d(off[0], off[1], off[2]));
	struct vec3 ankle = v3d(f.x, f.y, f.z), knee = knee_between(b, hip, ankle, toe_out);
	struct vec3 toe_line = v3d(cos(toe_out), sin(toe_out), 0);
	struct bone_pose *foot = &s->bone[BONE_FOOT + side], *toes = &s->bone[BONE_TOES + side];

	s->bone[BONE_THIGH + side] = (struct bone_pose){ m_basis(v_sub(hip, knee), toe_line), hip };
	s->bone[BONE_SHANK + side] = (struct bone_pose){ m_basis(v_sub(knee, ankle), toe_line), knee };
	foot->at = ankle;
	foot->axes = m_mul(m_rot_z(toe_out), m_rot_y(-f.pitch));
	toes->at = v_add(ankle, m_out(&foot->axes, v3d(b->ball, 0, -b->ankle)));
	toes->axes = m_mul(foot->axes, m_rot_y(-f.toe));

	double thigh = atan2(knee.x - hip.x, hip.z - knee.z),
	       shank = atan2(ankle.x - knee.x, knee.z - ankle.z);
	s->leg[side] = (struct leg_angles){
		.thigh = DEG(thigh), .knee = DEG(thigh - shank), .ankle = DEG(f.pitch - shank)
	};
}

static struct posture posture_of(const struct vec3 key[BODY25])
{
	static const int shoulder[SIDE_COUNT] = { 2, 5 };
	struct vec3 trunk = v_sub(key[1], key[8]), hips = v_sub(key[12], key[9]); /* right to left */
	struct posture p = { .trunk_lean = DEG(atan2(trunk.x, trunk.z)),
		.trunk_sway = DEG(atan2(trunk.y, trunk.z)),
		.pelvis_obliquity = DEG(atan2(-hips.z, hips.y)) };

	for (int s = 0; s < SIDE_COUNT; s++) {
		struct vec3 arm = v_sub(key[shoulder[s] + 2], key[shoulder[s]]);

		p.arm[s] = DEG(atan2(arm.x, -arm.z));
	}
	return p;
}

void skeleton_at(const struct kin *k, double t, struct placement place, struct skeleton *out)
{
	struct mat3 turn = m_rot_z(place.dir < 0 ? PI : 0);
	struct vec3 key[BODY25];

	for (int i = 0; i < BONE_COUNT; i++)
		out->scale[i] = skeleton_scale(&k->body, (enum bone)i);
	pose_trunk(k, t, out);
	for (int s = 0; s < SIDE_COUNT; s++) {
		pose_arm(k, t, (enum side)s, out);
		pose_leg(k, t, (enum side)s, out);
	}
	skeleton_body25(out, key);
	out->posture = posture_of(key);
	for (int s = 0; s < SIDE_COUNT; s++)
		out->leg[s].hip = out->leg[s].thigh + out->posture.trunk_lean;
	for (int i = 0; i < BONE_COUNT; i++) {
		struct bone_pose *b = &out->bone[i];

		b->at = v_add(m_out(&turn, b->at), v3d(place.x0, 0, 0));
		b->axes = m_mul(turn, b->axes);
	}
}

void skeleton_body25(const struct skeleton *s, struct vec3 out[BODY25])
{
	static const int shoulder[] = { 2, 5 }, hip[] = { 9, 12 }, eye[] = { 15, 16 }, ear[] = { 17, 18 },
			 toe[] = { 22, 19 };

	for (int side = 0; side < SIDE_COUNT; side++) {
		float g = side == SIDE_LEFT ? 1 : -1;

		out[shoulder[side]] = s->bone[BONE_UPPER_ARM + side].at;
		out[shoulder[side] + 1] = s->bone[BONE_FOREARM + side].at;
		out[shoulder[side] + 2] = s->bone[BONE_HAND + side].at;
		out[hip[side]] = s->bone[BONE_THIGH + side].at;
		out[hip[side] + 1] = s->bone[BONE_SHANK + side].at;
		out[hip[side] + 2] = s->bone[BONE_FOOT + side].at;
		out[eye[side]] = on_bone(s, BONE_HEAD, .082f, g * .032f, .006f);
		out[ear[side]] = on_bone(s, BONE_HEAD, -.008f, g * .082f, -.008f);
		out[toe[side]] = on_bone(s, BONE_TOES + side, .066f, -g * .010f, .020f);
		out[toe[side] + 1] = on_bone(s, BONE_TOES + side, .040f, g * .035f, .020f);
		out[toe[side] + 2] = on_bone(s, BONE_FOOT + side, -.060f, 0, -.050f);
	}
	out[0] = on_bone(s, BONE_HEAD, .114f, 0, -.026f);
	out[1] = v_mul(v_add(out[2], out[5]), .5f);
	out[8] = v_mul(v_add(out[9], out[12]), .5f);
}
