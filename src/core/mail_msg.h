#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* The mails that users get: a pure function from facts to a finished message. Nothing about the patient is
 * among the facts, so that nothing of it can slip in. */

enum mail_kind { MAIL_RECEIVED, MAIL_RESULT, MAIL_FAILURE, MAIL_ANALYSED, MAIL_KIND_COUNT };

struct mail_facts {
	enum mail_kind kind;
	const char *job_id;
	int64_t ordinal;
	const char *job_url;               /* http(s), of the job's page */
	const char *from, *from_name, *to; /* bare addresses; from_name may be "" or NULL */
	const char *message_id;            /* without <>, from mail_message_id() */
	int64_t date_ms;                   /* Unix time; the outbox row's, so that every try is the same */
	bool with_score; /* the submitter asked for the number in mails and the operator allows it there */
	bool has_score, demonstration; /* the result has one; it is a demonstration model's */
	double score;                  /* 0–1, where has_score */
	const char *const *reasons;    /* why there is none */
	size_t reason_count;
	const char *failure_text; /* MAIL_FAILURE: what the user is told */
	bool commented;           /* MAIL_RESULT: a clinician wrote something about it; never what */
	bool withheld; /* MAIL_ANALYSED: there will be no result for the submitter; else a clinician reads it
			*/
	const char *site_name; /* the operator's; NULL or "" for none */
};

/**
 * mail_render() - a whole message after RFC 5322 (2008)
 * multipart/alternative of text and HTML, UTF-8 as quoted-printable: 7-bit, CRLF, lines of at most 76
 * characters (header lines that hold one long word: 998). The same facts give the same bytes.
 * Reasons and the failure's text are cut at 400 bytes, and 12 reasons are told.
 * Every value is escaped for its place; what would need quoting in an address or a URL is refused.
 * @out    appended to on 0, as before on -1; a cap of 128 KiB holds any message
 * Errors  ERR_INVALID (address, message id, URL, score out of range), ERR_TOO_LARGE (@out's cap)
 */
int mail_render(const struct mail_facts *f, struct buf *out, struct err *e);

/* The same in parts, UTF-8, for relays that build messages themselves. */
struct mail_parts {
	char subject[80];
	struct buf text, html;
};

/**
 * mail_parts_make() - what mail_render() would put into the message, before it is encoded
 * @ret    initialised here; mail_parts_free() whatever is returned
 * Errors  as mail_render()
 */
int mail_parts_make(const struct mail_facts *f, struct mail_parts *ret, struct err *e);
void mail_parts_free(struct mail_parts *p);

enum { MAIL_MESSAGE_ID_BYTES = 320 };

/**
 * mail_message_id() - the one Message-ID of an outbox row
 * @local  what the row calls it: "kind.job.attempt", or "result.job.attempt.n" where a result is released
 * once more
 * @host   the domain of the sender's address
 * Errors  ERR_INVALID where that makes no well-formed id
 */
int mail_message_id(const char *local, const char *host, char ret[MAIL_MESSAGE_ID_BYTES], struct err *e);

/* "received", "result", "failure", "analysed": as in the outbox and in the templates' names. */
const char *mail_kind_name(enum mail_kind kind);
bool mail_kind_parse(const char *name, enum mail_kind *ret);
