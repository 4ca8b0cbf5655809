#include "kit.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/fsx.h"
#include "service/uploads.h"

static const char mp4[] = "\0\0\0\x18"
			  "ftypisom\0\0\0\0 and so on";

/* No row, no file, no room kept, no place among the account's uploads taken. */
static void no_trace(struct kit *k)
{
	static const char *const tables[] = { "jobs", "videos", "events", "outbox", "idempotency", "consents",
		"subjects" };

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		char sql[60];
		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
		assert_int_equal(kit_number(k, sql), 0);
	}
	assert_int_equal(kit_files(k, "spool"), 0);
	assert_int_equal(atomic_load(&k->s.reserved_bytes), 0);
	for (int i = 0; i < 2; i++)
		assert_ok(uploads_enter(k->s.uploads, k->ann.id, 2, &k->e), &k->e);
	for (int i = 0; i < 2; i++)
		uploads_leave(k->s.uploads, k->ann.id);
}

static void accepted(void **state)
{
	struct kit *k = *state;
	struct job job;

	kit_job(k, &job);
	assert_int_equal(job.state, JOB_QUEUED);
	assert_int_equal(job.ordinal, 1);
	assert_int_equal(kit_files(k, "spool"), 2);
	assert_int_equal(kit_files(k, "spool/tmp"), 0);
	assert_int_equal(atomic_load(&k->s.reserved_bytes), 0);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM videos WHERE bytes = 512 AND container = 'mp4'"), 2);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'received'"), 1);
	kit_reopen(k);
	assert_int_equal(kit_files(k, "spool"), 2);
}

struct wrong {
	const char *name, *value, *field;
	bool file; /* sent as a file */
};

static void wrong_fields(void **state)
{
	struct kit *k = *state;
	static const struct wrong rows[] = { { "age", "7 years", "age", false },
		{ "name", "Jane", "name", false }, { "height", "172", "height", false },
		{ "fileuploadfront", "text", "fileuploadfront", false }, { "sex", mp4, "sex", true },
		{ "portrait", mp4, "portrait", true }, { "email", "bob@example.org", "email", false },
		{ "priority", "1", "priority", false },
		{ "weight", "this is far more text than any weight needs", "weight", false } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct field_errors errors = { .n = 0 };
		struct job job;
		struct intake *in = kit_upload(k, &k->ann, NULL, NULL);
		if (rows[i].file) {
			assert_ok(intake_file_begin(in, rows[i].name, &k->e), &k->e);
			assert_ok(intake_file_data(in, rows[i].value, sizeof mp4, &k->e), &k->e);
			assert_ok(intake_file_end(in, &k->e), &k->e);
		} else {
			assert_ok(intake_field(in, rows[i].name, rows[i].value, strlen(rows[i].value), &k->e),
				&k->e);
		}
		assert_int_equal(kit_commit_upload(k, &in, &job, &errors), INTAKE_FIELDS);
		if (errors.n != 1 || !field_errors_has(&errors, rows[i].field))
			fail_msg("%s: %u errors, %s", rows[i].name, errors.n,
				errors.n ? errors.items[0].field : "");
		no_trace(k);
	}
}

static void missing_files(void **state)
{
	struct kit *k = *state;
	struct field_errors errors = { .n = 0 };
	struct intake *in = NULL;
	struct job job;

	assert_ok(intake_begin(&k->s, &k->ann, 100, NULL, &in, &k->e), &k->e);
	assert_int_equal(kit_commit_upload(k, &in, &job, &errors), INTAKE_FIELDS);
	assert_true(field_errors_has(&errors, "fileuploadfront") &&
		    field_errors_has(&errors, "fileuploadside") && field_errors_has(&errors, "age") &&
		    field_errors_has(&errors, "height"));
	no_trace(k);
	in = kit_upload(k, &k->ann, NULL, "front"); /* the same file twice */
	errors = (struct field_errors){ .n = 0 };
	assert_int_equal(kit_commit_upload(k, &in, &job, &errors), INTAKE_FIELDS);
	assert_int_equal(errors.n, 1);
	assert_true(field_errors_has(&errors, "fileuploadside"));
	no_trace(k);
}

static void not_a_video(void **state)
{
	struct kit *k = *state;
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "GIF89a and much more, longer than the head that is looked at, so that it shows at once",
			87 },
		{ "short", 5 }, { "", 0 }
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intake *in = NULL;
		assert_ok(intake_begin(&k->s, &k->ann, 100, NULL, &in, &k->e), &k->e);
		assert_ok(intake_file_begin(in, "fileuploadfront", &k->e), &k->e);
		int r = intake_file_data(in, rows[i].bytes, rows[i].len, &k->e);
		assert_int_equal(r, rows[i].len > 64 ? -1 : 0);
		if (r == 0)
			assert_fails(intake_file_end(in, &k->e), &k->e, ERR_MEDIA);
		assert_int_equal(k->e.kind, ERR_MEDIA);
		assert_has(k->e.msg, "fileuploadfront");
		intake_free(in);
		no_trace(k);
	}
}

static void too_large(void **state)
{
	struct kit *k = *state;
	struct intake *in = NULL;
	CLEANUP(free_p) char *bytes = calloc(1, 60000);

	assert_non_null(bytes);
	memcpy(bytes, mp4, sizeof mp4);
	assert_ok(intake_begin(&k->s, &k->ann, -1, NULL, &in, &k->e), &k->e);
	assert_int_equal(atomic_load(&k->s.reserved_bytes), k->opt.max_body_bytes);
	assert_ok(intake_file_begin(in, "fileuploadside", &k->e), &k->e);
	assert_ok(intake_file_data(in, bytes, 60000, &k->e), &k->e);
	assert_fails(intake_file_data(in, bytes, 40001, &k->e), &k->e, ERR_TOO_LARGE);
	intake_free(in);
	no_trace(k);
}

static void given_up_half_way(void **state)
{
	struct kit *k = *state;
	struct intake *in = NULL;

	assert_ok(intake_begin(&k->s, &k->ann, 1000, NULL, &in, &k->e), &k->e);
	assert_ok(intake_file_begin(in, "fileuploadfront", &k->e), &k->e);
	assert_ok(intake_file_data(in, mp4, sizeof mp4, &k->e), &k->e);
	assert_fails(intake_file_begin(in, "fileuploadfront", &k->e), &k->e, ERR_INVALID);
	intake_free(in);
	no_trace(k);
	intake_free(NULL);
}

/* What is written already has left the free space: it must not be counted a second time as reserved. */
static void reservation_shrinks_as_bytes_come(void **state)
{
	struct kit *k = *state;
	struct intake *in = kit_upload(k, &k->ann, NULL, NULL);

	assert_int_equal(atomic_load(&k->s.reserved_bytes), 2000 - 2 * 512);
	intake_free(in);
	no_trace(k);
}

static void refused_at_the_door(void **state)
{
	struct kit *k = *state;
	struct intake *in = NULL, *two[2] = { NULL };
	struct job job;
	char long_key[200];

	memset(long_key, 'k', sizeof long_key);
	long_key[129] = '\0';
	assert_fails(intake_begin(&k->s, &k->ann, 1, long_key, &in, &k->e), &k->e, ERR_INVALID);
	assert_fails(intake_begin(&k->s, &k->ann, 1, "", &in, &k->e), &k->e, ERR_INVALID);
	assert_fails(intake_begin(&k->s, &k->ann, 1, "a b", &in, &k->e), &k->e, ERR_INVALID);
	long_key[128] = '\0';
	assert_ok(intake_begin(&k->s, &k->ann, 1, long_key, &in, &k->e), &k->e);
	intake_free(in);
	atomic_store(&k->s.ready, false);
	assert_fails(intake_begin(&k->s, &k->ann, 1, NULL, &in, &k->e), &k->e, ERR_UNAVAILABLE);
	atomic_store(&k->s.ready, true);
	assert_fails(intake_begin(&k->s, &k->ann, INT64_MAX / 4, NULL, &in, &k->e), &k->e, ERR_NOSPACE);
	no_trace(k);
	for (int i = 0; i < 2; i++)
		assert_ok(intake_begin(&k->s, &k->ann, 1, NULL, &two[i], &k->e), &k->e);
	assert_fails(intake_begin(&k->s, &k->ann, 1, NULL, &in, &k->e), &k->e, ERR_RATE);
	assert_ok(intake_begin(&k->s, &k->bob, 1, NULL, &in, &k->e), &k->e);
	intake_free(in);
	for (int i = 0; i < 2; i++)
		intake_free(two[i]);
	no_trace(k);
	for (int i = 0; i < 5; i++)
		kit_job(k, &job);
	assert_fails(intake_begin(&k->s, &k->ann, 1, NULL, &in, &k->e), &k->e, ERR_UNAVAILABLE);
}

static void no_disk(void **state)
{
	struct kit *k = *state;
	static const char *const at_commit[] = { "fsx.fsync:1", "fsx.fsync:2", "store.commit:1+" };
	struct intake *in = NULL;

	setenv("GAITD_FAULT_FAIL", "intake.room:1+", 1);
	assert_fails(intake_begin(&k->s, &k->ann, 1, NULL, &in, &k->e), &k->e, ERR_NOSPACE);
	no_trace(k);
	assert_ok(setenv("GAITD_FAULT_FAIL", "fsx.write:1+", 1), &k->e);
	assert_ok(intake_begin(&k->s, &k->ann, 1, NULL, &in, &k->e), &k->e);
	assert_ok(intake_file_begin(in, "fileuploadfront", &k->e), &k->e);
	assert_fails(intake_file_data(in, mp4, sizeof mp4, &k->e), &k->e, ERR_NOSPACE);
	intake_free(in);
	no_trace(k);
	for (size_t i = 0; i < ARRAY_LEN(at_commit); i++) {
		struct field_errors errors = { .n = 0 };
		struct job job;
		unsetenv("GAITD_FAULT_FAIL");
		in = kit_upload(k, &k->ann, "key", NULL);
		/* The counter of faults goes on counting over the process's life. */
		char name[40];
		snprintf(name, sizeof name, "%s", at_commit[i]);
		snprintf(strchr(name, ':'), 8, ":1+");
		setenv("GAITD_FAULT_FAIL", name, 1);
		assert_int_equal(kit_commit_upload(k, &in, &job, &errors), -1);
		assert_true(err_http_status(k->e.kind) == 503);
		unsetenv("GAITD_FAULT_FAIL");
		no_trace(k);
	}
}

static void idempotency_key(void **state)
{
	struct kit *k = *state;
	struct field_errors errors = { .n = 0 };
	struct job first, again;
	struct intake *in = kit_upload(k, &k->ann, "key-1", NULL);

	assert_int_equal(kit_commit_upload(k, &in, &first, &errors), 0);
	in = kit_upload(k, &k->ann, "key-1", NULL);
	assert_int_equal(kit_commit_upload(k, &in, &again, &errors), INTAKE_REPEATED);
	assert_string_equal(again.id, first.id);
	assert_int_equal(kit_files(k, "spool"), 2);
	in = kit_upload(k, &k->ann, "key-1", "another video");
	assert_int_equal(kit_commit_upload(k, &in, &again, &errors), -1);
	assert_int_equal(k->e.kind, ERR_FIELD);
	assert_int_equal(kit_files(k, "spool"), 2);
	/* Somebody else's key is another key. */
	in = kit_upload(k, &k->bob, "key-1", NULL);
	assert_int_equal(kit_commit_upload(k, &in, &again, &errors), 0);
	assert_string_not_equal(again.id, first.id);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM jobs"), 2);
}

struct racer {
	struct kit *k;
	struct intake *in;
	struct job job;
	struct err e;
	int r;
};

static void *race(void *arg)
{
	struct racer *c = arg;
	struct field_errors errors = { .n = 0 };

	c->r = intake_commit(c->in, &c->job, &errors, &c->e);
	return NULL;
}

static void two_with_one_key_at_once(void **state)
{
	struct kit *k = *state;
	struct racer c[2];
	pthread_t ids[2];

	for (int i = 0; i < 2; i++)
		c[i] = (struct racer){ .k = k, .in = kit_upload(k, &k->ann, "same", NULL) };
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, race, &c[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(ids[i], NULL);
		intake_free(c[i].in);
	}
	assert_int_equal(c[0].r + c[1].r, INTAKE_REPEATED);
	assert_string_equal(c[0].job.id, c[1].job.id);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM jobs"), 1);
	assert_int_equal(kit_files(k, "spool"), 2);
}

static void staff_may_more(void **state)
{
	struct kit *k = *state;
	struct field_errors errors = { .n = 0 };
	struct job job;
	struct intake *in = kit_upload(k, &k->staff, NULL, NULL);

	assert_ok(intake_field(in, "email", "patient@example.org", 19, &k->e), &k->e);
	assert_ok(intake_field(in, "priority", "5", 1, &k->e), &k->e);
	assert_ok(intake_field(in, "subject", "P-1", 3, &k->e), &k->e);
	assert_ok(kit_commit_upload(k, &in, &job, &errors), &k->e);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE recipient = 'patient@example.org'"), 1);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM subjects WHERE code = 'P-1'"), 1);
}

static void reconcile(void **state)
{
	struct kit *k = *state;
	struct job job;
	char path[400];

	kit_job(k, &job);
	static const char *const strays[] = { "spool/stray", "spool/tmp/half",
		"spool/01aryz6s410000000000000000-front" };
	for (size_t i = 0; i < ARRAY_LEN(strays); i++) {
		snprintf(path, sizeof path, "%s/%s", k->dir, strays[i]);
		assert_ok(fsx_replace(path, "x", 1, 0600, &k->e), &k->e);
	}
	kit_sql(k, "UPDATE jobs SET lease = 'an earlier boot:1'");
	assert_int_equal(kit_files(k, "spool"), 5);
	kit_reopen(k);
	assert_int_equal(kit_files(k, "spool"), 2);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM jobs WHERE lease IS NULL"), 1);
	snprintf(path, sizeof path, "%s/spool/%s-front", k->dir, job.id);
	assert_true(fsx_exists(path));
}

static void one_house_a_folder(void **state)
{
	struct kit *k = *state;
	struct service other;

	assert_fails(service_open(&k->opt, true, &other, &k->e), &k->e, ERR_CONFLICT);
	assert_has(k->e.msg, "another gaitd");
	assert_ok(service_open(&k->opt, false, &other, &k->e), &k->e); /* gaitctl beside it */
	service_close(&other);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(accepted), T(wrong_fields), T(missing_files), T(not_a_video),
		T(too_large), T(given_up_half_way), T(reservation_shrinks_as_bytes_come),
		T(refused_at_the_door), T(no_disk), T(idempotency_key), T(two_with_one_key_at_once),
		T(staff_may_more), T(reconcile), T(one_house_a_folder) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
