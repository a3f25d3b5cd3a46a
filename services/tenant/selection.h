/* PCR selections as people write them. */
#ifndef LIMEBUS_TENANT_SELECTION_H
#define LIMEBUS_TENANT_SELECTION_H

#include "lib/base/err.h"
#include "lib/evidence/pcr.h"

/* "sha256:0-7,14", banks joined by '+'. Banks are sha256, sha384 and sha512, each once; PCRs 0 to 23.
 * RC_MALFORMED, with what was expected. */
MUST_USE enum rc selection_parse(const char *text, struct pcr_selection *out, struct err *err);

#endif
