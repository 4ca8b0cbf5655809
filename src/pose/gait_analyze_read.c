#include "pose/gait_analyze_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/strv.h"

static const char suffix[] = "_keypoints.json";

struct frame_file {
	int64_t number;
	char *name;
};

struct listing {
	struct frame_file *file;
	size_t count, cap;
};

static void listing_deinit(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->file[i].name);
	free(l->file);
}

/* The frame's number in "walk_000000000012_keypoints.json"; false for other names. */
static bool frame_number(const char *name, int64_t *ret)
{
	size_t len = strlen(name), tail = sizeof suffix - 1;
	char digits[24];

	if (len <= tail || strcmp(name + len - tail, suffix) != 0)
		return false;
	size_t end = len - tail, from = end;
	while (from > 0 && name[from - 1] >= '0' && name[from - 1] <= '9')
		from--;
	if (from == end || end - from >= sizeof digits || (from > 0 && name[from - 1] != '_'))
		return false;
	memcpy(digits, name + from, end - from);
	digits[end - from] = '\0';
	return str_to_i64(digits, 0, INT64_C(1000000000000), ret);
}

static int add_name(struct listing *l, const char *name, int64_t number, struct err *e)
{
	if (l->count >= KEYPOINTS_MAX_FRAMES)
		return err_set(e, ERR_TOO_LARGE, "more than %d frames", KEYPOINTS_MAX_FRAMES);
	if (l->count == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 512;
		struct frame_file *file = realloc(l->file, cap * sizeof *file);
		if (!file)
			return err_set(e, ERR_NOMEM, "no memory for %zu names", cap);
		l->file = file;
		l->cap = cap;
	}
	char *copy = strdup(name);
	if (!copy)
		return err_set(e, ERR_NOMEM, "no memory for a name");
	l->file[l->count++] = (struct frame_file){ number, copy };
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct frame_file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int list_frames(const char *path, struct listing *ret, struct err *e)
{
	CLEANUP(closedir_p) DIR *dir = opendir(path);
	int64_t number;

	if (!dir)
		return err_errno(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "folder");
	for (struct dirent *d; (d = readdir(dir));)
		if (frame_number(d->d_name, &number) && add_name(ret, d->d_name, number, e) < 0)
			return -1;
	if (ret->count == 0)
		return err_set(e, ERR_NOT_FOUND, "no file named …%s in it", suffix);
	qsort(ret->file, ret->count, sizeof *ret->file, by_number);
	for (size_t i = 1; i < ret->count; i++)
		if (ret->file[i].number == ret->file[i - 1].number)
			return err_set(e, ERR_INVALID, "%s and %s are the same frame", ret->file[i - 1].name,
				ret->file[i].name);
	int64_t span = ret->file[ret->count - 1].number - ret->file[0].number + 1;
	if (span > KEYPOINTS_MAX_FRAMES)
		return err_set(e, ERR_TOO_LARGE, "frame numbers span more than %d", KEYPOINTS_MAX_FRAMES);
	return 0;
}

/* A regular file of the folder, whole; a pipe or device there must not hang or flood us. */
static int read_at(int dir_fd, const char *name, struct buf *out, struct err *e)
{
	CLEANUP(close_p) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s", name);
	if (fstat(fd, &st) < 0)
		return err_errno(e, ERR_IO, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s: not a regular file", name);
	if (st.st_size > KEYPOINTS_MAX_TEXT)
		return err_set(e, ERR_TOO_LARGE, "%s: more than %d bytes", name, KEYPOINTS_MAX_TEXT);
	buf_reset(out);
	if (buf_reserve(out, (size_t)st.st_size, e) < 0)
		return err_wrap(e, "%s", name);
	for (ssize_t n; out->len < (size_t)st.st_size; out->len += (size_t)n) {
		n = read(fd, out->data + out->len, (size_t)st.st_size - out->len);
		if (n < 0)
			return err_errno(e, ERR_IO, "%s", name);
		if (n == 0)
			return err_set(e, ERR_INVALID, "%s: became shorter while it was read", name);
	}
	out->data[out->len] = '\0';
	return 0;
}

static int read_meta(int dir_fd, double fps, struct buf *text, struct keypoints *ret, struct err *e)
{
	if (read_at(dir_fd, "meta.json", text, e) < 0) {
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
	int dir_fd, const struct listing *l, struct buf *text, struct keypoints *ret, struct err *e)
{
	int64_t next = l->count > 0 ? l->file[0].number : 0;

	for (size_t i = 0; i < l->count; i++, next++) {
		for (; next < l->file[i].number; next++)
			if (keypoints_add_empty(ret, e) < 0)
				return -1;
		if (read_at(dir_fd, l->file[i].name, text, e) < 0)
			return -1;
		if (keypoints_add(ret, buf_str(text), text->len, e) < 0)
			return err_wrap(e, "%s", l->file[i].name);
	}
	return 0;
}

int analyze_read_dir(const char *path, double fps, struct keypoints *ret, struct err *e)
{
	struct listing l __attribute__((cleanup(listing_deinit))) = { 0 };
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
