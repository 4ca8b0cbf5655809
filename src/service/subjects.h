#pragma once

#include "service/accounts.h"
#include "store/subjects.h"

/* Subjects of an account; those of others are ERR_NOT_FOUND for submitters. Codes are core/submission.h's. */
int subjects_get(struct tx *tx, const struct user *who, const char *id, struct subject *ret, struct err *e);
int subjects_add(
	struct service *s, const struct user *who, const char *code, struct subject *ret, struct err *e);
int subjects_rename(struct service *s, const struct user *who, const char *id, const char *code,
	struct subject *ret, struct err *e);
int subjects_delete(struct service *s, const struct user *who, const char *id, struct err *e);
