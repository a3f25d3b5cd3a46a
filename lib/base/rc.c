#include "lib/base/rc.h"

const char *rc_words(enum rc rc)
{
	static const char *const words[RC_COUNT] = {
#define RC_WORDS(name, text) [RC_##name] = text,
		RC_LIST(RC_WORDS)
#undef RC_WORDS
	};

	return (unsigned)rc < RC_COUNT ? words[rc] : "unknown result";
}
