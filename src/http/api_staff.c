#include "base/cleanup.h"
#include "base/json.h"
#include "base/strv.h"
#include "http/api.h"
#include "service/jobs.h"
#include "service/staff_view.h"

/* What staff look at beside the jobs themselves. */

static int write_attempts(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	struct http_req *r = arg;
	struct job job;

	if (jobs_get(api_service(r), tx, api_user(r), http_req_param(r, "id"), &job, e) < 0)
		return -1;
	return staff_write_attempts(tx, &job, w, e);
}

int api_job_attempts(struct http_req *r, struct err *e)
{
	return api_reply_json(r, 200, write_attempts, r, e);
}

static int write_queue(struct tx *tx, struct json_w *w, void *service, struct err *e)
{
	return staff_write_queue(service, tx, w, e);
}

int api_queue(struct http_req *r, struct err *e)
{
	return api_reply_json(r, 200, write_queue, api_service(r), e);
}

int api_throughput(struct http_req *r, struct err *e)
{
	const char *text = http_req_query(r, "hours");
	int64_t hours = THROUGHPUT_HOURS_DEFAULT;

	if (text && !str_to_i64(text, 1, THROUGHPUT_HOURS_MOST, &hours))
		return err_set(e, ERR_FIELD, "hours: must be from 1 to %d", THROUGHPUT_HOURS_MOST);
	return api_reply_json(r, 200, staff_write_throughput, &hours, e);
}
