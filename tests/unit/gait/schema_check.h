#pragma once

#include "base/err.h"
#include "base/json.h"

/**
 * schema_check() - does @value fit @schema?
 * The part of JSON Schema 2020-12 that schema/result.schema.json uses: $ref into $defs, type, const, enum,
 * properties, required, additionalProperties, items, minItems, maxItems, minimum, maximum. "pattern" is
 * looked at for 64 hexadecimal digits only. A keyword that is not known here fails, so that none is silently
 * ignored.
 * @root   the whole schema, for $ref
 * Return  0; -1 with the path of what does not fit
 */
int schema_check(const struct json *root, const struct json *schema, const struct json *value, struct err *e);
