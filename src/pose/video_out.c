#include "pose/video_out.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strv.h"

struct video_out {
	char path[PATH_MAX], part[PATH_MAX];
	AVFormatContext *fmt;
	AVCodecContext *enc;
	AVFrame *frame;
	AVPacket *pkt;
	int64_t next;
	bool started, finished;
};

void video_out_close(struct video_out *v)
{
	if (!v)
		return;
	if (v->fmt && v->fmt->pb)
		(void)avio_closep(&v->fmt->pb);
	avformat_free_context(v->fmt);
	avcodec_free_context(&v->enc);
	av_frame_free(&v->frame);
	av_packet_free(&v->pkt);
	if (v->started && !v->finished)
		(void)unlink(v->part);
	free(v);
}

static int av_fail(struct err *e, int code, const char *what)
{
	char text[AV_ERROR_MAX_STRING_SIZE] = "";

	if (code == AVERROR(ENOSPC) || code == AVERROR(EFBIG) || code == AVERROR(EDQUOT))
		return err_set(e, ERR_NOSPACE, "%s: no space", what);
	if (code == AVERROR(ENOMEM))
		return err_set(e, ERR_NOMEM, "%s", what);
	(void)av_strerror(code, text, sizeof text);
	return err_set(e, ERR_IO, "%s: %s", what, text);
}

static int open_encoder(
	struct video_out *v, int width, int height, double fps, bool full_range, bool is_bt709, struct err *e)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVDictionary *options = NULL;

	if (!codec)
		return err_set(e, ERR_UNAVAILABLE, "this libavcodec has no libx264");
	v->enc = avcodec_alloc_context3(codec);
	if (!v->enc)
		return err_set(e, ERR_NOMEM, "encoder");
	v->enc->width = width & ~1;
	v->enc->height = height & ~1;
	v->enc->pix_fmt = AV_PIX_FMT_YUV420P;
	v->enc->time_base = av_inv_q(av_d2q(fps, 100000));
	v->enc->framerate = av_inv_q(v->enc->time_base);
	v->enc->thread_count = 1;
	v->enc->color_range = full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
	v->enc->colorspace = is_bt709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
	if (v->fmt->oformat->flags & AVFMT_GLOBALHEADER)
		v->enc->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	av_dict_set(&options, "preset", "veryfast", 0);
	av_dict_set(&options, "crf", "23", 0);
	int r = avcodec_open2(v->enc, codec, &options);
	av_dict_free(&options);
	return r < 0 ? av_fail(e, r, "encoder") : 0;
}

static int open_container(struct video_out *v, struct err *e)
{
	char url[PATH_MAX + 8];
	AVDictionary *options = NULL;
	AVStream *s = avformat_new_stream(v->fmt, NULL);

	if (!s || avcodec_parameters_from_context(s->codecpar, v->enc) < 0)
		return err_set(e, ERR_NOMEM, "video file");
	s->time_base = v->enc->time_base;
	s->avg_frame_rate = v->enc->framerate;
	(void)snprintf(url, sizeof url, "file:%s", v->part); /* a colon in a name is no protocol */
	av_freep(&v->fmt->url);
	v->fmt->url = av_strdup(url);
	int r = avio_open(&v->fmt->pb, url, AVIO_FLAG_WRITE);
	if (r < 0)
		return av_fail(e, r, v->part);
	v->started = true;
	av_dict_set(&options, "movflags", "+faststart", 0);
	r = avformat_write_header(v->fmt, &options);
	av_dict_free(&options);
	return r < 0 ? av_fail(e, r, v->part) : 0;
}

int video_out_open(const char *path, int width, int height, double fps, bool full_range, bool is_bt709,
	struct video_out **ret, struct err *e)
{
	CLEANUP(video_out_close_p) struct video_out *v = calloc(1, sizeof *v);

	if (!v)
		return err_set(e, ERR_NOMEM, "video file");
	if (!str_copy(v->path, sizeof v->path, path) ||
		snprintf(v->part, sizeof v->part, "%s.part", path) >= (int)sizeof v->part)
		return err_set(e, ERR_USAGE, "the path of the overlay video is too long");
	if (avformat_alloc_output_context2(&v->fmt, NULL, "mp4", NULL) < 0)
		return err_set(e, ERR_UNAVAILABLE, "this libavformat cannot write MP4");
	if (open_encoder(v, width, height, fps, full_range, is_bt709, e) < 0 || open_container(v, e) < 0)
		return err_wrap(e, "overlay");
	v->pkt = av_packet_alloc();
	v->frame = av_frame_alloc();
	if (!v->pkt || !v->frame)
		return err_set(e, ERR_NOMEM, "video file");
	v->frame->format = AV_PIX_FMT_YUV420P;
	v->frame->width = v->enc->width;
	v->frame->height = v->enc->height;
	if (av_frame_get_buffer(v->frame, 0) < 0)
		return err_set(e, ERR_NOMEM, "video file");
	*ret = TAKE(v);
	return 0;
}

int video_out_canvas(struct video_out *v, struct canvas *ret, struct err *e)
{
	if (av_frame_make_writable(v->frame) < 0)
		return err_set(e, ERR_NOMEM, "overlay");
	*ret = (struct canvas){ .width = v->enc->width,
		.height = v->enc->height,
		.full_range = v->enc->color_range == AVCOL_RANGE_JPEG,
		.is_bt709 = v->enc->colorspace == AVCOL_SPC_BT709 };
	for (int p = 0; p < 3; p++) {
		ret->plane[p] = v->frame->data[p];
		ret->stride[p] = v->frame->linesize[p];
	}
	return 0;
}

/* Move what the encoder has ready into the file. */
static int drain(struct video_out *v, struct err *e)
{
	int r;

	while ((r = avcodec_receive_packet(v->enc, v->pkt)) == 0) {
		v->pkt->duration = 1;
		av_packet_rescale_ts(v->pkt, v->enc->time_base, v->fmt->streams[0]->time_base);
		v->pkt->stream_index = 0;
		r = av_interleaved_write_frame(v->fmt, v->pkt);
		if (r < 0)
			return av_fail(e, r, "overlay");
	}
	return r == AVERROR(EAGAIN) || r == AVERROR_EOF ? 0 : av_fail(e, r, "overlay");
}

int video_out_frame(struct video_out *v, size_t times, struct err *e)
{
	for (size_t i = 0; i < times; i++) {
		v->frame->pts = v->next++;
		int r = avcodec_send_frame(v->enc, v->frame);
		if (r < 0)
			return av_fail(e, r, "overlay");
		if (drain(v, e) < 0)
			return -1;
	}
	return 0;
}

int video_out_finish(struct video_out *v, struct err *e)
{
	int r = avcodec_send_frame(v->enc, NULL);

	if (r < 0)
		return av_fail(e, r, "overlay");
	if (drain(v, e) < 0)
		return -1;
	r = av_write_trailer(v->fmt);
	if (r >= 0)
		r = avio_closep(&v->fmt->pb);
	if (r < 0)
		return av_fail(e, r, "overlay");
	if (rename(v->part, v->path) < 0)
		return err_errno(e, ERR_IO, "%s", v->path);
	v->finished = true;
	return 0;
}
