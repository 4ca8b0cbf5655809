#pragma once

#include "base/buf.h"
#include "drivers/cluster_pbs.h"
#include "drivers/ssh.h"

/* Parts of drivers/cluster_pbs. */

struct cluster_pbs {
	struct cluster base;
	struct ssh *commands, *files;
	struct pbs_site site; /* text is ours */
	char *command;
	int64_t timeout_ms;
};

enum { CLUSTER_PBS_VERSION = 1 };

/**
 * cluster_pbs_call() - one verb of gait-cluster
 * @words   the verb and its words, ended by NULL
 * @run     streams and limits; command and err_text are filled in here; timeout_ms 0: the driver's
 * Return   0; CLUSTER_NONE (exit code 2); -1 with the kind that docs/cluster-protocol.md's table of exit
 * codes stands for and the command's own words
 */
int cluster_pbs_call(struct cluster_pbs *c, struct ssh *over, const char *const *words, struct ssh_run *run,
	struct err *e);

/**
 * cluster_pbs_status_read() - the answer of `gait-cluster status`
 * @text  all of it, @len bytes
 * @s     attempt is given, the rest is filled in
 * Return 0; -1 with ERR_UNAVAILABLE (cut off, another version), ERR_NOMEM; then @s is as it was
 */
int cluster_pbs_status_read(
	const char *text, size_t len, struct cluster_status *s, unsigned n, struct err *e);

int cluster_pbs_put(struct cluster *c, const char *attempt, const char *name, const char *path,
	const struct cluster_file *want, int (*poll)(void *arg), void *poll_arg, struct err *e);
int cluster_pbs_get(struct cluster *c, const char *attempt, const char *name, int64_t max_bytes, int fd,
	struct cluster_file *ret, struct err *e);
int cluster_pbs_probe(struct cluster *c, const struct probe *p, struct err *e);

/* The argument list as the member "qsub" of a request. */
struct json_w;
void cluster_pbs_qsub_json(struct json_w *w, const struct pbs_words *words);
