#include "drivers/libs3_fault.h"

#include "base/cleanup.h"

/* None of them is of a kind that ends a job, but for the size: a key that is wrong today is mended tomorrow.
 */
static const struct fault {
	S3Status status;
	enum err_kind kind;
	bool passes; /* by itself, in a moment */
	const char *todo;
} faults[] = {
	{ S3StatusErrorAccessDenied, ERR_UNAVAILABLE, false,
		"blob.s3_access_key may not do this: mend the bucket's policy" },
	{ S3StatusHttpErrorForbidden, ERR_UNAVAILABLE, false,
		"mend blob.s3_access_key, blob.s3_secret_key_file, the bucket's policy or this machine's "
		"clock" },
	{ S3StatusErrorInvalidAccessKeyId, ERR_UNAVAILABLE, false, "mend blob.s3_access_key" },
	{ S3StatusErrorSignatureDoesNotMatch, ERR_UNAVAILABLE, false,
		"mend blob.s3_secret_key_file; a store that wants Signature Version 4 needs blob.driver = "
		"s3" },
	{ S3StatusErrorRequestTimeTooSkewed, ERR_UNAVAILABLE, false,
		"this machine's clock is wrong: timedatectl set-ntp true" },
	{ S3StatusErrorNoSuchBucket, ERR_UNAVAILABLE, false, "mend blob.s3_bucket, or make the bucket" },
	{ S3StatusErrorPermanentRedirect, ERR_UNAVAILABLE, false,
		"the bucket is at another address: mend blob.s3_endpoint" },
	{ S3StatusErrorTemporaryRedirect, ERR_UNAVAILABLE, false,
		"the bucket is at another address: mend blob.s3_endpoint" },
	{ S3StatusHttpErrorMovedTemporarily, ERR_UNAVAILABLE, false,
		"the bucket is at another address: mend blob.s3_endpoint" },
	{ S3StatusServerFailedVerification, ERR_UNAVAILABLE, false,
		"its certificate is not trusted: mend blob.s3_endpoint or blob.s3_ca_file" },
	{ S3StatusNameLookupError, ERR_UNAVAILABLE, true, "mend blob.s3_endpoint, or the resolver" },
	{ S3StatusFailedToConnect, ERR_UNAVAILABLE, true,
		"is it running, and does blob.s3_endpoint name its port?" },
	{ S3StatusErrorBadDigest, ERR_UNAVAILABLE, true, "the body changed on the way" },
	{ S3StatusErrorInvalidRange, ERR_RANGE, false, "beyond the object's end" },
	{ S3StatusErrorEntityTooLarge, ERR_TOO_LARGE, false, "the store takes no object of this size" },
	{ S3StatusOutOfMemory, ERR_NOMEM, false, "no memory" },
};

bool libs3_fault_passes(const struct libs3_call *c)
{
	if (c->stalled)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		if (faults[i].status == c->status)
			return faults[i].passes;
	/* libs3 says "unknown" to 500, 503 and their like where no XML came along. */
	return S3_status_is_retryable(c->status) || c->status == S3StatusHttpErrorUnknown ||
	       c->status == S3StatusErrorUnknown || c->status == S3StatusConnectionFailed;
}

int libs3_fault_set(const struct libs3_call *c, struct err *e)
{
	const char *name = S3_get_status_name(c->status), *between = c->words[0] ? ": " : "";

	if (c->stalled)
		return err_set(
			e, ERR_TIMEOUT, "%s: nothing came or went for %d s", c->site->host, c->site->stall_s);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		if (faults[i].status == c->status)
			return err_set(e, faults[i].kind, "%s: %s%s%s: %s", c->site->host, name, between,
				c->words, faults[i].todo);
	return err_set(e, ERR_UNAVAILABLE, "%s: %s%s%s", c->site->host, name, between, c->words);
}
