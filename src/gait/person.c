#include "gait/person.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/motion.h"

#define MIN_CONFIDENCE 0.1f
#define STANDING       0.02 /* what time that is only stood counts, against time that is walked */
enum { MIN_POINTS = 4, MAX_TRACKS = 4096, MAX_OPEN = 64 };

struct box {
	float cx, cy, size;
};

struct trail {
	struct box last;
	size_t first_frame, last_frame, seen;
	double sizes; /* sum over its frames */
	struct motion motion;
	double weight; /* size × length, of which standing counts little */
	int32_t joined;
};

struct crowd {
	struct trail *trail;
	size_t trails;
	int32_t *of_person; /* trail of each entry of k->person, -1 none */
	int32_t open[MAX_OPEN];
	size_t open_count;
};

static bool person_box(const struct person *p, struct box *ret)
{
	float x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
	int n = 0;

	for (int i = 0; i < BODY_POINTS; i++) {
		if (p->p[i].c < MIN_CONFIDENCE)
			continue;
		x0 = fminf(x0, p->p[i].x);
		x1 = fmaxf(x1, p->p[i].x);
		y0 = fminf(y0, p->p[i].y);
		y1 = fmaxf(y1, p->p[i].y);
		n++;
	}
	if (n < MIN_POINTS)
		return false;
	*ret = (struct box){ (x0 + x1) / 2, (y0 + y1) / 2, hypotf(x1 - x0, y1 - y0) };
	return ret->size > 0;
}

static void close_old(struct crowd *c, size_t frame, size_t patience)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->open_count; i++)
		if (c->trail[c->open[i]].last_frame + patience >= frame)
			c->open[kept++] = c->open[i];
	c->open_count = kept;
}

/* The open trail nearest to @b that has no entry in this frame yet; -1 none near enough. */
static int32_t nearest(const struct crowd *c, const struct box *b, size_t frame)
{
	float best = INFINITY;
	int32_t found = -1;

	for (size_t i = 0; i < c->open_count; i++) {
		const struct trail *t = &c->trail[c->open[i]];
		float ratio = b->size / t->last.size;
		float d = hypotf(b->cx - t->last.cx, b->cy - t->last.cy) / fmaxf(b->size, t->last.size);
		if (t->last_frame < frame && d < 0.6f && ratio > 0.5f && ratio < 2 && d < best) {
			best = d;
			found = c->open[i];
		}
	}
	return found;
}

static void link_person(struct crowd *c, const struct person *p, size_t index, size_t frame, double fps)
{
	struct box b;

	c->of_person[index] = -1;
	if (!person_box(p, &b))
		return;
	int32_t t = nearest(c, &b, frame);
	if (t < 0) {
		if (c->trails >= MAX_TRACKS || c->open_count >= MAX_OPEN)
			return;
		t = (int32_t)c->trails++;
		c->trail[t] = (struct trail){ .first_frame = frame, .joined = -1 };
		c->open[c->open_count++] = t;
	}
	struct trail *trail = &c->trail[t];
	trail->last = b;
	trail->last_frame = frame;
	trail->seen++;
	trail->sizes += (double)b.size;
	motion_add(&trail->motion, p, frame, fps, (double)b.size);
	c->of_person[index] = t;
}

/* Later and earlier pieces of the same person: alone in their time, of similar size. */
static void join_pieces(struct crowd *c, int32_t best)
{
	const struct trail *b = &c->trail[best];
	size_t from = b->first_frame, to = b->last_frame;
	double mean = b->sizes / (double)b->seen;

	for (size_t i = 0; i < c->trails; i++) {
		struct trail *t = &c->trail[i];
		double ratio = t->sizes / (double)t->seen / mean;
		if ((int32_t)i != best && (t->first_frame > to || t->last_frame < from) && ratio > 0.6 &&
			ratio < 1.7) {
			t->joined = best;
			from = t->first_frame < from ? t->first_frame : from;
			to = t->last_frame > to ? t->last_frame : to;
		}
	}
}

/* A bystander may be nearer and stay longer than the one who walks, so it is walking that counts. Where
 * nobody walks, all are weighed by size × length alike. */
static void weigh(struct trail *t)
{
	double walked = motion_end(&t->motion);

	t->weight = walked + STANDING * (t->sizes - walked);
}

static void pick(const struct keypoints *k, struct crowd *c, struct person_choice *ret)
{
	int32_t best = -1;
	double second = 0;

	for (size_t i = 0; i < c->trails; i++)
		weigh(&c->trail[i]);
	for (size_t i = 0; i < c->trails; i++)
		if (best < 0 || c->trail[i].weight > c->trail[best].weight)
			best = (int32_t)i;
	if (best >= 0)
		join_pieces(c, best);
	for (size_t i = 0; i < c->trails; i++)
		if ((int32_t)i != best && c->trail[i].joined < 0)
			second = fmax(second, c->trail[i].weight);
	ret->ambiguous = best >= 0 && second > 0.5 * c->trail[best].weight;
	for (size_t f = 0; f < k->frames; f++) {
		ret->of_frame[f] = -1;
		for (size_t i = k->first[f]; i < k->first[f + 1]; i++) {
			int32_t t = c->of_person[i];
			if (t >= 0 && (t == best || c->trail[t].joined == best)) {
				ret->of_frame[f] = (int32_t)i;
				ret->seen++;
				break;
			}
		}
	}
}

int person_choose(const struct keypoints *k, struct person_choice *ret, struct err *e)
{
	CLEANUP(free_p) struct trail *trail = calloc(MAX_TRACKS, sizeof *trail);
	CLEANUP(free_p) int32_t *of_person = malloc((k->people + 1) * sizeof *of_person);
	CLEANUP(free_p) int32_t *of_frame = malloc((k->frames + 1) * sizeof *of_frame);
	struct crowd c = { .trail = trail, .of_person = of_person };
	struct person_choice choice = { .of_frame = of_frame };
	size_t patience = (size_t)(0.5 * k->fps) + 1;

	if (!trail || !of_person || !of_frame)
		return err_set(e, ERR_NOMEM, "no memory to follow %zu people", k->people);
	for (size_t f = 0; f < k->frames; f++) {
		size_t n = k->first[f + 1] - k->first[f];
		choice.most_people = n > choice.most_people ? n : choice.most_people;
		close_old(&c, f, patience);
		for (size_t i = k->first[f]; i < k->first[f + 1]; i++)
			link_person(&c, &k->person[i], i, f, k->fps);
	}
	pick(k, &c, &choice);
	of_frame = NULL; /* the caller's now */
	*ret = choice;
	return 0;
}
