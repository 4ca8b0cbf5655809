#include "drivers/mail_maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "core/mail_address.h"

enum { NAME_BYTES = 40, TMP_LIFE_S = 36 * 3600, MESSAGE_MAX_BYTES = 64 << 20 };

struct maildir {
	struct mailer base;
	char tmp[PATH_MAX], new[PATH_MAX], cur[PATH_MAX];
};

static int name_of(const char *message_id, char out[NAME_BYTES], struct err *e)
{
	uint8_t sum[SHA256_BYTES];

	if (sha256_of(message_id, strlen(message_id), sum, e) < 0)
		return -1;
	hex_encode(sum, 16, out); /* 128 bits: no two messages meet */
	return 0;
}

/* Is a file called @name, or @name with the flags that a mail program added, in @folder? Return 1, 0, -1 */
static int lies_in(const char *folder, const char *name, struct err *e)
{
	CLEANUP(closedir_p) DIR *dir = opendir(folder);
	size_t len = strlen(name);
	const struct dirent *entry;

	if (!dir)
		return err_errno(e, ERR_IO, "open %s", folder);
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		const char *rest = entry->d_name + len;
		if (strncmp(entry->d_name, name, len) == 0 && (*rest == '\0' || *rest == ':' || *rest == ','))
			return 1;
	}
	return errno == 0 ? 0 : err_errno(e, ERR_IO, "read %s", folder);
}

/* Messages only ever move from new to cur: whoever looks in this order misses none. A crash may have come
 * before the name was durable, so that it is made so before it counts. */
static int delivered(const struct maildir *m, const char *name, struct err *e)
{
	const char *const folders[] = { m->new, m->cur };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		int rc = lies_in(folders[i], name, e);
		if (rc < 0)
			return -1;
		if (rc == 1)
			return fsx_sync_dir(folders[i], e) < 0 ? -1 : 1;
	}
	return 0;
}

/* The text with LF for CRLF. */
static int unix_lines(const char *text, struct buf *out, struct err *e)
{
	const char *end = text + strlen(text);

	for (;;) {
		const char *cr = memchr(text, '\r', (size_t)(end - text));
		size_t len = (size_t)((cr ? cr : end) - text);
		if (buf_add(out, text, len, e) < 0)
			return -1;
		if (!cr)
			return 0;
		if (cr[1] != '\n' && buf_addc(out, '\r', e) < 0)
			return -1;
		text = cr + 1;
	}
}

static int tmp_path(const struct maildir *m, const char *name, char out[PATH_MAX], struct err *e)
{
	uint8_t random[8];
	char hex[2 * sizeof random + 1], unique[NAME_BYTES + sizeof hex];

	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, hex);
	(void)snprintf(unique, sizeof unique, "%s.%s", name, hex);
	return fsx_join(out, PATH_MAX, m->tmp, unique, e);
}

/* Write @text to tmp and give it its name in new. Return 0, FSX_EXISTS, -1 */
static int write_new(struct maildir *m, const char *name, const struct buf *text, struct err *e)
{
	char tmp[PATH_MAX], final[PATH_MAX];

	if (tmp_path(m, name, tmp, e) < 0 || fsx_join(final, sizeof final, m->new, name, e) < 0)
		return -1;
	CLEANUP(close_p) int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ERR_IO, "create %s", tmp);
	FAULT_POINT("mail_maildir.tmp_made");
	int rc = fsx_write_all(fd, text->data, text->len, e);
	FAULT_POINT("mail_maildir.written");
	if (rc == 0)
		rc = fsx_commit_new(fd, tmp, final, e);
	if (rc != 0)
		unlink(tmp);
	else
		FAULT_POINT("mail_maildir.done");
	return rc;
}

static int maildir_send(struct mailer *mailer, const struct mailer_message *msg, struct err *e)
{
	struct maildir *m = (struct maildir *)mailer;
	char name[NAME_BYTES];
	BUF_CLEANUP struct buf text;

	buf_init(&text, MESSAGE_MAX_BYTES);
	if (!mail_address_ok(msg->message_id) || !mail_address_ok(msg->from) || !mail_address_ok(msg->to)) {
		(void)err_set(e, ERR_INVALID, "the message's id, sender or receiver is not well-formed");
		return MAILER_REFUSED;
	}
	if (name_of(msg->message_id, name, e) < 0)
		return -1;
	int rc = delivered(m, name, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (unix_lines(msg->rfc5322, &text, e) < 0)
		return -1;
	rc = write_new(m, name, &text, e);
	if (rc == FSX_EXISTS)
		rc = fsx_sync_dir(m->new, e);
	return rc < 0 ? err_wrap(e, "maildir") : 0;
}

/* A sender that was killed left its file in tmp; nobody writes one for 36 hours. */
static int drop_old_tmp(const struct maildir *m, struct err *e)
{
	CLEANUP(closedir_p) DIR *dir = opendir(m->tmp);
	const struct dirent *entry;
	struct stat st;

	if (!dir)
		return err_errno(e, ERR_IO, "open %s", m->tmp);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) && st.st_mtime < clock_wall_ms() / 1000 - TMP_LIFE_S)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	return 0;
}

static int try_to_write(struct maildir *m, struct err *e)
{
	char tmp[PATH_MAX];

	if (tmp_path(m, "probe", tmp, e) < 0)
		return -1;
	CLEANUP(close_p) int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ERR_IO, "maildir: create %s", tmp);
	int rc = fsx_write_all(fd, "probe\n", 6, e);
	unlink(tmp);
	if (rc == 0 && (access(m->new, R_OK | W_OK | X_OK) < 0 || access(m->cur, R_OK | X_OK) < 0))
		rc = err_errno(e, ERR_IO, "%s", m->new);
	return rc < 0 ? err_wrap(e, "maildir (is it writable for this user, is there space?)") : 0;
}

static int maildir_probe(struct mailer *mailer, const struct probe *p, struct err *e)
{
	struct maildir *m = (struct maildir *)mailer;

	return probe_step(p, "write", try_to_write(m, e), m->new, e);
}

static void maildir_close(struct mailer *mailer)
{
	free(mailer);
}

static const struct mailer_ops maildir_ops = {
	.name = "maildir",
	.send = maildir_send,
	.probe = maildir_probe,
	.close = maildir_close,
};

int mail_maildir_open(const char *root, struct mailer **ret, struct err *e)
{
	CLEANUP(free_p) struct maildir *m = calloc(1, sizeof *m);

	if (!m)
		return err_set(e, ERR_NOMEM, "no memory for a mailer");
	m->base.ops = &maildir_ops;
	if (fsx_join(m->tmp, sizeof m->tmp, root, "tmp", e) < 0 ||
		fsx_join(m->new, sizeof m->new, root, "new", e) < 0 ||
		fsx_join(m->cur, sizeof m->cur, root, "cur", e) < 0 || fsx_mkdirs(m->tmp, 0700, e) < 0 ||
		fsx_mkdirs(m->new, 0700, e) < 0 || fsx_mkdirs(m->cur, 0700, e) < 0 ||
		fsx_sync_dir(root, e) < 0 || drop_old_tmp(m, e) < 0)
		return err_wrap(e, "maildir %s", root);
	*ret = &TAKE(m)->base;
	return 0;
}
