#pragma once

#include "base/err.h"
#include "pose/gait_analyze_options.h"

/**
 * serve_run() - gait-analyze --serve: answer analyses one after the other until stdin ends
 * Speaks base/scorer_frame.h on stdin and stdout. This process enters the sandbox, loads the model and then
 * only forks: each request is read, measured and answered by a process of its own, which was made for it,
 * sealed (sandbox_seal()), and ends after it. So nothing of a request is left for the next one, whatever its
 * text did to the process that read it, and limits of time and memory hold for a request and not for the
 * weeks in between. The model's pages are shared. Return  0 where stdin ended; -1: the model, the sandbox, or
 * a worker that ended without its answer, with how Source  docs/adr/0020-scorer-child.md
 */
int serve_run(const struct options *o, struct err *e);
