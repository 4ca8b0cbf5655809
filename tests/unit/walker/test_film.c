#include "support/testing.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/fsx.h"
#include "film.h"
#include "render.h"
#include "truth.h"

static struct options small_film(const char *dir)
{
	char *argv[] = { "walker", "--out", "x", "--size", "160x96", "--duration", "0.4", "--threads", "2" };
	struct options o;
	struct err e;

	assert_ok(options_parse((int)ARRAY_LEN(argv), argv, &o, &e), &e);
	o.out_dir = dir;
	return o;
}

/* One rendered picture of the options' walk. */
static struct canvas *picture(const struct options *o, enum view v, int frame)
{
	static struct film film;
	static struct figure figure;
	static struct field field;
	struct background *back = NULL;
	struct canvas *c = NULL;
	struct skeleton pose;
	struct err e;

	film_init(&film, o);
	figure_build(&figure, &film.kin.body, o->seed);
	skeleton_at(&film.kin, film_time(&film, frame), film.scene.place, &pose);
	field_pose(&field, &figure, &pose, (float)o->height_m);
	assert_ok(render_background(&film.scene, v, o->threads, &back, &e), &e);
	assert_ok(canvas_new(o->frame_width, o->frame_height, &c, &e), &e);
	render_frame(&film.scene, v, back, &field, frame, c);
	background_free(back);
	return c;
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
	struct options o = small_film("x");
	size_t bytes = (size_t)3 * 160 * 96;

	(void)state;
	for (int v = 0; v < VIEW_COUNT; v++) {
		struct canvas *a = picture(&o, (enum view)v, 3);
		o.threads = 1;
		struct canvas *b = picture(&o, (enum view)v, 3);
		o.seed = 2;
		struct canvas *c = picture(&o, (enum view)v, 3);
		o.seed = 1;
		o.threads = 2;

		assert_memory_equal(a->rgb, b->rgb, bytes);
		assert_memory_not_equal(a->rgb, c->rgb, bytes);
		canvas_free(a);
		canvas_free(b);
		canvas_free(c);
	}
}

/* The drawn figure stands where the truth says: its key points of hip, knee and neck lie on it. */
static void truth_lies_on_the_figure(void **state)
{
	static const int on_body[] = { 1, 8, 9, 10, 12, 13 };
	struct options o = small_film("x");
	static struct film film;

	(void)state;
	film_init(&film, &o);
	for (int v = 0; v < VIEW_COUNT; v++) {
		for (int frame = 0; frame < 12; frame += 5) {
			struct canvas *c = picture(&o, (enum view)v, frame);
			struct skeleton pose;
			struct vec3 key[BODY25];

			skeleton_at(&film.kin, film_time(&film, frame), film.scene.place, &pose);
			skeleton_body25(&pose, key);
			for (size_t i = 0; i < ARRAY_LEN(on_body); i++) {
				struct vec3 p = camera_project(&film.scene.camera[v], key[on_body[i]]);

				assert_true(c->seen[(int)p.y * 160 + (int)p.x] >= 0);
			}
			canvas_free(c);
		}
	}
}

static int count_frames(const char *path, int *width, int *height, double *fps)
{
	AVFormatContext *in = NULL;
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	int n = 0;

	assert_true(avformat_open_input(&in, path, NULL, NULL) >= 0);
	assert_true(avformat_find_stream_info(in, NULL) >= 0);
	assert_int_equal(in->nb_streams, 1);
	const AVCodecParameters *par = in->streams[0]->codecpar;
	assert_int_equal(par->codec_id, AV_CODEC_ID_H264);
	AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder(par->codec_id));
	assert_true(avcodec_parameters_to_context(codec, par) >= 0);
	assert_true(avcodec_open2(codec, NULL, NULL) >= 0);
	*width = par->width;
	*height = par->height;
	*fps = av_q2d(in->streams[0]->avg_frame_rate);
	for (int more = 1; more;) {
		more = av_read_frame(in, packet) >= 0;
		assert_true(avcodec_send_packet(codec, more ? packet : NULL) >= 0);
		while (avcodec_receive_frame(codec, frame) >= 0)
			n++;
		av_packet_unref(packet);
	}
	avcodec_free_context(&codec);
	avformat_close_input(&in);
	av_frame_free(&frame);
	av_packet_free(&packet);
	return n;
}

static int reports;

static void count_report(int done, int all)
{
	assert_int_equal(all, 24);
	assert_int_equal(done, ++reports);
}

static void videos_have_every_frame(void **state)
{
	static const char *const names[] = { "side.mp4", "front.mp4" };
	char dir[TEST_DIR_BYTES], path[512];
	struct err e;

	(void)state;
	test_dir(dir);
	struct options o = small_film(dir);
	assert_ok(film_make(&o, count_report, &e), &e);
	assert_int_equal(reports, 24);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int w, h;
		double fps;

		assert_ok(fsx_join(path, sizeof path, dir, names[i], &e), &e);
		assert_int_equal(count_frames(path, &w, &h, &fps), 12);
		assert_int_equal(w, 160);
		assert_int_equal(h, 96);
		assert_true(fps > 29.99 && fps < 30.01);
	}
	assert_ok(fsx_join(path, sizeof path, dir, "truth.json", &e), &e);
	assert_true(fsx_exists(path));
	assert_ok(fsx_join(path, sizeof path, dir, "side.mp4.part", &e), &e);
	assert_false(fsx_exists(path));
	test_dir_remove(dir);
}

/* A folder that cannot be made is an error with its name, and nothing is left behind. */
static void an_unusable_folder_is_an_error(void **state)
{
	char dir[TEST_DIR_BYTES], file[512], below[1024];
	struct err e;

	(void)state;
	test_dir(dir);
	assert_ok(fsx_join(file, sizeof file, dir, "file", &e), &e);
	assert_ok(fsx_replace(file, "x", 1, 0600, &e), &e);
	assert_ok(fsx_join(below, sizeof below, file, "sub", &e), &e);
	struct options o = small_film(below);
	assert_int_equal(film_make(&o, NULL, &e), -1);
	assert_has(e.msg, "file");
	test_dir_remove(dir);
}

/* The second video's name is taken by a folder: the failure comes at the end, and the first stays whole. */
static void a_taken_name_leaves_no_part(void **state)
{
	char dir[TEST_DIR_BYTES], path[512];
	struct err e;

	(void)state;
	test_dir(dir);
	assert_ok(fsx_join(path, sizeof path, dir, "front.mp4", &e), &e);
	assert_ok(fsx_mkdirs(path, 0700, &e), &e);
	struct options o = small_film(dir);
	assert_int_equal(film_make(&o, NULL, &e), -1);
	assert_has(e.msg, "front.mp4");
	assert_ok(fsx_join(path, sizeof path, dir, "front.mp4.part", &e), &e);
	assert_false(fsx_exists(path));
	assert_ok(fsx_join(path, sizeof path, dir, "truth.json", &e), &e);
	assert_false(fsx_exists(path));
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_bytes),
		cmocka_unit_test(truth_lies_on_the_figure),
		cmocka_unit_test(videos_have_every_frame),
		cmocka_unit_test(an_unusable_folder_is_an_error),
		cmocka_unit_test(a_taken_name_leaves_no_part),
	};

	return cmocka_run_group_tests_name("walker/film", tests, NULL, NULL);
}
