#include "encode.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#include "base/cleanup.h"
#include "base/strv.h"

struct encoder {
	char path[PATH_MAX], part[PATH_MAX]; /* final name; name while it is written */
	AVFormatContext *mux;
	AVCodecContext *codec;
	AVStream *stream; /* owned by mux */
	AVFrame *frame;
	AVPacket *packet;
	struct SwsContext *scale;
	int64_t frames;
	int part_exists;
};

static int fail(struct err *e, enum err_kind kind, const char *what, int averr)
{
	char text[AV_ERROR_MAX_STRING_SIZE] = "";

	av_strerror(averr, text, sizeof text);
	if (averr == AVERROR(ENOSPC))
		kind = ERR_NOSPACE;
	if (averr == AVERROR(ENOMEM))
		kind = ERR_NOMEM;
	return err_set(e, kind, "%s: %s", what, text);
}

void encode_free(struct encoder *enc)
{
	if (!enc)
		return;
	sws_freeContext(enc->scale);
	av_packet_free(&enc->packet);
	av_frame_free(&enc->frame);
	avcodec_free_context(&enc->codec);
	if (enc->mux) {
		avio_closep(&enc->mux->pb);
		avformat_free_context(enc->mux);
	}
	if (enc->part_exists)
		(void)unlink(enc->part);
	free(enc);
}
DEFINE_CLEANUP(struct encoder *, encode_free)

static int open_codec(struct encoder *enc, int width, int height, double fps, int threads, struct err *e)
{
	const AVCodec *h264 = avcodec_find_encoder_by_name("libx264");
	AVRational rate = av_d2q(fps, 100000);

	av_log_set_level(AV_LOG_ERROR); /* the coder's statistics are no news to the caller */
	if (!h264)
		return err_set(e, ERR_UNAVAILABLE,
			"libavcodec has no libx264: install libavcodec with H.264 encoding");
	AVCodecContext *c = enc->codec = avcodec_alloc_context3(h264);
	if (!c)
		return err_set(e, ERR_NOMEM, "coder");
	c->width = width;
	c->height = height;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->framerate = rate;
	c->time_base = av_inv_q(rate);
	c->gop_size = 60;
	c->thread_count = threads;
	c->color_range = AVCOL_RANGE_MPEG;
	c->colorspace = AVCOL_SPC_BT709;
	c->color_primaries = AVCOL_PRI_BT709;
	c->color_trc = AVCOL_TRC_BT709;
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
	av_opt_set(c->priv_data, "preset", "veryfast", 0);
	av_opt_set(c->priv_data, "crf", "20", 0);
	int r = avcodec_open2(c, h264, NULL);
	return r < 0 ? fail(e, ERR_UNAVAILABLE, "open the H.264 coder", r) : 0;
}

static int open_file(struct encoder *enc, struct err *e)
{
	AVDictionary *options = NULL;
	int r = avformat_alloc_output_context2(&enc->mux, NULL, "mp4", enc->part);

	if (r < 0)
		return fail(e, ERR_UNAVAILABLE, "mp4 writer", r);
	enc->mux->flags |= AVFMT_FLAG_BITEXACT;
	enc->stream = avformat_new_stream(enc->mux, NULL);
	if (!enc->stream)
		return err_set(e, ERR_NOMEM, "stream");
	enc->stream->time_base = enc->codec->time_base;
	enc->stream->avg_frame_rate = enc->codec->framerate;
	r = avcodec_parameters_from_context(enc->stream->codecpar, enc->codec);
	if (r < 0)
		return fail(e, ERR_INTERNAL, "stream parameters", r);
	r = avio_open(&enc->mux->pb, enc->part, AVIO_FLAG_WRITE);
	if (r < 0)
		return fail(e, ERR_IO, enc->part, r);
	enc->part_exists = 1;
	av_dict_set(&options, "movflags", "+faststart", 0);
	r = avformat_write_header(enc->mux, &options);
	av_dict_free(&options);
	return r < 0 ? fail(e, ERR_IO, enc->part, r) : 0;
}

/* RGB to YUV by BT.709, as the stream says of itself. */
static int open_scaler(struct encoder *enc, struct err *e)
{
	const AVCodecContext *c = enc->codec;
	const int *bt709 = sws_getCoefficients(SWS_CS_ITU709);

	enc->scale = sws_getContext(c->width, c->height, AV_PIX_FMT_RGB24, c->width, c->height, c->pix_fmt,
		SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
	enc->frame = av_frame_alloc();
	enc->packet = av_packet_alloc();
	if (!enc->scale || !enc->frame || !enc->packet)
		return err_set(e, ERR_NOMEM, "picture buffers");
	sws_setColorspaceDetails(enc->scale, bt709, 1, bt709, 0, 0, 1 << 16, 1 << 16);
	enc->frame->format = c->pix_fmt;
	enc->frame->width = c->width;
	enc->frame->height = c->height;
	int r = av_frame_get_buffer(enc->frame, 0);
	return r < 0 ? fail(e, ERR_NOMEM, "picture buffers", r) : 0;
}

int encode_open(
	const char *path, int width, int height, double fps, int threads, struct encoder **ret, struct err *e)
{
	CLEANUP(encode_free_p) struct encoder *enc = calloc(1, sizeof *enc);

	if (!enc)
		return err_set(e, ERR_NOMEM, "encoder");
	int n = snprintf(enc->part, sizeof enc->part, "%s.part", path);
	if (n < 0 || n >= (int)sizeof enc->part || !str_copy(enc->path, sizeof enc->path, path))
		return err_set(e, ERR_INVALID, "file name is too long");
	if (open_codec(enc, width, height, fps, threads, e) || open_file(enc, e) || open_scaler(enc, e))
		return -1;
	*ret = TAKE(enc);
	return 0;
}

/* Hand a frame (NULL: the end) to the coder and write the packets that are ready. */
static int push(struct encoder *enc, const AVFrame *frame, struct err *e)
{
	int r = avcodec_send_frame(enc->codec, frame);

	if (r < 0)
		return fail(e, ERR_INTERNAL, "encode", r);
	while ((r = avcodec_receive_packet(enc->codec, enc->packet)) >= 0) {
		enc->packet->duration = 1;
		enc->packet->stream_index = enc->stream->index;
		av_packet_rescale_ts(enc->packet, enc->codec->time_base, enc->stream->time_base);
		r = av_interleaved_write_frame(enc->mux, enc->packet);
		if (r < 0)
			return fail(e, ERR_IO, enc->part, r);
	}
	return r == AVERROR(EAGAIN) || r == AVERROR_EOF ? 0 : fail(e, ERR_INTERNAL, "encode", r);
}

int encode_frame(struct encoder *enc, const uint8_t *rgb, struct err *e)
{
	const uint8_t *planes[] = { rgb };
	const int strides[] = { 3 * enc->codec->width };
	int r = av_frame_make_writable(enc->frame);

	if (r < 0)
		return fail(e, ERR_NOMEM, "picture", r);
	sws_scale(enc->scale, planes, strides, 0, enc->codec->height, enc->frame->data, enc->frame->linesize);
	enc->frame->pts = enc->frames++;
	return push(enc, enc->frame, e);
}

int encode_finish(struct encoder *enc, struct err *e)
{
	if (push(enc, NULL, e))
		return -1;
	int r = av_write_trailer(enc->mux);
	if (r >= 0)
		r = avio_closep(&enc->mux->pb);
	if (r < 0)
		return fail(e, ERR_IO, enc->part, r);
	if (rename(enc->part, enc->path))
		return err_errno(e, ERR_IO, "rename to %s", enc->path);
	enc->part_exists = 0;
	return 0;
}
