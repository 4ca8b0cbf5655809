#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "drivers/cluster_pbs_parts.h"

enum { COMMAND_MAX_BYTES = 4096, STDERR_BYTES = 4096 };

/* The last line with something in it: what a login script says comes before it. */
static void last_words(const struct buf *text, char out[300])
{
	const char *at = buf_str(text), *prefix = "gait-cluster: ";

	out[0] = '\0';
	while (*at) {
		size_t len = strcspn(at, "\n");
		if (len > 0) {
			char line[600];
			snprintf(line, sizeof line, "%.*s", (int)(len < 599 ? len : 599), at);
			str_cut(out, 300, str_starts(line, prefix) ? line + strlen(prefix) : line);
		}
		at += len + (at[len] == '\n');
	}
	if (!str_is_clean_utf8(out, strlen(out)))
		snprintf(out, 300, "(its words are not text)");
}

static int judge(const struct ssh_end *end, const char *said, const char *verb, struct err *e)
{
	static const struct {
		int code;
		enum err_kind kind;
		const char *what;
	} rows[] = {
		{ 64, ERR_INVALID, "the cluster refuses the request: " },
		{ 65, ERR_INVALID, "" },
		{ 69, ERR_UNAVAILABLE, "" },
		{ 73, ERR_NOSPACE, "" },
		{ 74, ERR_IO, "" },
		{ 75, ERR_BUSY, "" },
		/* Whatever is missing there is missing for all: no attempt is to blame. */
		{ 78, ERR_UNAVAILABLE, "gait-cluster is not set up on the login node: " },
		{ 126, ERR_UNAVAILABLE, "gait-cluster cannot be run on the login node (cluster.command): " },
		{ 127, ERR_UNAVAILABLE, "gait-cluster was not found on the login node (cluster.command): " },
	};

	if (end->signal[0])
		return err_set(e, ERR_UNAVAILABLE, "gait-cluster %s was ended by signal %s there", verb,
			end->signal);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].code == end->code)
			return err_set(e, rows[i].kind, "%s%s", rows[i].what,
				said[0] ? said : "(it did not say why)");
	return err_set(
		e, ERR_UNAVAILABLE, "gait-cluster %s ended with exit code %d: %s", verb, end->code, said);
}

int cluster_pbs_call(
	struct cluster_pbs *c, struct ssh *over, const char *const *words, struct ssh_run *run, struct err *e)
{
	BUF_CLEANUP struct buf command, err_text;
	struct ssh_end end;
	char said[300];

	buf_init(&command, COMMAND_MAX_BYTES);
	buf_init(&err_text, STDERR_BYTES);
	if (c->command[0] && (buf_adds(&command, c->command, e) < 0 || buf_addc(&command, ' ', e) < 0))
		return -1;
	if (pbs_quote(words, &command, e) < 0)
		return -1;
	run->command = buf_str(&command);
	run->err_text = &err_text;
	if (run->timeout_ms == 0)
		run->timeout_ms = c->timeout_ms;
	if (ssh_run(over, run, &end, e) < 0)
		return -1;
	if (!end.signal[0] && end.code == 0)
		return 0;
	if (!end.signal[0] && end.code == 2)
		return CLUSTER_NONE;
	last_words(&err_text, said);
	return judge(&end, said, words[0], e);
}
