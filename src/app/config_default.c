#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config_value.h"
#include "base/fsx.h"
#include "base/strv.h"

/* Defaults that depend on where the program lies and who runs it. */

/* Where a service keeps its state: the Filesystem Hierarchy Standard (3.0, 2015) for root, the XDG Base
 * Directory Specification (0.8, 2021) for others. */
static int state_dir(char out[CONFIG_PATH_BYTES], char why[CONFIG_WHY_BYTES])
{
	const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n;

	if (geteuid() == 0)
		n = snprintf(out, CONFIG_PATH_BYTES, "/var/lib/gaitd");
	else if (xdg && xdg[0] == '/')
		n = snprintf(out, CONFIG_PATH_BYTES, "%s/gaitd", xdg);
	else if (home && home[0] == '/')
		n = snprintf(out, CONFIG_PATH_BYTES, "%s/.local/share/gaitd", home);
	else
		n = -1;
	if (n < 0 || n >= CONFIG_PATH_BYTES) {
		snprintf(why, CONFIG_WHY_BYTES,
			"cannot be found out, because HOME names no directory: set it");
		return -1;
	}
	return 0;
}

static int program_dir(char out[CONFIG_PATH_BYTES], char why[CONFIG_WHY_BYTES])
{
	ssize_t n = readlink("/proc/self/exe", out, CONFIG_PATH_BYTES - 1);

	out[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(out, '/');
	if (!slash) {
		snprintf(why, CONFIG_WHY_BYTES, "cannot be found out, because /proc is not mounted: set it");
		return -1;
	}
	*slash = '\0';
	return 0;
}

/* Take "x/.." out. Right for our defaults only: the program's directory has no symbolic links in its name. */
static void remove_dotdot(char *path)
{
	for (char *up; (up = strstr(path, "/../"));) {
		char *from = up;
		while (from > path && from[-1] != '/')
			from--;
		if (from == path) {
			memmove(path, up + 3, strlen(up + 3) + 1); /* above the root is the root */
			continue;
		}
		memmove(from, up + 4, strlen(up + 4) + 1);
	}
}

/* One alternative: its place filled in, into @out. */
static int expand(const struct config *cfg, struct strv alternative, char out[CONFIG_PATH_BYTES],
	char why[CONFIG_WHY_BYTES])
{
	size_t place = 0;
	int r = 0;

	out[0] = '\0';
	if (alternative.n >= 6 && memcmp(alternative.p, "@state", 6) == 0) {
		place = 6;
		r = state_dir(out, why);
	} else if (alternative.n >= 5 && memcmp(alternative.p, "@data", 5) == 0) {
		place = 5;
		(void)snprintf(out, CONFIG_PATH_BYTES, "%s", cfg->data_dir ? cfg->data_dir : "");
	} else if (alternative.n >= 4 && memcmp(alternative.p, "@bin", 4) == 0) {
		place = 4;
		r = program_dir(out, why);
	}
	if (r < 0)
		return -1;
	size_t used = strlen(out), more = alternative.n - place;
	if (used + more >= CONFIG_PATH_BYTES) {
		snprintf(why, CONFIG_WHY_BYTES, "would be too long: set it");
		return -1;
	}
	memcpy(out + used, alternative.p + place, more);
	out[used + more] = '\0';
	if (place == 4)
		remove_dotdot(out);
	return 0;
}

int config_value_default(const struct config *cfg, enum config_index i, char out[CONFIG_PATH_BYTES],
	char why[CONFIG_WHY_BYTES])
{
	const struct config_option *o = &config_options[i];

	if (o->type != CONFIG_PATH)
		return expand(cfg, strv_of(o->def), out, why);
	for (const char *p = o->def; *p;) {
		size_t n = strcspn(p, "|");
		if (expand(cfg, (struct strv){ p, n }, out, why) < 0)
			return -1;
		if (fsx_exists(out))
			return 0;
		p += n + (p[n] == '|');
	}
	if (config_may_be_empty(o)) {
		out[0] = '\0';
		return 0;
	}
	return expand(cfg, (struct strv){ o->def, strcspn(o->def, "|") }, out, why);
}
