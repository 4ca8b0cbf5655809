#include "support/testing.h"

#include "film.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <math.h>

struct writer {
	AVFormatContext *fmt;
	AVCodecContext *enc;
	AVPacket *pkt;
};

static void set_turn(AVStream *s, int clockwise)
{
	if (clockwise == 0)
		return;
	int32_t *m =
		(int32_t *)(void *)av_stream_new_side_data(s, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
	assert_non_null(m);
	av_display_rotation_set(m, clockwise);
}

static void writer_open(struct writer *w, const char *path, const struct film *f, int width, int height)
{
	AVDictionary *options = NULL;
	const AVCodec *codec =
		avcodec_find_encoder_by_name(strcmp(f->format, "avi") == 0 ? "mpeg4" : "libx264");

	assert_non_null(codec);
	assert_true(avformat_alloc_output_context2(&w->fmt, NULL, f->format, path) >= 0);
	w->enc = avcodec_alloc_context3(codec);
	w->pkt = av_packet_alloc();
	w->enc->width = width;
	w->enc->height = height;
	w->enc->pix_fmt = AV_PIX_FMT_YUV420P;
	w->enc->time_base = f->time ? (AVRational){ 1, 90000 } : av_inv_q(av_d2q(f->fps, 100000));
	w->enc->thread_count = 1;
	if (w->fmt->oformat->flags & AVFMT_GLOBALHEADER)
		w->enc->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	av_dict_set(&options, "preset", "ultrafast", 0);
	assert_true(avcodec_open2(w->enc, codec, &options) >= 0);
	av_dict_free(&options);
	AVStream *s = avformat_new_stream(w->fmt, NULL);
	s->time_base = w->enc->time_base;
	assert_true(avcodec_parameters_from_context(s->codecpar, w->enc) >= 0);
	set_turn(s, f->clockwise);
	assert_true(avio_open(&w->fmt->pb, path, AVIO_FLAG_WRITE) >= 0);
	if (f->faststart)
		av_dict_set(&options, "movflags", "+faststart", 0);
	if (f->capture_fps) {
		av_dict_set(&options, "movflags", "+use_metadata_tags", 0);
		av_dict_set(&w->fmt->metadata, "com.android.capture.fps", f->capture_fps, 0);
	}
	assert_true(avformat_write_header(w->fmt, &options) >= 0);
	av_dict_free(&options);
}

static void writer_put(struct writer *w, AVFrame *frame)
{
	assert_true(avcodec_send_frame(w->enc, frame) >= 0);
	while (avcodec_receive_packet(w->enc, w->pkt) >= 0) {
		if (w->pkt->duration ==
			0) /* without one a single frame lasts no time, and no player shows it */
			w->pkt->duration = av_rescale_q(1, (AVRational){ 1, 30 }, w->enc->time_base);
		av_packet_rescale_ts(w->pkt, w->enc->time_base, w->fmt->streams[0]->time_base);
		assert_true(av_interleaved_write_frame(w->fmt, w->pkt) >= 0);
	}
}

static void writer_close(struct writer *w)
{
	writer_put(w, NULL);
	assert_true(av_write_trailer(w->fmt) >= 0);
	(void)avio_closep(&w->fmt->pb);
	avcodec_free_context(&w->enc);
	av_packet_free(&w->pkt);
	avformat_free_context(w->fmt);
}

static int64_t stamp(const struct writer *w, const struct film *f, int i)
{
	return f->time ? llrint(f->time(i) / av_q2d(w->enc->time_base)) : i;
}

static AVFrame *new_frame(int width, int height)
{
	AVFrame *frame = av_frame_alloc();

	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = width;
	frame->height = height;
	assert_true(av_frame_get_buffer(frame, 0) >= 0);
	return frame;
}

static void paint(AVFrame *f, int i)
{
	for (int p = 0; p < 3; p++)
		memset(f->data[p], p ? 128 : 90,
			(size_t)f->linesize[p] * (size_t)(p ? f->height / 2 : f->height));
	for (int y = 0; y < f->height / 4; y++)
		memset(f->data[0] + (ptrdiff_t)y * f->linesize[0] + i % (f->width / 2), 170,
			(size_t)f->width / 4);
}

void film_empty(const char *path, const struct film *f)
{
	struct writer w = { 0 };

	writer_open(&w, path, f, f->width, f->height);
	for (int i = 0; i < f->frames; i++) {
		AVFrame *frame = new_frame(f->width, f->height);
		paint(frame, i);
		frame->pts = stamp(&w, f, i);
		writer_put(&w, frame);
		av_frame_free(&frame);
	}
	writer_close(&w);
}

/* One plane turned @clockwise degrees backwards. */
static void unturn(
	uint8_t *to, int to_stride, const uint8_t *from, int from_stride, int w, int h, int clockwise)
{
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			int tx = clockwise == 90    ? y
				 : clockwise == 180 ? w - 1 - x
				 : clockwise == 270 ? h - 1 - y
						    : x;
			int ty = clockwise == 90    ? w - 1 - x
				 : clockwise == 180 ? h - 1 - y
				 : clockwise == 270 ? x
						    : y;
			to[(ptrdiff_t)ty * to_stride + tx] = from[(ptrdiff_t)y * from_stride + x];
		}
	}
}

struct reader {
	AVFormatContext *fmt;
	AVCodecContext *dec;
	AVPacket *pkt;
	AVFrame *frame;
	int stream;
};

static void reader_open(struct reader *r, const char *path)
{
	const AVCodec *codec = NULL;

	if (avformat_open_input(&r->fmt, path, NULL, NULL) < 0)
		fail_msg("%s cannot be opened", path);
	assert_true(avformat_find_stream_info(r->fmt, NULL) >= 0);
	r->stream = av_find_best_stream(r->fmt, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
	assert_true(r->stream >= 0);
	r->dec = avcodec_alloc_context3(codec);
	assert_true(avcodec_parameters_to_context(r->dec, r->fmt->streams[r->stream]->codecpar) >= 0);
	r->dec->thread_count = 1;
	assert_true(avcodec_open2(r->dec, codec, NULL) >= 0);
	r->pkt = av_packet_alloc();
	r->frame = av_frame_alloc();
}

static bool reader_next(struct reader *r)
{
	while (avcodec_receive_frame(r->dec, r->frame) < 0) {
		if (av_read_frame(r->fmt, r->pkt) < 0) {
			if (avcodec_send_packet(r->dec, NULL) < 0)
				return false;
			continue;
		}
		if (r->pkt->stream_index == r->stream)
			assert_true(avcodec_send_packet(r->dec, r->pkt) >= 0);
		av_packet_unref(r->pkt);
	}
	return true;
}

static void reader_close(struct reader *r)
{
	avcodec_free_context(&r->dec);
	av_packet_free(&r->pkt);
	av_frame_free(&r->frame);
	avformat_close_input(&r->fmt);
}

void film_copy(const char *path, const char *source, const struct film *f)
{
	struct reader r = { 0 };
	struct writer w = { 0 };
	struct film out = *f;

	reader_open(&r, source);
	int sw = r.dec->width, sh = r.dec->height;
	bool on_side = f->clockwise % 180 != 0;
	out.fps = av_q2d(r.fmt->streams[r.stream]->avg_frame_rate);
	writer_open(&w, path, &out, on_side ? sh : sw, on_side ? sw : sh);
	for (int i = 0; (f->frames == 0 || i < f->frames) && reader_next(&r); i++) {
		AVFrame *frame = new_frame(on_side ? sh : sw, on_side ? sw : sh);
		for (int p = 0; p < 3; p++)
			unturn(frame->data[p], frame->linesize[p], r.frame->data[p], r.frame->linesize[p],
				p ? sw / 2 : sw, p ? sh / 2 : sh, f->clockwise);
		frame->pts = stamp(&w, f, i);
		writer_put(&w, frame);
		av_frame_free(&frame);
	}
	writer_close(&w);
	reader_close(&r);
}

void film_sound(const char *path)
{
	struct writer w = { 0 };
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	AVFrame *frame = av_frame_alloc();

	assert_non_null(codec);
	assert_true(avformat_alloc_output_context2(&w.fmt, NULL, "mp4", path) >= 0);
	w.enc = avcodec_alloc_context3(codec);
	w.pkt = av_packet_alloc();
	w.enc->sample_fmt = AV_SAMPLE_FMT_FLTP;
	w.enc->sample_rate = 48000;
	av_channel_layout_default(&w.enc->ch_layout, 1);
	w.enc->time_base = (AVRational){ 1, 48000 };
	w.enc->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	assert_true(avcodec_open2(w.enc, codec, NULL) >= 0);
	AVStream *s = avformat_new_stream(w.fmt, NULL);
	assert_true(avcodec_parameters_from_context(s->codecpar, w.enc) >= 0);
	assert_true(avio_open(&w.fmt->pb, path, AVIO_FLAG_WRITE) >= 0);
	assert_true(avformat_write_header(w.fmt, NULL) >= 0);
	frame->format = w.enc->sample_fmt;
	frame->nb_samples = w.enc->frame_size;
	av_channel_layout_copy(&frame->ch_layout, &w.enc->ch_layout);
	assert_true(av_frame_get_buffer(frame, 0) >= 0);
	memset(frame->data[0], 0, (size_t)frame->linesize[0]);
	for (int i = 0; i < 48; i++) {
		frame->pts = (int64_t)i * frame->nb_samples;
		writer_put(&w, frame);
	}
	av_frame_free(&frame);
	writer_close(&w);
}

int film_count(const char *path, int *ret_w, int *ret_h, bool *ret_h264_420)
{
	struct reader r = { 0 };
	int n = 0;

	reader_open(&r, path);
	while (reader_next(&r))
		n++;
	*ret_w = r.dec->width;
	*ret_h = r.dec->height;
	*ret_h264_420 = r.dec->codec_id == AV_CODEC_ID_H264 && r.dec->pix_fmt == AV_PIX_FMT_YUV420P;
	reader_close(&r);
	return n;
}

void film_each(const char *path, void (*each)(void *arg, int i, const struct film_picture *p), void *arg)
{
	struct reader r = { 0 };

	reader_open(&r, path);
	assert_int_equal(r.dec->pix_fmt, AV_PIX_FMT_YUV420P);
	for (int i = 0; reader_next(&r); i++) {
		struct film_picture p = { .width = r.frame->width,
			.height = r.frame->height,
			.time_s = (double)r.frame->best_effort_timestamp *
				  av_q2d(r.fmt->streams[r.stream]->time_base) };
		for (int k = 0; k < 3; k++) {
			p.plane[k] = r.frame->data[k];
			p.stride[k] = r.frame->linesize[k];
		}
		each(arg, i, &p);
	}
	reader_close(&r);
}
