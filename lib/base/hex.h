/* Lower-case hexadecimal text, the form of every id that a person sees. */
#ifndef LIMEBUS_BASE_HEX_H
#define LIMEBUS_BASE_HEX_H

#include "lib/base/rc.h"
#include "lib/base/span.h"

/* Text of n bytes with its NUL. */
#define HEX_BYTES(n) (2 * (n) + 1)

/* Write 2*len digits and a NUL to out, which has HEX_BYTES(bytes.len) room. Returns out. */
char *hex_encode(struct span bytes, char *out);

/* Exactly out_len bytes from exactly 2*out_len digits of either case; else RC_MALFORMED and out is untouched.
 */
MUST_USE enum rc hex_decode(struct span text, uint8_t *out, size_t out_len);

#endif
