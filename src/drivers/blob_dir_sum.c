#include "drivers/blob_dir_sum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/strv.h"

#define ATTRIBUTE "user.gaitd.sha256"

enum { VALUE_BYTES = SHA256_HEX_BYTES + 24 };

/* "HEX BYTES": the size stands beside the sum to tell a torn file without reading it. */
void blob_dir_sum_save(int fd, const struct blob_stat *s)
{
	char hex[SHA256_HEX_BYTES], value[VALUE_BYTES];

	hex_encode(s->sha256, sizeof s->sha256, hex);
	int n = snprintf(value, sizeof value, "%s %" PRId64, hex, s->bytes);
	(void)fsetxattr(fd, ATTRIBUTE, value, (size_t)n, 0);
}

static bool recall(int fd, struct blob_stat *ret)
{
	char value[VALUE_BYTES];
	ssize_t n = fgetxattr(fd, ATTRIBUTE, value, sizeof value - 1);

	if (n < SHA256_HEX_BYTES || value[SHA256_HEX_BYTES - 1] != ' ')
		return false;
	value[n] = '\0';
	value[SHA256_HEX_BYTES - 1] = '\0';
	return hex_decode(value, ret->sha256, sizeof ret->sha256) == SHA256_BYTES &&
	       str_to_i64(value + SHA256_HEX_BYTES, 0, INT64_MAX, &ret->bytes);
}

int blob_dir_sum_load(int fd, const char *path, struct blob_stat *ret, struct err *e)
{
	struct blob_stat s;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(e, ERR_IO, "stat %s", path);
	if (!recall(fd, &s)) {
		if (sha256_of_file(path, s.sha256, &s.bytes, e) < 0)
			return -1;
		blob_dir_sum_save(fd, &s);
	}
	if (s.bytes != st.st_size)
		return err_set(e, ERR_CORRUPT, "%s has %" PRId64 " bytes, was stored with %" PRId64, path,
			(int64_t)st.st_size, s.bytes);
	*ret = s;
	return 0;
}
