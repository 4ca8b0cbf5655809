#include "store/job_search.h"

#include <string.h>

#include "base/strv.h"
#include "store/store_tx.h"

/* Of an id that was copied in part: its time, to a second. Fewer could as well be a code or a number. */
enum { ID_PART = 8 };

/* Each way of naming a job walks an index of its own: ids; (owner, ordinal) for each of the accounts, of
 * which there are few; addresses, by looking at all; codes. What is found so is filtered, and sorted. */
int store_job_search(struct tx *tx, const struct job_filter *f, char (*out)[ID_BYTES], unsigned max,
	unsigned *ret_n, struct err *e)
{
	const char *text = f->search + (*f->search == '#');
	const char *before = f->before ? f->before : "~";
	const char *state = f->by_state ? job_state_name(f->state) : NULL;
	const char *release = f->release != RELEASE_NONE ? release_name(f->release) : NULL;
	int64_t ordinal = 0;
	DB_ROWS rows;

	(void)str_to_i64(text, 1, INT64_MAX, &ordinal);
	int r = db_first(tx->db,
		"WITH found (id) AS (SELECT id FROM jobs WHERE ?1 AND id >= ?2 AND id < ?2 || '~' "
		"UNION SELECT j.id FROM users u JOIN jobs j ON j.owner = u.id AND j.ordinal = ?3 "
		"UNION SELECT j.id FROM users u JOIN jobs j ON j.owner = u.id WHERE instr(lower(u.email), "
		"lower(?2)) > 0 "
		"UNION SELECT j.id FROM subjects s JOIN jobs j ON j.subject = s.id WHERE s.code COLLATE "
		"NOCASE >= ?2 AND s.code COLLATE NOCASE < ?2 || '~') "
		"SELECT id FROM jobs WHERE id IN found AND id < ?4 AND (?5 IS NULL OR owner = ?5) AND (?6 "
		"IS NULL OR state = ?6) AND (?7 IS NULL OR subject = ?7) AND (?8 = 0 OR " JOB_OPEN
		") AND (?10 IS NULL OR release = ?10) ORDER BY id DESC LIMIT ?9",
		DB_ARGS(DB_I(strlen(text) >= ID_PART), DB_S(text), DB_I(ordinal), DB_S(before),
			DB_S(f->owner), DB_S(state), DB_S(f->subject), DB_I(f->open), DB_I(max),
			DB_S(release)),
		&rows, e);
	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		db_copy(&rows, 0, out[(*ret_n)++], ID_BYTES);
	return r < 0 ? -1 : 0;
}
