#pragma once

#include <stdbool.h>

/* Who sees a result when: from release.def. A result is an attempt's; what it becomes is decided once, when
 * the attempt completes, so that a later change of the setting moves nothing that is there. */

enum release_mode {
#define RELEASE_MODE(name, word, becomes) RELEASE_MODE_##name,
#include "core/release.def"
	RELEASE_MODE_COUNT
};

enum release_state {
#define RELEASE(name, word, shown, releasable, mail, text) RELEASE_##name,
#include "core/release.def"
	RELEASE_STATE_COUNT
};

enum {
	RELEASE_COMMENT_CHARS = 4000,
	RELEASE_COMMENT_BYTES = 4 * RELEASE_COMMENT_CHARS + 1,
	RELEASE_REASON_CHARS = 200,
	RELEASE_REASON_BYTES = 4 * RELEASE_REASON_CHARS + 1
};

bool release_mode_parse(const char *word, enum release_mode *ret);
enum release_state release_on_completion(enum release_mode mode);

const char *release_name(enum release_state s); /* "waiting"; "" for RELEASE_NONE */
bool release_parse(const char *name, enum release_state *ret);
bool release_is_shown(enum release_state s);
bool release_may_release(enum release_state s); /* again, too */
/* What a submitter is told who asks for a result that is not shown. */
const char *release_text(enum release_state s);
