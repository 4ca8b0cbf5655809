#include <string.h>

#include "app/wire.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "drivers/blob_dir.h"

/* The key of signed URLs is derived, so that one secret file is enough and neither use reveals the other. */
int wire_blob(struct house *h, struct err *e)
{
	uint8_t key[SHA256_BYTES];
	static const char purpose[] = "gaitd blob urls";
	char secret[256];

	if (*h->cfg->blob_signing_key_file) {
		if (fsx_read_secret(h->cfg->blob_signing_key_file, secret, sizeof secret, e) < 0 ||
			hmac_sha256(secret, strlen(secret), purpose, sizeof purpose - 1, key, e) < 0)
			return -1;
		secret_wipe(secret, sizeof secret);
	} else if (hmac_sha256(h->svc.key, sizeof h->svc.key, purpose, sizeof purpose - 1, key, e) < 0) {
		return -1;
	}
	const struct blob_dir_options o = { .root = h->cfg->blob_dir,
		.base_url = h->callback_url,
		.signing_key = key,
		.signing_key_bytes = sizeof key };
	int r = blob_dir_open(&o, &h->svc.blob, e);
	secret_wipe(key, sizeof key);
	return r;
}
