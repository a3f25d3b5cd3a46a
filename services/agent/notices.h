/*
 * Revocation notices (lib/follow): what the log says about this node itself, and the actions that are run for
 * each notice (docs/notices.md).
 */
#ifndef LIMEBUS_AGENT_NOTICES_H
#define LIMEBUS_AGENT_NOTICES_H

#include "lib/base/err.h"
#include "lib/follow/follow.h"
#include "lib/json/json_write.h"

struct agent;
struct notices;

/* After the first enrolment; connects. Reads the place in the log from the state folder. */
MUST_USE enum rc notices_open(struct agent *agent, struct notices **out, struct err *err);
/* Accepts NULL inside. */
void notices_close(struct notices **notices);

/* The roster is another one: another service may be the one to ask. */
void notices_roster_changed(struct notices *notices);

/* The actions of the notice that was given have been run. */
void notices_acted(struct notices *notices);

/* For requests to the revocation services (follow_call). */
struct follow *notices_follow(struct notices *notices);

/* For status.json. */
void notices_status(const struct notices *notices, struct json_write *w);

#endif
