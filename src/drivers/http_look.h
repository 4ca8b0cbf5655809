#pragma once

#include <stdint.h>

#include "base/err.h"

/* One GET that is made to see how far it gets: doctor's look at an address that browsers or compute nodes
 * must reach. The body is thrown away. No redirect is followed and no proxy of the environment used: compute
 * nodes have none either. */

enum http_stage { HTTP_LOOK_DNS, HTTP_LOOK_TCP, HTTP_LOOK_TLS, HTTP_LOOK_ANSWER };

struct http_look {
	enum http_stage stage; /* how far it came, on failure too: the stage that failed */
	int status;            /* 200 …; 0 on failure */
	int64_t date_s;        /* the Date header as Unix time; 0 where there is none */
	int64_t cert_until_s;  /* when the server's certificate expires; 0 without TLS */
	char ip[64];           /* that was connected to; "" before */
};

/**
 * http_look() - GET @url within @timeout_ms
 * @ca_file  NULL or "": the system's certificates
 * Return    0 any answer; -1 with ERR_UNAVAILABLE or ERR_TIMEOUT, @ret->stage says where it ended
 */
int http_look(const char *url, const char *ca_file, int64_t timeout_ms, struct http_look *ret, struct err *e);
