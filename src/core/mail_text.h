#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Foreign text made safe for each place of a message. All append to @out and return 0, or -1 as buf_add(). */

/* UTF-8 on one line: line ends, control and direction-changing characters become a space, bytes that are no
 * UTF-8 become U+FFFD. */
int mail_text_clean(const char *text, struct buf *out, struct err *e);

/* The same, for an element's content or a quoted attribute of HTML. */
int mail_text_html(const char *text, struct buf *out, struct err *e);

/* Lines ending in LF as quoted-printable (RFC 2045, 1996, section 6.7): 7-bit, CRLF, at most 76 characters. A
 * line never begins with '.' or "From ", which mail servers and mailboxes change. */
int mail_text_quoted_printable(const char *text, size_t len, struct buf *out, struct err *e);

/* "Name: text CRLF", folded, in encoded words where it is not plain ASCII (RFC 2047, 1996). @text is cleaned
 * here. */
int mail_text_header(const char *name, const char *text, struct buf *out, struct err *e);

/* "Name: display <address> CRLF"; @display may be "", @address is a mail_address_ok() one. */
int mail_text_mailbox(
	const char *name, const char *display, const char *address, struct buf *out, struct err *e);
