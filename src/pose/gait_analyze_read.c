#include "pose/gait_analyze_read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "gait/keypoints_document.h"
#include "pose/gait_analyze_frames.h"

static int list_frames(const char *path, struct frame_list *ret, struct err *e)
{
	CLEANUP(closedir_p) DIR *dir = opendir(path);
	int64_t number;

	if (!dir)
		return err_errno(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "folder");
	for (struct dirent *d; (d = readdir(dir));)
		if (frame_number(d->d_name, &number) && frame_list_add(ret, d->d_name, number, 0, 0, e) < 0)
			return -1;
	return frame_list_order(ret, e);
}

static int read_meta(int dir_fd, double fps, struct buf *text, struct keypoints *ret, struct err *e)
{
	if (read_regular(dir_fd, "meta.json", KEYPOINTS_MAX_TEXT, text, e) < 0) {
		if (e->kind != ERR_NOT_FOUND)
			return -1;
		if (!(fps > 0))
			return err_set(e, ERR_NOT_FOUND, "no meta.json, and no --fps was given");
		ret->fps = fps;
		return 0;
	}
	return keypoints_meta(ret, buf_str(text), text->len, e) < 0 ? err_wrap(e, "meta.json") : 0;
}

static int read_frames(
	int dir_fd, const struct frame_list *l, struct buf *text, struct keypoints *ret, struct err *e)
{
	int64_t next = l->file[0].number;

	for (size_t i = 0; i < l->count; i++, next++) {
		for (; next < l->file[i].number; next++)
			if (keypoints_add_empty(ret, e) < 0)
				return -1;
		if (read_regular(dir_fd, l->file[i].name, KEYPOINTS_MAX_TEXT, text, e) < 0)
			return -1;
		if (keypoints_add(ret, buf_str(text), text->len, e) < 0)
			return err_wrap(e, "%s", l->file[i].name);
	}
	return keypoints_end(ret, e);
}

static int read_folder(const char *path, double fps, struct keypoints *ret, struct err *e)
{
	FRAME_LIST_CLEANUP struct frame_list l = { 0 };
	BUF_CLEANUP struct buf text;

	buf_init(&text, KEYPOINTS_MAX_TEXT);
	if (list_frames(path, &l, e) < 0)
		return err_wrap(e, "%s", path);
	CLEANUP(close_p) int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return err_errno(e, ERR_IO, "%s", path);
	if (read_meta(dir_fd, fps, &text, ret, e) < 0 || read_frames(dir_fd, &l, &text, ret, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

static int read_document(const char *path, double fps, struct keypoints *ret, struct err *e)
{
	BUF_CLEANUP struct buf text;

	buf_init(&text, KEYPOINTS_MAX_DOCUMENT);
	if (read_regular(AT_FDCWD, path, KEYPOINTS_MAX_DOCUMENT, &text, e) < 0)
		return -1;
	if (keypoints_document(ret, buf_str(&text), text.len, e) < 0)
		return err_wrap(e, "%s", path);
	if (!(ret->fps > 0))
		ret->fps = fps;
	if (!(ret->fps > 0))
		return err_set(e, ERR_NOT_FOUND, "%s: no fps in it, and no --fps was given", path);
	return 0;
}

int analyze_read(const char *path, double fps, struct keypoints *ret, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "%s", path);
	return S_ISDIR(st.st_mode) ? read_folder(path, fps, ret, e) : read_document(path, fps, ret, e);
}
