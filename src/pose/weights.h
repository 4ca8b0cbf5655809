#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "pose/nn.h"

/* The model files: where they lie, and that they are the ones this program was measured with. */

enum weights_model { WEIGHTS_FULL, WEIGHTS_HEAVY, WEIGHTS_DETECTOR };

/* "blazepose-full" and so on; the file's name; its SHA-256 in hexadecimal. */
const char *weights_name(enum weights_model m);
const char *weights_file(enum weights_model m);
const char *weights_sha256(enum weights_model m);

/**
 * weights_find() - the directory of the model files
 * @wanted  from the command line; NULL: $GAIT_WEIGHTS, then places beside the program
 * @out     @size bytes
 * Errors   ERR_CONFIG with what to do where there is none
 */
int weights_find(const char *wanted, char *out, unsigned long size, struct err *e);

/**
 * weights_load() - read, check the checksum, build
 * @outputs  as nn_open()
 * Errors    ERR_CONFIG where the file is absent or another one; else as tfl_read() and nn_open()
 */
int weights_load(const char *dir, enum weights_model m, unsigned outputs, struct nn **ret, struct err *e);
