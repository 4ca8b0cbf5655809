#pragma once

#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"

/* The headers of resumable uploads (tus protocol 1.0.0, 2016-03-25,
 * https://tus.io/protocols/resumable-upload). Pure parsers: what they accept may be stored and sent back as
 * it is. */

#define TUS_VERSION    "1.0.0"
#define TUS_EXTENSIONS "creation,creation-with-upload,checksum,expiration,termination"
#define TUS_CHECKSUMS  "sha1,sha256"
#define TUS_BODY_TYPE  "application/offset+octet-stream"

enum { TUS_METADATA_BYTES = 2048 };

/* What gaitd understands of Upload-Metadata; other keys are kept and sent back, not used. */
struct tus_metadata {
	int view; /* 0 front, 1 side, -1 not given: `view` */
};

/**
 * tus_metadata_parse() - "key base64,key base64,key"
 * @text   NULL: the header was not sent
 * Errors  ERR_INVALID: empty or repeated keys, other than printable ASCII, values that are no base64, a
 * `view` that is none; ERR_HEADERS: TUS_METADATA_BYTES and more
 */
int tus_metadata_parse(const char *text, struct tus_metadata *ret, struct err *e);

struct tus_checksum {
	const char *algorithm; /* a name that digest_new() knows; "": none was sent */
	uint8_t want[DIGEST_MOST_BYTES];
};

/**
 * tus_checksum_parse() - "sha1 base64"
 * @text   NULL: the header was not sent
 * Errors  ERR_INVALID: an algorithm that is not offered, no base64, or of another length
 */
int tus_checksum_parse(const char *text, struct tus_checksum *ret, struct err *e);
