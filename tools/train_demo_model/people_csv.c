#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "people.h"

enum { FILE_MAX = 4 << 20, COLUMNS_MAX = 64, LINE_MAX_BYTES = 4096 };

enum column { COLUMN_FEATURE, COLUMN_SET, COLUMN_GROUP, COLUMN_SEX, COLUMN_OTHER };

struct head {
	enum column kind[COLUMNS_MAX];
	enum feature feature[COLUMNS_MAX];
	int count;
};

/* The next cell of @line, whose comma becomes its end; NULL behind the last. */
static char *next_cell(char **line)
{
	char *cell = *line;

	if (!cell)
		return NULL;
	*line = strchr(cell, ',');
	if (*line)
		*(*line)++ = '\0';
	return cell;
}

static int read_head(struct head *h, char *line, struct err *e)
{
	bool seen[FEATURES] = { false };

	for (char *cell; (cell = next_cell(&line));) {
		if (h->count == COLUMNS_MAX)
			return err_set(e, ERR_CORRUPT, "more than %d columns", COLUMNS_MAX);
		enum feature f = feature_find(cell);
		h->kind[h->count] = f < FEATURES                 ? COLUMN_FEATURE
				    : strcmp(cell, "set") == 0   ? COLUMN_SET
				    : strcmp(cell, "group") == 0 ? COLUMN_GROUP
				    : strcmp(cell, "sex") == 0   ? COLUMN_SEX
								 : COLUMN_OTHER;
		h->feature[h->count++] = f;
		if (f < FEATURES)
			seen[f] = true;
	}
	for (size_t i = 0; i < people_feature_count; i++)
		if (!seen[people_features[i]])
			return err_set(e, ERR_CORRUPT, "no column %s", feature_name(people_features[i]));
	return 0;
}

static int take_cell(struct synthetic *p, enum column kind, enum feature f, const char *cell, struct err *e)
{
	static const char *const sets[SETS] = { "train", "calibrate", "test" };
	double v;
	int set = 0;

	switch (kind) {
	case COLUMN_FEATURE:
		if (!*cell)
			return 0;
		if (!str_to_double(cell, -1e6, 1e6, &v))
			return err_set(e, ERR_CORRUPT, "\"%.40s\" is no number", cell);
		p->x[f] = (float)v;
		return 0;
	case COLUMN_SET:
		while (set < SETS && strcmp(sets[set], cell) != 0)
			set++;
		p->set = (enum set)set;
		return set < SETS ? 0 : err_set(e, ERR_CORRUPT, "\"%.40s\" is no set", cell);
	case COLUMN_GROUP:
		p->group = strcmp(cell, "1") == 0;
		return 0;
	case COLUMN_SEX:
		p->sex = cell[0];
		return 0;
	case COLUMN_OTHER:
		break;
	}
	return 0;
}

static int read_person(struct people *p, const struct head *h, char *line, struct err *e)
{
	struct synthetic *new = people_append(p, e);
	int i = 0;

	if (!new)
		return -1;
	new->source = SOURCE_WALK;
	for (char *cell; (cell = next_cell(&line)); i++)
		if (i == h->count || take_cell(new, h->kind[i], h->feature[i], cell, e) < 0)
			return i == h->count ? err_set(e, ERR_CORRUPT, "too many cells") : -1;
	return i == h->count ? 0 : err_set(e, ERR_CORRUPT, "%d cells where %d columns are", i, h->count);
}

int people_read(struct people *p, const char *path, struct err *e)
{
	BUF_CLEANUP struct buf text;
	struct head head = { .count = 0 };
	int number = 0;

	buf_init(&text, FILE_MAX);
	if (fsx_read_file(path, &text, e) < 0)
		return -1;
	for (char *line = text.data, *end; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		number++;
		if (line[0] == '#')
			continue;
		if ((head.count == 0 ? read_head(&head, line, e) : read_person(p, &head, line, e)) < 0)
			return err_wrap(e, "%s: line %d", path, number);
	}
	return p->count > 0 ? 0 : err_set(e, ERR_CORRUPT, "%s: nobody in it", path);
}
