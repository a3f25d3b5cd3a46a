/*
 * Records outlive the keys that signed them only if somebody signs them again while those keys are still
 * good: what was written under former keys of a registrar (its own, or another's) gets this one's signature.
 * One is read, signed and written only if it is still the one that was read.
 */
#ifndef LIMEBUS_REGISTRAR_RESIGN_H
#define LIMEBUS_REGISTRAR_RESIGN_H

#include <stdbool.h>
#include <stdint.h>

struct registrar;
struct resign;

/* {0} is empty. */
struct resigns {
	struct resign *first; /* waiting */
	unsigned running;
	bool is_scanning;
	bool scan_again;
	uint64_t done; /* since the start */
	uint64_t told; /* of these, in the log */
};
void resigns_release(struct resigns *resigns);

/*
 * Look through Redis for such records, if the roster has former keys of a registrar, and sign them. After a
 * load, when a roster came, and when Redis is back. What cannot be believed is left to the load, which told.
 */
void resign_begin(struct registrar *registrar);

#endif
