#include "app/doctor_report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/strv.h"

static const struct {
	const char *word, *json, *colour;
} outcomes[] = {
	[DOCTOR_OK] = { "ok", "ok", "\033[32m" },
	[DOCTOR_NOTE] = { "note", "note", "\033[33m" },
	[DOCTOR_BAD] = { "BAD", "bad", "\033[1;31m" },
	[DOCTOR_SKIPPED] = { "skipped", "skipped", "\033[2m" },
};

enum { SLOW_MS = 1000 };

/* With the lock held. */
static void hide_running(struct doctor_report *r)
{
	if (r->shown)
		fputs("\r\033[K", r->out);
	r->shown = false;
}

static void show_running(struct doctor_report *r)
{
	int64_t s = (clock_mono_ms() - r->since_ms) / 1000;

	if (!r->part[0] || s < 1)
		return;
	hide_running(r);
	fprintf(r->out, "%-9s %s … %lld s", r->part, r->running, (long long)s);
	fflush(r->out);
	r->shown = true;
}

static void *tick(void *arg)
{
	struct doctor_report *r = arg;
	struct timespec until;

	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		(void)pthread_cond_timedwait(&r->wake, &r->lock, &until);
		if (!r->stop)
			show_running(r);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int doctor_report_begin(struct doctor_report *r, FILE *out, bool json, struct err *e)
{
	const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");

	*r = (struct doctor_report){ .out = out, .json = json, .driver = "" };
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	r->live = !json && isatty(fileno(out)) && term && strcmp(term, "dumb") != 0;
	r->colour = r->live && !(plain && *plain);
	r->since_ms = clock_mono_ms();
	if (r->live && pthread_create(&r->ticker, NULL, tick, r) != 0)
		return err_set(e, ERR_UNAVAILABLE, "start a thread");
	r->ticking = r->live;
	return 0;
}

void doctor_part(struct doctor_report *r, const char *part, const char *driver)
{
	pthread_mutex_lock(&r->lock);
	str_cut(r->part, sizeof r->part, part);
	r->driver = driver;
	r->running[0] = '\0';
	r->since_ms = clock_mono_ms();
	pthread_mutex_unlock(&r->lock);
}

void doctor_running(struct doctor_report *r, const char *what)
{
	pthread_mutex_lock(&r->lock);
	str_cut(r->running, sizeof r->running, what);
	pthread_mutex_unlock(&r->lock);
}

/* "to do: …" below the text, a line each. */
static void print_below(struct doctor_report *r, const char *label, const char *text)
{
	if (*text)
		fprintf(r->out, "%*s%s%s\n", 10, "", label, text);
}

static void print_line(struct doctor_report *r, const struct doctor_line *l)
{
	char took[32] = "";

	if (l->took_ms >= SLOW_MS)
		snprintf(took, sizeof took, " (%.1f s)", (double)l->took_ms / 1000);
	fprintf(r->out, "%-9s %-24s %s%-7s%s %s%s\n", l->part, l->step,
		r->colour ? outcomes[l->outcome].colour : "", outcomes[l->outcome].word,
		r->colour ? "\033[0m" : "", l->text, took);
	if (l->outcome == DOCTOR_BAD || l->outcome == DOCTOR_NOTE) {
		print_below(r, "settings: ", strcmp(l->settings, l->step) == 0 ? "" : l->settings);
		print_below(r, "to do: ", l->todo);
	}
	fflush(r->out);
}

static struct doctor_line *new_line(struct doctor_report *r)
{
	if (r->n == r->room) {
		unsigned room = r->room ? r->room * 2 : 32;
		struct doctor_line *lines = realloc(r->lines, room * sizeof *lines);
		if (!lines) {
			r->no_memory = true;
			return NULL;
		}
		r->lines = lines;
		r->room = room;
	}
	struct doctor_line *l = &r->lines[r->n++];
	memset(l, 0, sizeof *l);
	return l;
}

/* Words of servers and certificates reach a terminal here: nothing in them may steer it. */
static void make_plain(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++)
		if (*p < ' ' || *p == 0x7f)
			*p = ' ';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* C1 in UTF-8 */
			p[0] = p[1] = ' ';
}

void doctor_say_more(struct doctor_report *r, enum doctor_outcome outcome, const char *step, const char *text,
	const char *settings, const char *todo)
{
	pthread_mutex_lock(&r->lock);
	struct doctor_line *l = new_line(r);
	if (l) {
		int64_t now = clock_mono_ms();
		str_cut(l->part, sizeof l->part, r->part);
		str_cut(l->step, sizeof l->step, step);
		str_cut(l->text, sizeof l->text, text);
		make_plain(l->step);
		make_plain(l->text);
		str_cut(l->settings, sizeof l->settings, settings ? settings : "");
		str_cut(l->todo, sizeof l->todo, todo ? todo : "");
		l->outcome = outcome;
		l->took_ms = now - r->since_ms;
		r->bad += outcome == DOCTOR_BAD;
		r->since_ms = now;
		if (!r->json) {
			hide_running(r);
			print_line(r, l);
		}
	}
	pthread_mutex_unlock(&r->lock);
}

/* The setting among @settings that was found wrong by itself, or NULL. */
static const char *known_wrong(const struct doctor_report *r, const char *settings)
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct doctor_line *l = &r->lines[i];
		const char *at = strstr(settings, l->step);
		if (l->outcome == DOCTOR_BAD && strcmp(l->part, "settings") == 0 && at &&
			strchr(",", at[strlen(l->step)]))
			return l->step;
	}
	return NULL;
}

void doctor_say(struct doctor_report *r, enum doctor_outcome outcome, const char *step, const char *text)
{
	const char *settings = NULL, *todo = NULL;
	char later[160];

	if (outcome == DOCTOR_BAD || outcome == DOCTOR_NOTE)
		(void)doctor_hint(r->part, r->driver, step, text, &settings, &todo);
	const char *wrong = settings && outcome == DOCTOR_BAD ? known_wrong(r, settings) : NULL;
	if (wrong) {
		/* The same once more, with another remedy, would only confuse. */
		snprintf(later, sizeof later, "cannot be examined before %s is mended, see above", wrong);
		doctor_say_more(r, DOCTOR_SKIPPED, step, later, NULL, NULL);
	} else {
		doctor_say_more(r, outcome, step, text, settings, todo);
	}
}

int doctor_judge(struct doctor_report *report, const char *step, int r, const char *text, const struct err *e)
{
	doctor_say(report, r == 0 ? DOCTOR_OK : DOCTOR_BAD, step, r == 0 ? text : e->msg);
	return r;
}

static void on_step(void *arg, const char *what, enum probe_outcome outcome, const char *text)
{
	static const enum doctor_outcome as[] = {
		[PROBE_OK] = DOCTOR_OK, [PROBE_FAILED] = DOCTOR_BAD, [PROBE_SKIPPED] = DOCTOR_SKIPPED
	};

	doctor_say(arg, as[outcome], what, text);
}

static void on_begin(void *arg, const char *what)
{
	doctor_running(arg, what);
}

struct probe doctor_probe(struct doctor_report *r, bool thorough)
{
	return (struct probe){ .thorough = thorough, .step = on_step, .begin = on_begin, .arg = r };
}

bool doctor_is_bad(const struct doctor_report *r, const char *part)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->lines[i].outcome == DOCTOR_BAD && strcmp(r->lines[i].part, part) == 0)
			return true;
	return false;
}

/* Lines come from the nearest thing that could be wrong to the farthest: the first is the one to mend. */
static const struct doctor_line *first_bad(const struct doctor_report *r)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->lines[i].outcome == DOCTOR_BAD)
			return &r->lines[i];
	return NULL;
}

static void write_line(struct json_w *w, const char *name, const struct doctor_line *l)
{
	json_w_obj(w, name);
	json_w_str(w, "part", l->part);
	json_w_str(w, "step", l->step);
	json_w_str(w, "outcome", outcomes[l->outcome].json);
	json_w_str(w, "text", l->text);
	json_w_str(w, "settings", l->settings);
	json_w_str(w, "todo", l->todo);
	json_w_int(w, "took_ms", l->took_ms);
	json_w_obj_end(w);
}

static bool is_new_part(const struct doctor_report *r, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (strcmp(r->lines[i].part, r->lines[at].part) == 0)
			return false;
	return true;
}

static int print_json(struct doctor_report *r, struct err *e)
{
	const struct doctor_line *first = first_bad(r);
	struct buf out BUF_CLEANUP;
	struct json_w w;

	buf_init(&out, 1 << 20);
	json_w_init(&w, &out);
	json_w_obj(&w, NULL);
	json_w_bool(&w, "ok", r->bad == 0);
	json_w_obj(&w, "parts");
	for (unsigned i = 0; i < r->n; i++) {
		if (!is_new_part(r, i))
			continue;
		json_w_obj(&w, r->lines[i].part);
		json_w_bool(&w, "ok", !doctor_is_bad(r, r->lines[i].part));
		json_w_obj_end(&w);
	}
	json_w_obj_end(&w);
	json_w_arr(&w, "steps");
	for (unsigned i = 0; i < r->n; i++)
		write_line(&w, NULL, &r->lines[i]);
	json_w_arr_end(&w);
	if (first)
		write_line(&w, "first", first);
	json_w_obj_end(&w);
	if (json_w_end(&w, e) < 0)
		return -1;
	fprintf(r->out, "%s\n", buf_str(&out));
	return 0;
}

static unsigned count(const struct doctor_report *r, enum doctor_outcome outcome)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n; i++)
		n += r->lines[i].outcome == outcome;
	return n;
}

static void print_summary(struct doctor_report *r)
{
	const struct doctor_line *l = first_bad(r);
	unsigned notes = count(r, DOCTOR_NOTE), skipped = count(r, DOCTOR_SKIPPED);

	if (!l) {
		fputs(skipped ? "\nwhat was examined works" : "\nall parts work", r->out);
		if (skipped)
			fprintf(r->out, "; %u skipped", skipped);
		if (notes)
			fprintf(r->out, "; %u note%s above", notes, notes == 1 ? "" : "s");
		fputc('\n', r->out);
		return;
	}
	fprintf(r->out, "\n%u of %u steps failed. Mend first: %s, %s\n", r->bad, r->n - skipped, l->part,
		l->step);
	print_below(r, "", l->text);
	print_below(r, "settings: ", l->settings);
	print_below(r, "to do: ", l->todo);
}

int doctor_report_end(struct doctor_report *r, struct err *e)
{
	int ret = (int)r->bad;

	pthread_mutex_lock(&r->lock);
	r->stop = true;
	hide_running(r);
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	if (r->ticking)
		pthread_join(r->ticker, NULL);
	if (r->no_memory)
		ret = err_set(e, ERR_NOMEM, "list of findings");
	else if (r->json && print_json(r, e) < 0)
		ret = -1;
	else if (!r->json)
		print_summary(r);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r->lines);
	r->lines = NULL;
	r->n = 0;
	return ret;
}
