#include "service/admission.h"

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "store/jobs.h"

int admission_ready(struct service *s, struct err *e)
{
	if (atomic_load(&s->ready))
		return 0;
	return err_set(e, ERR_UNAVAILABLE, "the service is starting: try again in a moment");
}

int admission_queue(struct service *s, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t queued;

	if (admission_ready(s, e) < 0 || store_begin(s->store, STORE_READ, &tx, e) < 0 ||
		store_jobs_count(tx, JOB_QUEUED, NULL, &queued, e) < 0)
		return -1;
	if (queued >= (int64_t)s->opt.refuse_above_queued)
		return err_set(e, ERR_UNAVAILABLE,
			"%lld jobs are waiting, which is the limit: try again later", (long long)queued);
	return 0;
}

int admission_reserve(struct service *s, int64_t bytes, struct err *e)
{
	int64_t free_bytes;

	if (bytes == 0)
		return 0;
	if (FAULT_FAILS("intake.room"))
		return err_set(e, ERR_NOSPACE, "not enough room for this upload");
	if (fsx_free_bytes(s->spool, &free_bytes, e) < 0)
		return -1;
	int64_t reserved = atomic_fetch_add(&s->reserved_bytes, bytes);
	if (free_bytes - reserved - bytes >= s->opt.min_free_bytes)
		return 0;
	atomic_fetch_sub(&s->reserved_bytes, bytes);
	return err_set(
		e, ERR_NOSPACE, "there is not enough room for this upload at present: try again later");
}

void admission_release(struct service *s, int64_t bytes)
{
	atomic_fetch_sub(&s->reserved_bytes, bytes);
}
