#include "core/release.h"

#include <string.h>

static const struct {
	const char *word;
	enum release_state becomes;
} modes[RELEASE_MODE_COUNT] = {
#define RELEASE_MODE(name, word, becomes) [RELEASE_MODE_##name] = { word, RELEASE_##becomes },
#include "core/release.def"
};

static const struct {
	const char *name, *text;
	bool shown, releasable;
} states[RELEASE_STATE_COUNT] = {
#define RELEASE(name, word, shown, releasable, mail, text)                                                   \
	[RELEASE_##name] = { word, text, shown, releasable },
#include "core/release.def"
};

bool release_mode_parse(const char *word, enum release_mode *ret)
{
	for (int i = 0; i < RELEASE_MODE_COUNT; i++)
		if (strcmp(word, modes[i].word) == 0) {
			*ret = (enum release_mode)i;
			return true;
		}
	return false;
}

enum release_state release_on_completion(enum release_mode mode)
{
	return modes[mode].becomes;
}

const char *release_name(enum release_state s)
{
	return states[s].name;
}

bool release_parse(const char *name, enum release_state *ret)
{
	for (int i = 0; i < RELEASE_STATE_COUNT; i++)
		if (strcmp(name, states[i].name) == 0) {
			*ret = (enum release_state)i;
			return true;
		}
	return false;
}

bool release_is_shown(enum release_state s)
{
	return states[s].shown;
}

bool release_may_release(enum release_state s)
{
	return states[s].releasable;
}

const char *release_text(enum release_state s)
{
	return states[s].text;
}
