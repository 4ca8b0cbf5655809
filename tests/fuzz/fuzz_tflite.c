#include <stdlib.h>

#include "fuzz.h"
#include "pose/nn.h"
#include "pose/tflite.h"

/* The input: a .tflite file. What is accepted must also run: the shapes it passed are all that keeps XNNPACK
 * inside its buffers. */

#define MAX_COUNT (1 << 18) /* larger networks are only read: running them would test patience alone */

static int is_small(const struct tfl_graph *g)
{
	size_t total = 0;

	for (int i = 0; i < g->ntensors; i++)
		total += g->tensors[i].count;
	return total < MAX_COUNT;
}

static volatile float sum;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tfl_graph *g = NULL;
	struct nn *n = NULL;
	struct err e = { 0 };

	if (tfl_read(data, size, &g, &e) < 0) {
		if (e.kind == ERR_NONE || e.msg[0] == '\0')
			abort();
		return 0;
	}
	unsigned all = (1U << g->noutputs) - 1;
	if (!is_small(g)) {
		tfl_free(g);
		return 0;
	}
	if (nn_open(g, all, &n, &e) < 0)
		return 0;
	(void)nn_run(n, &e);
	for (int k = 0; k < TFL_MAX_OUTPUTS; k++) {
		size_t count = 0;
		const float *out = nn_output(n, k, &count);
		for (size_t i = 0; out && i < count; i++) /* every number lies in memory of its own */
			sum += out[i];
	}
	nn_close(n);
	return 0;
}
