#include "pose/gait_analyze_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "pose/gait_analyze_frames.h"

enum {
	ENTRIES_MAX = 2 * KEYPOINTS_MAX_FRAMES + 64,
	BYTES_MAX = 256 << 20, /* of all entries, unpacked: also of those that are passed over */
	BLOCK = 1 << 16,
};

/* One folder of the archive: the texts of its files, one behind the other. */
struct folder {
	struct frame_list frames;
	struct buf text;
	bool has_meta;
	size_t meta_at, meta_len;
};

struct folders {
	struct folder of[VIEWS];
	size_t entries, bytes;
};

static void folders_deinit(struct folders *f)
{
	for (int i = 0; i < VIEWS; i++) {
		frame_list_deinit(&f->of[i].frames);
		buf_deinit(&f->of[i].text);
	}
}

static void archive_free_p(struct archive **a)
{
	(void)archive_read_free(*a);
}

static int failed(struct archive *a, struct err *e)
{
	const char *why = archive_error_string(a);

	return archive_errno(a) == ENOMEM ? err_set(e, ERR_NOMEM, "no memory to unpack it")
					  : err_set(e, ERR_INVALID, "%s", why ? why : "damaged");
}

/* "front/NAME" or "./front/NAME" to the folder and NAME; false for anything else, deeper ones too. */
static bool split(const char *path, enum view *ret_view, const char **ret_name)
{
	if (strncmp(path, "./", 2) == 0)
		path += 2;
	for (enum view v = VIEW_FRONT; v < VIEWS; v++) {
		size_t n = strlen(view_name(v));
		if (strncmp(path, view_name(v), n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/')) {
			*ret_view = v;
			*ret_name = path + n + 1;
			return true;
		}
	}
	return false;
}

/* The entry's @size bytes behind @text. */
static int read_data(struct archive *a, size_t size, struct buf *text, struct err *e)
{
	if (buf_reserve(text, size, e) < 0)
		return -1;
	for (size_t left = size; left > 0;) {
		la_ssize_t n = archive_read_data(a, text->data + text->len, left);
		if (n == ARCHIVE_RETRY)
			continue;
		if (n < 0)
			return failed(a, e);
		if (n == 0)
			return err_set(e, ERR_INVALID, "shorter than it says");
		text->len += (size_t)n;
		left -= (size_t)n;
	}
	return 0;
}

static int take_file(struct archive *a, const char *name, size_t size, struct folder *f, struct err *e)
{
	bool meta = strcmp(name, "meta.json") == 0;
	size_t at = f->text.len;
	int64_t number = 0;

	if (!meta && !frame_number(name, &number))
		return 0;
	if (meta && f->has_meta)
		return err_set(e, ERR_INVALID, "stands in it twice");
	if (read_data(a, size, &f->text, e) < 0)
		return -1;
	if (!meta)
		return frame_list_add(&f->frames, name, number, at, size, e);
	f->has_meta = true;
	f->meta_at = at;
	f->meta_len = size;
	return 0;
}

static int take_entry(struct archive *a, struct archive_entry *entry, struct folders *f, struct err *e)
{
	const char *path = archive_entry_pathname(entry), *name;
	enum view view;

	if (!path)
		return err_set(e, ERR_INVALID, "an entry with no name that can be read");
	if (++f->entries > ENTRIES_MAX)
		return err_set(e, ERR_TOO_LARGE, "more than %d entries", ENTRIES_MAX);
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return err_set(e, ERR_INVALID, "%s: not a regular file", path);
	int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
	if (size < 0 || size > KEYPOINTS_MAX_TEXT)
		return err_set(e, ERR_TOO_LARGE, "%s: more than %d bytes", path, KEYPOINTS_MAX_TEXT);
	f->bytes += (size_t)size;
	if (f->bytes > BYTES_MAX)
		return err_set(e, ERR_TOO_LARGE, "more than %d bytes unpacked", BYTES_MAX);
	if (split(path, &view, &name) && take_file(a, name, (size_t)size, &f->of[view], e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

/* Where an archive is: open for reading, or whole in memory. */
struct place {
	int fd; /* -1: in memory */
	const void *bytes;
	size_t len;
};

static int open_place(struct archive *a, const struct place *p)
{
	return p->fd >= 0 ? archive_read_open_fd(a, p->fd, BLOCK)
			  : archive_read_open_memory(a, p->bytes, p->len);
}

static int read_entries(const struct place *p, struct folders *f, struct err *e)
{
	CLEANUP(archive_free_p) struct archive *a = archive_read_new();
	struct archive_entry *entry;
	int r;

	if (!a)
		return err_set(e, ERR_NOMEM, "no memory to unpack it");
	/* Of all that libarchive reads only what the job script writes: tar, with gzip or without. */
	if (archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
		archive_read_support_format_tar(a) != ARCHIVE_OK || open_place(a, p) != ARCHIVE_OK)
		return failed(a, e);
	while ((r = archive_read_next_header(a, &entry)) != ARCHIVE_EOF) {
		if (r == ARCHIVE_RETRY)
			continue;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return failed(a, e);
		if (take_entry(a, entry, f, e) < 0)
			return -1;
	}
	return 0;
}

static int read_frames(const struct folder *f, struct keypoints *ret, struct err *e)
{
	int64_t next = f->frames.file[0].number;
	const char *text = buf_str(&f->text);

	for (size_t i = 0; i < f->frames.count; i++, next++) {
		const struct frame_file *file = &f->frames.file[i];
		for (; next < file->number; next++)
			if (keypoints_add_empty(ret, e) < 0)
				return -1;
		if (keypoints_add(ret, text + file->at, file->len, e) < 0)
			return err_wrap(e, "%s", file->name);
	}
	return keypoints_end(ret, e);
}

static int read_folder(struct folder *f, double fps, struct keypoints *ret, struct err *e)
{
	if (frame_list_order(&f->frames, e) < 0)
		return -1;
	if (!f->has_meta && !(fps > 0))
		return err_set(e, ERR_NOT_FOUND, "no meta.json, and no --fps was given");
	ret->fps = fps;
	if (f->has_meta && keypoints_meta(ret, buf_str(&f->text) + f->meta_at, f->meta_len, e) < 0)
		return err_wrap(e, "meta.json");
	return read_frames(f, ret, e);
}

static int read_views(const struct place *p, double fps, struct keypoints *const ret[VIEWS],
	bool ret_present[VIEWS], struct err *e)
{
	struct folders folders __attribute__((cleanup(folders_deinit))) = { 0 }, *f = &folders;

	for (int i = 0; i < VIEWS; i++)
		buf_init(&f->of[i].text, BYTES_MAX);
	if (read_entries(p, f, e) < 0)
		return -1;
	for (enum view v = VIEW_FRONT; v < VIEWS; v++) {
		ret_present[v] = f->of[v].has_meta || f->of[v].frames.count > 0;
		if (ret_present[v] && read_folder(&f->of[v], fps, ret[v], e) < 0)
			return err_wrap(e, "%s", view_name(v));
	}
	if (!ret_present[VIEW_FRONT] && !ret_present[VIEW_SIDE])
		return err_set(e, ERR_NOT_FOUND, "neither front/ nor side/ in it");
	return 0;
}

int analyze_read_archive(const char *path, double fps, struct keypoints *const ret[VIEWS],
	bool ret_present[VIEWS], struct err *e)
{
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_errno(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "%s", path);
	if (fstat(fd, &st) < 0)
		return err_errno(e, ERR_IO, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s: not a regular file", path);
	const struct place p = { .fd = fd };
	return read_views(&p, fps, ret, ret_present, e) < 0 ? err_wrap(e, "%s", path) : 0;
}

int analyze_read_archive_bytes(const void *bytes, size_t len, double fps, struct keypoints *const ret[VIEWS],
	bool ret_present[VIEWS], struct err *e)
{
	const struct place p = { .fd = -1, .bytes = bytes, .len = len };

	return read_views(&p, fps, ret, ret_present, e);
}
