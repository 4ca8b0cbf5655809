#include "core/queue_order.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* Each owner's jobs as a list in the order in which this owner's are taken: head[owner], next[job]. */
struct lists {
	int *head, *next;
};

struct sorted {
	unsigned index;
	int64_t priority;
};

static int by_priority(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static bool before(const struct queue_job *jobs, const struct queue_owner *owners, int a, int b)
{
	const struct queue_job *x = &jobs[a], *y = &jobs[b];
	const struct queue_owner *p = &owners[x->owner], *q = &owners[y->owner];

	if (x->priority != y->priority)
		return x->priority > y->priority;
	if (p->running != q->running)
		return p->running < q->running;
	return p->served != q->served ? p->served < q->served : a < b;
}

/* The job that is taken next; -1 where none is left. */
static int next_job(const struct queue_job *jobs, const struct queue_owner *owners, unsigned owner_n,
	const struct lists *l)
{
	int best = -1;

	for (unsigned o = 0; o < owner_n; o++)
		if (l->head[o] >= 0 && (best < 0 || before(jobs, owners, l->head[o], best)))
			best = l->head[o];
	return best;
}

static int make_lists(const struct queue_job *jobs, unsigned n, unsigned owner_n, struct lists *l)
{
	CLEANUP(free_p) struct sorted *s = calloc(n + 1, sizeof *s);

	if (!s)
		return -1;
	for (unsigned i = 0; i < n; i++)
		s[i] = (struct sorted){ i, jobs[i].priority };
	qsort(s, n, sizeof *s, by_priority);
	for (unsigned o = 0; o < owner_n; o++)
		l->head[o] = -1;
	for (unsigned i = n; i-- > 0;) {
		unsigned owner = jobs[s[i].index].owner;
		l->next[s[i].index] = l->head[owner];
		l->head[owner] = (int)s[i].index;
	}
	return 0;
}

int queue_order(struct queue_job *jobs, unsigned n, struct queue_owner *owners, unsigned owner_n,
	const unsigned *running, unsigned running_n, unsigned max_in_flight)
{
	CLEANUP(free_p) int *head = calloc(owner_n + 1, sizeof *head);
	CLEANUP(free_p) int *next = calloc(n + 1, sizeof *next);
	CLEANUP(free_p) unsigned *line = calloc((size_t)running_n + n + 1, sizeof *line);
	struct lists l = { head, next };
	unsigned first = 0, last = running_n, taken = 0;
	int64_t served = 0;

	for (unsigned i = 0; i < n; i++)
		jobs[i].position = i;
	if (!head || !next || !line || make_lists(jobs, n, owner_n, &l) < 0)
		return -1;
	for (unsigned i = 0; i < running_n; i++)
		line[i] = running[i];
	for (unsigned o = 0; o < owner_n; o++)
		served = owners[o].served > served ? owners[o].served : served;
	for (int64_t steps = 0; taken < n && steps < QUEUE_ORDER_STEPS; steps += owner_n) {
		for (; last - first >= max_in_flight && first < last; first++)
			owners[line[first]].running--;
		int job = next_job(jobs, owners, owner_n, &l);
		unsigned owner = jobs[job].owner;
		l.head[owner] = l.next[job];
		l.next[job] = -2; /* taken */
		jobs[job].position = taken++;
		owners[owner].running++;
		owners[owner].served = ++served;
		line[last++] = owner;
	}
	for (unsigned i = 0; i < n && taken < n; i++)
		if (l.next[i] != -2)
			jobs[i].position = taken++;
	return 0;
}

int64_t queue_wait_s(unsigned position, unsigned running, unsigned max_in_flight, int64_t attempt_s)
{
	int64_t places = max_in_flight > 0 ? max_in_flight : 1;
	int64_t ends = (int64_t)position + running + 1 - places; /* that must come first */

	if (attempt_s < 0)
		return -1;
	return ends <= 0 ? 0 : (ends * attempt_s + places - 1) / places;
}
