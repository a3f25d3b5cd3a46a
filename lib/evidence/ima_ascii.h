/* One entry of an ASCII list. Internal to lib/evidence; ima_list.h is what others use. */
#ifndef LIMEBUS_EVIDENCE_IMA_ASCII_H
#define LIMEBUS_EVIDENCE_IMA_ASCII_H

#include "lib/evidence/ima_list.h"

/* "10 ", 40 digits (of SHA-1), " ": what begins an entry in text. With too little text: as far as it goes. */
bool ima_ascii_begins(struct span text, enum digest_alg hash);

/* As ima_list_next for lists with format.is_ascii. */
MUST_USE enum ima_step ima_ascii_next(struct ima_list *list, struct ima_entry *out);

#endif
