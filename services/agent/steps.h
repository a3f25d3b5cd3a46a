/*
 * PURE: the steps by which a payload is brought to be opened (proto/PROTOCOL.md, 6), as a table. What is held
 * in the TPM and what lies opened are facts beside it; REST is the state in which nothing is under way.
 */
#ifndef LIMEBUS_AGENT_STEPS_H
#define LIMEBUS_AGENT_STEPS_H

#define BOOT_STATES(X)                                                                                       \
	X(REST, "nothing under way")                                                                         \
	X(UNWRAP, "opening U's envelope")                                                                    \
	X(WAIT, "waiting for V and the payload")                                                             \
	X(READ, "reading U from the TPM")                                                                    \
	X(KEEP, "writing U into the TPM")                                                                    \
	X(OPEN, "opening the payload")                                                                       \
	X(RUN, "running the start script")

#define BOOT_EVENTS(X)                                                                                       \
	X(SHARE_U, "an operator sent U")                                                                     \
	X(SHARE_V, "V for the U that the TPM holds")                                                         \
	X(DONE, "done")                                                                                      \
	X(SCRIPT, "done, and there is a start script")                                                       \
	X(FAILED, "failed")                                                                                  \
	X(PROVED, "U and V make the key that was proved")                                                    \
	X(WIPE, "all of it is to go")

#define BOOT_STATE_ENUM(name, words) BOOT_##name,
#define BOOT_EVENT_ENUM(name, words) BOOT_ON_##name,
enum boot_state { BOOT_STATES(BOOT_STATE_ENUM) BOOT_STATE_COUNT };
enum boot_event { BOOT_EVENTS(BOOT_EVENT_ENUM) BOOT_EVENT_COUNT };
#undef BOOT_STATE_ENUM
#undef BOOT_EVENT_ENUM

/* In the order in which they are carried out. */
enum boot_effect {
	BOOT_FX_FORGET = 1u << 0,  /* wipe U, V and Kb */
	BOOT_FX_UNWRAP = 1u << 1,  /* let the TPM open the credential of U's envelope */
	BOOT_FX_ANSWER = 1u << 2,  /* tell the tenant how that ended */
	BOOT_FX_READ = 1u << 3,    /* read U from the TPM */
	BOOT_FX_KEEP = 1u << 4,    /* write U into the slot that is not active */
	BOOT_FX_RECORD = 1u << 5,  /* that slot is the active one now; the predecessor goes */
	BOOT_FX_OPEN = 1u << 6,    /* open the payload, piece by piece */
	BOOT_FX_RUN = 1u << 7,     /* run the start script */
	BOOT_FX_LOCK = 1u << 8,    /* no more reads of U until the next reset */
	BOOT_FX_OPENED = 1u << 9,  /* tell the verifier that it lies opened */
	BOOT_FX_FAILED = 1u << 10, /* tell the verifier that it does not, and why */
	BOOT_FX_RESTORE = 1u << 11 /* what the TPM holds counts again */
};

struct boot_step {
	enum boot_state state;
	unsigned effects;
	int is_legal;
};

/* is_legal is 0, and the state unchanged, for an event that does not belong here. */
struct boot_step boot_next(enum boot_state state, enum boot_event event);

const char *boot_state_words(enum boot_state state);
const char *boot_event_words(enum boot_event event);

#endif
