/* How fast key points are read: our stream against the tree that cJSON builds, in one run on the same text.
 *
 *	bench_keypoints [FRAMES]               600 frames of two views, the best of 15 rounds
 *	bench_keypoints --folder DIR FRAMES    write a folder for gait-analyze --timing */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/json.h"
#include "gait/keypoints.h"
#include "gait/keypoints_document.h"

enum { ROUNDS = 15, VIEWS_OF_PAIR = 2 };

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void must(int r, const struct err *e)
{
	if (r == 0)
		return;
	fprintf(stderr, "bench_keypoints: %s\n", e->msg);
	exit(1);
}

/* One person as gait-pose writes it: pixels with three decimals, confidence with four. */
static void put_person(struct buf *b, size_t frame)
{
	struct err e = { 0 };

	must(buf_adds(b, "{\"person_id\":[-1],\"pose_keypoints_2d\":[", &e), &e);
	for (int i = 0; i < BODY_POINTS; i++) {
		double t = 0.1 * (double)frame + i;
		must(buf_addf(b, &e, "%s%.3f,%.3f,%.4f", i ? "," : "", 640 + 300 * sin(t), 360 + 200 * cos(t),
			     0.75 + 0.2 * sin(3 * t)),
			&e);
	}
	must(buf_adds(b,
		     "],\"face_keypoints_2d\":[],\"hand_left_keypoints_2d\":[],\"hand_right_keypoints_2d\":[]"
		     ","
		     "\"pose_keypoints_3d\":[],\"face_keypoints_3d\":[],\"hand_left_keypoints_3d\":[],"
		     "\"hand_right_keypoints_3d\":[]}",
		     &e),
		&e);
}

static void put_frame(struct buf *b, size_t frame)
{
	struct err e = { 0 };

	must(buf_adds(b, "{\"version\":1.3,\"people\":[", &e), &e);
	put_person(b, frame);
	must(buf_adds(b, "]}", &e), &e);
}

/* What the reader did before: a tree, then its 75 numbers. */
static double by_tree(const char *text, size_t len)
{
	struct json *root __attribute__((cleanup(json_free_p))) = NULL;
	struct err e = { 0 };
	double sum = 0;

	must(json_parse(text, len, 8, &root, &e), &e);
	const struct json *people = json_get(root, "people");
	for (const struct json *p = json_first(people); p; p = json_next(p))
		for (const struct json *x = json_first(json_get(p, "pose_keypoints_2d")); x; x = json_next(x))
			sum += json_num(x, 0);
	return sum;
}

struct texts {
	struct buf *frame;
	size_t frames;
	struct buf document;
};

static double tree_ms(const struct texts *t)
{
	double from = now_ms(), sum = 0;

	for (int v = 0; v < VIEWS_OF_PAIR; v++)
		for (size_t f = 0; f < t->frames; f++)
			sum += by_tree(t->frame[f].data, t->frame[f].len);
	return isfinite(sum) ? now_ms() - from : NAN;
}

static double frames_ms(const struct texts *t)
{
	double from = now_ms();

	for (int v = 0; v < VIEWS_OF_PAIR; v++) {
		KEYPOINTS_CLEANUP struct keypoints k;
		struct err e = { 0 };
		keypoints_init(&k);
		for (size_t f = 0; f < t->frames; f++)
			must(keypoints_add(&k, t->frame[f].data, t->frame[f].len, &e), &e);
	}
	return now_ms() - from;
}

static double document_ms(const struct texts *t)
{
	double from = now_ms();

	for (int v = 0; v < VIEWS_OF_PAIR; v++) {
		KEYPOINTS_CLEANUP struct keypoints k;
		struct err e = { 0 };
		keypoints_init(&k);
		must(keypoints_document(&k, t->document.data, t->document.len, &e), &e);
	}
	return now_ms() - from;
}

static double best(double (*ms)(const struct texts *), const struct texts *t)
{
	double least = INFINITY;

	for (int i = 0; i < ROUNDS; i++)
		least = fmin(least, ms(t));
	return least;
}

static void measure(size_t frames)
{
	struct buf *frame = calloc(frames, sizeof *frame);
	struct texts t = { .frame = frame, .frames = frames };
	struct err e = { 0 };

	if (!frame)
		exit(1);
	buf_init(&t.document, KEYPOINTS_MAX_DOCUMENT);
	must(buf_adds(&t.document, "{\"fps\":30,\"width\":1280,\"height\":720,\"frames\":[", &e), &e);
	for (size_t f = 0; f < frames; f++) {
		buf_init(&frame[f], KEYPOINTS_MAX_TEXT);
		put_frame(&frame[f], f);
		must(buf_adds(&t.document, f ? "," : "", &e), &e);
		must(buf_add(&t.document, frame[f].data, frame[f].len, &e), &e);
	}
	must(buf_adds(&t.document, "]}", &e), &e);
	double tree = best(tree_ms, &t), stream = best(frames_ms, &t), document = best(document_ms, &t);
	double n = VIEWS_OF_PAIR * (double)frames;
	printf("%zu frames, two views, %zu bytes a frame\n", frames, frame[0].len);
	printf("tree (cJSON)   %7.2f ms  %6.2f us a frame\n", tree, 1e3 * tree / n);
	printf("stream, frames %7.2f ms  %6.2f us a frame  %4.1f times\n", stream, 1e3 * stream / n,
		tree / stream);
	printf("stream, whole  %7.2f ms  %6.2f us a frame  %4.1f times  %.0f MB/s\n", document,
		1e3 * document / n, tree / document,
		1e-3 * VIEWS_OF_PAIR * (double)t.document.len / document);
	for (size_t f = 0; f < frames; f++)
		buf_deinit(&frame[f]);
	free(frame);
	buf_deinit(&t.document);
}

static void write_file(const char *dir, const char *name, const struct buf *text)
{
	char path[4096];
	FILE *f;

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path || !(f = fopen(path, "w")) ||
		fwrite(text->data, 1, text->len, f) != text->len || fclose(f) != 0) {
		perror(dir);
		exit(1);
	}
}

static void write_folder(const char *dir, size_t frames)
{
	struct buf b;
	struct err e = { 0 };
	char name[64];

	buf_init(&b, KEYPOINTS_MAX_TEXT);
	(void)mkdir(dir, 0755);
	must(buf_adds(&b, "{\"fps\":60,\"width\":1280,\"height\":720,\"engine\":\"gait-pose\"}", &e), &e);
	write_file(dir, "meta.json", &b);
	for (size_t f = 0; f < frames; f++) {
		buf_reset(&b);
		put_frame(&b, f);
		(void)snprintf(name, sizeof name, "walk_%012zu_keypoints.json", f);
		write_file(dir, name, &b);
	}
	buf_deinit(&b);
}

int main(int argc, char **argv)
{
	bool folder = argc == 4 && strcmp(argv[1], "--folder") == 0;
	unsigned long frames = argc > 1 ? strtoul(argv[argc - 1], NULL, 10) : 600;

	if (frames == 0 || frames > KEYPOINTS_MAX_FRAMES || (argc > 2 && !folder)) {
		fputs("usage: bench_keypoints [FRAMES] | --folder DIR FRAMES\n", stderr);
		return 64;
	}
	if (folder)
		write_folder(argv[2], frames);
	else
		measure(frames);
	return 0;
}
