#include "kinematics.h"

#include "curves.h"
#include "vec.h"

#define TOE_EXTENSION_MAX RAD(28) /* past it the foot tips over the toe tip */
#define KNEE_MIN          RAD(3)  /* a planted leg is never quite straight */
#define CLEARANCE         0.014   /* of the lowest point of the foot in mid-swing, m */
#define REACH             0.9985  /* of the leg's length: the farthest that an ankle may be from its hip */
#define STANDING_REACH    0.997
#define HEEL_STRIKE_REACH                                                                                    \
	0.015              /* of the leg: plant so much further ahead, for a straighter knee at heel strike */
#define PELVIS_SURGE 0.010 /* amplitude of the pelvis's forward oscillation against the mean, m */
#define HIP_HIKE     RAD(16) /* the hip is drawn up so far for a knee that does not bend at all */
#define SWING_BOW    0.012   /* the swing foot passes this much outside its line, m */
#define PUSH         0.4     /* of swing: until then the leg has caught up with the typical one */
#define BODY_SWAY    0.004   /* standing, m */
#define SWAY_S       3.1

enum { GRID = 200 };

/* A point of the sagittal plane. */
struct plane {
	double x, z;
};

static double frac(double x)
{
	return x - floor(x);
}

double kin_phase(const struct kin *k, double t, enum side s)
{
	return t / k->cycle_s + k->offset[s];
}

double kin_time_of(const struct kin *k, double phase, enum side s)
{
	return (phase - k->offset[s]) * k->cycle_s;
}

double kin_plant_x(const struct kin *k, enum side s, double n)
{
	return k->plant[s] + n * k->stride;
}

/* Mean speed, fastest in double support, slowest over the single planted foot. */
double kin_pelvis_x(const struct kin *k, double t)
{
	if (k->p.stand)
		return BODY_SWAY * sin(2 * PI * t / SWAY_S);
	double phase = kin_phase(k, t, SIDE_RIGHT);

	return k->stride * phase + PELVIS_SURGE * k->swing_scale * sin(4 * PI * (phase - .06));
}

double kin_pelvis_z(const struct kin *k, double t)
{
	double phase = kin_phase(k, t, SIDE_RIGHT), z = k->pelvis_z[0];

	for (int h = 1; h <= KIN_HARMONICS; h++)
		z += k->pelvis_z[2 * h - 1] * cos(2 * PI * h * phase) +
		     k->pelvis_z[2 * h] * sin(2 * PI * h * phase);
	return z;
}

double kin_pelvis_yaw(const struct kin *k, double t)
{
	return k->p.stand ? 0 : RAD(5) * cos(2 * PI * kin_phase(k, t, SIDE_RIGHT));
}

double kin_pelvis_tilt(const struct kin *k, double t)
{
	double tilt = k->p.pelvis_drop * sin(2 * PI * (kin_phase(k, t, SIDE_RIGHT) + .12));

	if (k->p.stand)
		return 0;

	for (int s = 0; s < SIDE_COUNT; s++) {
		double u = (frac(kin_phase(k, t, (enum side)s)) - .55) / .45;
		double hike =
			HIP_HIKE * fmax(0, 1 - k->p.knee_scale[s]) * (u > 0 ? sin(PI * u) * sin(PI * u) : 0);

		tilt += s == SIDE_LEFT ? -hike : hike;
	}
	return tilt;
}

void kin_hip_offset(const struct kin *k, double t, enum side s, double out[3])
{
	double yaw = kin_pelvis_yaw(k, t), w = s == SIDE_LEFT ? -k->body.hip_half : k->body.hip_half;

	out[0] = w * sin(yaw);
	out[1] = -w * cos(yaw);
	out[2] = w * sin(kin_pelvis_tilt(k, t));
}

/* Typical angles with the amplitude that the step length asks for. */
static double thigh(const struct kin *k, double phase)
{
	return k->swing_scale * curve_thigh(phase);
}

static double knee(const struct kin *k, double phase)
{
	return fmax(KNEE_MIN, curve_knee(phase) * sqrt(k->swing_scale));
}

/* A knee that bends little in swing goes with a toe that hangs little: it could not clear the floor
 * otherwise. */
static double pitch(const struct kin *k, double phase, enum side s)
{
	double p = curve_foot_pitch(phase, k->p.contact) * fmin(1.1, sqrt(k->swing_scale));
	double flat = .7 * fmax(0, 1 - k->p.knee_scale[s]) * smoothd(.58, .72, frac(phase));

	return p < 0 ? p * (1 - flat) : p;
}

/* The ankle below the hip for the typical angles. */
static struct plane hang(const struct kin *k, double phase)
{
	double th = thigh(k, phase), sh = th - knee(k, phase);

	return (struct plane){ k->body.thigh * sin(th) + k->body.shank * sin(sh),
		-k->body.thigh * cos(th) - k->body.shank * cos(sh) };
}

/* The toe box's own pitch against the floor: 0 until the ball is bent to its limit, with a soft turn. */
static double toe_box_pitch(double p)
{
	double soft = .05, over = p + TOE_EXTENSION_MAX;
	double at_flat = .5 * (sqrt(TOE_EXTENSION_MAX * TOE_EXTENSION_MAX + soft * soft) - TOE_EXTENSION_MAX);

	if (p >= 0)
		return 0;
	return fmin(0, -.5 * (sqrt(over * over + soft * soft) - over) + at_flat);
}

/* The ankle of a planted foot that rolls, against the ankle of the same foot when flat: over the heel while
 * the toes are up, over the ball and then the toe tip while the heel is up. The touching point does not move.
 */
static struct plane roll(const struct body *b, double p)
{
	double arm = p > 0 ? -b->heel : b->ball, box = toe_box_pitch(p);
	double px = p > 0 ? arm : b->toe - (b->toe - b->ball) * cos(box);
	double pz = p > 0 ? 0 : -(b->toe - b->ball) * sin(box);

	return (struct plane){ px - (arm * cos(p) + b->ankle * sin(p)),
		pz - (arm * sin(p) - b->ankle * cos(p)) };
}

/* The planted ankle of cycle @n, its roll continued beyond the stance where @t lies outside. */
static struct plane planted(const struct kin *k, double t, enum side s, double n)
{
	struct plane r = roll(&k->body, pitch(k, kin_phase(k, t, s), s));

	return (struct plane){ kin_plant_x(k, s, n) + cos(k->p.toe_out) * r.x, r.z };
}

/* The ankle where the typical angles would hang it. */
static struct plane typical(const struct kin *k, double t, enum side s)
{
	struct plane h = hang(k, kin_phase(k, t, s));
	double hip[3];

	kin_hip_offset(k, t, s, hip);
	return (struct plane){ kin_pelvis_x(k, t) + hip[0] + h.x, kin_pelvis_z(k, t) + hip[2] + h.z };
}

static struct plane mismatch(const struct kin *k, double t, enum side s, double n)
{
	struct plane a = planted(k, t, s, n), b = typical(k, t, s);

	return (struct plane){ a.x - b.x, a.z - b.z };
}

/* Cubic from value @a with slope @da to @b with @db over u in [0, 1]. */
static double hermite(double a, double da, double b, double db, double u)
{
	double u2 = u * u, u3 = u2 * u;

	return (2 * u3 - 3 * u2 + 1) * a + (u3 - 2 * u2 + u) * da + (3 * u2 - 2 * u3) * b + (u3 - u2) * db;
}

/* Where the swing foot may be lifted: all of swing but its ends, where the foot must meet the floor. */
static double liftable(double u)
{
	return smoothd(0, .3, u) * smoothd(0, .32, 1 - u);
}

/* What is left, over swing, of the speed that the leg has at toe-off against the typical one: slope 1 at 0,
 * and nothing after PUSH. People's toes gain twice the walking speed within 40 ms of the moment at which a
 * force plate sees them leave. */
static double push(double u)
{
	double left = fmax(0, 1 - u / PUSH);

	return u * left * left;
}

/* In swing: the typical leg, plus cubics that close its distance to both planted ends and to their speeds. */
static struct plane swinging(const struct kin *k, double t, enum side s, double n, double u)
{
	double off = kin_time_of(k, n + KIN_STANCE, s), on = kin_time_of(k, n + 1, s), e = .002 * k->cycle_s;
	struct plane a0 = mismatch(k, off - e, s, n), a1 = mismatch(k, off, s, n);
	struct plane b0 = mismatch(k, on, s, n + 1), b1 = mismatch(k, on + e, s, n + 1);
	double d = (on - off) / e;
	struct plane p = typical(k, t, s);

	p.x += hermite(a1.x, 0, b0.x, (b1.x - b0.x) * d, u) + (a1.x - a0.x) * d * push(u);
	p.z += hermite(a1.z, (a1.z - a0.z) * d, b0.z, (b1.z - b0.z) * d, u) + k->lift[s] * liftable(u);
	return p;
}

/* Height of the lowest point of a foot above the floor. */
static double lowest(const struct body *b, const struct kin_foot *f)
{
	double c = cos(f->pitch), s = sin(f->pitch), heel = -b->heel * s - b->ankle * c,
	       ball = b->ball * s - b->ankle * c;
	double tip = ball + (b->toe - b->ball) * sin(f->pitch + f->toe);

	return f->z + fmin(heel, fmin(ball, tip));
}

/* How much of a swing foot's height above the least that clears the floor is taken away: a knee that bends
 * less carries its foot lower. Negative raises it. */
static double lowering(const struct kin *k, enum side s, double u)
{
	return (1 - k->p.knee_scale[s]) * liftable(u);
}

struct kin_foot kin_foot(const struct kin *k, double t, enum side s)
{
	double phase = kin_phase(k, t, s), n = floor(phase), f = phase - n, out = s == SIDE_LEFT ? 1 : -1,
	       bow = 0;

	if (k->p.stand)
		return (struct kin_foot){ .y = out * k->p.step_width / 2, .z = k->body.ankle };
	struct kin_foot q = { .pitch = pitch(k, f, s),
		.swing = fmax(0, (f - KIN_STANCE) / (1 - KIN_STANCE)) };
	double bend = toe_box_pitch(q.pitch) - q.pitch, across;
	double middle = roll(&k->body, pitch(k, .2, s)).x; /* the step width is that of mid-stance */
	struct plane p;

	if (q.swing <= 0) {
		p = planted(k, t, s, n);
		across = roll(&k->body, q.pitch).x;
	} else {
		double r0 = roll(&k->body, pitch(k, KIN_STANCE, s)).x, r1 = roll(&k->body, pitch(k, 0, s)).x;

		p = swinging(k, t, s, n, q.swing);
		across = r0 + (r1 - r0) * smoothd(0, 1, q.swing);
		bow = SWING_BOW * sin(PI * q.swing) * sin(PI * q.swing);
	}
	q.x = p.x;
	q.z = p.z;
	q.y = out * (k->p.step_width / 2 + sin(k->p.toe_out) * (across - middle) + bow);
	/* The toes hang straight in swing, and lie flat where they meet the floor first. */
	q.toe = q.pitch < 0 ? bend * fmax(1 - smoothd(.1, .7, q.swing), smoothd(.75, .98, q.swing)) : 0;
	if (q.swing > 0)
		q.z -= lowering(k, s, q.swing) * (lowest(&k->body, &q) - CLEARANCE * liftable(q.swing));
	return q;
}

/* ---- solving ---- */

/* How far the typical leg sweeps back from early to late stance, less the way of the belt it stands on. */
static double sweep_error(const struct kin *k)
{
	double a = .10, b = .45;
	double swept = hang(k, a).x - hang(k, b).x;
	double rolled = roll(&k->body, pitch(k, b, SIDE_RIGHT)).x - roll(&k->body, pitch(k, a, SIDE_RIGHT)).x;

	return swept + rolled - k->stride * (b - a);
}

static void solve_amplitude(struct kin *k)
{
	double lo = .15, hi = 2.0;

	for (int i = 0; i < 40; i++) {
		k->swing_scale = (lo + hi) / 2;
		if (sweep_error(k) < 0)
			lo = k->swing_scale;
		else
			hi = k->swing_scale;
	}
}

/* Put the planted feet so that they suit the typical leg on average, at exactly the wanted step lengths. */
static void solve_plants(struct kin *k)
{
	double sum = 0, weight = 0;

	k->plant[SIDE_RIGHT] = 0;
	k->plant[SIDE_LEFT] = -k->stride / 2 + k->stride / 4 * k->p.asym_length;
	for (int s = 0; s < SIDE_COUNT; s++) {
		for (int i = 0; i <= 30; i++) {
			double phase = KIN_STANCE * i / 30, w = i < 3 || i > 26 ? 3 : 1;
			double t = kin_time_of(k, phase, (enum side)s);

			sum -= w * mismatch(k, t, (enum side)s, 0).x;
			weight += w;
		}
	}
	for (int s = 0; s < SIDE_COUNT; s++)
		k->plant[s] += sum / weight;
}

static void fourier(const double v[GRID], double out[2 * KIN_HARMONICS + 1])
{
	for (int h = 0; h <= KIN_HARMONICS; h++) {
		double a = 0, b = 0;

		for (int i = 0; i < GRID; i++) {
			a += v[i] * cos(2 * PI * h * i / GRID);
			b += v[i] * sin(2 * PI * h * i / GRID);
		}
		if (h == 0) {
			out[0] = a / GRID;
		} else {
			out[2 * h - 1] = 2 * a / GRID;
			out[2 * h] = 2 * b / GRID;
		}
	}
}

/* Pelvis height at which foot @s's planted leg has the distance @length from hip to ankle. */
static double height_for(const struct kin *k, double t, enum side s, double length)
{
	struct kin_foot f = kin_foot(k, t, s);
	double hip[3];

	kin_hip_offset(k, t, s, hip);
	double dx = kin_pelvis_x(k, t) + hip[0] - f.x, dy = hip[1] - f.y;
	double left = length * length - dx * dx - dy * dy;

	return f.z - hip[2] + sqrt(fmax(1e-4, left));
}

/* The height that gives the planted knees their typical flexion, smoothed. */
static void solve_height(struct kin *k)
{
	double z[GRID], a = k->body.thigh, b = k->body.shank;

	for (int i = 0; i < GRID; i++) {
		double t = k->cycle_s * i / GRID, sum = 0, weight = 0;

		for (int s = 0; s < SIDE_COUNT; s++) {
			double f = frac(kin_phase(k, t, (enum side)s));

			if (f > KIN_STANCE)
				continue;
			double w = (.02 + smoothd(0, .08, f)) * (1.001 - smoothd(.45, KIN_STANCE, f));
			double bent = sqrt(a * a + b * b + 2 * a * b * cos(knee(k, f)));

			sum += w * height_for(k, t, (enum side)s, bent);
			weight += w;
		}
		z[i] = sum / weight;
	}
	fourier(z, k->pelvis_z);
}

/* How much too high the pelvis is for the legs to reach both feet at every moment; negative: room left. */
static double excess_height(const struct kin *k)
{
	double excess = -1;

	for (int i = 0; i < GRID; i++) {
		double t = k->cycle_s * i / GRID, pelvis = kin_pelvis_z(k, t);

		for (int s = 0; s < SIDE_COUNT; s++)
			excess = fmax(
				excess, pelvis - height_for(k, t, (enum side)s, REACH * body_leg(&k->body)));
	}
	return excess;
}

/* Move both plants along the pelvis to where the leading and the trailing leg are stretched alike, so that
 * the pelvis can stay high. */
static void solve_balance(struct kin *k)
{
	double base[SIDE_COUNT] = { k->plant[0], k->plant[1] }, best = 0, least = 1e9;

	for (int i = 0; i <= 16; i++) {
		double shift = body_leg(&k->body) * .008 * (i - 4);

		for (int s = 0; s < SIDE_COUNT; s++)
			k->plant[s] = base[s] + shift;
		solve_height(k);
		double excess = excess_height(k);
		if (excess < least) {
			least = excess;
			best = shift;
		}
	}
	for (int s = 0; s < SIDE_COUNT; s++)
		k->plant[s] = base[s] + best + HEEL_STRIKE_REACH * body_leg(&k->body);
	solve_height(k);
}

static void solve_clearance(struct kin *k, enum side s)
{
	double need = 0;

	k->lift[s] = 0;
	for (int i = 2; i < 99; i++) {
		double u = i / 100.;
		struct kin_foot f = kin_foot(k, kin_time_of(k, KIN_STANCE + u * (1 - KIN_STANCE), s), s);

		double short_by = CLEARANCE * liftable(u) - lowest(&k->body, &f);
		need = fmax(need, short_by / liftable(u) / (1 - lowering(k, s, u)));
	}
	k->lift[s] = need;
}

void kin_init(struct kin *k, const struct body *body, const struct kin_params *params)
{
	*k = (struct kin){ .body = *body, .p = *params };
	k->cycle_s = 120 / params->cadence;
	k->stride = 2 * params->step;
	/* The left foot strikes a step time after the right one. */
	k->offset[SIDE_LEFT] = .5 - params->asym_time / 4;
	if (params->stand) {
		k->stride = 0;
		k->pelvis_z[0] = height_for(k, 0, SIDE_RIGHT, STANDING_REACH * body_leg(body));
		return;
	}
	solve_amplitude(k);
	solve_plants(k);
	solve_balance(k);
	for (int pass = 0; pass < 4; pass++) { /* each moves the other a little */
		solve_clearance(k, SIDE_RIGHT);
		solve_clearance(k, SIDE_LEFT);
		k->pelvis_z[0] -= fmax(0, excess_height(k));
	}
}

double kin_step_length(const struct kin *k, enum side s)
{
	double ahead = k->plant[SIDE_LEFT] - k->plant[SIDE_RIGHT];

	return s == SIDE_LEFT ? ahead + k->stride : -ahead;
}

double kin_step_time(const struct kin *k, enum side s)
{
	double left = (1 - k->offset[SIDE_LEFT]) * k->cycle_s;

	return s == SIDE_LEFT ? left : k->cycle_s - left;
}
