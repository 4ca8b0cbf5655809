#include "drivers/s3_fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "drivers/s3_xml.h"

void s3_fault_read(struct s3_call *c)
{
	CLEANUP(s3_xml_free_p) struct s3_xml *x = NULL;
	char message[1024];

	c->code[0] = c->message[0] = '\0';
	if (c->answer.len == 0 || s3_xml_parse(c->answer.data, c->answer.len, &x, NULL) < 0)
		return;
	const struct s3_xml_node *root = s3_xml_root(x, "Error");
	(void)s3_xml_text(root, "Code", c->code, sizeof c->code);
	(void)s3_xml_text(root, "Message", message, sizeof message);
	for (char *p = message; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	str_cut(c->message, sizeof c->message, message);
}

/* Code of an error document, and what to do about it. */
static const struct remedy {
	const char *code;
	bool is_identity;
	const char *todo;
} remedies[] = {
	{ "InvalidAccessKeyId", true, "the store does not know blob.s3_access_key: mend it" },
	{ "SignatureDoesNotMatch", true,
		"the secret in blob.s3_secret_key_file does not belong to blob.s3_access_key, or a proxy "
		"changes "
		"requests" },
	{ "ExpiredToken", true, "renew the token in blob.s3_session_token_file" },
	{ "InvalidToken", true,
		"the token in blob.s3_session_token_file does not belong to blob.s3_access_key" },
	{ "AuthorizationHeaderMalformed", true, "blob.s3_region is not the bucket's region" },
	{ "AccessDenied", false,
		"key and secret are right; the bucket's policy, or its owner, does not allow it: see "
		"docs/operations.md for the policy it needs" },
	{ "NoSuchBucket", false, "make the bucket or mend blob.s3_bucket" },
	{ "PermanentRedirect", false,
		"the bucket is in another region: mend blob.s3_region and blob.s3_endpoint" },
	{ "InvalidBucketName", false, "mend blob.s3_bucket" },
	{ "NotImplemented", false, "this store lacks what is needed" },
	{ "InvalidArgument", false, "see blob.s3_encryption and blob.s3_kms_key" },
	{ "EntityTooLarge", false, "the store takes no objects of that size" },
	{ "QuotaExceeded", false, "the bucket's or the user's quota is used up: raise it or erase jobs" },
};

static const struct remedy *remedy_for(const char *code)
{
	for (size_t i = 0; i < ARRAY_LEN(remedies); i++)
		if (strcmp(code, remedies[i].code) == 0)
			return &remedies[i];
	return NULL;
}

bool s3_fault_is_identity(const char *code)
{
	const struct remedy *r = remedy_for(code);

	return strcmp(code, "RequestTimeTooSkewed") == 0 || (r && r->is_identity);
}

/* The clock: by how much, and which way. */
static int skewed(const struct s3_call *c, struct err *e)
{
	time_t there = *c->date ? curl_getdate(c->date, NULL) : -1;
	int64_t off = clock_wall_ms() / 1000 - (int64_t)there;

	if (there < 0)
		return err_set(e, ERR_UNAVAILABLE,
			"RequestTimeTooSkewed: this machine's clock differs too much from the store's: set "
			"the "
			"clock, run an NTP client");
	return err_set(e, ERR_UNAVAILABLE,
		"RequestTimeTooSkewed: this machine's clock is %" PRId64
		" s %s the store's (at most 15 min are allowed): set the clock, run an NTP client",
		off < 0 ? -off : off, off < 0 ? "behind" : "ahead of");
}

int s3_fault_set(const struct s3_site *s, const struct s3_call *c, struct err *e)
{
	const struct remedy *r = remedy_for(c->code);
	char text[160] = "";

	if (strcmp(c->code, "RequestTimeTooSkewed") == 0)
		(void)skewed(c, e);
	else if (r && strcmp(c->code, "NoSuchBucket") == 0)
		(void)err_set(
			e, ERR_UNAVAILABLE, "NoSuchBucket: there is no bucket %s: %s", s->bucket, r->todo);
	else {
		if (*c->region && strcmp(c->region, s->region) != 0)
			(void)snprintf(text, sizeof text, " (the bucket is in %s)", c->region);
		(void)err_set(e, ERR_UNAVAILABLE, "%ld%s%s%s%s%s%s%s", c->status, *c->code ? " " : "",
			c->code, *c->message ? ": " : "", c->message, text, r ? ": " : "", r ? r->todo : "");
	}
	return err_wrap(e, "S3 %s %s/%s", c->method, s->bucket, c->key);
}

int s3_fault_set_transfer(const struct s3_site *s, const struct s3_call *c, CURLcode rc, struct err *e)
{
	const char *why = *c->trouble ? c->trouble : curl_easy_strerror(rc);

	if (rc == CURLE_ABORTED_BY_CALLBACK && c->read_failed)
		return err_set(e, ERR_IO, "the file ended or could not be read while it was uploaded");
	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return err_set(e, ERR_CONFLICT, "cancelled");
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_TIMEOUT, "S3 %s %s/%s: %s", c->method, s->bucket, c->key, why);
	if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE)
		return s3_site_untrusted(s, why, e);
	return err_set(e, ERR_UNAVAILABLE, "S3 %s %s/%s: %s:%d: %s", c->method, s->bucket, c->key,
		s->inner.host, s->inner.port, why);
}
