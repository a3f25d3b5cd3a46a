#include "services/agent/enrol.h"

#include <stdint.h>

#include "lib/base/drop.h"

#define TO(state, effects)                                                                                   \
	{                                                                                                    \
		ENROL_##state, (effects), 1                                                                  \
	}
#define FX(name) ENROL_FX_##name

static const struct enrol_step steps[ENROL_STATE_COUNT][ENROL_EVENT_COUNT] = {
	[ENROL_START] = {[ENROL_ON_BEGIN] = TO(TPM, FX(OPEN_TPM))},
	[ENROL_TPM] = {[ENROL_ON_TPM_OPEN] = TO(REGISTER, FX(REGISTER)),
		[ENROL_ON_TPM_FAILED] = TO(NO_TPM, FX(PAUSE))},
	[ENROL_NO_TPM] = {[ENROL_ON_PAUSE_OVER] = TO(TPM, FX(OPEN_TPM))},
	[ENROL_REGISTER] = {[ENROL_ON_CREDENTIAL] = TO(CREDENTIAL, FX(ACTIVATE)),
		[ENROL_ON_REFUSED] = TO(PAUSE, FX(LEAVE) | FX(PAUSE))},
	[ENROL_CREDENTIAL] = {[ENROL_ON_SECRET] = TO(PROVE, FX(PROVE)),
		[ENROL_ON_TPM_FAILED] = TO(PAUSE, FX(LEAVE) | FX(PAUSE)),
		[ENROL_ON_REFUSED] = TO(PAUSE, FX(LEAVE) | FX(PAUSE))},
	[ENROL_PROVE] = {[ENROL_ON_ENROLLED] = TO(GREET, FX(LEAVE) | FX(CONNECT)),
		[ENROL_ON_REFUSED] = TO(PAUSE, FX(LEAVE) | FX(PAUSE))},
	[ENROL_PAUSE] = {[ENROL_ON_PAUSE_OVER] = TO(REGISTER, FX(REGISTER))},
	[ENROL_GREET] = {[ENROL_ON_LINK_UP] = TO(GREET, FX(HELLO)),
		[ENROL_ON_WELCOME] = TO(SERVED, FX(CALM)),
		[ENROL_ON_UNANSWERED] = TO(PAUSE, FX(PAUSE)),
		[ENROL_ON_LINK_DOWN] = TO(GREET, 0),
		[ENROL_ON_LATE] = TO(PAUSE, FX(ADVANCE) | FX(PAUSE))},
	[ENROL_SERVED] = {[ENROL_ON_LINK_DOWN] = TO(LOST, FX(WAIT_LINK)),
		/* A roster that moved the verifier, or a restart of it that was too quick for us to see. */
		[ENROL_ON_LINK_UP] = TO(GREET, FX(HELLO))},
	[ENROL_LOST] = {[ENROL_ON_LINK_UP] = TO(GREET, FX(HELLO)),
		[ENROL_ON_UNANSWERED] = TO(PAUSE, FX(PAUSE)),
		[ENROL_ON_LATE] = TO(GREET, FX(ADVANCE) | FX(CONNECT))},
};

struct enrol_step enrol_next(enum enrol_state state, enum enrol_event event)
{
	struct enrol_step step = {ENROL_START, 0, 0};

	if ((unsigned)state < ENROL_STATE_COUNT && (unsigned)event < ENROL_EVENT_COUNT)
		step = steps[state][event];
	if (!step.is_legal)
		step.state = state;
	return step;
}

#define WORDS(name, words) words,
static const char *const state_words[] = {ENROL_STATES(WORDS)};
static const char *const event_words[] = {ENROL_EVENTS(WORDS)};
#undef WORDS

const char *enrol_state_words(enum enrol_state state)
{
	return (unsigned)state < ENROL_STATE_COUNT ? state_words[state] : "nowhere";
}

const char *enrol_event_words(enum enrol_event event)
{
	return (unsigned)event < ENROL_EVENT_COUNT ? event_words[event] : "nothing";
}

unsigned enrol_pause_ms(unsigned n, unsigned random)
{
	uint64_t limit = n > 8 ? ENROL_PAUSE_MAX_MS : (uint64_t)400 << n;

	if (limit > ENROL_PAUSE_MAX_MS)
		limit = ENROL_PAUSE_MAX_MS;
	return (unsigned)(limit / 2 + ((limit / 2 * (uint64_t)random) >> 32));
}
