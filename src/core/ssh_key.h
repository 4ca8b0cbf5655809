#pragma once

#include "base/err.h"

/**
 * ssh_key_check() - can this private key be used for SSH by a service?
 * Return 0; -1 with ERR_CONFIG and what to do (mode, passphrase, RSA: libssh2 1.10 signs with SHA-1 alone,
 * which OpenSSH refuses since 8.8)
 */
int ssh_key_check(const char *path, struct err *e);
