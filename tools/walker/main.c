#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "film.h"
#include "options.h"

/* A line that is written over itself on a terminal, and a line a tenth of the way elsewhere. */
static void show_progress(int done, int all)
{
	static int64_t started_ms, shown_ms;
	static int tenth;
	bool terminal = isatty(STDERR_FILENO);
	int64_t now = clock_mono_ms();

	if (started_ms == 0)
		started_ms = now;
	bool due = terminal ? now - shown_ms >= 200 : done * 10 / all > tenth;
	if (!due && done < all)
		return;
	shown_ms = now;
	tenth = done * 10 / all;
	double left_s = (double)(now - started_ms) / 1000 * (all - done) / done;
	fprintf(stderr, "%swalker: picture %d of %d, %d %%, %.0f s left%s", terminal ? "\r" : "", done, all,
		done * 100 / all, left_s, terminal && done < all ? "  " : "  \n");
}

static int help(struct err *e)
{
	BUF_CLEANUP struct buf text;

	buf_init(&text, 16384);
	if (options_help(&text, e))
		return -1;
	if (fputs(buf_str(&text), stdout) == EOF || fflush(stdout) == EOF)
		return err_errno(e, ERR_IO, "standard output");
	return 0;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err e = { ERR_NONE, "" };
	int r = options_parse(argc, argv, &o, &e);

	if (r == 0)
		r = o.help ? help(&e)
			   : film_make(&o, o.progress || isatty(STDERR_FILENO) ? show_progress : NULL, &e);
	if (r) {
		fprintf(stderr, "walker: %s\n", e.msg);
		return err_exit_code(e.kind);
	}
	return 0;
}
