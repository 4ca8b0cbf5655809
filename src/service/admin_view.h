#pragma once

#include "base/json.h"
#include "service/service.h"

/* What administrators see, as JSON: the API's answers and gaitctl's --json. Each writes one object with a
 * list. */
int admin_write_users(struct tx *tx, struct json_w *w, void *unused, struct err *e);
int admin_write_tokens(struct tx *tx, struct json_w *w, void *user_id_or_null, struct err *e);
int admin_write_outbox(struct tx *tx, struct json_w *w, void *state_or_null, struct err *e);
int admin_write_audit(struct tx *tx, struct json_w *w, void *before_seq_int64, struct err *e);

/* Try a waiting or bounced mail now. ERR_NOT_FOUND where there is none of that id. */
int outbox_retry(struct service *s, const char *actor, const char *id, struct err *e);
