#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* What gaitd and its scorer child (gait-analyze --serve) say to each other over two pipes. Pure: bytes in,
 * values out. A frame is a head of fixed size and up to SCORER_PARTS parts behind it, each with its length in
 * the head and a limit of its own here, so that neither side reads or holds more than it agreed to:
 *
 *	"GSF1"  kind (1 byte)  three zeros  id (4 bytes)  length of each part (4 bytes each), big-endian
 *
 *	child → gaitd   READY                               once, when the model is loaded
 *	gaitd → child   ANALYZE   facts, front and/or side  key point documents as they came
 *	                ANALYZE   body                      a whole JSON request; the child cuts it up
 *	                ANALYZE   facts, one or two kept    keypoints_….tar.gz of an attempt
 *	child → gaitd   RESULT    body                      result.json
 *	                REFUSED   body                      kind, words and the wrong fields (below)
 *
 * An answer bears its request's id. One request at a time. */

enum scorer_kind { SCORER_READY = 1, SCORER_ANALYZE, SCORER_RESULT, SCORER_REFUSED };

enum scorer_part {
	SCORER_FACTS,
	SCORER_FRONT,
	SCORER_SIDE,
	SCORER_BODY,
	SCORER_KEPT_1,
	SCORER_KEPT_2,
	SCORER_PARTS
};

enum {
	SCORER_HEAD_BYTES = 12 + 4 * SCORER_PARTS,
	SCORER_FACTS_MAX = 4 << 10,
	SCORER_INPUT_MAX = 64 << 20, /* all parts of a request but the facts, together */
	SCORER_RESULT_MAX = 64 << 20,
	SCORER_REFUSAL_MAX = 8 << 10,
};

struct scorer_head {
	enum scorer_kind kind;
	uint32_t id;
	uint32_t len[SCORER_PARTS]; /* 0: that part is absent */
};

/**
 * scorer_head_put() - the head as bytes
 * Return 0; -1 with ERR_TOO_LARGE or ERR_INVALID where scorer_head_get() would refuse it
 */
int scorer_head_put(const struct scorer_head *h, unsigned char out[SCORER_HEAD_BYTES], struct err *e);

/**
 * scorer_head_get() - read and check a head that came from the other side
 * Errors  ERR_INVALID: no frame, an unknown kind, parts that do not belong together; ERR_TOO_LARGE: a part
 *         over its limit. After either the stream is of no more use.
 */
int scorer_head_get(const unsigned char in[SCORER_HEAD_BYTES], struct scorer_head *ret, struct err *e);

/* Why nothing was measured: what REFUSED carries. */
struct scorer_refusal {
	enum err_kind kind;
	char detail[256];
	struct {
		char field[32], reason[208];
	} items[8];
	unsigned n;
};

/* Add a wrong field; the first complaint about a field stands, and beyond the last slot none is kept. */
void scorer_refusal_add(struct scorer_refusal *r, const char *field, const char *reason);

/* As bytes: kind, detail, then field and reason by turns, each ended by a NUL. */
int scorer_refusal_put(const struct scorer_refusal *r, struct buf *out, struct err *e);

/**
 * scorer_refusal_get() - read what the child said
 * The child reads hostile text, so it is not believed further than needed: of the kinds only those that blame
 * the request or its size or memory, and ERR_INTERNAL for all others.
 * Errors  ERR_INVALID: not of that form
 */
int scorer_refusal_get(const char *bytes, size_t len, struct scorer_refusal *ret, struct err *e);
