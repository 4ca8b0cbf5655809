#pragma once

#include "store/db.h"
#include "store/store.h"

/* What the modules of src/store know of a transaction and others do not. */
struct tx {
	struct store *store;
	struct db *db;
	bool write;
};
