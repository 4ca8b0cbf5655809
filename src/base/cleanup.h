#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Scope-bound release: `CLEANUP(free_p) char *s = NULL;` frees s wherever the function returns. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Defines FN_p(), the form that CLEANUP takes, from a release function that accepts NULL. */
#define DEFINE_CLEANUP(type, fn)                                                                             \
	static inline void fn##_p(type *slot)                                                                \
	{                                                                                                    \
		if (*slot)                                                                                   \
			fn(*slot);                                                                           \
	}

static inline void free_p(void *slot)
{
	free(*(void **)slot);
}

/* A descriptor starts at -1: a stray close(0) hands another thread's socket away. */
static inline void close_p(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void fclose_p(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

static inline void closedir_p(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* Hand a resource to the caller: `*ret = TAKE(x);` leaves x empty so that CLEANUP skips it. */
#define TAKE(ptr)                                                                                            \
	__extension__({                                                                                      \
		__typeof__(ptr) take_ = (ptr);                                                               \
		(ptr) = NULL;                                                                                \
		take_;                                                                                       \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
