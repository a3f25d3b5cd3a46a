/* A finding in words. */
#ifndef LIMEBUS_POLICY_EXPLAIN_H
#define LIMEBUS_POLICY_EXPLAIN_H

#include "lib/policy/verdict.h"

#define EXPLAIN_BYTES 1024

/* "A PCR has a value that the policy does not allow: pcr 16 (sha256): expected 00…, found 7c…. Find out what
 * …". Returns out. */
char *explain(const struct finding *finding, char out[static EXPLAIN_BYTES]);

/* The parts that depend on the check alone: "A PCR has a value that the policy does not allow", "Find out
 * what …", both without a full stop. Never NULL. */
const char *explain_wrong(enum finding_check check);
const char *explain_next(enum finding_check check);

#endif
