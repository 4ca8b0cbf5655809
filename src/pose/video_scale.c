#include "pose/video_scale.h"

#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <math.h>

static int even(double v)
{
	int n = 2 * (int)lrint(v / 2);

	return n < 16 ? 16 : n;
}

void video_scale_init(struct video_scale *s, int width, int height, double aspect, int max_side)
{
	double w = width * aspect, h = height, longest = w > h ? w : h;

	*s = (struct video_scale){ .width = width, .height = height };
	if (longest > max_side) {
		s->width = even(w * max_side / longest);
		s->height = even(h * max_side / longest);
	} else if (aspect != 1.0) {
		s->width = even(w);
	}
}

void video_scale_deinit(struct video_scale *s)
{
	sws_freeContext(s->sws);
	s->sws = NULL;
	av_frame_free(&s->out);
}

static bool is_planar_420(int format)
{
	return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P;
}

static bool is_full_range(const AVFrame *f)
{
	return f->format == AV_PIX_FMT_YUVJ420P || f->color_range == AVCOL_RANGE_JPEG;
}

static bool is_rgb(const AVFrame *f)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);

	return d && (d->flags & AV_PIX_FMT_FLAG_RGB);
}

/* Keep matrix and range of Y'CbCr input as they are: image_crop() knows both. RGB becomes BT.601, video
 * range. */
static void set_colors(struct SwsContext *sws, const AVFrame *in)
{
	const int *table = sws_getCoefficients(
		in->colorspace == AVCOL_SPC_BT709 && !is_rgb(in) ? SWS_CS_ITU709 : SWS_CS_ITU601);
	int full = is_full_range(in) || is_rgb(in);

	(void)sws_setColorspaceDetails(sws, table, full, table, is_rgb(in) ? 0 : full, 0, 1 << 16, 1 << 16);
}

static int convert(struct video_scale *s, const AVFrame *in, struct err *e)
{
	if (!s->out) {
		s->out = av_frame_alloc();
		if (!s->out)
			return err_set(e, ERR_NOMEM, "frame");
		s->out->format = AV_PIX_FMT_YUV420P;
		s->out->width = s->width;
		s->out->height = s->height;
		if (av_frame_get_buffer(s->out, 0) < 0) {
			av_frame_free(&s->out);
			return err_set(e, ERR_NOMEM, "frame");
		}
	}
	/* Old "J" formats say full range by their name; sws wants the plain one. */
	s->sws = sws_getCachedContext(s->sws, in->width, in->height,
		in->format == AV_PIX_FMT_YUVJ420P ? AV_PIX_FMT_YUV420P : (enum AVPixelFormat)in->format,
		s->width, s->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, NULL, NULL, NULL);
	if (!s->sws)
		return err_set(e, ERR_MEDIA, "its pixel format cannot be converted");
	set_colors(s->sws, in);
	if (sws_scale(s->sws, (const uint8_t *const *)in->data, in->linesize, 0, in->height, s->out->data,
		    s->out->linesize) <= 0)
		return err_set(e, ERR_MEDIA, "a frame cannot be converted");
	return 0;
}

int video_scale_frame(struct video_scale *s, const AVFrame *in, struct image *ret, struct err *e)
{
	const AVFrame *from = in;
	bool full = is_full_range(in);

	if (in->width != s->width || in->height != s->height || !is_planar_420(in->format) ||
		in->linesize[0] <= 0) {
		if (convert(s, in, e) < 0)
			return -1;
		from = s->out;
		if (is_rgb(in))
			full = false;
	}
	*ret = (struct image){ .width = s->width, .height = s->height, .full_range = full };
	for (int p = 0; p < 3; p++) {
		ret->plane[p] = from->data[p];
		ret->stride[p] = from->linesize[p];
	}
	ret->is_bt709 = in->colorspace == AVCOL_SPC_BT709 && !is_rgb(in);
	ret->color = color_matrix(ret->is_bt709, full);
	return 0;
}
