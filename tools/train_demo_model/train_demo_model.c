/* train-demo-model WALKS DIR: write the demonstration model, DIR/model.json, DIR/manifest.json, and the
 * tables of its card, DIR/tables.md.
 *
 * No person's data are in it: two synthetic groups, one typical, the other shifted in the directions that
 * reviews report for autistic people (docs/model-card-demonstration.md). Some are numbers only; the others
 * are measured walks of a computed figure, WALKS, which walks.py makes (scripts/train-demo-model runs all of
 * it). The same program gives the same bytes each time: own generator, one thread, exact splits. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "evaluate.h"
#include "forest.h"
#include "manifest_out.h"

enum { PATH = 4096, TEXT_MAX = 1 << 16 };

static int write_text(const char *dir, const char *name, const struct buf *text, struct err *e)
{
	char path[PATH];

	if (fsx_join(path, sizeof path, dir, name, e) < 0)
		return -1;
	return fsx_replace(path, text->data, text->len, 0644, e);
}

static int write_all(
	const char *dir, const char *model, const struct people *p, const double *margin, struct err *e)
{
	const struct platt c = platt_fit(p, margin);
	char hex[SHA256_HEX_BYTES];
	uint8_t sum[SHA256_BYTES];
	int64_t bytes;
	BUF_CLEANUP struct buf manifest;
	BUF_CLEANUP struct buf tables;

	buf_init(&manifest, TEXT_MAX);
	buf_init(&tables, TEXT_MAX);
	if (sha256_of_file(model, sum, &bytes, e) < 0)
		return -1;
	hex_encode(sum, sizeof sum, hex);
	if (manifest_write(&manifest, hex, p, margin, &c, e) < 0 ||
		write_text(dir, "manifest.json", &manifest, e) < 0 ||
		evaluate_tables(&tables, p, margin, &c, e) < 0 ||
		write_text(dir, "tables.md", &tables, e) < 0)
		return -1;
	printf("%s: a demonstration, %lld bytes, %s\n%s", model, (long long)bytes, hex, buf_str(&tables));
	return 0;
}

static int run(const char *walks, const char *dir, struct err *e)
{
	struct people people __attribute__((cleanup(people_deinit))) = { 0 };
	char model[PATH];

	if (people_draw(&people, e) < 0 || people_read(&people, walks, e) < 0 ||
		fsx_join(model, sizeof model, dir, "model.json", e) < 0)
		return -1;
	CLEANUP(free_p) double *margin = calloc(people.count, sizeof *margin);
	if (!margin)
		return err_set(e, ERR_NOMEM, "no memory for %zu people", people.count);
	if (forest_grow(&people, model, margin, e) < 0)
		return -1;
	return write_all(dir, model, &people, margin, e);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	if (argc == 2 && strcmp(argv[1], "--features") == 0) {
		for (size_t i = 0; i < people_feature_count; i++)
			puts(feature_name(people_features[i]));
		return 0;
	}
	if (argc != 3) {
		fputs("Usage: train-demo-model WALKS.csv DIR   write "
		      "DIR/{model.json,manifest.json,tables.md}\n"
		      "       train-demo-model --features      the names of what the model takes\n",
			stdout);
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : err_exit_code(ERR_USAGE);
	}
	if (run(argv[1], argv[2], &e) < 0) {
		fprintf(stderr, "train-demo-model: %s\n", e.msg);
		return err_exit_code(e.kind);
	}
	return 0;
}
