#include "film.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fsx.h"
#include "encode.h"
#include "render.h"
#include "truth.h"

/* Pictures are rendered by a few threads, each a whole one at a time, and encoded in order by the caller's.
 * A ring of slots holds what is finished but not yet its turn. */

enum { THREADS_MAX = 64, SPARE_SLOTS = 2, TRUTH_MAX = 256 << 20 };

struct slot {
	struct canvas *canvas;
	int picture; /* that lies finished here, or -1 */
};

struct studio {
	struct film film;
	struct figure figure;
	struct background *back[VIEW_COUNT];
	struct encoder *encoder[VIEW_COUNT];
	enum view views[VIEW_COUNT];
	int n_views, pictures; /* pictures of all views: frame by frame, all views of a frame together */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot slot[THREADS_MAX + SPARE_SLOTS];
	int slots;
	int next;    /* to be rendered */
	int encoded; /* pictures before this one are done: their slots are free */
	int stop;
};

static void render_picture(const struct studio *s, int picture, struct field *field, struct canvas *canvas)
{
	int frame = picture / s->n_views;
	struct skeleton pose;

	skeleton_at(&s->film.kin, film_time(&s->film, frame), s->film.scene.place, &pose);
	field_pose(field, &s->figure, &pose, (float)s->film.kin.body.height);
	enum view v = s->views[picture % s->n_views];
	render_frame(&s->film.scene, v, s->back[v], field, frame, canvas);
}

/* The next picture whose slot is free; -1 when there is none left. */
static int claim(struct studio *s)
{
	int picture = -1;

	pthread_mutex_lock(&s->lock);
	while (!s->stop && s->next < s->pictures && s->next >= s->encoded + s->slots)
		pthread_cond_wait(&s->changed, &s->lock);
	if (!s->stop && s->next < s->pictures)
		picture = s->next++;
	pthread_mutex_unlock(&s->lock);
	return picture;
}

static void *worker(void *arg)
{
	struct studio *s = arg;
	struct field field;
	int picture;

	while ((picture = claim(s)) >= 0) {
		struct slot *slot = &s->slot[picture % s->slots];

		render_picture(s, picture, &field, slot->canvas);
		pthread_mutex_lock(&s->lock);
		slot->picture = picture;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static int encode_all(struct studio *s, void (*report)(int, int), struct err *e)
{
	for (int i = 0; i < s->pictures; i++) {
		struct slot *slot = &s->slot[i % s->slots];

		pthread_mutex_lock(&s->lock);
		while (slot->picture != i)
			pthread_cond_wait(&s->changed, &s->lock);
		pthread_mutex_unlock(&s->lock);
		if (encode_frame(s->encoder[s->views[i % s->n_views]], slot->canvas->rgb, e))
			return -1;
		pthread_mutex_lock(&s->lock);
		s->encoded = i + 1;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);
		if (report)
			report(i + 1, s->pictures);
	}
	for (int i = 0; i < s->n_views; i++) {
		if (encode_finish(s->encoder[s->views[i]], e))
			return -1;
	}
	return 0;
}

static int run_threads(struct studio *s, void (*report)(int, int), struct err *e)
{
	pthread_t thread[THREADS_MAX];
	int n = 0, r = -1;

	while (n < s->film.o->threads && n < THREADS_MAX && !pthread_create(&thread[n], NULL, worker, s))
		n++;
	if (n == 0)
		err_set(e, ERR_UNAVAILABLE, "no thread could be started");
	else
		r = encode_all(s, report, e);
	pthread_mutex_lock(&s->lock);
	s->stop = 1;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	while (n > 0)
		pthread_join(thread[--n], NULL);
	return r;
}

static void studio_free(struct studio *s)
{
	for (int v = 0; v < VIEW_COUNT; v++) {
		encode_free(s->encoder[v]);
		background_free(s->back[v]);
	}
	for (int i = 0; i < s->slots; i++)
		canvas_free(s->slot[i].canvas);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
DEFINE_CLEANUP(struct studio *, studio_free)

static int open_views(struct studio *s, const struct options *o, struct err *e)
{
	char path[PATH_MAX];

	for (int i = 0; i < s->n_views; i++) {
		enum view v = s->views[i];

		if (fsx_join(path, sizeof path, o->out_dir, v == VIEW_SIDE ? "side.mp4" : "front.mp4", e) ||
			encode_open(path, o->frame_width, o->frame_height, o->fps, o->threads, &s->encoder[v],
				e) ||
			render_background(&s->film.scene, v, o->threads, &s->back[v], e))
			return -1;
	}
	return 0;
}

static int open_slots(struct studio *s, const struct options *o, struct err *e)
{
	s->slots = o->threads + SPARE_SLOTS;
	for (int i = 0; i < s->slots; i++) {
		s->slot[i].picture = -1;
		if (canvas_new(o->frame_width, o->frame_height, &s->slot[i].canvas, e))
			return -1;
	}
	return 0;
}

static int write_truth(const struct film *f, struct err *e)
{
	BUF_CLEANUP struct buf json;
	char path[PATH_MAX];

	buf_init(&json, TRUTH_MAX);
	if (truth_write(f, &json, e) || buf_addc(&json, '\n', e) ||
		fsx_join(path, sizeof path, f->o->out_dir, "truth.json", e))
		return -1;
	return fsx_replace(path, json.data, json.len, 0644, e);
}

int film_make(const struct options *o, void (*report)(int done, int all), struct err *e)
{
	CLEANUP(studio_free_p) struct studio *s = calloc(1, sizeof *s);

	if (!s)
		return err_set(e, ERR_NOMEM, "studio");
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	film_init(&s->film, o);
	figure_build(&s->figure, &s->film.kin.body, o->seed);
	for (int v = 0; v < VIEW_COUNT; v++) {
		if (o->view[v])
			s->views[s->n_views++] = (enum view)v;
	}
	s->pictures = s->n_views * s->film.frames;
	if (fsx_mkdirs(o->out_dir, 0755, e))
		return -1;
	if (o->truth_only)
		return write_truth(&s->film, e);
	if (open_slots(s, o, e) || open_views(s, o, e) || run_threads(s, report, e))
		return -1;
	return write_truth(&s->film, e);
}
