/* Files of tests/vectors/evidence, unpacked. */
#ifndef LIMEBUS_TESTS_SUPPORT_EVIDENCE_KEPT_H
#define LIMEBUS_TESTS_SUPPORT_EVIDENCE_KEPT_H

#include "lib/base/span.h"
#include "lib/evidence/attest.h"

/* A file below tests/vectors/evidence, "sb-on-imang/step0/binary_runtime_measurements.gz", whether it is
 * compressed or not. Kept until the program ends. The test fails if it is not there. */
struct span evidence_kept(const char *name);

/* The values that a quote of a step was made over: step "sb-on-imang/step0", quote "ecc". */
struct pcr_values evidence_kept_values(const char *step, const char *quote);

#endif
