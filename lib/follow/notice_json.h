/* A notice as the line of JSON that actions read on their standard input (docs/notices.md). New keys may be
 * added; the meaning of those that are there does not change. */
#ifndef LIMEBUS_FOLLOW_NOTICE_JSON_H
#define LIMEBUS_FOLLOW_NOTICE_JSON_H

#include "lib/base/blob.h"
#include "proto/msg.h"

/* Longer bytes inside the whole message, as evidence in a cause, are written as {"bytes":N}. */
#define NOTICE_JSON_BIN_MAX 256

/* Append one line with its line end. profile may be NULL: nothing is known of the node. RC_MALFORMED,
 * RC_NOMEM. */
MUST_USE enum rc notice_json(
	const struct msg_notice *notice, const struct msg_profile *profile, bool again, struct blob *out);

#endif
