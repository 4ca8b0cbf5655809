#include "kit.h"

#include <dirent.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/fsx.h"
#include "core/token.h"
#include "drivers/blob_dir.h"
#include "drivers/cluster_local.h"
#include "drivers/mail_maildir.h"
#include "service/accounts.h"
#include "service/checkin.h"
#include "service/hub.h"
#include "service/reaper.h"
#include "service/worker.h"

const char kit_result[] = "{\"score\":{\"value\":0.75,\"model\":{\"demonstration\":true}},\"quality\":{},"
			  "\"parameters\":{}}";
const char kit_null_result[] =
	"{\"score\":{\"value\":null,\"reasons\":[{\"code\":\"too_short\",\"text\":\"Too few steps "
	"were seen.\"}]},\"quality\":{},\"parameters\":{}}";

static void open_house(struct kit *k)
{
	static const uint8_t key[32] = { 7 };
	char path[400];

	assert_ok(service_open(&k->opt, true, &k->s, &k->e), &k->e);
	snprintf(path, sizeof path, "%s/gaitd.sqlite", k->dir);
	assert_ok(store_open(path, true, &k->s.store, &k->e), &k->e);
	snprintf(path, sizeof path, "%s/blobs", k->dir);
	char blobs[400], attempts[400], mail[400];
	snprintf(blobs, sizeof blobs, "%s/blobs", k->dir);
	snprintf(attempts, sizeof attempts, "%s/attempts", k->dir);
	snprintf(mail, sizeof mail, "%s/mail", k->dir);
	const struct blob_dir_options b = { .root = blobs,
		.base_url = k->opt.callback_url,
		.signing_key = key,
		.signing_key_bytes = sizeof key };
	const struct cluster_local_options c = { .root = attempts,
		.supervise_path = GAIT_SUPERVISE,
		.script_path = k->script,
		.max_running = 8,
		.grace_ms = 200 };
	assert_ok(blob_dir_open(&b, &k->s.blob, &k->e), &k->e);
	assert_ok(cluster_local_open(&c, &k->s.cluster, &k->e), &k->e);
	assert_ok(mail_maildir_open(mail, &k->s.mailer, &k->e), &k->e);
	assert_ok(hub_new(&k->s.hub, &k->e), &k->e);
	assert_ok(service_reconcile(&k->s, &k->e), &k->e);
}

static void close_house(struct kit *k)
{
	hub_free(k->s.hub);
	k->s.mailer->ops->close(k->s.mailer);
	k->s.cluster->ops->close(k->s.cluster);
	k->s.blob->ops->close(k->s.blob);
	store_close(k->s.store);
	service_close(&k->s);
}

void kit_reopen(struct kit *k)
{
	close_house(k);
	open_house(k);
}

void kit_script(struct kit *k, const char *text)
{
	assert_ok(fsx_replace(k->script, text, strlen(text), 0700, &k->e), &k->e);
}

static void add_user(struct kit *k, const char *address, enum role role, struct user *ret)
{
	assert_ok(account_add(&k->s, "os:test", address, role, NULL, ret, &k->e), &k->e);
}

int kit_setup(void **state)
{
	struct kit *k = calloc(1, sizeof *k);

	if (!k)
		return -1;
	test_dir(k->dir);
	snprintf(k->script, sizeof k->script, "%s/job.sh", k->dir);
	kit_script(k, "exec sleep 3600\n");
	k->opt = (struct service_options){ .data_dir = k->dir,
		.public_url = "http://127.0.0.1:9",
		.callback_url = "http://127.0.0.1:9/api/v1",
		.site_name = "Test",
		.mail_from = "gaitd@example.org",
		.mail_may_send_score = true,
		.consent_version = "",
		.max_video_bytes = 100000,
		.max_body_bytes = 300000,
		.max_uploads_per_user = 2,
		.max_resumable_per_user = 4,
		.expire_uploads_ms = 3600000,
		.refuse_above_queued = 5,
		.max_attempts = 3,
		.max_in_flight = 8,
		.walltime_s = 600,
		.walltime_min_s = 60,
		.walltime_max_s = 7200,
		.startup_s = 30,
		.never_runs_ms = 3600000,
		.status_interval_ms = 100,
		.poll_interval_ms = 50,
		.url_ttl_s = 600,
		.session_ttl_ms = 3600000,
		.sign_ins_per_address = 6,
		.sign_ins_per_account = 3,
		.sign_in_window_ms = 900000,
		.engine = "gait-pose",
		.pose_model = "full",
		.max_video_s = 120 };
	open_house(k);
	add_user(k, "ann@example.org", ROLE_SUBMITTER, &k->ann);
	add_user(k, "bob@example.org", ROLE_SUBMITTER, &k->bob);
	add_user(k, "staff@example.org", ROLE_STAFF, &k->staff);
	*state = k;
	return 0;
}

/* Attempts outlive the service on purpose; a test ends its own through the driver. */
static void end_attempts(struct kit *k)
{
	struct attempt open[64];
	struct cluster_status st[64] = { 0 };
	unsigned n = 0;
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(k->s.store, STORE_READ, &tx, NULL) == 0)
			(void)store_attempts_open(tx, "", open, ARRAY_LEN(open), &n, NULL);
	}
	for (unsigned i = 0; i < n; i++) {
		(void)k->s.cluster->ops->cancel(k->s.cluster, open[i].id, NULL);
		snprintf(st[i].attempt, sizeof st[i].attempt, "%s", open[i].id);
	}
	for (int tries = 0; tries < 2000; tries++) {
		bool running = false;
		if (k->s.cluster->ops->status(k->s.cluster, st, n, NULL) < 0)
			break;
		for (unsigned i = 0; i < n; i++)
			running = running || st[i].state == CLUSTER_RUNNING || st[i].state == CLUSTER_QUEUED;
		if (!running)
			break;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
}

int kit_teardown(void **state)
{
	struct kit *k = *state;

	clock_test_release();
	unsetenv("GAITD_FAULT_FAIL");
	end_attempts(k);
	close_house(k);
	test_dir_remove(k->dir);
	free(k);
	return 0;
}

static sqlite3 *look(struct kit *k)
{
	char path[400];
	sqlite3 *h = NULL;

	snprintf(path, sizeof path, "%s/gaitd.sqlite", k->dir);
	assert_int_equal(sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_busy_timeout(h, 5000);
	return h;
}

int64_t kit_number(struct kit *k, const char *sql)
{
	sqlite3 *h = look(k);
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(h, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(h));
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(h);
	return n;
}

void kit_sql(struct kit *k, const char *sql)
{
	sqlite3 *h = look(k);

	if (sqlite3_exec(h, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(h));
	sqlite3_close(h);
}

static unsigned count_files(const char *path)
{
	CLEANUP(closedir_p) DIR *dir = opendir(path);
	unsigned n = 0;

	for (struct dirent *d; dir && (d = readdir(dir));) {
		char below[1024];
		struct stat st;
		snprintf(below, sizeof below, "%s/%s", path, d->d_name);
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 || lstat(below, &st) < 0)
			continue;
		n += S_ISDIR(st.st_mode) ? count_files(below) : 1;
	}
	return n;
}

unsigned kit_files(struct kit *k, const char *folder)
{
	char path[400];

	snprintf(path, sizeof path, "%s/%s", k->dir, folder);
	return count_files(path);
}

static void field(struct kit *k, struct intake *in, const char *name, const char *value)
{
	assert_ok(intake_field(in, name, value, strlen(value), &k->e), &k->e);
}

static void file(struct kit *k, struct intake *in, const char *name, const char *text)
{
	char bytes[512];

	memset(bytes, 'x', sizeof bytes);
	memcpy(bytes,
		"\0\0\0\x18"
		"ftypisom\0\0\0\0",
		16);
	memcpy(bytes + 64, text, strlen(text));
	assert_ok(intake_file_begin(in, name, &k->e), &k->e);
	assert_ok(intake_file_data(in, bytes, sizeof bytes, &k->e), &k->e);
	assert_ok(intake_file_end(in, &k->e), &k->e);
}

struct intake *kit_upload(struct kit *k, const struct user *who, const char *key, const char *side)
{
	struct intake *in = NULL;

	assert_ok(intake_begin(&k->s, who, 2000, key, &in, &k->e), &k->e);
	file(k, in, "fileuploadfront", "front");
	field(k, in, "age", "40");
	field(k, in, "sex", "F");
	field(k, in, "height", "172cm");
	field(k, in, "weight", "68kg");
	file(k, in, "fileuploadside", side ? side : "side");
	return in;
}

int kit_commit_upload(struct kit *k, struct intake **in, struct job *ret, struct field_errors *errors)
{
	int r = intake_commit(*in, ret, errors, &k->e);

	intake_free(*in);
	*in = NULL;
	return r;
}

void kit_job(struct kit *k, struct job *ret)
{
	struct field_errors errors = { .n = 0 };
	struct intake *in = kit_upload(k, &k->ann, NULL, NULL);

	assert_ok(kit_commit_upload(k, &in, ret, &errors), &k->e);
}

void kit_work(struct kit *k)
{
	int a, b;

	do {
		a = worker_once(&k->s, &k->e);
		b = stager_once(&k->s, &k->e);
		if (a < 0 || b < 0)
			fail_msg("worker: %s", k->e.msg);
	} while (a == WORKER_WORKED || b == WORKER_WORKED);
}

void kit_get(struct kit *k, const char *id, struct job *ret)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	assert_ok(store_begin(k->s.store, STORE_READ, &tx, &k->e), &k->e);
	assert_ok(store_job_get(tx, id, ret, &k->e), &k->e);
}

void kit_attempt(struct kit *k, const char *job, int n, struct attempt *ret)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char id[ATTEMPT_ID_BYTES];

	attempt_id_make(job, n, id);
	assert_ok(store_begin(k->s.store, STORE_READ, &tx, &k->e), &k->e);
	assert_ok(store_attempt_get(tx, id, ret, &k->e), &k->e);
}

void kit_token(struct kit *k, const struct attempt *a, char token[64])
{
	assert_ok(token_for_attempt(k->s.key, a->id, a->nonce, token, &k->e), &k->e);
}

void kit_running(struct kit *k, struct job *job, struct attempt *a, char token[64])
{
	struct buf order BUF_CLEANUP;

	buf_init(&order, 65536);
	kit_job(k, job);
	kit_work(k);
	kit_attempt(k, job->id, 1, a);
	kit_token(k, a, token);
	assert_ok(checkin(&k->s, a->id, token, RUN, &order, &k->e), &k->e);
	kit_get(k, job->id, job);
	assert_int_equal(job->phase, PHASE_RUNNING);
	kit_attempt(k, job->id, 1, a);
}

void kit_reap_until(struct kit *k, const char *sql)
{
	for (int i = 0; i < 2000; i++) {
		assert_ok(reaper_once(&k->s, &k->e), &k->e);
		if (kit_number(k, sql))
			return;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	fail_msg("did not come: %s", sql);
}
