/* How a Stream names its entries. Not for others. */
#ifndef LIMEBUS_STORE_STREAM_ID_H
#define LIMEBUS_STORE_STREAM_ID_H

#include "lib/store/reply.h"

#define STREAM_FIELD    "s"
#define STREAM_ID_BYTES 24u /* 20 digits, "-0" and a NUL */

/* "12-0"; no other second part, no leading zero, not 0. */
bool stream_id_parse(struct span id, uint64_t *out);

/* Borrows out. */
struct span stream_id_print(uint64_t number, char out[static STREAM_ID_BYTES]);

/* [id, ["s", entry]]; false for everything else. *entry borrows. */
bool stream_entry_read(const struct reply *reply, uint64_t *number, struct span *entry);

#endif
