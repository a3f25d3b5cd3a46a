/*
 * lime_action.h - actions of limebus as shared objects.
 *
 * limebus-actions runs an action for each notice of the log that passes the action's filters ("node N is
 * revoked", "node N is trusted again"). An action is a program, or a shared object with the interface of this
 * header. Nothing else of limebus is needed to build one:
 *
 *     cc -shared -fPIC -o siren.so siren.c
 *
 * The object is loaded into a process of its own, which has the account, the limits and the time-out of the
 * action's configuration and holds none of the host's keys or descriptors. If it crashes, that was a failed
 * attempt, and nothing else suffers. A process is used for one notice: lime_action_open, lime_action_notice,
 * lime_action_close, in this order, in one thread. What must be remembered belongs into a file below the
 * folder that the environment names as LIMEBUS_ACTION_STATE, which is also the current one. What it writes to
 * standard output and error comes into the log of the host, line by line.
 *
 * The same notice may come more than once; then its number is the same, and `again` is 1. Notices about one
 * node come in the order of their numbers.
 *
 * This interface is stable. A later version appends members to struct lime_notice, and never changes those
 * that are there: look at `size` before you use one that your LIME_ACTION_ABI had not. An object built
 * against a newer LIME_ACTION_ABI than the host's is refused.
 */
#ifndef LIME_ACTION_H
#define LIME_ACTION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIME_ACTION_ABI 1

/* What open and notice return. Anything else counts as LIME_RETRY. */
#define LIME_DONE    0
#define LIME_RETRY   75 /* try again, after a pause */
#define LIME_GIVE_UP 78 /* trying again will not help: somebody has to look at it */

/* One notice. All texts are UTF-8 with a NUL at their end, and never NULL; lists end with NULL. All of it
 * belongs to the host and is there until lime_action_notice returns. Ignore kinds that you do not know. */
struct lime_notice {
	size_t size; /* of this struct, as the host has it */
	uint64_t seq;
	uint32_t severity; /* 0 to 10 */
	uint32_t again;    /* 1: it may have been acted on before */
	const char *kind;
	const char *node;     /* 64 hexadecimal digits */
	const char *time;     /* "2026-11-23T19:35:21.411Z" */
	const char *reason;   /* for people */
	const char *verifier; /* "" if there is none */
	const char *evidence; /* the hash of a verdict in hexadecimal digits, or "" */
	const char *const *reasons;
	const char *const *certificates; /* serial numbers in hexadecimal digits */
	const char *const *tags;         /* these three: what the tenant says about the node */
	const char *const *dns;
	const char *const *addresses;
	const char *json; /* the whole line that a program would read */
	size_t json_bytes;
};

/* ---- what the object defines ---- */

/* = LIME_ACTION_ABI */
extern const uint32_t lime_action_abi;

/* config: the content of the file that the action's configuration names as "config"; "" if it names none. It
 * is gone when this returns. *state is yours. If this returns anything but LIME_DONE, nothing more is called.
 */
int lime_action_open(const char *config, size_t config_bytes, void **state);

int lime_action_notice(void *state, const struct lime_notice *notice);

/* Not called if the process ends early, as it does at the time-out. */
void lime_action_close(void *state);

#ifdef __cplusplus
}
#endif

#endif
