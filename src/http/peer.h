#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

/* Addresses of peers, all in the 16 bytes of IPv6; IPv4 is kept as ::ffff:a.b.c.d and shown as a.b.c.d, so
 * that the two forms under which one peer appears count as one. Pure. */

struct peer_addr {
	uint8_t b[16];
};

#define PEER_TEXT_BYTES 46

bool peer_from_sockaddr(const struct sockaddr *sa, struct peer_addr *ret);
bool peer_parse(const char *text, struct peer_addr *ret); /* "192.0.2.1", "2001:db8::1" */
void peer_text(const struct peer_addr *a, char out[PEER_TEXT_BYTES]);
bool peer_is_loopback(const struct peer_addr *a);

/* Blocks of addresses (RFC 4632, 2006). */
struct peer_list {
	struct {
		struct peer_addr net;
		unsigned bits; /* of 128 */
	} items[32];
	unsigned n;
};

/* "127.0.0.1, 10.0.0.0/8 ::1": commas or blanks between. Return 0; -1 with ERR_CONFIG naming the wrong entry.
 */
int peer_list_parse(const char *text, struct peer_list *ret, struct err *e);
bool peer_list_has(const struct peer_list *list, const struct peer_addr *a);

/**
 * peer_forwarded() - who is behind the proxies?
 * @header     X-Forwarded-For, or Forwarded (RFC 7239, 2014) where @is_rfc7239
 * @client     the peer on entry; on return the first address from the right that is no trusted proxy
 * An entry that cannot be read ends the walk: the proxy that wrote it stands for the client.
 */
void peer_forwarded(
	const struct peer_list *trusted, const char *header, bool is_rfc7239, struct peer_addr *client);

/* How many connections has each address? IPv6 counts by its /64. Not thread-safe. */
struct peer_counts;
struct peer_counts *peer_counts_new(void);
void peer_counts_free(struct peer_counts *c);
/* Return false at @max (or out of memory): not counted. */
bool peer_counts_add(struct peer_counts *c, const struct peer_addr *a, unsigned max);
void peer_counts_del(struct peer_counts *c, const struct peer_addr *a);
