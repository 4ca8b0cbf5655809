#include "pose/keypoints_out.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/json.h"
#include "base/strv.h"

#define MAX_FILE_BYTES 16384

void keypoints_name(const char *video, char ret[KEYPOINTS_NAME_BYTES])
{
	const char *slash = strrchr(video, '/');

	if (!str_copy(ret, KEYPOINTS_NAME_BYTES, slash ? slash + 1 : video))
		(void)str_copy(ret, KEYPOINTS_NAME_BYTES, "video");
	char *dot = strrchr(ret, '.');
	if (dot && dot != ret)
		*dot = '\0';
}

static bool is_ours(const char *file, const char *name)
{
	return str_starts(file, name) && file[strlen(name)] == '_' && str_ends(file, "_keypoints.json");
}

int keypoints_clear(const char *dir, const char *name, struct err *e)
{
	if (fsx_mkdirs(dir, 0755, e) < 0)
		return -1;
	CLEANUP(closedir_p) DIR *d = opendir(dir);
	if (!d)
		return err_errno(e, ERR_IO, "%s", dir);
	for (struct dirent *f = readdir(d); f; f = readdir(d))
		if (is_ours(f->d_name, name) && unlinkat(dirfd(d), f->d_name, 0) < 0)
			return err_errno(e, ERR_IO, "%s/%s", dir, f->d_name);
	return 0;
}

static void write_person(struct json_w *w, const struct body25 *b, double scale)
{
	static const char *const empty[] = { "face_keypoints_2d", "hand_left_keypoints_2d",
		"hand_right_keypoints_2d", "pose_keypoints_3d", "face_keypoints_3d", "hand_left_keypoints_3d",
		"hand_right_keypoints_3d" };

	json_w_obj(w, NULL);
	json_w_arr(w, "person_id");
	json_w_int(w, NULL, -1);
	json_w_arr_end(w);
	json_w_arr(w, "pose_keypoints_2d");
	for (int i = 0; i < BODY25; i++) {
		json_w_num(w, NULL, (double)b->x[i] * scale, 3);
		json_w_num(w, NULL, (double)b->y[i] * scale, 3);
		json_w_num(w, NULL, (double)b->confidence[i], 4);
	}
	json_w_arr_end(w);
	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		json_w_arr(w, empty[i]);
		json_w_arr_end(w);
	}
	json_w_obj_end(w);
}

int keypoints_write(
	const char *dir, const char *name, size_t frame, const struct body25 *b, double scale, struct err *e)
{
	BUF_CLEANUP struct buf text;
	char path[PATH_MAX];
	struct json_w w;

	buf_init(&text, MAX_FILE_BYTES);
	json_w_init(&w, &text);
	json_w_obj(&w, NULL);
	json_w_num(&w, "version", 1.3, 1);
	json_w_arr(&w, "people");
	if (b->found)
		write_person(&w, b, scale);
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	if (json_w_end(&w, e) < 0 || buf_addc(&text, '\n', e) < 0)
		return -1;
	if (snprintf(path, sizeof path, "%s/%s_%012zu_keypoints.json", dir, name, frame) >= (int)sizeof path)
		return err_set(e, ERR_INVALID, "the path of a key point file is too long");
	CLEANUP(close_p) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(e, ERR_IO, "%s", path);
	if (fsx_write_all(fd, text.data, text.len, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}
