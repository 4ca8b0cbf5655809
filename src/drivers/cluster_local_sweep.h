#pragma once

/**
 * cluster_local_sweep() - kill what an attempt's dead supervisor left running
 * Finds processes by GAIT_ATTEMPT_DIR=@dir in their environment, which every process of the job inherits:
 * process ids alone could have been given to somebody else since.
 * Return the number of processes that were sent SIGKILL.
 */
unsigned cluster_local_sweep(const char *dir);
