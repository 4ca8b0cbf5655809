#pragma once

#include "ports/blob.h"

/* What every driver of ports/blob.h must do. A driver's test program fills in a factory and runs the suite;
 * what only that driver promises stays in its own program. */
struct blob_factory {
	const char *name;
	/* Open the store of this test (the same content every time within one test). */
	int (*open)(void *ctx, struct blob **ret, struct err *e);
	/* Begin with an empty store; end: remove it. */
	void (*begin)(void *ctx);
	void (*end)(void *ctx);
	void *ctx;
	/* Fault points that a put passes, and those of a removal; NULL-terminated. */
	const char *const *put_faults, *const *remove_faults;
};

/* Return the number of failed tests. */
int blob_contract_run(const struct blob_factory *f);

/* For drivers' own tests: the size and SHA-256 of text, and whether @key holds exactly it. */
struct blob_stat blob_stat_of(const void *data, size_t len);
void blob_assert_holds(struct blob *b, const char *key, const void *data, size_t len);
void blob_assert_absent(struct blob *b, const char *key);
/* A local file in @dir with that content; the path goes to @ret. */
void blob_local_file(const char *dir, const char *name, const void *data, size_t len, char ret[512]);
