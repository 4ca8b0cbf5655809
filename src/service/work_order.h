#pragma once

#include "base/buf.h"
#include "service/service.h"
#include "store/attempts.h"
#include "store/jobs.h"

enum { OUTPUT_MAX_BYTES = 1 << 30 };

/**
 * work_order_write() - what an attempt is to do, as JSON
 * Videos and outputs are named by signed addresses, or by file where @a is relayed
 * (docs/cluster-protocol.md); with the patient's and the engine's parameters. A relayed one has neither run
 * id nor deadline: who runs it and when it begins is not known yet.
 * @videos  both, in the store
 */
int work_order_write(struct service *s, const struct job *job, const struct attempt *a,
	const struct video *videos, unsigned n, struct buf *order, struct err *e);
