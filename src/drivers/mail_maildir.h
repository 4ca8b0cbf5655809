#pragma once

#include "ports/mailer.h"

/* Delivers into a Maildir (D. J. Bernstein, "Using maildir format", 1995: tmp, new, cur), which any mail
 * program and Python's mailbox module read. Lines end in LF there, as they do in every Unix mailbox.
 *
 * The file is named by the SHA-256 of the Message-ID, and a message that lies in new or cur, under whatever
 * flags, counts as delivered: so each message is there once, whenever the sender crashed and asked again. */

/**
 * mail_maildir_open() - a mailer that fills the Maildir @root
 * @root   made where absent, with its three folders, mode 0700; messages get 0600
 * @ret    set on 0; release with ops->close()
 * Errors  ERR_IO, ERR_NOMEM, ERR_INVALID.  Threads: any number may send at once.
 * Crash   a killed send leaves the message whole or absent; its leftovers in tmp go at an opening 36 hours
 *         later, as the format asks
 */
int mail_maildir_open(const char *root, struct mailer **ret, struct err *e);
