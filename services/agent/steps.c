#include "services/agent/steps.h"

#define TO(state, effects)                                                                                   \
	{                                                                                                    \
		BOOT_##state, (effects), 1                                                                   \
	}
#define FX(name) BOOT_FX_##name

/* U is kept before anything is opened: what lies opened can be had again after a reboot. */
static const struct boot_step steps[BOOT_STATE_COUNT][BOOT_EVENT_COUNT] = {
	[BOOT_REST] = {[BOOT_ON_SHARE_U] = TO(UNWRAP, FX(FORGET) | FX(UNWRAP)),
		[BOOT_ON_SHARE_V] = TO(READ, FX(READ)),
		[BOOT_ON_WIPE] = TO(REST, FX(FORGET))},
	[BOOT_UNWRAP] = {[BOOT_ON_DONE] = TO(WAIT, FX(ANSWER)),
		[BOOT_ON_FAILED] = TO(REST, FX(FORGET) | FX(ANSWER) | FX(RESTORE)),
		[BOOT_ON_WIPE] = TO(REST, FX(FORGET))},
	[BOOT_WAIT] = {[BOOT_ON_SHARE_U] = TO(UNWRAP, FX(FORGET) | FX(UNWRAP)),
		[BOOT_ON_PROVED] = TO(KEEP, FX(KEEP)),
		/* A V that was made up does not cost the tenant's U. */
		[BOOT_ON_FAILED] = TO(WAIT, FX(FAILED)),
		[BOOT_ON_WIPE] = TO(REST, FX(FORGET))},
	[BOOT_READ] = {[BOOT_ON_PROVED] = TO(OPEN, FX(OPEN)),
		[BOOT_ON_FAILED] = TO(REST, FX(FORGET) | FX(FAILED)),
		[BOOT_ON_WIPE] = TO(REST, FX(FORGET))},
	[BOOT_KEEP] = {[BOOT_ON_DONE] = TO(OPEN, FX(RECORD) | FX(OPEN)),
		/* U still is in memory: the next V tries again. */
		[BOOT_ON_FAILED] = TO(WAIT, FX(FAILED)),
		[BOOT_ON_WIPE] = TO(REST, FX(FORGET))},
	[BOOT_OPEN] = {[BOOT_ON_DONE] = TO(REST, FX(FORGET) | FX(LOCK) | FX(OPENED)),
		[BOOT_ON_SCRIPT] = TO(RUN, FX(FORGET) | FX(LOCK) | FX(RUN)),
		[BOOT_ON_FAILED] = TO(REST, FX(FORGET) | FX(FAILED)),
		[BOOT_ON_WIPE] = TO(REST, FX(FORGET))},
	[BOOT_RUN] = {[BOOT_ON_DONE] = TO(REST, FX(OPENED)),
		[BOOT_ON_FAILED] = TO(REST, FX(OPENED)),
		[BOOT_ON_WIPE] = TO(REST, FX(FORGET))},
};

struct boot_step boot_next(enum boot_state state, enum boot_event event)
{
	struct boot_step step = {BOOT_REST, 0, 0};

	if ((unsigned)state < BOOT_STATE_COUNT && (unsigned)event < BOOT_EVENT_COUNT)
		step = steps[state][event];
	if (!step.is_legal)
		step.state = state;
	return step;
}

#define WORDS(name, words) words,
static const char *const state_words[] = {BOOT_STATES(WORDS)};
static const char *const event_words[] = {BOOT_EVENTS(WORDS)};
#undef WORDS

const char *boot_state_words(enum boot_state state)
{
	return (unsigned)state < BOOT_STATE_COUNT ? state_words[state] : "nowhere";
}

const char *boot_event_words(enum boot_event event)
{
	return (unsigned)event < BOOT_EVENT_COUNT ? event_words[event] : "nothing";
}
