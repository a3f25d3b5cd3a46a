/* Is this what JSON texts are made of? */
#ifndef LIMEBUS_JSON_JSON_UTF8_H
#define LIMEBUS_JSON_JSON_UTF8_H

#include "lib/base/span.h"

/* Length of the UTF-8 sequence with which the text begins (RFC 3629), 0 if it begins with none. The text is
 * not empty. */
size_t json_utf8_length(struct span text);

/* Valid UTF-8 without NUL. */
bool json_utf8_holds(struct span text);

#endif
