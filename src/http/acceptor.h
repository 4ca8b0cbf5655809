#pragma once

#include <stdint.h>

#include "base/err.h"

/* The one thread that owns the listening socket. It looks at the first request of each connection without
 * taking its bytes (MSG_PEEK), hands the socket to one of the two daemons, and drains sockets that were
 * answered early. */

struct acceptor;
struct http_server;

/* Binds, listens, sets srv->acceptor and starts the thread. The port: acceptor_port(). */
int acceptor_start(struct http_server *srv, struct err *e);

/* Closes the listener and the connections that have not sent a request yet; on return nothing is handed over
 * any more. Draining and ticking go on. */
void acceptor_close_listener(struct acceptor *a);

/**
 * acceptor_linger() - read and drop what the client still sends, then close
 * A socket closed with unread bytes makes the kernel reset the connection, and the answer on its way is lost
 * to the client. Bounded: 30 s, 5 s of silence, 256 MiB, 256 sockets.
 * @fd     taken over
 * Source  RFC 9112 (2022), 9.6
 */
void acceptor_linger(struct acceptor *a, int fd);

void acceptor_counts(struct acceptor *a, unsigned *ret_waiting, unsigned *ret_lingering);
int acceptor_port(const struct acceptor *a);

/* Ends the thread and frees. */
void acceptor_stop(struct acceptor *a);
