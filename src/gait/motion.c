#include "gait/motion.h"

#include <math.h>

#define MIN_CONFIDENCE 0.1f
#define WINDOW_S       2.0
#define BLOCK_S        0.2
/* What moves in a window, as a share of size: STILL and less is standing, WALKS and more is walking. An adult
 * makes 0.26 to 0.34 towards a camera 12 to 6 m away, 0.3 on a treadmill, 1.5 across the image; standing, key
 * points that jitter by 0.9 % of size make 0.06, by 1.9 % 0.12. */
#define STILL 0.15
#define WALKS 0.25

enum { HIP_X, HIP_Y, HEIGHT, ANKLES_X, ANKLES_Y };

static bool seen(const struct keypoint *k)
{
	return k->c >= MIN_CONFIDENCE;
}

static void close_block(struct motion *m)
{
	for (int i = 0; i < MOTION_FEATURES; i++) {
		if (m->feature[i].n == 0)
			continue;
		double mean = m->feature[i].sum / (double)m->feature[i].n;
		m->feature[i].low = fmin(m->feature[i].low, mean);
		m->feature[i].high = fmax(m->feature[i].high, mean);
		m->feature[i].sum = 0;
		m->feature[i].n = 0;
	}
}

static double range(const struct motion *m, int i)
{
	return fmax(0, m->feature[i].high - m->feature[i].low);
}

static void close_window(struct motion *m)
{
	if (m->frames > 0) {
		close_block(m);
		double size = m->sizes / (double)m->frames;
		double moved = hypot(range(m, HIP_X), range(m, HIP_Y)) + range(m, HEIGHT) +
			       hypot(range(m, ANKLES_X), range(m, ANKLES_Y));
		double share = (moved / size - STILL) / (WALKS - STILL);
		m->walked += m->sizes * fmin(1, fmax(0, share));
	}
	m->frames = 0;
	m->sizes = 0;
	for (int i = 0; i < MOTION_FEATURES; i++) {
		m->feature[i].low = INFINITY;
		m->feature[i].high = -INFINITY;
	}
}

static void add(struct motion *m, int i, double value)
{
	m->feature[i].sum += value;
	m->feature[i].n++;
}

void motion_add(struct motion *m, const struct person *p, size_t frame, double fps, double size)
{
	const struct keypoint *hip_l = &p->p[BODY_L_HIP], *hip_r = &p->p[BODY_R_HIP],
			      *neck = &p->p[BODY_NECK];
	const struct keypoint *ankle_l = &p->p[BODY_L_ANKLE], *ankle_r = &p->p[BODY_R_ANKLE];
	double t = (double)frame / fps;
	size_t window = (size_t)(t / WINDOW_S), block = (size_t)(t / BLOCK_S);

	if (window != m->window || m->frames == 0)
		close_window(m);
	else if (block != m->block)
		close_block(m);
	m->window = window;
	m->block = block;
	m->frames++;
	m->sizes += size;
	if (seen(hip_l) && seen(hip_r)) {
		add(m, HIP_X, 0.5 * (double)(hip_l->x + hip_r->x));
		add(m, HIP_Y, 0.5 * (double)(hip_l->y + hip_r->y));
	}
	if (!seen(ankle_l) || !seen(ankle_r))
		return;
	add(m, ANKLES_X, fabs((double)(ankle_l->x - ankle_r->x)));
	add(m, ANKLES_Y, fabs((double)(ankle_l->y - ankle_r->y)));
	if (seen(neck))
		add(m, HEIGHT, 0.5 * (double)(ankle_l->y + ankle_r->y) - (double)neck->y);
}

double motion_end(struct motion *m)
{
	close_window(m);
	return m->walked;
}
