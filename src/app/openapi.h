#pragma once

/* docs/api/openapi.yaml, compiled in: one row, ended by an empty one. */
struct openapi {
	const char *name, *text;
};
extern const struct openapi openapis[];
