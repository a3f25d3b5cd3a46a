/* What an acknowledgement of this Redis is worth, found out at each connect, in words for a person. */
#ifndef LIMEBUS_STORE_DURABILITY_H
#define LIMEBUS_STORE_DURABILITY_H

#include "lib/store/store.h"

#define STORE_DURABILITY_TEXT_BYTES 1024

enum store_durability {
	STORE_DURABILITY_UNKNOWN, /* not connected yet */
	STORE_DURABILITY_WEAK, /* something that was acknowledged may be lost; the text says how to mend it */
	STORE_DURABILITY_DURABLE, /* appendonly, appendfsync always, noeviction, a master, all replicas there
	                           */
};

/* *text is borrowed until the next connect: one line a finding, "name: found, expected; mend". Never NULL. */
enum store_durability store_durability(const struct store *store, const char **text);

#endif
