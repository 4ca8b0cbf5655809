#include "pose/video_in.h"

#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "pose/video_scale.h"

#define IO_BYTES        65536
#define MAX_ALLOC_BYTES ((size_t)512 << 20)
#define DENSE_S         0.75
#define LEAST_SLOWED    1.5 /* below, the noted rate is the usual jitter of a phone's clock */
#define MOST_SLOWED     64
#define MAX_BAD_IN_ROW  512 /* packets without a frame in between: give the file up */

/* Decoders for what cameras, phones and editors write; each parses hostile bytes, so no more than these. */
static const char allowed_codecs[] = "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,mpeg1video,mjpeg,"
				     "prores,dvvideo,rawvideo,ffv1,huffyuv,h263,"
				     "msmpeg4v3";

struct video {
	int fd;
	AVIOContext *io;
	AVFormatContext *fmt;
	AVCodecContext *dec;
	AVPacket *pkt;
	AVFrame *frame;
	struct video_scale scale;
	struct video_limits limits;
	struct video_info info;
	struct orient orient;
	double aspect; /* of a stored pixel: width / height */
	int stream, coded_w, coded_h;
	double *times;
	size_t ntimes, cap, errors, bad_in_row, frames_out;
	double first_time, frame_period; /* for frames without a time */
	double last_time;                /* of the frames handed out */
	bool times_sorted, draining;
};

void video_init(void)
{
	av_log_set_level(AV_LOG_QUIET);
	av_max_alloc(MAX_ALLOC_BYTES);
}

void video_close(struct video *v)
{
	if (!v)
		return;
	video_scale_deinit(&v->scale);
	av_frame_free(&v->frame);
	av_packet_free(&v->pkt);
	avcodec_free_context(&v->dec);
	avformat_close_input(&v->fmt);
	if (v->io)
		av_freep(&v->io->buffer);
	avio_context_free(&v->io);
	if (v->fd >= 0)
		close(v->fd);
	free(v->times);
	free(v);
}

static int read_bytes(void *opaque, uint8_t *out, int n)
{
	struct video *v = opaque;
	ssize_t got;

	do
		got = read(v->fd, out, (size_t)n);
	while (got < 0 && errno == EINTR);
	return got > 0 ? (int)got : got == 0 ? AVERROR_EOF : AVERROR(errno);
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
	struct video *v = opaque;
	struct stat st;

	if (whence & AVSEEK_SIZE)
		return fstat(v->fd, &st) == 0 ? st.st_size : AVERROR(errno);
	off_t at = lseek(v->fd, offset, whence & ~AVSEEK_FORCE);
	return at < 0 ? AVERROR(errno) : at;
}

/* External references of a file (MOV data references, playlists) lead here, and nowhere else. */
static int refuse_open(
	AVFormatContext *s, AVIOContext **pb, const char *url, int flags, AVDictionary **options)
{
	(void)s;
	(void)url;
	(void)flags;
	(void)options;
	*pb = NULL;
	return AVERROR(EACCES);
}

/* The demuxer is chosen by the first bytes here: libav's own probing would offer hundreds. */
static const char *sniff(const uint8_t *b, size_t n)
{
	static const char *const boxes[] = { "ftyp", "moov", "mdat", "wide", "free", "skip", "pnot" };

	if (n >= 12 && memcmp(b, "RIFF", 4) == 0 && memcmp(b + 8, "AVI ", 4) == 0)
		return "avi";
	if (n >= 4 && memcmp(b, "\x1a\x45\xdf\xa3", 4) == 0)
		return "matroska";
	for (size_t i = 0; n >= 8 && i < ARRAY_LEN(boxes); i++)
		if (memcmp(b + 4, boxes[i], 4) == 0)
			return "mov";
	return NULL;
}

static int open_file(struct video *v, const char *path, struct err *e)
{
	struct stat st;

	v->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (v->fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open");
	if (fstat(v->fd, &st) < 0)
		return err_errno(e, ERR_IO, "stat");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_MEDIA, "not a regular file");
	if (st.st_size == 0)
		return err_set(e, ERR_MEDIA, "the file is empty");
	return 0;
}

static int open_container(struct video *v, const AVInputFormat *demuxer, struct err *e)
{
	AVDictionary *options = NULL;
	uint8_t *memory = av_malloc(IO_BYTES);

	v->fmt = avformat_alloc_context();
	v->io = memory ? avio_alloc_context(memory, IO_BYTES, 0, v, read_bytes, NULL, seek_bytes) : NULL;
	if (!v->fmt || !v->io) {
		if (!v->io)
			av_free(memory);
		return err_set(e, ERR_NOMEM, "video");
	}
	v->fmt->pb = v->io;
	v->fmt->flags |= AVFMT_FLAG_CUSTOM_IO;
	v->fmt->io_open = refuse_open;
	v->fmt->max_streams = VIDEO_MAX_STREAMS;
	v->fmt->probesize = (int64_t)8 << 20;
	v->fmt->max_analyze_duration = (int64_t)10 * AV_TIME_BASE;
	av_dict_set(&options, "codec_whitelist", allowed_codecs, 0);
	av_dict_set(&options, "protocol_whitelist", "none", 0);
	if (strcmp(demuxer->name, "avi") != 0 && demuxer->priv_class && strstr(demuxer->name, "mov")) {
		av_dict_set(&options, "enable_drefs", "0", 0);
		av_dict_set(&options, "use_absolute_path", "0", 0);
	}
	int r = avformat_open_input(&v->fmt, NULL, demuxer, &options);
	av_dict_free(&options);
	if (r == AVERROR(ENOMEM))
		return err_set(e, ERR_NOMEM, "video");
	if (r < 0)
		return err_set(e, ERR_MEDIA, "the container is damaged or cut off");
	return 0;
}

static bool is_picture(const AVStream *s)
{
	return s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
	       !(s->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS));
}

/* The first moving picture; all other streams are dropped before anything of them is parsed. */
static int choose_stream(struct video *v, struct err *e)
{
	v->stream = -1;
	for (unsigned i = 0; i < v->fmt->nb_streams; i++) {
		if (v->stream < 0 && is_picture(v->fmt->streams[i]))
			v->stream = (int)i;
		else
			v->fmt->streams[i]->discard = AVDISCARD_ALL;
	}
	if (v->stream < 0)
		return err_set(e, ERR_MEDIA, "there is no video in it%s",
			v->fmt->nb_streams ? ", only sound or data" : "");
	return 0;
}

static int check_size(const struct video *v, int w, int h, struct err *e)
{
	if (w < 16 || h < 16)
		return err_set(e, ERR_MEDIA, "the picture is %d x %d pixels", w, h);
	if ((int64_t)w * h > v->limits.max_pixels)
		return err_set(e, ERR_TOO_LARGE, "%d x %d pixels are more than the limit of %lld", w, h,
			(long long)v->limits.max_pixels);
	return 0;
}

/* Do the index's keyframes come often enough to see everybody in them alone, as phones write them? Only MP4,
 * MOV and AVI list every one. */
static bool keyframes_are_dense(const struct video *v)
{
	const AVStream *s = v->fmt->streams[v->stream];
	double base = av_q2d(s->time_base), before = NAN, at = 0;
	int n = avformat_index_get_entries_count(s);

	if (strcmp(v->info.container, "matroska") == 0)
		return false;
	for (int i = 0; i < n; i++) {
		const AVIndexEntry *k = avformat_index_get_entry(v->fmt->streams[v->stream], i);
		at = (double)k->timestamp * base;
		if (i == 0 && !(k->flags & AVINDEX_KEYFRAME))
			return false;
		if (!(k->flags & AVINDEX_KEYFRAME))
			continue;
		if (at - before > DENSE_S)
			return false;
		before = at;
	}
	return n > 0 && at - before <= DENSE_S;
}

static int open_decoder(struct video *v, bool sketch, struct err *e)
{
	const AVStream *s = v->fmt->streams[v->stream];
	const AVCodec *codec = avcodec_find_decoder(s->codecpar->codec_id);
	AVDictionary *options = NULL;

	if (!codec)
		return err_set(e, ERR_MEDIA, "there is no decoder for its video");
	v->dec = avcodec_alloc_context3(codec);
	if (!v->dec || avcodec_parameters_to_context(v->dec, s->codecpar) < 0)
		return err_set(e, ERR_NOMEM, "decoder");
	v->dec->thread_count = v->limits.threads;
	v->dec->thread_type = FF_THREAD_FRAME;
	v->dec->pkt_timebase = s->time_base;
	v->dec->max_pixels = v->limits.max_pixels;
	if (sketch) {
		v->dec->skip_frame = keyframes_are_dense(v)                      ? AVDISCARD_NONKEY
				     : s->codecpar->codec_id == AV_CODEC_ID_H264 ? AVDISCARD_BIDIR
										 : AVDISCARD_NONREF;
		v->dec->skip_loop_filter = AVDISCARD_ALL; /* blocky, but good enough to see people */
	}
	av_dict_set(&options, "codec_whitelist", allowed_codecs, 0);
	int r = avcodec_open2(v->dec, codec, &options);
	av_dict_free(&options);
	if (r < 0)
		return err_set(e, ERR_MEDIA, "video of type %s is not supported", codec->name);
	(void)str_copy(v->info.codec, sizeof v->info.codec, codec->name);
	return 0;
}

static void read_geometry(struct video *v)
{
	AVStream *s = v->fmt->streams[v->stream];
	const uint8_t *side = av_stream_get_side_data(s, AV_PKT_DATA_DISPLAYMATRIX, NULL);
	AVRational sar = av_guess_sample_aspect_ratio(v->fmt, s, NULL);
	double aspect = sar.num > 0 && sar.den > 0 ? av_q2d(sar) : 1.0;

	/* Wilder ratios are nonsense in the header. */
	v->aspect = aspect < 0.25 || aspect > 4.0 || fabs(aspect - 1.0) < 0.005 ? 1.0 : aspect;
	v->info.non_square = v->aspect != 1.0;
	v->orient =
		orient_from_matrix((const int32_t *)(const void *)side, &v->info.rotation, &v->info.mirrored);
	v->coded_w = v->dec->width;
	v->coded_h = v->dec->height;
	int w = (int)lrint(v->coded_w * v->aspect), h = v->coded_h;
	v->info.width = v->orient.swap ? h : w;
	v->info.height = v->orient.swap ? w : h;
	video_scale_init(&v->scale, v->coded_w, v->coded_h, v->aspect, v->limits.working_side);
	v->info.scaled = v->scale.height != h;
	AVRational rate = av_guess_frame_rate(v->fmt, s, NULL);
	v->info.declared_fps = rate.num > 0 && rate.den > 0 && av_q2d(rate) < 1000 ? av_q2d(rate) : 0;
	v->frame_period = rate.num > 0 && rate.den > 0 && av_q2d(rate) < 1000 ? 1.0 / av_q2d(rate) : 1.0 / 30;
}

/* Android notes the rate that a video was taken with; one that plays at a lower rate is slow motion, and a
 * walk in it would be timed as if it were as slow. (iPhones keep the true times in what they record.) */
static void read_slow_motion(struct video *v)
{
	const AVDictionaryEntry *noted = av_dict_get(v->fmt->metadata, "com.android.capture.fps", NULL, 0);
	AVRational plays = v->fmt->streams[v->stream]->avg_frame_rate;
	double rate = plays.num > 0 && plays.den > 0 ? av_q2d(plays) : 0;
	double slowed = noted && rate > 0 ? strtod(noted->value, NULL) / rate : 1;

	/* They slow down by whole numbers; the rate that it plays with is an average over lost frames. */
	if (fabs(slowed - nearbyint(slowed)) < 0.05 * slowed)
		slowed = nearbyint(slowed);
	v->info.slowed = slowed >= LEAST_SLOWED && slowed <= MOST_SLOWED ? slowed : 1;
	v->info.declared_fps *= v->info.slowed;
	v->frame_period /= v->info.slowed;
}

static double seconds_of(const struct video *v, int64_t stamp)
{
	return (double)stamp * av_q2d(v->fmt->streams[v->stream]->time_base) / v->info.slowed;
}

static int check_duration(struct video *v, struct err *e)
{
	const AVStream *s = v->fmt->streams[v->stream];

	if (s->duration != AV_NOPTS_VALUE && s->duration > 0)
		v->info.declared_seconds = seconds_of(v, s->duration);
	else if (v->fmt->duration != AV_NOPTS_VALUE && v->fmt->duration > 0)
		v->info.declared_seconds = (double)v->fmt->duration / AV_TIME_BASE / v->info.slowed;
	if (v->info.declared_seconds > v->limits.max_seconds)
		return err_set(e, ERR_TOO_LARGE, "it lasts %.0f s, more than the limit of %.0f s",
			v->info.declared_seconds, v->limits.max_seconds);
	return 0;
}

static int open_stream(struct video *v, bool sketch, struct err *e)
{
	if (choose_stream(v, e) < 0)
		return -1;
	const AVCodecParameters *par = v->fmt->streams[v->stream]->codecpar;
	if (par->width > 0 && par->height > 0 && check_size(v, par->width, par->height, e) < 0)
		return -1;
	if (avformat_find_stream_info(v->fmt, NULL) < 0 || open_decoder(v, sketch, e) < 0)
		return e->kind ? -1 : err_set(e, ERR_MEDIA, "its video cannot be understood");
	if (check_size(v, v->dec->width, v->dec->height, e) < 0)
		return -1;
	read_geometry(v);
	read_slow_motion(v);
	return check_duration(v, e);
}

int video_open(
	const char *path, const struct video_limits *limits, bool sketch, struct video **ret, struct err *e)
{
	CLEANUP(video_close_p) struct video *v = calloc(1, sizeof *v);
	uint8_t head[16];

	if (!v)
		return err_set(e, ERR_NOMEM, "video");
	v->fd = -1;
	v->limits = *limits;
	v->first_time = v->last_time = NAN;
	*e = (struct err){ 0 };
	if (open_file(v, path, e) < 0)
		return err_wrap(e, "%s", path);
	ssize_t n = pread(v->fd, head, sizeof head, 0);
	const char *name = n > 0 ? sniff(head, (size_t)n) : NULL;
	const AVInputFormat *demuxer = name ? av_find_input_format(name) : NULL;
	if (!demuxer) {
		err_set(e, ERR_MEDIA, "not an MP4, MOV, Matroska, WebM or AVI file");
		return err_wrap(e, "%s", path);
	}
	(void)str_copy(v->info.container, sizeof v->info.container, name);
	v->pkt = av_packet_alloc();
	v->frame = av_frame_alloc();
	if (!v->pkt || !v->frame)
		return err_set(e, ERR_NOMEM, "video");
	if (open_container(v, demuxer, e) < 0 || open_stream(v, sketch, e) < 0)
		return err_wrap(e, "%s", path);
	*ret = TAKE(v);
	return 0;
}

const struct video_info *video_info(const struct video *v)
{
	return &v->info;
}

size_t video_errors(const struct video *v)
{
	return v->errors;
}

static int note_time(struct video *v, const AVPacket *p, struct err *e)
{
	int64_t stamp = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
	double t = stamp != AV_NOPTS_VALUE
			   ? seconds_of(v, stamp)
			   : (isnan(v->first_time) ? 0 : v->first_time) + (double)v->ntimes * v->frame_period;

	if (p->flags & AV_PKT_FLAG_DISCARD)
		return 0;
	if (isnan(v->first_time))
		v->first_time = t;
	if (v->ntimes == v->limits.max_frames)
		return err_set(e, ERR_TOO_LARGE, "more than %zu frames", v->limits.max_frames);
	if (fabs(t - v->first_time) > v->limits.max_seconds + 2)
		return err_set(
			e, ERR_TOO_LARGE, "it lasts more than the limit of %.0f s", v->limits.max_seconds);
	if (v->ntimes == v->cap) {
		size_t cap = v->cap ? 2 * v->cap : 1024;
		double *more = realloc(v->times, cap * sizeof *more);
		if (!more)
			return err_set(e, ERR_NOMEM, "video");
		v->times = more;
		v->cap = cap;
	}
	v->times[v->ntimes++] = t;
	v->times_sorted = false;
	return 0;
}

/* Hand the decoder its next packet. 0; -1 and @e where a limit is passed or the file is hopeless. */
static int feed(struct video *v, struct err *e)
{
	for (;;) {
		int r = av_read_frame(v->fmt, v->pkt);
		if (r < 0) {
			/* The end, or damage that the demuxer cannot get past: what came so far counts. */
			v->errors += r != AVERROR_EOF;
			v->draining = true;
			(void)avcodec_send_packet(v->dec, NULL);
			return 0;
		}
		if (v->pkt->stream_index != v->stream) {
			av_packet_unref(v->pkt);
			continue;
		}
		r = note_time(v, v->pkt, e);
		int sent = r == 0 ? avcodec_send_packet(v->dec, v->pkt) : 0;
		av_packet_unref(v->pkt);
		if (r < 0)
			return -1;
		if (sent == AVERROR(ENOMEM))
			return err_set(e, ERR_NOMEM, "decoder");
		if (sent < 0 && sent != AVERROR(EAGAIN)) {
			v->errors++;
			if (++v->bad_in_row > MAX_BAD_IN_ROW)
				return err_set(e, ERR_MEDIA, "its video is damaged");
			continue;
		}
		return 0;
	}
}

int video_next(struct video *v, struct video_frame *ret, struct err *e)
{
	for (;;) {
		int r = avcodec_receive_frame(v->dec, v->frame);
		if (r == 0)
			break;
		if (r == AVERROR_EOF || (v->draining && r == AVERROR(EAGAIN)))
			return VIDEO_END;
		if (r == AVERROR(ENOMEM))
			return err_set(e, ERR_NOMEM, "decoder");
		if (r != AVERROR(EAGAIN)) {
			v->errors++;
			if (++v->bad_in_row > MAX_BAD_IN_ROW)
				return err_set(e, ERR_MEDIA, "its video is damaged");
			if (v->draining)
				continue;
		}
		if (feed(v, e) < 0)
			return -1;
	}
	if (check_size(v, v->frame->width, v->frame->height, e) < 0)
		return -1;
	v->bad_in_row = 0;
	int64_t stamp = v->frame->best_effort_timestamp;
	ret->time_s = stamp != AV_NOPTS_VALUE ? seconds_of(v, stamp)
					      : (isnan(v->first_time) ? 0 : v->first_time) +
							(double)v->frames_out * v->frame_period;
	/* A stream of B frames alone is legal, if rare: then they are wanted after all. */
	if (v->dec->skip_frame == AVDISCARD_BIDIR && ret->time_s - v->last_time > DENSE_S)
		v->dec->skip_frame = AVDISCARD_NONREF;
	v->last_time = ret->time_s;
	ret->damaged = v->frame->decode_error_flags != 0 || (v->frame->flags & AV_FRAME_FLAG_CORRUPT);
	v->frames_out++;
	return 0;
}

int video_image(struct video *v, struct image *ret, double *ret_scale, struct err *e)
{
	if (video_scale_frame(&v->scale, v->frame, ret, e) < 0)
		return -1;
	ret->orient = v->orient;
	*ret_scale = (double)v->coded_h / v->scale.height;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

const double *video_times(struct video *v, size_t *ret_count)
{
	if (!v->times_sorted && v->ntimes > 0)
		qsort(v->times, v->ntimes, sizeof v->times[0], ascending);
	v->times_sorted = true;
	*ret_count = v->ntimes;
	return v->times;
}
