/* Base64 with the alphabet and padding of RFC 4648, section 4, one spelling for each content. */
#ifndef LIMEBUS_BASE_BASE64_H
#define LIMEBUS_BASE_BASE64_H

#include "lib/base/blob.h"

/* Digits of n bytes, without a NUL. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Append the text of these bytes, without a NUL. RC_NOMEM, RC_LIMIT. */
MUST_USE enum rc base64_encode(struct span bytes, struct blob *out);

/*
 * Append the bytes of a text. RC_MALFORMED for whatever the encoder does not write: blanks, line ends, digits
 * of the URL alphabet, missing or superfluous padding, and bits behind the last byte that are not zero. On a
 * failure out is as it was.
 */
MUST_USE enum rc base64_decode(struct span text, struct blob *out);

#endif
