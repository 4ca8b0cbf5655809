#include "drivers/cluster_outcome.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strv.h"

enum { STATUS_MAX_DEPTH = 8 };

int cluster_outcome_read(const char *text, size_t len, struct cluster_status *s, struct err *e)
{
	CLEANUP(json_free_p) struct json *root = NULL;
	struct err cause = { 0 };

	if (json_parse(text, len, STATUS_MAX_DEPTH, &root, &cause) < 0)
		return err_set(
			e, cause.kind == ERR_NOMEM ? ERR_NOMEM : ERR_CORRUPT, "status.json: %s", cause.msg);
	if (!json_is_num(json_get(root, "exit_code")))
		return err_set(e, ERR_CORRUPT, "status.json has no exit_code");
	const struct json *error = json_get(root, "error");
	int64_t code = json_int(json_get(root, "exit_code"), -1);
	s->has_outcome = true;
	s->exit_code = code >= 0 && code <= 255 ? (int)code : -1; /* never one that becomes 0 when cut */
	/* Foreign text: cut rather than refused, a word too long must not hide that the job failed. */
	str_cut(s->error_kind, sizeof s->error_kind, json_str(json_get(error, "kind"), ""));
	str_cut(s->error_text, sizeof s->error_text, json_str(json_get(error, "text"), ""));
	if (!str_copy(
		    s->result_sha256, sizeof s->result_sha256, json_str(json_get(root, "result_sha256"), "")))
		s->result_sha256[0] = '\0';
	return 0;
}
