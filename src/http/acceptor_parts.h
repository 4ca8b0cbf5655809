#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "http/acceptor.h"
#include "http/internal.h"

/* The acceptor's parts: acceptor.c has the thread and the listener, first_look.c what happens to a connection
 * before its first request is handed over, linger.c what happens to one behind an early answer. All on the
 * one thread. */

/* A socket that is the acceptor's: before its first request, or behind an early answer. */
struct sock {
	struct sock *prev, *next;
	int fd; /* -1: done, freed after this round of events */
	bool lingers, counted;
	int64_t deadline_ms, last_ms, bytes;
	struct peer_addr peer;
	struct sockaddr_storage addr;
	socklen_t addr_len;
};

/* Oldest first; all of a list have the same time to live, so the oldest is due first. */
struct socks {
	struct sock *first, *last;
	atomic_uint n;
};

struct acceptor {
	struct http_server *srv;
	pthread_t thread;
	int listen_fd, epoll_fd, wake_fd, port;
	atomic_bool stop, close_listener;
	struct socks waiting, lingering;
	struct sock *done;
	int64_t paused_until_ms, tick_ms, next_tick_ms;
	pthread_mutex_t inbox_mu;
	pthread_cond_t inbox_cond;
	struct sock *inbox; /* sockets to drain, from other threads */
	bool closed;        /* the listener is closed, nothing is handed over any more */
};

/* linger.c: the lists, and draining */
void sock_list_add(struct socks *l, struct sock *s);
void sock_list_del(struct socks *l, struct sock *s);
/* Off the lists; an event of this round may still point to it, so the memory goes with socks_free_done(). */
void sock_retire(struct acceptor *a, struct sock *s);
void sock_drop(struct acceptor *a, struct sock *s); /* the same, and close */
void socks_free_done(struct acceptor *a);
bool sock_watch(struct acceptor *a, struct sock *s, int op, uint32_t events);
/* @s is in no list; @op is EPOLL_CTL_MOD where its socket is watched already, else EPOLL_CTL_ADD. */
void sock_linger(struct acceptor *a, struct sock *s, int op);
void sock_drain(struct acceptor *a, struct sock *s, int64_t now_ms);
void sock_drop_idle(struct acceptor *a, int64_t now_ms);

/* first_look.c */
void sock_admit(struct acceptor *a, struct sock *s);
void sock_look(struct acceptor *a, struct sock *s);
void sock_expire(struct acceptor *a, struct sock *s);
