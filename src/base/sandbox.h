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

/**
 * sandbox_seal() - a second step, for a process that has everything it needs
 * After it also: no file or folder opened, made, removed or renamed, no new process or thread, no signal to
 * another process. What is open stays usable. @max_cpu_s ends the process with SIGXCPU, then SIGKILL.
 * Errors  as sandbox_enter()
 */
int sandbox_seal(int64_t max_cpu_s, struct err *e);
