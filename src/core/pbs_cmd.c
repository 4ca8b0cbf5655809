#include "core/pbs_cmd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"

#define PLAIN                                                                                                \
	"abcdefghijklmnopqrstuvwxyz"                                                                         \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/=+-"

enum {
	WALLTIME_MAX_S = 99 * 24 * 3600,
	ATTEMPT_MAX = 47,
	CPUS_MAX = 4096,
	GPUS_MAX = 64,
	MEMORY_MAX_MB = 1 << 26, /* 64 TB */
};

void pbs_job_name(const char *attempt, char out[PBS_NAME_BYTES])
{
	snprintf(out, PBS_NAME_BYTES, "g-%s", attempt);
}

__attribute__((format(printf, 3, 4))) static int add(struct pbs_words *w, struct err *e, const char *fmt, ...)
{
	size_t room = sizeof w->text - w->used;
	char *at = w->text + w->used;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(at, room, fmt, ap);
	va_end(ap);
	if (w->count == PBS_WORDS_MAX || n < 0 || (size_t)n >= room || n >= PBS_WORD_BYTES)
		return err_set(e, ERR_CONFIG, "the site's settings make too long a command for qsub");
	w->word[w->count++] = at;
	w->word[w->count] = NULL;
	w->used += (size_t)n + 1;
	return 0;
}

static int add_option(struct pbs_words *w, const char *option, const char *value, struct err *e)
{
	if (!value || !value[0])
		return 0;
	return add(w, e, "%s", option) < 0 || add(w, e, "%s", value) < 0 ? -1 : 0;
}

/* @extra: characters that are allowed beside the plain ones. */
static int check_value(const char *what, const char *value, const char *extra, struct err *e)
{
	if (!value || !value[0])
		return 0;
	if (value[0] == '-')
		return err_set(e, ERR_CONFIG, "cluster.%s: begins with '-'", what);
	if (strlen(value) >= PBS_WORD_BYTES)
		return err_set(
			e, ERR_CONFIG, "cluster.%s: longer than %d characters", what, PBS_WORD_BYTES - 1);
	for (const char *p = value; *p; p++)
		if (!strchr(PLAIN, *p) && !strchr(extra, *p))
			return err_set(e, ERR_CONFIG,
				"cluster.%s: has a character (at %zu) other than letters, digits and "
				"_.:/=+-%s",
				what, (size_t)(p - value) + 1, extra);
	return 0;
}

/* One word of the template with its {names} replaced, into @out. */
static int fill_in(const struct pbs_site *s, int gpus, const char *word, size_t len, char out[PBS_WORD_BYTES],
	struct err *e)
{
	const struct {
		const char *name;
		int64_t value;
	} names[] = { { "{cpus}", s->cpus }, { "{gpus}", gpus }, { "{memory_mb}", s->memory_mb } };
	size_t used = 0;

	for (size_t at = 0; at < len;) {
		int n = 1;
		size_t i = 0;
		while (i < 3 && strncmp(word + at, names[i].name, strlen(names[i].name)) != 0)
			i++;
		if (i < 3)
			n = snprintf(out + used, PBS_WORD_BYTES - used, "%" PRId64, names[i].value);
		else if (word[at] == '{' || word[at] == '}')
			return err_set(e, ERR_CONFIG,
				"cluster.resources: only {cpus}, {gpus} and {memory_mb} are known");
		else
			out[used] = word[at];
		at += i < 3 ? strlen(names[i].name) : 1;
		used += (size_t)n;
		if (used >= PBS_WORD_BYTES - 1)
			return err_set(e, ERR_CONFIG, "cluster.resources: a word is too long");
	}
	out[used] = '\0';
	return 0;
}

/* The value of `-l` under Slurm, where only the last one counts: all in one, with commas. */
struct joined {
	char text[PBS_WORD_BYTES];
	size_t used;
};

static int resource(struct pbs_words *w, struct joined *all, const char *value, struct err *e)
{
	if (!all)
		return add_option(w, "-l", value, e);
	int n = snprintf(
		all->text + all->used, sizeof all->text - all->used, "%s%s", all->used ? "," : "", value);
	if (n < 0 || (size_t)n >= sizeof all->text - all->used)
		return err_set(e, ERR_CONFIG, "the site's settings make too long a word for qsub -l");
	all->used += (size_t)n;
	return 0;
}

static int add_template(
	struct pbs_words *w, struct joined *all, const struct pbs_site *s, int gpus, struct err *e)
{
	char word[PBS_WORD_BYTES];

	for (const char *p = s->resources + strspn(s->resources, " "); *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		if (p[0] == '-')
			return err_set(e, ERR_CONFIG, "cluster.resources: a word begins with '-'");
		if (fill_in(s, gpus, p, len, word, e) < 0 || resource(w, all, word, e) < 0)
			return -1;
		p += len;
	}
	return 0;
}

static int add_chunk(
	struct pbs_words *w, struct joined *all, const struct pbs_site *s, int gpus, struct err *e)
{
	char text[PBS_WORD_BYTES], gpu[32] = "", mem[48] = "";

	if (s->scheduler == PBS_SLURM) {
		if (gpus > 0)
			snprintf(gpu, sizeof gpu, ":gpus=%d", gpus);
		if (s->memory_mb > 0)
			snprintf(mem, sizeof mem, ",mem=%" PRId64 "mb", s->memory_mb);
		snprintf(text, sizeof text, "nodes=1:ppn=%d%s%s", s->cpus, gpu, mem);
		return resource(w, all, text, e);
	}
	if (gpus > 0)
		snprintf(gpu, sizeof gpu, ":ngpus=%d", gpus);
	if (s->memory_mb > 0)
		snprintf(mem, sizeof mem, ":mem=%" PRId64 "mb", s->memory_mb);
	snprintf(text, sizeof text, "select=1:ncpus=%d%s%s", s->cpus, gpu, mem);
	return resource(w, all, text, e);
}

static int add_resources(
	struct pbs_words *w, const struct pbs_site *s, int64_t walltime_s, int gpus, struct err *e)
{
	struct joined slurm = { .used = 0 }, *all = s->scheduler == PBS_SLURM ? &slurm : NULL;
	bool has_template = s->resources && s->resources[strspn(s->resources, " ")];
	char text[PBS_WORD_BYTES];

	int r = has_template ? add_template(w, all, s, gpus, e) : add_chunk(w, all, s, gpus, e);
	if (r < 0)
		return -1;
	if (!all && s->place && s->place[0]) {
		snprintf(text, sizeof text, "place=%s", s->place);
		if (resource(w, all, text, e) < 0)
			return -1;
	}
	snprintf(text, sizeof text, "walltime=%02" PRId64 ":%02" PRId64 ":%02" PRId64, walltime_s / 3600,
		walltime_s / 60 % 60, walltime_s % 60);
	if (resource(w, all, text, e) < 0)
		return -1;
	return all ? add_option(w, "-l", all->text, e) : 0;
}

int pbs_site_check(const struct pbs_site *s, const char **ret_what, struct err *e)
{
	const struct {
		const char *what, *value, *extra;
	} rows[] = { { "queue", s->queue, "" }, { "account", s->account, "" }, { "project", s->project, "" },
		{ "place", s->place, "" }, { "resources", s->resources, " ,{}" } };
	struct pbs_words words = { .count = 0 };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		*ret_what = rows[i].what;
		if (check_value(rows[i].what, rows[i].value, rows[i].extra, e) < 0)
			return -1;
	}
	*ret_what = "cpus";
	if (s->cpus < 1 || s->cpus > CPUS_MAX)
		return err_set(e, ERR_CONFIG, "cluster.cpus: 1 to %d", CPUS_MAX);
	*ret_what = "gpus";
	if (s->gpus < 0 || s->gpus > GPUS_MAX)
		return err_set(e, ERR_CONFIG, "cluster.gpus: 0 to %d", GPUS_MAX);
	*ret_what = "memory";
	if (s->memory_mb < 0 || s->memory_mb > MEMORY_MAX_MB)
		return err_set(e, ERR_CONFIG, "cluster.memory: at most %d MB", MEMORY_MAX_MB);
	*ret_what = "resources";
	return add_resources(&words, s, WALLTIME_MAX_S, s->gpus, e);
}

int pbs_qsub(const struct pbs_site *s, const char *attempt, int64_t walltime_s, bool want_gpu,
	struct pbs_words *ret, struct err *e)
{
	char name[PBS_NAME_BYTES];
	const char *what;
	size_t len = strlen(attempt);
	bool is_slurm = s->scheduler == PBS_SLURM;

	if (len == 0 || len > ATTEMPT_MAX || attempt[0] == '-' ||
		strspn(attempt, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return err_set(e, ERR_INVALID, "not a name for an attempt");
	if (walltime_s < 1 || walltime_s > WALLTIME_MAX_S)
		return err_set(e, ERR_INVALID, "a wall-time limit is 1 to %d s", WALLTIME_MAX_S);
	if (pbs_site_check(s, &what, e) < 0)
		return -1;
	pbs_job_name(attempt, name);
	*ret = (struct pbs_words){ .count = 0 };
	/* Not rerun: a node that restarts would run the script twice. Output joined, no mail; what it writes
	 * is for its owner only. A project is a workload key under Slurm, which refuses unknown ones. */
	if (add_option(ret, "-N", name, e) < 0 ||
		add_resources(ret, s, walltime_s, want_gpu ? s->gpus : 0, e) < 0 ||
		add_option(ret, "-q", s->queue, e) < 0 || add_option(ret, "-A", s->account, e) < 0 ||
		add_option(ret, "-P", is_slurm ? "" : s->project, e) < 0 ||
		add_option(ret, "-r", "n", e) < 0 || add_option(ret, "-j", "oe", e) < 0 ||
		add_option(ret, "-m", "n", e) < 0 || add_option(ret, "-W", "umask=077", e) < 0)
		return -1;
	return 0;
}

static int quote_word(const char *word, struct buf *out, struct err *e)
{
	if (strpbrk(word, "\n\r"))
		return err_set(e, ERR_INVALID, "a word of a remote command has a line break");
	/* '=' at the front of a command would be an assignment; elsewhere it is harmless, and quoted it is
	 * everywhere. */
	if (word[0] && strspn(word, PLAIN) == strlen(word) && !strchr(word, '='))
		return buf_adds(out, word, e);
	if (buf_addc(out, '\'', e) < 0)
		return -1;
	for (const char *p = word; *p; p++)
		if ((*p == '\'' ? buf_adds(out, "'\\''", e) : buf_addc(out, *p, e)) < 0)
			return -1;
	return buf_addc(out, '\'', e);
}

int pbs_quote(const char *const *argv, struct buf *out, struct err *e)
{
	size_t before = out->len;

	for (size_t i = 0; argv[i]; i++)
		if ((i > 0 && buf_addc(out, ' ', e) < 0) || quote_word(argv[i], out, e) < 0) {
			out->len = before;
			if (out->data)
				out->data[before] = '\0';
			return -1;
		}
	return 0;
}
