#include "http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "http/peer.h"
#include "http/server.h"

enum { BACKLOG = 4096 };

static int bound_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name = { 0 };
	socklen_t len = sizeof name;

	if (getsockname(fd, &name.any, &len))
		return -1;
	return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

static int open_on(const struct addrinfo *ai, const char *host, int *ret_fd, int *ret_port, struct err *e)
{
	CLEANUP(close_p)
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return err_errno(e, ERR_IO, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen))
		return err_errno(
			e, errno == EADDRNOTAVAIL ? ERR_CONFIG : ERR_UNAVAILABLE, "listen on %s", host);
	if (listen(fd, BACKLOG))
		return err_errno(e, ERR_IO, "listen on %s", host);
	int port = bound_port(fd);
	if (port < 0)
		return err_errno(e, ERR_IO, "port of the listener");
	*ret_port = port;
	*ret_fd = take_fd(&fd);
	return 0;
}

int listen_open(const char *host, int port, int *ret_fd, int *ret_port, struct err *e)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char service[8];

	if (port < 0 || port > 65535)
		return err_set(e, ERR_CONFIG, "port %d", port);
	snprintf(service, sizeof service, "%u", (unsigned)port & 0xffffu);
	if (getaddrinfo(host, service, &hints, &found))
		return err_set(e, ERR_CONFIG, "\"%s\" is no address to listen on", host);
	int rc = open_on(found, host, ret_fd, ret_port, e);
	freeaddrinfo(found);
	return rc < 0 ? err_wrap(e, "port %d", port) : rc;
}

int http_server_check_listen(const char *host, const char *trusted_proxies, struct err *e)
{
	struct peer_addr a;
	struct peer_list proxies;

	if (peer_list_parse(trusted_proxies, &proxies, e))
		return -1;
	if (!peer_parse(host, &a))
		return err_set(e, ERR_CONFIG, "\"%s\" is no address to listen on", host);
	if (peer_is_loopback(&a) || proxies.n > 0)
		return 0;
	return err_set(e, ERR_CONFIG,
		"%s is not loopback: TLS ends in a proxy, so name it in http.trusted_proxies, or listen on "
		"127.0.0.1",
		host);
}
