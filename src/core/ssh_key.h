#pragma once

#include "base/err.h"

/**
 * ssh_key_check() - can this private key be used for SSH by a service?
 * Return 0; -1 with ERR_CONFIG and what to do (mode, passphrase, another type than ed25519)
 */
int ssh_key_check(const char *path, struct err *e);
