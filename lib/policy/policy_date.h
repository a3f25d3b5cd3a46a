/* Dates in policies: "2027-06-30T00:00:00Z", UTC, to the second. */
#ifndef LIMEBUS_POLICY_POLICY_DATE_H
#define LIMEBUS_POLICY_POLICY_DATE_H

#include "lib/base/rc.h"
#include "lib/base/span.h"

#define POLICY_DATE_BYTES 21

/* Exactly this form, the years 1971 to 9999, days that exist; ms since 1970. RC_MALFORMED for anything else.
 */
MUST_USE enum rc policy_date_parse(struct span text, uint64_t *out_ms);

/* The same text again; parts of a second are cut off, and days beyond 9999. Returns out. */
char *policy_date_text(uint64_t ms, char out[static POLICY_DATE_BYTES]);

#endif
