#include "service/subjects.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/submission.h"

int subjects_get(struct tx *tx, const struct user *who, const char *id, struct subject *ret, struct err *e)
{
	int r = id_ok(id) ? store_subject_get(tx, id, ret, e) : STORE_NONE;

	if (r < 0)
		return -1;
	if (r == STORE_NONE || (!account_is_staff(who) && strcmp(ret->owner, who->id) != 0))
		return err_set(e, ERR_NOT_FOUND, "no such subject");
	return 0;
}

static int code_ok(const char *code, struct err *e)
{
	if (!subject_code_ok(code))
		return err_set(e, ERR_FIELD,
			"code must have 1 to 63 characters of A-Z a-z 0-9 . _ - and never be a name");
	return 0;
}

int subjects_add(
	struct service *s, const struct user *who, const char *code, struct subject *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char id[ID_BYTES];

	if (code_ok(code, e) < 0 || store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_subject_ensure(tx, who->id, code, clock_wall_ms(), id, e) < 0 ||
		store_subject_get(tx, id, ret, e) != 0)
		return -1;
	return store_commit(&tx, e);
}

int subjects_rename(struct service *s, const struct user *who, const char *id, const char *code,
	struct subject *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	if (code_ok(code, e) < 0 || store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		subjects_get(tx, who, id, ret, e) < 0 || store_subject_rename(tx, id, code, e) < 0 ||
		store_subject_get(tx, id, ret, e) != 0)
		return -1;
	return store_commit(&tx, e);
}

int subjects_delete(struct service *s, const struct user *who, const char *id, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct subject subject;

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || subjects_get(tx, who, id, &subject, e) < 0 ||
		store_subject_delete(tx, id, e) < 0)
		return -1;
	return store_commit(&tx, e);
}
