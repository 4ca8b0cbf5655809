#include "support/radosgw.h"

#include "blob_contract.h"
#include "s3_fixture.h"

/* The whole contract on radosgw: objects sent in one piece, and in parts. What only this driver promises is
 * in test_blob_s3_more.c. */

static struct s3_fixture server;

static int open_whole(void *ctx, struct blob **ret, struct err *e)
{
	const struct blob_s3_options o = s3_fixture_options(&server);

	(void)ctx;
	return blob_s3_open(&o, ret, e);
}

static int open_parts(void *ctx, struct blob **ret, struct err *e)
{
	struct blob_s3_options o = s3_fixture_options(&server);

	(void)ctx;
	o.multipart_above = 1;
	return blob_s3_open(&o, ret, e);
}

static void begin(void *ctx)
{
	(void)ctx;
	s3_fixture_bucket(&server);
}

/* Whatever a test did, killed processes included: no part of an upload is left to be paid for. */
static void end(void *ctx)
{
	struct blob *b = NULL;

	assert_int_equal(open_whole(ctx, &b, NULL), 0);
	assert_int_equal(s3_fixture_uploads(&server), 0);
	b->ops->close(b);
	s3_fixture_bucket_end(&server);
}

int main(void)
{
	static const char *const put_faults[] = { "file:blob_s3.summed", "file:blob_s3.put",
		"bytes:blob_s3.put", NULL };
	static const char *const part_faults[] = { "file:blob_s3.upload_made", "file:blob_s3.part",
		"file:blob_s3.parts_sent", "file:blob_s3.completed", NULL };
	static const char *const remove_faults[] = { "blob_s3.removed", NULL };
	const struct blob_factory whole = { "blob_s3, in one piece", open_whole, begin, end, NULL, put_faults,
		remove_faults };
	const struct blob_factory parts = { "blob_s3, in parts", open_parts, begin, end, NULL, part_faults,
		remove_faults };

	s3_fixture_open(&server);
	return blob_contract_run(&whole) + blob_contract_run(&parts);
}
