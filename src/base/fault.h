#pragma once

/* FAULT_POINT("module.place") marks a durable step. A build with fault points ends the process there by
 * SIGKILL when the environment says GAITD_FAULT=module.place or GAITD_FAULT=module.place:N (the N-th time);
 * a release build compiles it to nothing. */
#ifdef GAITD_FAULTS
void fault_point(const char *name);
/* True when GAITD_FAULT_FAIL=name[:N]: the caller then behaves as if the system had failed (a full disk,
 * say). name:N+ fails from the N-th time on. */
int fault_fails(const char *name);
#define FAULT_POINT(name) fault_point(name)
#define FAULT_FAILS(name) fault_fails(name)
#else
#define FAULT_POINT(name) ((void)0)
#define FAULT_FAILS(name) 0
#endif
