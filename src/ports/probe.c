#include "ports/probe.h"

int probe_step(const struct probe *p, const char *what, int r, const char *text, const struct err *e)
{
	if (p && p->step)
		p->step(p->arg, what, r == 0 ? PROBE_OK : PROBE_FAILED, r == 0 ? (text ? text : "") : e->msg);
	return r;
}

void probe_begin(const struct probe *p, const char *what)
{
	if (p && p->begin)
		p->begin(p->arg, what);
}

void probe_skip(const struct probe *p, const char *what, const char *why)
{
	if (p && p->step)
		p->step(p->arg, what, PROBE_SKIPPED, why);
}
