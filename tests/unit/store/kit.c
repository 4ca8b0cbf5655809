#include "kit.h"

#include <sqlite3.h>

int kit_setup(void **state)
{
	struct kit *k = calloc(1, sizeof *k);

	if (!k)
		return -1;
	test_dir(k->dir);
	snprintf(k->path, sizeof k->path, "%s/db", k->dir);
	assert_ok(store_open(k->path, true, &k->s, &k->e), &k->e);
	k->now = 1763775000000;
	*state = k;
	return 0;
}

int kit_teardown(void **state)
{
	struct kit *k = *state;

	store_end(k->tx);
	store_close(k->s);
	test_dir_remove(k->dir);
	free(k);
	return 0;
}

void kit_begin(struct kit *k, enum store_mode mode)
{
	assert_null(k->tx);
	assert_ok(store_begin(k->s, mode, &k->tx, &k->e), &k->e);
}

void kit_commit(struct kit *k)
{
	assert_ok(store_commit(&k->tx, &k->e), &k->e);
	assert_null(k->tx);
}

void kit_rollback(struct kit *k)
{
	store_end(k->tx);
	k->tx = NULL;
}

static void new_id(int64_t now, char out[ID_BYTES])
{
	uint8_t random[ID_RANDOM_BYTES];

	random_bytes(random, sizeof random);
	id_make(now, random, out);
}

void kit_user(struct kit *k, const char *address, enum role role, struct user *ret)
{
	*ret = (struct user){ .role = role, .email_confirmed = true, .created_ms = k->now };
	new_id(k->now, ret->id);
	snprintf(ret->email, sizeof ret->email, "%s", address);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_user_insert(k->tx, ret, &k->e), &k->e);
	kit_commit(k);
}

void kit_job(struct kit *k, const char *owner, int priority, struct job *ret)
{
	struct video v[VIEW_COUNT] = { { .view = VIEW_FRONT, .container = "mp4", .bytes = 10 },
		{ .view = VIEW_SIDE, .container = "avi", .bytes = 20 } };

	k->now += 1000;
	*ret = (struct job){ .submission = { .age_months = 480,
				     .sex = 'F',
				     .height_cm = 172,
				     .weight_kg = 68,
				     .walking_aid = "cane",
				     .orthosis = "left",
				     .footwear = "shoes",
				     .role = "self",
				     .priority = priority } };
	new_id(k->now, ret->id);
	snprintf(ret->owner, sizeof ret->owner, "%s", owner);
	for (int i = 0; i < VIEW_COUNT; i++)
		snprintf(v[i].spool_name, sizeof v[i].spool_name, "%s-%s", ret->id, view_name(v[i].view));
	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_insert(k->tx, ret, v, k->now, &k->e), &k->e);
	kit_commit(k);
}

void kit_change(struct kit *k, struct job *job, enum job_state to, enum job_phase phase)
{
	const struct job_change c = { .to = to, .phase = phase };

	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_change(k->tx, job, &c, k->now, &k->e), &k->e);
	kit_commit(k);
}

void kit_get(struct kit *k, const char *id, struct job *ret)
{
	kit_begin(k, STORE_READ);
	assert_ok(store_job_get(k->tx, id, ret, &k->e), &k->e);
	kit_rollback(k);
}

void kit_stage(struct kit *k, const char *job)
{
	kit_begin(k, STORE_WRITE);
	assert_ok(store_video_staged(k->tx, job, VIEW_FRONT, "jobs/x/in/front.mp4", &k->e), &k->e);
	assert_ok(store_video_staged(k->tx, job, VIEW_SIDE, "jobs/x/in/side.avi", &k->e), &k->e);
	kit_commit(k);
}

static sqlite3 *look(struct kit *k)
{
	sqlite3 *h = NULL;

	assert_int_equal(sqlite3_open_v2(k->path, &h, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_busy_timeout(h, 5000);
	return h;
}

void kit_text(struct kit *k, const char *sql, char *out, size_t size)
{
	sqlite3 *h = look(k);
	sqlite3_stmt *st = NULL;

	assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	const unsigned char *text = sqlite3_column_text(st, 0);
	snprintf(out, size, "%s", text ? (const char *)text : "NULL");
	sqlite3_finalize(st);
	sqlite3_close(h);
}

int64_t kit_number(struct kit *k, const char *sql)
{
	char text[64];

	kit_text(k, sql, text, sizeof text);
	return strtoll(text, NULL, 10);
}

int kit_sql(struct kit *k, const char *sql)
{
	sqlite3 *h = look(k);
	int rc = sqlite3_exec(h, sql, NULL, NULL, NULL);

	sqlite3_close(h);
	return rc;
}
