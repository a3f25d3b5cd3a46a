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

#endif
