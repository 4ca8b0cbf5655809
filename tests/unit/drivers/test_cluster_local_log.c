#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "drivers/cluster_local_log.h"

static char dir[] = "/tmp/gait-log-XXXXXX";

/* What byte @i of the job's output is: any place of it can be told from its neighbours. */
static char byte_at(size_t i)
{
	return (char)('a' + (i * 7 + i / 26 + i / 997) % 26);
}

static void read_log(const char *path, struct buf *text)
{
	struct err e = { 0 };

	buf_init(text, 1 << 22);
	if (fsx_read_file(path, text, &e) < 0)
		fail_msg("%s", e.msg);
}

static void check(size_t max, size_t total, size_t chunk)
{
	char path[64], *said = malloc(total + 1);
	struct cluster_log log;
	struct err e = { 0 };
	BUF_CLEANUP struct buf text;

	assert_non_null(said);
	for (size_t i = 0; i < total; i++)
		said[i] = byte_at(i);
	snprintf(path, sizeof path, "%s/log", dir);
	assert_int_equal(cluster_log_open(&log, path, max, &e), 0);
	for (size_t at = 0; at < total; at += chunk)
		cluster_log_add(&log, said + at, total - at < chunk ? total - at : chunk);
	read_log(path, &text); /* before the close: it is there while the job runs */
	cluster_log_close(&log);
	if (total <= max) {
		assert_int_equal(text.len, total);
		assert_memory_equal(buf_str(&text), said, total);
		free(said);
		return;
	}
	assert_true(text.len <= max);
	assert_true(text.len >= max / 2);
	assert_memory_equal(text.data, said, max / 4);
	char *gap = strstr(text.data, "\n[... ");
	assert_ptr_equal(gap, text.data + max / 4);
	size_t dropped = strtoull(gap + 6, NULL, 10);
	char *tail = strchr(gap + 1, '\n') + 1;
	size_t tail_len = text.len - (size_t)(tail - text.data);
	assert_memory_equal(tail, said + total - tail_len, tail_len);
	assert_int_equal(max / 4 + dropped + tail_len, total);
	free(said);
}

static void test_head_and_tail_stay(void **state)
{
	static const size_t maxes[] = { 4096, 5000, 65536 };
	static const size_t totals[] = { 0, 1, 4095, 4096, 4097, 5001, 6144, 6200, 9000, 65537, 100003 };
	static const size_t chunks[] = { 1, 100, 4096, 16384, 2000000 };

	(void)state;
	for (size_t m = 0; m < ARRAY_LEN(maxes); m++)
		for (size_t t = 0; t < ARRAY_LEN(totals); t++)
			for (size_t k = 0; k < ARRAY_LEN(chunks); k++)
				if (chunks[k] > 1 || totals[t] < 7000)
					check(maxes[m], totals[t], chunks[k]);
}

static void test_lost_folder_harms_nobody(void **state)
{
	char sub[64], path[80];
	struct cluster_log log;
	struct err e = { 0 };
	static const char line[1000];

	(void)state;
	snprintf(sub, sizeof sub, "%s/sub", dir);
	snprintf(path, sizeof path, "%s/log", sub);
	assert_int_equal(fsx_mkdirs(sub, 0700, &e), 0);
	assert_int_equal(cluster_log_open(&log, path, 4096, &e), 0);
	assert_int_equal(fsx_remove_tree(sub, &e), 0);
	for (int i = 0; i < 100; i++)
		cluster_log_add(&log, line, sizeof line);
	cluster_log_close(&log);
	assert_int_equal(cluster_log_open(&log, path, 4096, &e), -1);
	assert_int_equal(e.kind, ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head_and_tail_stay),
		cmocka_unit_test(test_lost_folder_harms_nobody),
	};

	if (!mkdtemp(dir))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)fsx_remove_tree(dir, NULL);
	return failed;
}
