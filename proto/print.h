/* A message as one JSON object: bytes in hexadecimal, lists as arrays, its name under "t", as on the wire.
 * For people, for
 * --json and for plugins; nothing in limebus reads it back. */
#ifndef LIMEBUS_PROTO_PRINT_H
#define LIMEBUS_PROTO_PRINT_H

#include "proto/msg.h"

/* Append the JSON text. Bytes longer than `bin_max` are written as {"bytes":N} (0: always in full).
 * RC_MALFORMED: a field's text is not text; what is in out then is of no use. */
MUST_USE enum rc msg_print(const struct msg *msg, size_t bin_max, struct blob *out);

#endif
