#pragma once

#include "service/service.h"
#include "store/attempts.h"

/* Words on the cluster's side: text for people from a foreign source, bounded and without control characters.
 */
void settle_clean(const char *text, char *out, size_t size);

/**
 * attempt_settle() - end an attempt that is over and whose callback did not come, or never will
 * From its result where that lies in the store and the attempt's own word vouches for it, else as a failure.
 * @seen  as read before; what has changed since is looked at again
 * Return 0, also where it does not count any more; -1 may be tried again
 */
int attempt_settle(
	struct service *s, const struct attempt *seen, const struct cluster_status *st, struct err *e);
