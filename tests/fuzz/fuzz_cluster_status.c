#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "drivers/cluster_pbs_parts.h"
#include "fuzz.h"

/* The input: an answer of `gait-cluster status`. What is said of one attempt does not depend on which others
 * are asked about; without the closing "end" nothing is said at all. */

static void check(const struct cluster_status *s)
{
	if (!memchr(s->detail, '\0', sizeof s->detail) || !memchr(s->run_id, '\0', sizeof s->run_id) ||
		!memchr(s->step, '\0', sizeof s->step) || s->percent < 0 || s->percent > 100)
		abort();
	if (s->has_outcome && s->state != CLUSTER_FINISHED)
		abort();
	if (s->untold && s->state != CLUSTER_UNKNOWN)
		abort();
	if (*s->end && (s->state != CLUSTER_FINISHED || s->has_outcome))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cluster_status many[3] = { { .attempt = "a-1" }, { .attempt = "b-2" }, { .attempt = "" } },
			      one = { .attempt = "b-2" };
	const char *text = (const char *)data;
	struct err e = { 0 };

	int r = cluster_pbs_status_read(text, size, many, 3, &e);
	if (cluster_pbs_status_read(text, size, &one, 1, &e) != r)
		abort();
	if (r < 0) {
		if (e.kind == ERR_NONE || err_may_retry(e.kind) == false)
			abort();
		return 0;
	}
	if (!memmem(text, size, "end\n", 4) || memcmp(&one, &many[1], sizeof one) != 0)
		abort();
	for (int i = 0; i < 3; i++)
		check(&many[i]);
	if (many[2].state != CLUSTER_UNKNOWN)
		abort();
	return 0;
}
