/* A selection inside a larger structure. Internal to lib/evidence. */
#ifndef LIMEBUS_EVIDENCE_PCR_READ_H
#define LIMEBUS_EVIDENCE_PCR_READ_H

#include "lib/evidence/cursor.h"
#include "lib/evidence/pcr.h"

/* As pcr_selection_parse, but leaves what follows to the caller. */
MUST_USE enum rc pcr_selection_read(struct cursor *cursor, struct pcr_selection *out);

#endif
