#pragma once

#include "base/json.h"
#include "service/service.h"

/* What administrators see, as JSON: the API's answers and gaitctl's --json. Each writes one object with a
 * list. */
struct admin_page {
	unsigned limit;     /* 0: 500, which is also the most */
	const char *text;   /* users: part of the address; audit: who did it or what it was done to; NULL */
	const char *before; /* users: an id; NULL */
	int64_t before_seq; /* audit; 0 */
	const char *action; /* audit; NULL */
};
int admin_write_users(struct tx *tx, struct json_w *w, void *page_or_null, struct err *e);
int admin_write_tokens(struct tx *tx, struct json_w *w, void *user_id_or_null, struct err *e);
int admin_write_outbox(struct tx *tx, struct json_w *w, void *state_or_null, struct err *e);
int admin_write_audit(struct tx *tx, struct json_w *w, void *page_or_null, struct err *e);

/* Try a waiting or bounced mail now. ERR_NOT_FOUND where there is none of that id. */
int outbox_retry(struct service *s, const char *actor, const char *id, struct err *e);
