#include "lib/bus/count.h"

static const char *const words[] = {
#define DROP_WORD(name, words) words,
	DROP_LIST(DROP_WORD)
#undef DROP_WORD
};

const char *drop_word(enum drop_cause cause)
{
	return (unsigned)cause < DROP_COUNT ? words[cause] : "unnamed";
}
