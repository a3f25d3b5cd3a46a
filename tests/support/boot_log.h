/* Event logs that were captured, and the PCRs that they lead to. */
#ifndef LIMEBUS_TESTS_SUPPORT_BOOT_LOG_H
#define LIMEBUS_TESTS_SUPPORT_BOOT_LOG_H

#include "lib/base/blob.h"
#include "lib/evidence/pcr.h"

/* tests/vectors/boot/<name>.log */
struct span boot_log_vector(const char *name);

/* PCR 0 to 14 of all banks as they are after the log. */
struct boot_quoted {
	uint8_t bytes[PCR_VALUES_MAX_BYTES];
	struct pcr_values values;
};
void boot_quoted_of(struct span log, struct boot_quoted *out);

enum boot_change_kind {
	BOOT_CHANGE_DROP,
	BOOT_CHANGE_TWICE,
	BOOT_CHANGE_SWAP,    /* with the event behind it */
	BOOT_CHANGE_DIGEST,  /* one bit of each of its digests */
	BOOT_CHANGE_PAYLOAD, /* digests stay */
	BOOT_CHANGE_REAL,    /* digests are of `hashed`: what another machine would have measured */
};

/* One event of a log made otherwise; numbers as in the log. type: of PAYLOAD and REAL, 0 if it stays. */
struct boot_change {
	enum boot_change_kind kind;
	size_t event;
	struct span payload;
	struct span hashed;
	uint32_t type;
};
void boot_log_change(struct span log, const struct boot_change *change, struct blob *out);

#endif
