#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* Runs every file of a corpus through a fuzz target, then each with so many mutations. The same each time: a
 * failure here is a failure everywhere. `replay DIR ROUNDS`, or `replay FILE…` for single findings. */

enum { INPUT_MAX = 1 << 20, ROOM = 4096 };

static uint64_t seed;

static size_t below(size_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX, 1999 */
	return n ? (size_t)(seed >> 33) % n : 0;
}

static size_t read_file(const char *path, uint8_t *out)
{
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		exit(2);
	}
	size_t n = fread(out, 1, INPUT_MAX, f);
	(void)fclose(f);
	return n;
}

/* Each input lies in a block of its own size, so that a read beyond it is seen. */
static void run(const uint8_t *data, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);

	if (!exact)
		exit(2);
	memcpy(exact, data, n);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

static size_t mutate(uint8_t *d, size_t n)
{
	size_t at = below(n), len = 1 + below(n - at < 32 ? n - at : 32), to = below(n);

	switch (below(6)) {
	case 0: /* another byte */
		if (n)
			d[at] = (uint8_t)below(256);
		return n;
	case 1: /* one bit */
		if (n)
			d[at] ^= (uint8_t)(1u << below(8));
		return n;
	case 2: /* cut out */
		if (len > n - at)
			return n;
		memmove(d + at, d + at + len, n - at - len);
		return n - len;
	case 3: /* copy a piece elsewhere, over what is there */
		if (at + len <= n && to + len <= n)
			memmove(d + to, d + at, len);
		return n;
	case 4: /* insert a piece again */
		if (at + len > n || to > n)
			return n;
		uint8_t piece[33];
		memcpy(piece, d + at, len);
		memmove(d + to + len, d + to, n - to);
		memcpy(d + to, piece, len);
		return n + len;
	default: /* end early */
		return at;
	}
}

static unsigned long run_file(const char *path, unsigned long rounds)
{
	static uint8_t original[INPUT_MAX], changed[INPUT_MAX + ROOM];
	size_t n = read_file(path, original);

	run(original, n);
	for (unsigned long i = 0; i < rounds; i++) {
		size_t m = n;

		memcpy(changed, original, n);
		for (size_t k = 1 + below(8); k > 0; k--)
			m = mutate(changed, m);
		run(changed, m);
	}
	return rounds + 1;
}

static int is_plain(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **names = NULL;
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0, runs = 0;
	int n = argc > 1 ? scandir(argv[1], &names, is_plain, alphasort) : -1;

	if (n < 0) { /* files */
		for (int i = 1; i < argc; i++)
			runs += run_file(argv[i], 0);
		printf("%lu inputs\n", runs);
		return argc > 1 ? 0 : 2;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];

		seed = (uint64_t)i + 1;
		(void)snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
		runs += run_file(path, rounds);
		free(names[i]);
	}
	free(names);
	printf("%lu inputs from %d files\n", runs, n);
	return n > 0 ? 0 : 2;
}
