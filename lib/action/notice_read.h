/* The line of JSON that an action gets (docs/notices.md), read back: for actions in C, and for modules. */
#ifndef LIMEBUS_ACTION_NOTICE_READ_H
#define LIMEBUS_ACTION_NOTICE_READ_H

#include "lib/action/lime_action.h"
#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/json/json.h"

#define NOTICE_LINE_MAX (1u << 20)
#define NOTICE_LISTS    5

/* {0} is empty. Owns; what notice points to lies in the others. */
struct notice_read {
	struct lime_notice notice;
	struct json_doc doc;
	struct blob line;
	const char **lists[NOTICE_LISTS];
};
void notice_read_release(struct notice_read *read);

/* seq, kind, node and time must be there and of the right form, everything else may be missing. Unknown keys
 * are passed over. RC_MALFORMED, RC_LIMIT. */
MUST_USE enum rc notice_read_parse(struct span line, struct notice_read *out, struct err *err);

/* The whole of a descriptor, parsed. */
MUST_USE enum rc notice_read_fd(int fd, struct notice_read *out, struct err *err);

#endif
