#include "drivers/cluster_local_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fsx.h"

enum { LEAST_FREE_BYTES = 64 * 1024 * 1024 };

static const struct {
	const char *name, *package;
} tools[] = { { "bash", "bash" }, { "curl", "curl" }, { "jq", "jq" }, { "tar", "tar" }, { "gzip", "gzip" },
	{ "sed", "sed" }, { "timeout", "coreutils" }, { "sha256sum", "coreutils" } };

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool in_path(const char *name)
{
	const char *at = getenv("PATH");
	char path[4096];

	for (at = at ? at : "/usr/local/bin:/usr/bin:/bin"; *at;) {
		size_t len = strcspn(at, ":");
		int n = snprintf(path, sizeof path, "%.*s/%s", (int)len, at, name);
		if (len > 0 && n > 0 && (size_t)n < sizeof path && is_program(path))
			return true;
		at += len + (at[len] == ':');
	}
	return false;
}

static const char *value_of(const char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

static int check_programs(
	const char *supervise_path, const char *script_path, const char *const *env, struct err *e)
{
	static const char *const names[] = { "GAIT_POSE", "GAIT_ANALYZE" };

	if (!is_program(supervise_path))
		return err_set(e, ERR_CONFIG,
			"%s is not a program that can be run: build or install gait-supervise",
			supervise_path);
	if (access(script_path, R_OK) < 0)
		return err_errno(
			e, ERR_CONFIG, "the job script %s: install pbs/gait-job.pbs there", script_path);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *path = value_of(env, names[i]);
		if (path && (strchr(path, '/') ? !is_program(path) : !in_path(path)))
			return err_set(e, ERR_CONFIG,
				"%s=%s is not a program that can be run: build or install it", names[i],
				path);
	}
	return 0;
}

static int check_files(const char *const *env, struct err *e)
{
	static const char *const names[] = { "GAIT_WEIGHTS", "GAIT_MODEL" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *path = value_of(env, names[i]);
		if (path && path[0] && access(path, R_OK) < 0)
			return err_errno(e, ERR_CONFIG, "%s=%s cannot be read", names[i], path);
	}
	return 0;
}

static int check_root(const char *root, struct err *e)
{
	char path[4096];
	int64_t free_bytes;

	if (fsx_join(path, sizeof path, root, ".probe", e) < 0)
		return -1;
	CLEANUP(close_p) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, ERR_CONFIG, "cannot write into the attempts' folder %s", root);
	int r = fsx_write_all(fd, "probe\n", 6, e);
	(void)unlink(path);
	if (r < 0)
		return err_wrap(e, "the attempts' folder %s", root);
	if (fsx_free_bytes(root, &free_bytes, e) < 0)
		return -1;
	if (free_bytes < LEAST_FREE_BYTES)
		return err_set(e, ERR_NOSPACE, "the attempts' folder %s: less than %d MB free", root,
			LEAST_FREE_BYTES >> 20);
	return 0;
}

static int check_tools(struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(tools); i++)
		if (!in_path(tools[i].name))
			return err_set(e, ERR_CONFIG,
				"%s is not installed (the job script needs it): apt-get install %s",
				tools[i].name, tools[i].package);
	return 0;
}

int cluster_local_probe(const char *root, const char *supervise_path, const char *script_path,
	const char *const *env, const struct probe *p, struct err *e)
{
	if (probe_step(p, "attempts' folder", check_root(root, e), root, e) < 0 ||
		probe_step(p, "programs", check_programs(supervise_path, script_path, env, e), script_path,
			e) < 0 ||
		probe_step(p, "models", check_files(env, e), "", e) < 0)
		return -1;
	return probe_step(p, "tools", check_tools(e), "", e);
}
