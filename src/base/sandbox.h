#pragma once

#include <stdint.h>

#include "base/err.h"

/* What a program that parses hostile media or models gives up before it reads the first byte. */
struct sandbox {
	int64_t max_cpu_s, max_memory_bytes, max_file_bytes; /* 0: unlimited */
};

/**
 * sandbox_enter() - no_new_privs, rlimits and a seccomp filter for this process and its threads to come
 * After it: no socket, no connection, no exec, no ptrace, no mount, no namespace, no module; files and
 * threads work as before. Call it before the first thread starts. There is no way back.
 * Address-space limits are skipped under AddressSanitizer, which reserves terabytes.
 * Errors  ERR_INTERNAL where the kernel refuses a filter
 * Source  seccomp(2), libseccomp 2.5
 */
int sandbox_enter(const struct sandbox *s, struct err *e);

/* The filter of a second step, ready to be installed: a fork server makes it once and each of its children
 * enters it in microseconds. */
struct sandbox_seal {
	void *filter; /* struct sock_filter[len] */
	unsigned short len;
};

/* Errors as sandbox_enter(). Released with sandbox_seal_deinit(). */
int sandbox_seal_make(struct sandbox_seal *ret, struct err *e);
void sandbox_seal_deinit(struct sandbox_seal *s);

/**
 * sandbox_seal() - the second step, for a process that has everything it needs
 * After it also: no file or folder opened, made, removed or renamed, no new process or thread, no signal to
 * another process, no higher limit. What is open stays usable. @max_cpu_s ends the process with SIGXCPU, then
 * SIGKILL. Behind sandbox_enter(), whose no_new_privs it needs.
 */
int sandbox_seal(const struct sandbox_seal *s, int64_t max_cpu_s, struct err *e);
