/*
 * A conversation of the command line with the services: it opens the operator's keys and the roster, connects
 * to services as they are needed, and waits for answers. Everything blocks, and everything has a deadline:
 * the configured time-out, unless said otherwise. Ctrl-C ends whatever is waited for.
 */
#ifndef LIMEBUS_TENANT_SESSION_H
#define LIMEBUS_TENANT_SESSION_H

#include "lib/bus/client.h"
#include "lib/bus/subscriber.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/roster.h"
#include "services/tenant/command.h"

#define SESSION_LINKS_MAX 16

struct session;

/* Borrows the configuration. RC_DENIED: our key is not in the roster, or its file can be read by others. */
MUST_USE enum rc session_open(const struct tenant_config *config, struct session **out, struct err *err);
void session_close(struct session **session);

const struct tenant_config *session_config(const struct session *session);
const struct roster *session_roster(const struct session *session);
const struct sign_pair *session_signer(const struct session *session);
uint64_t session_now(const struct session *session); /* wall-clock ms */
uint64_t session_mono_ms(const struct session *session);

/* We, in the roster. */
const struct roster_member *session_self(const struct session *session);

/* An answer; msg borrows from frame. */
struct answer {
	struct blob frame;
	struct msg msg;
	const struct roster_member *from;
};
void answer_release(struct answer *answer);

/*
 * Ask a service of this role, and wait for a message of type `expected`. If several are rostered they are
 * tried in turn; one that cannot be reached, or says that it cannot act now, is asked again until the
 * deadline. What is asked must be idempotent. An `error` gives its code and text, with the service's name in
 * front; RC_IO or RC_TIMEOUT: nobody answered.
 */
MUST_USE enum rc session_ask(struct session *session, enum role role, const struct msg *request,
	enum msg_type expected, struct answer *out, struct err *err);

/* As session_ask, waiting for least_ms at least. */
MUST_USE enum rc session_ask_for(struct session *session, enum role role, const struct msg *request,
	enum msg_type expected, uint64_t least_ms, struct answer *out, struct err *err);

/* As session_ask, once, to this member. */
MUST_USE enum rc session_ask_member(struct session *session, const struct roster_member *member,
	const struct msg *request, enum msg_type expected, uint64_t deadline_ms, struct answer *out,
	struct err *err);

/* Follow a service's publications; borrows ctx. Messages arrive while something is waited for. */
struct follow {
	const char *topic; /* prefix; "" is everything */
	uint64_t silence_ms;
	void (*message)(void *ctx, struct span topic, const struct msg *msg, struct span frame);
	void (*silent)(void *ctx, bool is_silent);
	void (*link)(void *ctx, bool is_up, enum rc why);
	void *ctx;
};
MUST_USE enum rc session_follow(struct session *session, const struct roster_member *member,
	const struct follow *follow, struct err *err);

/* Wait for at most that long, or until *done (NULL: nothing to wait for). RC_STALE: interrupted. */
MUST_USE enum rc session_wait(struct session *session, uint64_t wait_ms, const bool *done, struct err *err);

bool session_is_interrupted(const struct session *session);

/* Whether the last failure was that a service could not be reached. */
bool session_is_unreachable(const struct session *session);

/* The whole of a command that talks to services: parse `options` (all zero, NULL if there are none), open,
 * act, say what went wrong. *status is what act makes of it when it returns RC_OK (EXIT_DONE unless set). */
typedef enum rc session_act(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err);
int session_command(const struct program *program, const struct tenant_config *config, int argc, char **argv,
	void *options, session_act *act);

/* A command that can do without a deployment: its session is opened when it is first asked for. */
struct session_door {
	const struct tenant_config *config;
	struct session *session; /* NULL: not opened yet */
};
MUST_USE enum rc session_enter(struct session_door *door, struct session **out, struct err *err);

/* As session_command. */
typedef enum rc session_door_act(struct session_door *door, const void *options,
	const struct program_start *start, int *status, struct err *err);
int session_door_command(const struct program *program, const struct tenant_config *config, int argc,
	char **argv, void *options, session_door_act *act);

#endif
