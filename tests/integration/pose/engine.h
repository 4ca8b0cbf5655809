#pragma once

#include "base/buf.h"

/* gait-pose as a process, as the job script starts it. */

/* Exit 77 with a line where the model files are absent: scripts/weights fetches them. */
void engine_need_weights(void);

/* Run with @args (NULL-terminated, without the program and --weights); what it printed into @out and
 * @err_text (may be NULL). Return the exit code; a signal or a run of over 240 s fails the test. */
int engine_run(const char *const *args, struct buf *out, struct buf *err_text);

/* The directory of the model files, for calls inside this process. */
const char *engine_weights(void);
