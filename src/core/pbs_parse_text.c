#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/pbs_parse_parts.h"

/* `qstat -f`:
 *   Job Id: 29.vm
 *       Job_Name = g-x
 *       comment = a value that goes on in the next line,
 *   TAB which starts with a tab
 * Slurm's wrapper writes "Job Id:" and a tab, indents by one tab, and continues no line. */

static bool starts(struct strv t, const char *prefix)
{
	size_t n = strlen(prefix);

	return t.n >= n && memcmp(t.p, prefix, n) == 0;
}

/* A value of which only the first piece is needed lies in the text; a comment may be longer. */
struct one {
	struct pbs_attrs a;
	char comment[256];
	size_t comment_len;
	bool in_comment;
};

static void append_comment(struct one *o, struct strv piece)
{
	size_t room = sizeof o->comment - o->comment_len, n = piece.n < room ? piece.n : room;

	memcpy(o->comment + o->comment_len, piece.p, n);
	o->comment_len += n;
	o->a.comment = (struct strv){ o->comment, o->comment_len };
}

static void take(struct one *o, struct strv line)
{
	static const struct {
		const char *name;
		size_t at;
	} rows[] = { { "Job_Name", offsetof(struct pbs_attrs, name) },
		{ "job_state", offsetof(struct pbs_attrs, state) },
		{ "substate", offsetof(struct pbs_attrs, substate) },
		{ "Exit_status", offsetof(struct pbs_attrs, exit_status) },
		{ "exit_status", offsetof(struct pbs_attrs, exit_status) } };
	struct strv t = strv_trim(line), name, value;
	const char *equals = t.n ? memchr(t.p, '=', t.n) : NULL;

	o->in_comment = false;
	if (!equals)
		return;
	name = strv_trim((struct strv){ t.p, (size_t)(equals - t.p) });
	value = strv_trim((struct strv){ equals + 1, t.n - (size_t)(equals - t.p) - 1 });
	if (strv_eq(name, "comment")) {
		o->in_comment = true;
		o->comment_len = 0;
		/* Blanks before a break belong to the text. */
		value.n = (size_t)(line.p + line.n - value.p);
		append_comment(o, value);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strv_eq(name, rows[i].name))
			memcpy((char *)&o->a + rows[i].at, &value, sizeof value);
}

static int finish(struct one *o, bool is_slurm, struct pbs_jobs *jobs, struct err *e)
{
	int r = pbs_put_attrs(jobs, &o->a, is_slurm, e);

	*o = (struct one){ .in_comment = false };
	return r;
}

int pbs_parse_text(struct strv text, bool is_slurm, struct pbs_jobs *jobs, struct err *e)
{
	struct one o = { .in_comment = false };
	size_t before = jobs->count;
	bool has_text = false;

	for (struct strv line; pbs_line(&text, &line);) {
		has_text |= strv_trim(line).n > 0;
		if (starts(line, "Job Id:")) {
			if (finish(&o, is_slurm, jobs, e) < 0)
				return -1;
			o.a.id = strv_trim((struct strv){ line.p + 7, line.n - 7 });
		} else if (o.a.id.n == 0) {
			continue; /* a message before the first job */
		} else if (!is_slurm && line.n > 0 && line.p[0] == '\t') {
			if (o.in_comment)
				append_comment(&o, (struct strv){ line.p + 1, line.n - 1 });
		} else if (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t')) {
			take(&o, line);
		}
	}
	if (finish(&o, is_slurm, jobs, e) < 0)
		return -1;
	return has_text && jobs->count == before ? PBS_UNPARSABLE : 0;
}
