#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/pbs_parse_parts.h"

/* `scontrol -o show job`: a line a job, "JobId=17 JobName=g-x … JobState=FAILED Reason=NonZeroExitCode …
 * ExitCode=7:0 …". Fields stand in this order; values have no quotes, so the first of a name counts. */

static struct strv field(struct strv line, const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at + len < line.n;) {
		if (memcmp(line.p + at, name, len) == 0 && line.p[at + len] == '=') {
			const char *value = line.p + at + len + 1;
			size_t left = line.n - at - len - 1;
			const char *blank = left ? memchr(value, ' ', left) : NULL;
			return (struct strv){ value, blank ? (size_t)(blank - value) : left };
		}
		const char *blank = memchr(line.p + at, ' ', line.n - at);
		if (!blank)
			break;
		at = (size_t)(blank - line.p) + 1;
	}
	return (struct strv){ NULL, 0 };
}

static void judge_state(struct strv word, struct pbs_job *job)
{
	static const struct {
		const char *word;
		enum pbs_state state;
		enum pbs_end end;
	} rows[] = { { "PENDING", PBS_QUEUED, PBS_END_OWN }, { "CONFIGURING", PBS_QUEUED, PBS_END_OWN },
		{ "REQUEUED", PBS_QUEUED, PBS_END_OWN }, { "REQUEUE_FED", PBS_QUEUED, PBS_END_OWN },
		{ "REQUEUE_HOLD", PBS_QUEUED, PBS_END_OWN }, { "RESV_DEL_HOLD", PBS_QUEUED, PBS_END_OWN },
		{ "SPECIAL_EXIT", PBS_QUEUED, PBS_END_OWN }, { "RUNNING", PBS_RUNNING, PBS_END_OWN },
		{ "COMPLETING", PBS_RUNNING, PBS_END_OWN }, { "SUSPENDED", PBS_RUNNING, PBS_END_OWN },
		{ "STOPPED", PBS_RUNNING, PBS_END_OWN }, { "STAGE_OUT", PBS_RUNNING, PBS_END_OWN },
		{ "SIGNALING", PBS_RUNNING, PBS_END_OWN }, { "RESIZING", PBS_RUNNING, PBS_END_OWN },
		{ "COMPLETED", PBS_FINISHED, PBS_END_OWN }, { "FAILED", PBS_FINISHED, PBS_END_OWN },
		{ "TIMEOUT", PBS_FINISHED, PBS_END_WALLTIME }, { "DEADLINE", PBS_FINISHED, PBS_END_WALLTIME },
		{ "OUT_OF_MEMORY", PBS_FINISHED, PBS_END_MEMORY },
		{ "CANCELLED", PBS_FINISHED, PBS_END_DELETED }, { "REVOKED", PBS_FINISHED, PBS_END_DELETED },
		{ "PREEMPTED", PBS_FINISHED, PBS_END_DELETED }, { "NODE_FAIL", PBS_FINISHED, PBS_END_NODE },
		{ "BOOT_FAIL", PBS_FINISHED, PBS_END_NODE },
		{ "RECONFIG_FAIL", PBS_FINISHED, PBS_END_NODE } };

	/* sacct says "CANCELLED by 1001" and "COMPLETED+": the first word counts. */
	size_t n = 0;
	while (n < word.n && ((word.p[n] >= 'A' && word.p[n] <= 'Z') || word.p[n] == '_'))
		n++;
	word.n = n;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strv_eq(word, rows[i].word)) {
			job->state = rows[i].state;
			job->end = rows[i].end;
		}
}

static bool begins(struct strv t, const char *prefix)
{
	return t.n >= strlen(prefix) && memcmp(t.p, prefix, strlen(prefix)) == 0;
}

static bool contains(struct strv t, const char *part)
{
	return t.n && memmem(t.p, t.n, part, strlen(part)) != NULL;
}

/* What no waiting helps against, as long as job and site stay as they are. Not: Resources, Priority, holds;
 * ReqNodeNotAvail, which is a node that is down or reserved for a while; PartitionConfig, which every job
 * says for a moment. */
static bool reason_is_for_ever(struct strv reason)
{
	static const char *const whole[] = { "PartitionTimeLimit", "BadConstraints", "InvalidAccount",
		"InvalidQOS", "AccountNotAllowed", "QOSNotAllowed" };

	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (strv_eq(reason, whole[i]))
			return true;
	/* AssocMaxWallDurationPerJobLimit, QOSMaxGRESPerJob, MaxMemoryPerLimit …: this job is too large.
	 * Those without "PerJob" count what runs together, which passes. */
	return begins(reason, "DependencyNeverSatisfied") || contains(reason, "PerJob");
}

/* "7:0" is exit 7, "0:9" a signal. 0:0 of what did not complete says nothing. */
static void judge_exit(struct strv t, bool completed, struct pbs_job *job)
{
	const char *colon = t.n ? memchr(t.p, ':', t.n) : NULL;
	int64_t code, signal;

	if (!colon || job->state != PBS_FINISHED)
		return;
	const size_t n = (size_t)(colon - t.p);
	if (!strv_to_i64((struct strv){ t.p, n }, 0, 255, &code) ||
		!strv_to_i64((struct strv){ colon + 1, t.n - n - 1 }, 0, 127, &signal) ||
		(code == 0 && signal == 0 && !completed))
		return;
	job->has_exit = true;
	job->exit_status = signal ? 128 + (int)signal : (int)code;
}

int pbs_parse_scontrol(struct strv text, struct pbs_jobs *jobs, struct err *e)
{
	size_t before = jobs->count;
	bool has_text = false, says_none = false;

	for (struct strv line; pbs_line(&text, &line);) {
		struct pbs_job job = { .state = PBS_ASK_AGAIN };
		struct strv id = field(line, "JobId"), reason = field(line, "Reason"),
			    state = field(line, "JobState");
		has_text |= strv_trim(line).n > 0;
		says_none |= begins(line, "No jobs in the system");
		if (id.n == 0 || state.n == 0)
			continue;
		pbs_text(job.id, sizeof job.id, id);
		pbs_text(job.name, sizeof job.name, field(line, "JobName"));
		judge_state(state, &job);
		if (!strv_eq(reason, "None") && reason.n > 0)
			snprintf(job.comment, sizeof job.comment,
				"%.*s: ", (int)(state.n < 24 ? state.n : 24), state.p);
		size_t used = strlen(job.comment);
		if (used)
			pbs_text(job.comment + used, sizeof job.comment - used, reason);
		/* Slurm ends a job as FAILED where it finds out only after a while that it cannot run. */
		job.never_runs =
			(job.state == PBS_QUEUED || strv_eq(state, "FAILED")) && reason_is_for_ever(reason);
		judge_exit(field(line, "ExitCode"), strv_eq(state, "COMPLETED"), &job);
		if (pbs_put(jobs, &job, e) < 0)
			return -1;
	}
	return has_text && !says_none && jobs->count == before ? PBS_UNPARSABLE : 0;
}
