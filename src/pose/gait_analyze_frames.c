#include "pose/gait_analyze_frames.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "gait/keypoints.h"

static const char suffix[] = "_keypoints.json";

void frame_list_deinit(struct frame_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->file[i].name);
	free(l->file);
}

bool frame_number(const char *name, int64_t *ret)
{
	size_t len = strlen(name), tail = sizeof suffix - 1;

	if (len <= tail || strcmp(name + len - tail, suffix) != 0)
		return false;
	size_t end = len - tail, from = end;
	while (from > 0 && name[from - 1] >= '0' && name[from - 1] <= '9')
		from--;
	if (from > 0 && name[from - 1] != '_')
		return false;
	return strv_to_i64((struct strv){ name + from, end - from }, 0, INT64_C(1000000000000), ret);
}

int frame_list_add(
	struct frame_list *l, const char *name, int64_t number, size_t at, size_t len, struct err *e)
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
	l->file[l->count++] = (struct frame_file){ number, copy, at, len };
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct frame_file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

int frame_list_order(struct frame_list *l, struct err *e)
{
	if (l->count == 0)
		return err_set(e, ERR_NOT_FOUND, "no file named …%s in it", suffix);
	qsort(l->file, l->count, sizeof *l->file, by_number);
	for (size_t i = 1; i < l->count; i++)
		if (l->file[i].number == l->file[i - 1].number)
			return err_set(e, ERR_INVALID, "%s and %s are the same frame", l->file[i - 1].name,
				l->file[i].name);
	if (l->file[l->count - 1].number - l->file[0].number >= KEYPOINTS_MAX_FRAMES)
		return err_set(e, ERR_TOO_LARGE, "frame numbers span more than %d", KEYPOINTS_MAX_FRAMES);
	return 0;
}

int read_regular(int dir_fd, const char *name, size_t max, struct buf *out, struct err *e)
{
	CLEANUP(close_p) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_errno(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "%s", name);
	if (fstat(fd, &st) < 0)
		return err_errno(e, ERR_IO, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s: not a regular file", name);
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return err_set(e, ERR_TOO_LARGE, "%s: more than %zu bytes", name, max);
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
