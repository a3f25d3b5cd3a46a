/* Counts depth and values of a JSON text before a parser allocates anything for it. Internal to lib/json. */
#ifndef LIMEBUS_JSON_JSON_SCAN_H
#define LIMEBUS_JSON_JSON_SCAN_H

#include "lib/json/json.h"

/*
 * RC_LIMIT if the text is larger, deeper or has more values than allowed; err says which. The text need not
 * be JSON: for any bytes the numbers are no smaller than what a parser meets before it stops at the first
 * error.
 */
MUST_USE enum rc json_scan(struct span text, const struct json_limits *limits, struct err *err);

#endif
