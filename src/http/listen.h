#pragma once

#include "base/err.h"

/* A listening TCP socket on an address (no name). @port 0: any free one. Return 0, *@ret_fd and *@ret_port;
 * -1 with ERR_CONFIG (address), ERR_UNAVAILABLE (taken), ERR_IO. "::" also takes IPv4. */
int listen_open(const char *host, int port, int *ret_fd, int *ret_port, struct err *e);
