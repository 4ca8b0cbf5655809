#pragma once

#include "drivers/s3_call.h"

/* curl's callbacks for what the store answers; @arg is a struct s3_call. */

/* Another answer begins: what was taken of the last one goes. */
void s3_answer_forget(struct s3_call *c);

/* A piece of the body; fewer than it has (which breaks the transfer off) beyond the answer's cap. */
size_t s3_answer_body(char *data, size_t size, size_t count, void *arg);

/* One line of the head; unknown ones are passed over. */
size_t s3_answer_header(char *data, size_t size, size_t count, void *arg);
