#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/child.h"
#include "core/pbs_cmd.h"
#include "fuzz.h"

/* The input: words with NUL between them. A real /bin/sh must give back exactly these words, or pbs_quote()
 * must have refused them because of a line break. */

enum { WORDS_MAX = 16, TEXT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_CLEANUP struct buf script, got, want;
	const char *words[WORDS_MAX + 1] = { NULL };
	char text[TEXT_MAX + 1];
	struct child_end end;
	struct err e = { 0 };
	size_t n = 0;

	buf_init(&script, 1 << 20);
	buf_init(&got, 1 << 20);
	buf_init(&want, 1 << 20);
	if (size > TEXT_MAX)
		size = TEXT_MAX;
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t at = 0; at <= size && n < WORDS_MAX; at += strlen(text + at) + 1) {
		words[n++] = text + at;
		if (buf_add(&want, text + at, strlen(text + at) + 1, &e) < 0)
			abort();
	}
	/* printf '%s\0' prints each word as it came. */
	if (buf_adds(&script, "printf '%s\\0' ", &e) < 0)
		abort();
	if (pbs_quote(words, &script, &e) < 0) {
		bool has_break = false;
		for (size_t i = 0; i < n; i++)
			has_break |= strpbrk(words[i], "\r\n") != NULL;
		if (!has_break || e.kind != ERR_INVALID)
			abort();
		return 0;
	}
	const char *const argv[] = { "/bin/sh", "-c", buf_str(&script), NULL };
	struct child_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	if (child_run(&spec, 20000, &got, NULL, &end, &e) < 0 || !end.exited || end.code != 0)
		abort();
	if (got.len != want.len || memcmp(got.data, want.data, want.len) != 0)
		abort();
	return 0;
}
