#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "ports/cluster.h"

/* What every driver of ports/cluster.h must do, whatever is behind it. A test program gives the factory and
 * runs cluster_contract_run(). Jobs run tests/contract/cluster_job.sh with GAIT_TEST_DIR=scratch. */
struct cluster_contract {
	const char *name;
	/* A driver over the same attempts every time it is called; several may be open at once. At least two
	 * attempts run at a time; TERM to KILL takes one second; logs are capped at @log_max_bytes. */
	int (*open)(void *arg, struct cluster **ret, struct err *e);
	/* SIGKILL to whatever looks after the attempt, if there is such a thing; NULL: no such test. */
	void (*kill_supervisor)(void *arg, const char *attempt);
	void *arg;
	const char *scratch;
	int64_t log_max_bytes; /* 0: the job script itself caps its log */
	/* Nobody but the job script looks after an attempt: one that leaves no word has none, walltimes are
	 * counted in minutes, and what flees from a job is the script's business. */
	bool unsupervised;
	int64_t patience_ms; /* for anything to happen; 0: 20 s */
};

/* Runs the suite under cmocka; returns the number of failed tests. */
int cluster_contract_run(const struct cluster_contract *contract);

/* For the driver's own tests. */
int cluster_contract_submit(
	struct cluster *c, const char *attempt, const char *behaviour, int64_t walltime_s, struct err *e);
/* Asks until the state is @want or 20 s are over, and fails then. */
struct cluster_status cluster_contract_await(struct cluster *c, const char *attempt, enum cluster_state want);
/* How often the attempt's job has been started. */
unsigned cluster_contract_runs(const char *scratch, const char *attempt);
/* forget(), as soon as the attempt is over for the cluster too. */
void cluster_contract_forget(struct cluster *c, const char *attempt);
/* put() and get(), part of the suite; in cluster_contract_files.c. */
void cluster_contract_files(struct cluster *c, const struct cluster_contract *contract);
