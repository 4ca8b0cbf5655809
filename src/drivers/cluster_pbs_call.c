#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "drivers/cluster_pbs_parts.h"

enum { COMMAND_MAX_BYTES = 4096, STDERR_BYTES = 4096 };

/* The last line with something in it: what a login script says comes before it. True where gait-cluster said
 * it. */
static bool last_words(const struct buf *text, char out[300])
{
	bool is_its_own = false;
	const char *at = buf_str(text), *prefix = "gait-cluster: ";

	out[0] = '\0';
	while (*at) {
		size_t len = strcspn(at, "\n");
		if (len > 0) {
			char line[600];
			snprintf(line, sizeof line, "%.*s", (int)(len < 599 ? len : 599), at);
			is_its_own = str_starts(line, prefix);
			str_cut(out, 300, is_its_own ? line + strlen(prefix) : line);
		}
		at += len + (at[len] == '\n');
	}
	if (!str_is_clean_utf8(out, strlen(out)))
		snprintf(out, 300, "(its words are not text)");
	return is_its_own;
}

/* What refuses for good ends a job: only gait-cluster may, not whatever else a key's forced command runs. */
static int judge(
	const struct ssh_end *end, const char *said, bool is_its_own, const char *verb, struct err *e)
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
		if (rows[i].code == end->code && (is_its_own || err_may_retry(rows[i].kind)))
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
	if (ssh_run(over, run, &end, e) < 0) {
		/* No verb says that much: something else talks there, and no attempt is to blame. */
		if (run->out && e->kind == ERR_TOO_LARGE)
			return err_set(e, ERR_UNAVAILABLE,
				"what answers on the login node is not gait-cluster, it does not stop "
				"talking: see cluster.command and the key's forced command");
		return -1;
	}
	if (!end.signal[0] && end.code == 0)
		return 0;
	if (!end.signal[0] && end.code == 2)
		return CLUSTER_NONE;
	bool is_its_own = last_words(&err_text, said);
	return judge(&end, said, is_its_own, words[0], e);
}
