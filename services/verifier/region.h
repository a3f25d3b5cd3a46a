/* Memory straight from the kernel, for what is too long to be copied when it grows: zero until written, and
 * taken page by page. */
#ifndef LIMEBUS_VERIFIER_REGION_H
#define LIMEBUS_VERIFIER_REGION_H

#include "lib/base/drop.h"
#include "lib/base/rc.h"
#include "lib/base/span.h"

/* {0} is none. */
struct region {
	uint8_t *at;
	size_t len;
};

/* RC_NOMEM. len is not 0. */
MUST_USE enum rc region_open(size_t len, struct region *out);

/* Nobody writes to it any more. RC_IO: the kernel refuses. */
MUST_USE enum rc region_seal(const struct region *region);

/* Some milliseconds for 100 MiB: large ones are left to the compiler's thread (compiler.h). */
void region_release(struct region *region);

static inline struct span region_span(const struct region *region)
{
	return span_of(region->at, region->len);
}

#endif
