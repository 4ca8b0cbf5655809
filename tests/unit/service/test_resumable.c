#include "kit.h"

#include "base/clock.h"
#include "service/reaper.h"
#include "service/resumable.h"
#include "service/uploads.h"

enum { SIZE = 600 };

static const struct tus_checksum no_sum = { .algorithm = "" };

static void film(char bytes[SIZE])
{
	memset(bytes, 'x', SIZE);
	memcpy(bytes,
		"\0\0\0\x18"
		"ftypisom\0\0\0\0",
		16);
}

/* A new upload with its first @len bytes; its id goes to @id. */
static void made(struct kit *k, int64_t len, char id[ID_BYTES])
{
	struct resumable *r = NULL;
	struct upload_row row;
	char bytes[SIZE];

	film(bytes);
	assert_ok(resumable_create(&k->s, &k->ann, SIZE, NULL, &no_sum, &r, &k->e), &k->e);
	assert_ok(resumable_data(r, bytes, (size_t)len, true, &k->e), &k->e);
	assert_ok(resumable_end(r, &row, &k->e), &k->e);
	resumable_free(r, true);
	assert_int_equal(row.offset, len);
	memcpy(id, row.id, ID_BYTES);
}

static int open_at(struct kit *k, const char *id, int64_t at, struct resumable **ret)
{
	return resumable_resume(&k->s, &k->ann, id, at, -1, &no_sum, ret, &k->e);
}

static int64_t offset(struct kit *k)
{
	return kit_number(k, "SELECT offset FROM uploads");
}

static void nothing_left(struct kit *k)
{
	assert_int_equal(kit_number(k, "SELECT count(*) FROM uploads"), 0);
	assert_int_equal(kit_files(k, "spool"), 0);
	assert_int_equal(atomic_load(&k->s.reserved_bytes), 0);
}

static void on_it_goes(void **state)
{
	struct kit *k = *state;
	struct resumable *r = NULL;
	struct upload_row row;
	char id[ID_BYTES], bytes[SIZE];

	film(bytes);
	made(k, 100, id);
	assert_int_equal(atomic_load(&k->s.reserved_bytes), SIZE - 100);
	assert_fails(open_at(k, id, 99, &r), &k->e, ERR_CONFLICT);
	kit_reopen(k);
	assert_int_equal(atomic_load(&k->s.reserved_bytes), SIZE - 100);
	assert_ok(open_at(k, id, 100, &r), &k->e);
	assert_fails(open_at(k, id, 100, &(struct resumable *){ NULL }), &k->e, ERR_LOCKED);
	assert_fails(resumable_remove(&k->s, &k->ann, id, &k->e), &k->e, ERR_LOCKED);
	assert_ok(resumable_data(r, bytes + 100, SIZE - 100, true, &k->e), &k->e);
	assert_ok(resumable_end(r, &row, &k->e), &k->e);
	resumable_free(r, true);
	assert_true(row.whole);
	assert_string_equal(row.container, "mp4");
	uint8_t want[SHA256_BYTES];
	assert_ok(sha256_of(bytes, SIZE, want, &k->e), &k->e);
	assert_memory_equal(row.sha256, want, SHA256_BYTES);
	assert_int_equal(atomic_load(&k->s.reserved_bytes), 0);
	assert_ok(resumable_remove(&k->s, &k->ann, id, &k->e), &k->e);
	nothing_left(k);
}

/* Broken off: kept where the disk may be waited for, forgotten where not. */
static void broken_off(void **state)
{
	struct kit *k = *state;
	char id[ID_BYTES], bytes[SIZE];

	film(bytes);
	made(k, 100, id);
	for (int may_wait = 0; may_wait < 2; may_wait++) {
		struct resumable *r = NULL;
		assert_ok(open_at(k, id, 100, &r), &k->e);
		assert_ok(resumable_data(r, bytes + 100, 50, true, &k->e), &k->e);
		resumable_free(r, may_wait);
		assert_int_equal(offset(k), may_wait ? 150 : 100);
		assert_int_equal(atomic_load(&k->s.reserved_bytes), may_wait ? SIZE - 150 : SIZE - 100);
	}
}

/* 8 MB and five seconds on, a long request's progress is in the database, and not before. */
static void checkpoints(void **state)
{
	struct kit *k = *state;
	enum { MB = 1 << 20 };
	CLEANUP(free_p) char *bytes = calloc(1, MB);
	struct resumable *r = NULL;
	struct upload_row row;

	assert_non_null(bytes);
	film(bytes);
	k->s.opt.max_video_bytes = 30 * MB;
	clock_test_set(1000000, 5000);
	assert_ok(resumable_create(&k->s, &k->ann, 30 * MB, NULL, &no_sum, &r, &k->e), &k->e);
	assert_ok(resumable_data(r, bytes, MB, true, &k->e), &k->e);
	assert_ok(resumable_end(r, &row, &k->e), &k->e);
	resumable_free(r, true);
	assert_ok(open_at(k, row.id, MB, &r), &k->e);
	for (int i = 0; i < 9; i++)
		assert_ok(resumable_data(r, bytes, MB, true, &k->e), &k->e);
	assert_int_equal(offset(k), MB); /* too little time has gone by */
	clock_test_advance(5001);
	assert_ok(resumable_data(r, bytes, MB, false, &k->e), &k->e);
	assert_int_equal(offset(k), MB); /* nor may it be waited for */
	assert_ok(resumable_data(r, bytes, MB, true, &k->e), &k->e);
	assert_int_equal(offset(k), 12 * MB);
	clock_test_advance(5001);
	assert_ok(resumable_data(r, bytes, MB, true, &k->e), &k->e);
	assert_int_equal(offset(k), 12 * MB); /* too little has come */
	resumable_free(r, true);
	assert_int_equal(offset(k), 13 * MB);
}

static void expired(void **state)
{
	struct kit *k = *state;
	struct resumable *r = NULL;
	char id[ID_BYTES];

	clock_test_set(1000000, 5000);
	made(k, 100, id);
	assert_ok(open_at(k, id, 100, &r), &k->e);
	clock_test_advance(k->opt.expire_uploads_ms + 1);
	assert_ok(reaper_once(&k->s, &k->e), &k->e);
	assert_int_equal(offset(k), 100); /* a request is at it */
	resumable_free(r, true);
	assert_fails(open_at(k, id, 100, &r), &k->e, ERR_NOT_FOUND);
	assert_ok(reaper_once(&k->s, &k->e), &k->e);
	nothing_left(k);
}

static void a_failed_fsync_is_final(void **state)
{
	struct kit *k = *state;
	struct resumable *r = NULL;
	struct upload_row row;
	char id[ID_BYTES];

	made(k, 100, id);
	setenv("GAITD_FAULT_FAIL", "resumable.sync:1+", 1);
	assert_ok(open_at(k, id, 100, &r), &k->e);
	assert_ok(resumable_data(r, "x", 1, true, &k->e), &k->e);
	assert_fails(resumable_end(r, &row, &k->e), &k->e, ERR_IO);
	resumable_free(r, true);
	nothing_left(k);
}

/* Of each refusal nothing stays: neither lock, nor room, nor a place among the account's uploads. */
static void refusals_leave_nothing(void **state)
{
	struct kit *k = *state;
	struct resumable *r = NULL;

	for (int i = 0; i < 5; i++) {
		assert_fails(resumable_create(&k->s, &k->ann, 0, NULL, &no_sum, &r, &k->e), &k->e, ERR_MEDIA);
		assert_fails(resumable_create(&k->s, &k->ann, 100001, NULL, &no_sum, &r, &k->e), &k->e,
			ERR_TOO_LARGE);
		assert_fails(
			resumable_create(&k->s, &k->ann, 10, "a,a", &no_sum, &r, &k->e), &k->e, ERR_INVALID);
		assert_ok(resumable_create(&k->s, &k->ann, SIZE, NULL, &no_sum, &r, &k->e), &k->e);
		assert_fails(resumable_data(r,
				     "GIF89a GIF89a GIF89a GIF89a GIF89a GIF89a GIF89a GIF89a GIF89a GIF", 64,
				     true, &k->e),
			&k->e, ERR_MEDIA);
		resumable_free(r, true);
		r = NULL;
	}
	nothing_left(k);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(on_it_goes), T(broken_off), T(checkpoints), T(expired),
		T(a_failed_fsync_is_final), T(refusals_leave_nothing) };

	return cmocka_run_group_tests_name("service/resumable", tests, NULL, NULL);
}
