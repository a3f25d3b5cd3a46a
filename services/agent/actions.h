/* The programs of the actions folder, run for each notice in the order of their names (docs/notices.md). */
#ifndef LIMEBUS_AGENT_ACTIONS_H
#define LIMEBUS_AGENT_ACTIONS_H

#include "lib/base/err.h"
#include "proto/msg.h"

struct agent;
struct actions;

#define ACTIONS_MAX         64
#define ACTION_TIMEOUT_MS   30000
#define ACTION_ATTEMPTS_MAX 5   /* a program that fails more often in a row is passed over for this notice */
#define ACTION_PAUSE_MS     500 /* before the second attempt; doubles */

MUST_USE enum rc actions_open(struct agent *agent, struct actions **out, struct err *err);
/* Accepts NULL inside. */
void actions_close(struct actions **actions);

/* Run them all for this checked notice; nothing of it is kept. notices_acted is called at the end, from the
 * loop. profile may be NULL. again: it may have been acted on before. */
void actions_begin(struct actions *actions, const struct msg_notice *notice,
	const struct msg_profile *profile, bool again);

#endif
