#pragma once

#include <stddef.h>

#include "base/err.h"
#include "score/features.h"

/* The synthetic people that the demonstration model is made from. */

/* What the model takes, in its order. */
extern const enum feature people_features[];
extern const size_t people_feature_count;

enum set { SET_TRAIN, SET_CALIBRATE, SET_TEST, SETS };
enum source { SOURCE_PAPER, SOURCE_WALK }; /* numbers drawn, or a figure's walk measured */

struct synthetic {
	float x[FEATURES]; /* by enum feature; NaN unknown */
	int group;         /* 0 typical, 1 shifted */
	enum set set;
	enum source source;
	char sex; /* 0: the numbers of paper people have none */
};

struct people {
	struct synthetic *list;
	size_t count, room;
};

void people_deinit(struct people *p);

/* One more, of whom nothing is known; NULL and @e where memory is out. */
struct synthetic *people_append(struct people *p, struct err *e);

/* Append people whose numbers are drawn from normals, always the same: adults. */
int people_draw(struct people *p, struct err *e);

/**
 * people_read() - append the walks of walks.csv (walks.py)
 * Errors  ERR_CORRUPT with the line at fault; ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_NOMEM
 */
int people_read(struct people *p, const char *path, struct err *e);
