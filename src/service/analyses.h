#pragma once

#include "core/field_errors.h"
#include "service/service.h"
#include "store/accounts.h"

/* POST /analyses: key points in, result.json out, nothing kept. The request is held in memory, so few are
 * allowed at once; what it says is read by the scorer's child alone. */

/* Who has how many under way. */
struct analyses;
int analyses_new(struct analyses **ret, struct err *e);
void analyses_free(struct analyses *a);

struct analysis_request;

/**
 * analysis_begin() - may this account analyse now?
 * @as_form  parts of a form follow (analysis_field() …), else the pieces of one JSON body (analysis_body())
 * @content_length  of what is to come; -1 unknown
 * Errors    ERR_RATE (as many of this account), ERR_BUSY (as many in all), ERR_NOMEM
 */
int analysis_begin(struct service *s, const struct user *who, bool as_form, int64_t content_length,
	struct analysis_request **ret, struct err *e);
void analysis_free(struct analysis_request *a);

int analysis_field(
	struct analysis_request *a, const char *name, const char *value, size_t len, struct err *e);
int analysis_file_begin(struct analysis_request *a, const char *name, struct err *e);
int analysis_file_data(struct analysis_request *a, const void *bytes, size_t len, struct err *e);
int analysis_file_end(struct analysis_request *a, struct err *e);
int analysis_body(struct analysis_request *a, const void *bytes, size_t len, struct err *e);

enum { ANALYSIS_FIELDS = 1 };

/**
 * analysis_run() - measure
 * @text    empty; result.json on 0
 * @errors  every wrong field on ANALYSIS_FIELDS
 * Return   0; ANALYSIS_FIELDS; -1 as scorer_analyze()
 */
int analysis_run(struct analysis_request *a, struct buf *text, struct field_errors *errors, struct err *e);
