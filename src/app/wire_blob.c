#include <string.h>

#include "app/wire.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "drivers/blob_dir.h"
#include "drivers/blob_libs3.h"
#include "drivers/blob_s3.h"

/* The key of signed URLs is derived, so that one secret file is enough and neither use reveals the other. */
static int url_key(struct house *h, uint8_t key[SHA256_BYTES], struct err *e)
{
	static const char purpose[] = "gaitd blob urls";
	char secret[256];

	if (!*h->cfg->blob_signing_key_file)
		return hmac_sha256(h->svc.key, sizeof h->svc.key, purpose, sizeof purpose - 1, key, e);
	int r = fsx_read_secret(h->cfg->blob_signing_key_file, secret, sizeof secret, e);
	if (r == 0)
		r = hmac_sha256(secret, strlen(secret), purpose, sizeof purpose - 1, key, e);
	secret_wipe(secret, sizeof secret);
	return r;
}

static int wire_dir(struct house *h, struct err *e)
{
	uint8_t key[SHA256_BYTES];

	if (url_key(h, key, e) < 0)
		return -1;
	const struct blob_dir_options o = { .root = h->cfg->blob_dir,
		.base_url = h->callback_url,
		.signing_key = key,
		.signing_key_bytes = sizeof key };
	int r = blob_dir_open(&o, &h->svc.blob, e);
	secret_wipe(key, sizeof key);
	return r;
}

static int is_s3_named(const struct config *c, struct err *e)
{
	if (!*c->blob_s3_bucket || !*c->blob_s3_access_key || !*c->blob_s3_secret_key_file)
		return err_set(e, ERR_CONFIG,
			"blob.driver is %s: set blob.s3_bucket, blob.s3_access_key and "
			"blob.s3_secret_key_file",
			c->blob_driver);
	return 0;
}

/* Compute nodes speak with gaitd then, which keeps what they send below blob.dir until the bucket has it. */
static int wire_libs3(struct house *h, struct err *e)
{
	const struct config *c = h->cfg;
	char secret[256] = "", spool[4096];
	uint8_t key[SHA256_BYTES];

	if (is_s3_named(c, e) < 0 || fsx_join(spool, sizeof spool, c->blob_dir, "relay", e) < 0 ||
		url_key(h, key, e) < 0)
		return -1;
	const struct blob_libs3_options o = { .endpoint = c->blob_s3_endpoint,
		.bucket = c->blob_s3_bucket,
		.prefix = c->blob_s3_prefix,
		.access_key = c->blob_s3_access_key,
		.secret_key = secret,
		.ca_file = c->blob_s3_ca_file,
		.is_virtual = strcmp(c->blob_s3_style, "virtual") == 0,
		.spool = spool,
		.base_url = h->callback_url,
		.signing_key = key,
		.signing_key_bytes = sizeof key };
	int r = fsx_read_secret(c->blob_s3_secret_key_file, secret, sizeof secret, e);
	if (r == 0)
		r = blob_libs3_open(&o, &h->svc.blob, e);
	secret_wipe(secret, sizeof secret);
	secret_wipe(key, sizeof key);
	return r;
}

static int wire_s3(struct house *h, struct err *e)
{
	const struct config *c = h->cfg;
	char secret[256] = "", token[4096] = "";
	int r = 0;

	if (is_s3_named(c, e) < 0)
		return -1;
	r = fsx_read_secret(c->blob_s3_secret_key_file, secret, sizeof secret, e);
	if (r == 0 && *c->blob_s3_session_token_file)
		r = fsx_read_secret(c->blob_s3_session_token_file, token, sizeof token, e);
	const struct blob_s3_options o = { .endpoint = c->blob_s3_endpoint,
		.public_endpoint = c->blob_s3_public_endpoint,
		.bucket = c->blob_s3_bucket,
		.region = c->blob_s3_region,
		.prefix = c->blob_s3_prefix,
		.access_key = c->blob_s3_access_key,
		.secret_key = secret,
		.session_token = token,
		.ca_file = c->blob_s3_ca_file,
		.encryption = c->blob_s3_encryption,
		.kms_key = c->blob_s3_kms_key,
		.is_virtual = strcmp(c->blob_s3_style, "virtual") == 0,
		.multipart_above = c->blob_s3_multipart_above,
		.part_bytes = c->blob_s3_part_bytes,
		.parts_at_once = (int)c->blob_s3_parts_at_once };
	if (r == 0)
		r = blob_s3_open(&o, &h->svc.blob, e);
	secret_wipe(secret, sizeof secret);
	secret_wipe(token, sizeof token);
	return r;
}

int wire_blob(struct house *h, struct err *e)
{
	if (strcmp(h->cfg->blob_driver, "libs3") == 0)
		return wire_libs3(h, e);
	return strcmp(h->cfg->blob_driver, "s3") == 0 ? wire_s3(h, e) : wire_dir(h, e);
}
