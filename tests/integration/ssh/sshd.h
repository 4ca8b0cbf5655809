#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* The account and keys of tests/support/sshd.sh, and sshds of our own over them with other settings. */

enum { SSHD_PATH_BYTES = 256 };

struct sshd_home {
	char folder[SSHD_PATH_BYTES], account[64];
	int port; /* of sshd.sh's own server */
};

struct sshd_server {
	pid_t pid;
	int port;
};

/* 0; 77 where it cannot run here */
int sshd_home_open(struct sshd_home *h);
void sshd_home_close(struct sshd_home *h);

/* FOLDER/NAME */
const char *sshd_path(const struct sshd_home *h, const char *name, char out[SSHD_PATH_BYTES]);

/* Another one over the same account, with @host_key ("sshd/host_ed25519") and @more lines of configuration;
 * @port 0: a free one. It answers when this returns. */
struct sshd_server sshd_start(const struct sshd_home *h, int port, const char *host_key, const char *more);
/* The server and whatever is connected to any server of the account. */
void sshd_stop(const struct sshd_home *h, struct sshd_server *s);

/* A command to its end; its exit code. */
int sshd_tool(const char *const *argv);
void sshd_write(const struct sshd_home *h, const char *name, const char *text);
