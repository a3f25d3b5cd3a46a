/* How far a durable subscriber has got, as it stands on the disk. */
#ifndef LIMEBUS_FOLLOW_PLACE_H
#define LIMEBUS_FOLLOW_PLACE_H

#include "lib/base/err.h"
#include "lib/follow/follow.h"

/* {0} is a place before the first notice. */
struct place {
	struct notice_place done; /* everything up to it has been acted on */
	uint64_t pass;            /* up to this number notices are seen and not given (FOLLOW_NEW) */
	uint64_t given;           /* above it nothing has been given; below it anything may have been */
	uint8_t marks[FOLLOW_WINDOW / 8]; /* bit n: done.seq + 1 + n is done as well; bit 0 never is */
};

/* Bytes, and the other way round. RC_MALFORMED: not what place_encode wrote, in any bit, or numbers that
 * contradict each other. */
MUST_USE enum rc place_encode(const struct place *place, struct blob *out);
MUST_USE enum rc place_decode(struct span bytes, struct place *out);

/* In this file, atomically and durably; RC_NOT_FOUND: there is none. */
MUST_USE enum rc place_save(const struct place *place, const char *path, struct err *err);
MUST_USE enum rc place_load(const char *path, struct place *out, struct err *err);

/* Is notice seq marked as done? */
bool place_is_done(const struct place *place, uint64_t seq);

#endif
