/* One file into S3 as gaitd puts it: bench_s3 FILE KEY, with the store in S3_ENDPOINT, S3_BUCKET, S3_ACCESS
 * and the secret's file in S3_SECRET_FILE. Prints one line of JSON: seconds, and the memory that the put
 * added. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "drivers/blob_s3.h"

static const char *from_env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* "VmHWM" or "VmRSS" of this process, KiB. */
static long memory_kib(const char *what)
{
	CLEANUP(fclose_p) FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, what, strlen(what)) == 0)
			return strtol(line + strlen(what) + 1, NULL, 10);
	return -1;
}

static int put(struct blob *b, const char *file, const char *key, struct err *e)
{
	struct blob_stat want;

	if (sha256_of_file(file, want.sha256, &want.bytes, e) < 0)
		return -1;
	/* A first small request, so that curl, OpenSSL and the like are there before memory is looked at. */
	if (b->ops->probe(b, NULL, e) < 0)
		return -1;
	long before_kib = memory_kib("VmRSS");
	int64_t begun_ms = clock_mono_ms();
	if (b->ops->put_file(b, key, file, &want, NULL, NULL, e) < 0)
		return -1;
	printf("{\"seconds\": %.3f, \"bytes\": %" PRId64 ", \"added_kib\": %ld}\n",
		(double)(clock_mono_ms() - begun_ms) / 1000, want.bytes, memory_kib("VmHWM") - before_kib);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct blob *b = NULL;
	char secret[256] = "";
	const struct blob_s3_options o = { .endpoint = from_env("S3_ENDPOINT"),
		.public_endpoint = "",
		.bucket = from_env("S3_BUCKET"),
		.region = "us-east-1",
		.prefix = "",
		.access_key = from_env("S3_ACCESS"),
		.secret_key = secret,
		.session_token = "",
		.ca_file = "",
		.encryption = "none",
		.kms_key = "" };

	if (argc != 3) {
		(void)fputs("usage: bench_s3 FILE KEY\n", stderr);
		return 64;
	}
	if (fsx_read_secret(from_env("S3_SECRET_FILE"), secret, sizeof secret, &e) < 0 ||
		blob_s3_open(&o, &b, &e) < 0 || put(b, argv[1], argv[2], &e) < 0) {
		(void)fprintf(stderr, "bench_s3: %s\n", e.msg);
		return 1;
	}
	b->ops->close(b);
	return 0;
}
