#pragma once

#include "drivers/s3_call.h"

/* What a refused request means, in words that name the setting to mend. */

/* Code and message of an error document in @c->answer into @c; "" where there is none. */
void s3_fault_read(struct s3_call *c);

/* Does @code speak of who asks (key, secret, token, clock) rather than of what is asked for? */
bool s3_fault_is_identity(const char *code);

/* -1 with @c's refusal in words. */
int s3_fault_set(const struct s3_site *s, const struct s3_call *c, struct err *e);

/* -1 with a failed transfer in words: name, connection, certificate, time. */
int s3_fault_set_transfer(const struct s3_site *s, const struct s3_call *c, CURLcode rc, struct err *e);
