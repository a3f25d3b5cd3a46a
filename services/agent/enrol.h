/*
 * PURE: the steps by which an agent joins (proto/PROTOCOL.md, 4 and 5), as a table. The caller carries out
 * the effects and brings back the events; an event that a state does not know changes nothing.
 */
#ifndef LIMEBUS_AGENT_ENROL_H
#define LIMEBUS_AGENT_ENROL_H

/* X(NAME, words) */
#define ENROL_STATES(X)                                                                                      \
	X(START, "starting")                                                                                 \
	X(TPM, "opening the TPM")                                                                            \
	X(NO_TPM, "waiting for the TPM")                                                                     \
	X(REGISTER, "registering")                                                                           \
	X(CREDENTIAL, "opening the credential")                                                              \
	X(PROVE, "proving the credential")                                                                   \
	X(PAUSE, "waiting to register again")                                                                \
	X(GREET, "greeting the verifier")                                                                    \
	X(SERVED, "attested")                                                                                \
	X(LOST, "without its verifier")

#define ENROL_EVENTS(X)                                                                                      \
	X(BEGIN, "started")                                                                                  \
	X(TPM_OPEN, "the TPM is open")                                                                       \
	X(TPM_FAILED, "the TPM failed")                                                                      \
	X(CREDENTIAL, "credential")                                                                          \
	X(SECRET, "credential opened")                                                                       \
	X(ENROLLED, "enrolled")                                                                              \
	X(REFUSED, "refused or no answer")                                                                   \
	X(WELCOME, "welcome")                                                                                \
	X(UNANSWERED, "hello was not answered")                                                              \
	X(LINK_UP, "the verifier's link is up")                                                              \
	X(LINK_DOWN, "the verifier's link is down")                                                          \
	X(LATE, "the verifier cannot be reached")                                                            \
	X(PAUSE_OVER, "pause over")

#define ENROL_STATE_ENUM(name, words) ENROL_##name,
#define ENROL_EVENT_ENUM(name, words) ENROL_ON_##name,
enum enrol_state { ENROL_STATES(ENROL_STATE_ENUM) ENROL_STATE_COUNT };
enum enrol_event { ENROL_EVENTS(ENROL_EVENT_ENUM) ENROL_EVENT_COUNT };
#undef ENROL_STATE_ENUM
#undef ENROL_EVENT_ENUM

/* In the order in which they are carried out. */
enum enrol_effect {
	ENROL_FX_LEAVE = 1u << 0,    /* close the registrar's link */
	ENROL_FX_OPEN_TPM = 1u << 1, /* open TPM, EK and AK */
	ENROL_FX_REGISTER = 1u << 2, /* connect to the next registrar, send register */
	ENROL_FX_ACTIVATE = 1u << 3, /* let the TPM open the credential */
	ENROL_FX_PROVE = 1u << 4,    /* send activate */
	ENROL_FX_ADVANCE = 1u << 5,  /* it is another verifier's turn */
	ENROL_FX_CONNECT =
		1u << 6, /* connect to the verifier, unless that is so already; hello once it is up */
	ENROL_FX_HELLO = 1u << 7,     /* send hello, wait 2 s for welcome */
	ENROL_FX_PAUSE = 1u << 8,     /* start the pause, which grows */
	ENROL_FX_CALM = 1u << 9,      /* the next pause is the shortest again */
	ENROL_FX_WAIT_LINK = 1u << 10 /* give the link a while to come up */
};

struct enrol_step {
	enum enrol_state state;
	unsigned effects;
	int is_legal;
};

/* is_legal is 0, and the state unchanged, for an event that does not belong here. */
struct enrol_step enrol_next(enum enrol_state state, enum enrol_event event);

const char *enrol_state_words(enum enrol_state state);
const char *enrol_event_words(enum enrol_event event);

/* The n-th pause in a row (from 0): half to the whole of a limit that doubles from 400 ms to 10 s. random is
 * uniform over 32 bits. */
#define ENROL_PAUSE_MAX_MS 10000u
unsigned enrol_pause_ms(unsigned n, unsigned random);

#endif
