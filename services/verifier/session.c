#include "services/verifier/session.h"

/* clang-format off */

/*
 * An empty cell is illegal. UNTRUSTED and SUSPENDED are left only by the tenant, REMOVED only by a new provisioning: neither good
 * evidence, nor silence, nor another AK launders them. Good evidence after a failure is recorded by the caller and changes
 * nothing here.
 */
static const struct node_step steps[NODE_STATE_COUNT][NODE_EVENT_COUNT] = {
	[NODE_ENROLLED] = {
		[EVENT_AK_CHANGED]  = { NODE_ENROLLED, 0 },
		[EVENT_PROVISIONED] = { NODE_PROVISIONED, EFFECT_NOTICE | EFFECT_ASK },
		[EVENT_REBOOT]      = { NODE_ENROLLED, 0 },
		[EVENT_GOOD]        = { NODE_ENROLLED, 0 },
		[EVENT_BAD]         = { NODE_UNTRUSTED, EFFECT_REVOKE },
		[EVENT_NO_ANSWER]   = { NODE_ENROLLED, 0 },
		[EVENT_SUSPEND]     = { NODE_SUSPENDED, EFFECT_NOTICE },
		[EVENT_REMOVE]      = { NODE_REMOVED, EFFECT_NOTICE },
	},
	[NODE_PROVISIONED] = {
		[EVENT_AK_CHANGED]  = { NODE_ENROLLED, 0 },
		[EVENT_PROVISIONED] = { NODE_PROVISIONED, EFFECT_NOTICE | EFFECT_ASK },
		[EVENT_REBOOT]      = { NODE_PROVISIONED, 0 },
		[EVENT_GOOD]        = { NODE_TRUSTED, 0 },
		[EVENT_GOOD_CLOSED] = { NODE_BOOTSTRAPPING, EFFECT_SHARE_V },
		[EVENT_BAD]         = { NODE_UNTRUSTED, EFFECT_REVOKE },
		[EVENT_NO_ANSWER]   = { NODE_PROVISIONED, 0 },
		[EVENT_SUSPEND]     = { NODE_SUSPENDED, EFFECT_NOTICE },
		[EVENT_RESUME]      = { NODE_PROVISIONED, EFFECT_ASK },
		[EVENT_REMOVE]      = { NODE_REMOVED, EFFECT_NOTICE },
	},
	[NODE_BOOTSTRAPPING] = {
		[EVENT_AK_CHANGED]  = { NODE_ENROLLED, 0 },
		[EVENT_PROVISIONED] = { NODE_PROVISIONED, EFFECT_NOTICE | EFFECT_ASK },
		[EVENT_REBOOT]      = { NODE_REBOOTED, 0 },
		[EVENT_GOOD]        = { NODE_TRUSTED, 0 },
		[EVENT_GOOD_CLOSED] = { NODE_BOOTSTRAPPING, EFFECT_SHARE_V },
		[EVENT_BAD]         = { NODE_UNTRUSTED, EFFECT_REVOKE },
		[EVENT_NO_ANSWER]   = { NODE_UNREACHABLE, 0 },
		[EVENT_OPENED]      = { NODE_TRUSTED, 0 },
		[EVENT_SUSPEND]     = { NODE_SUSPENDED, EFFECT_NOTICE },
		[EVENT_RESUME]      = { NODE_BOOTSTRAPPING, EFFECT_SHARE_V },
		[EVENT_REMOVE]      = { NODE_REMOVED, EFFECT_NOTICE },
	},
	[NODE_TRUSTED] = {
		[EVENT_AK_CHANGED]  = { NODE_ENROLLED, 0 },
		[EVENT_PROVISIONED] = { NODE_PROVISIONED, EFFECT_NOTICE | EFFECT_ASK },
		[EVENT_REBOOT]      = { NODE_REBOOTED, 0 },
		[EVENT_GOOD]        = { NODE_TRUSTED, 0 },
		[EVENT_GOOD_CLOSED] = { NODE_BOOTSTRAPPING, EFFECT_SHARE_V },
		[EVENT_BAD]         = { NODE_UNTRUSTED, EFFECT_REVOKE },
		[EVENT_NO_ANSWER]   = { NODE_UNREACHABLE, 0 },
		[EVENT_OPENED]      = { NODE_TRUSTED, 0 },
		[EVENT_SUSPEND]     = { NODE_SUSPENDED, EFFECT_NOTICE },
		[EVENT_RESUME]      = { NODE_TRUSTED, 0 },
		[EVENT_REMOVE]      = { NODE_REMOVED, EFFECT_NOTICE },
	},
	[NODE_UNREACHABLE] = {
		[EVENT_AK_CHANGED]  = { NODE_ENROLLED, 0 },
		[EVENT_PROVISIONED] = { NODE_PROVISIONED, EFFECT_NOTICE | EFFECT_ASK },
		[EVENT_REBOOT]      = { NODE_REBOOTED, 0 },
		[EVENT_GOOD]        = { NODE_TRUSTED, 0 },
		[EVENT_GOOD_CLOSED] = { NODE_BOOTSTRAPPING, EFFECT_SHARE_V },
		[EVENT_BAD]         = { NODE_UNTRUSTED, EFFECT_REVOKE },
		[EVENT_NO_ANSWER]   = { NODE_UNREACHABLE, 0 },
		[EVENT_SUSPEND]     = { NODE_SUSPENDED, EFFECT_NOTICE },
		[EVENT_RESUME]      = { NODE_UNREACHABLE, EFFECT_ASK },
		[EVENT_REMOVE]      = { NODE_REMOVED, EFFECT_NOTICE },
	},
	[NODE_REBOOTED] = {
		[EVENT_AK_CHANGED]  = { NODE_ENROLLED, 0 },
		[EVENT_PROVISIONED] = { NODE_PROVISIONED, EFFECT_NOTICE | EFFECT_ASK },
		[EVENT_REBOOT]      = { NODE_REBOOTED, 0 },
		[EVENT_GOOD]        = { NODE_TRUSTED, 0 },
		[EVENT_GOOD_CLOSED] = { NODE_BOOTSTRAPPING, EFFECT_SHARE_V },
		[EVENT_BAD]         = { NODE_UNTRUSTED, EFFECT_REVOKE },
		[EVENT_NO_ANSWER]   = { NODE_UNREACHABLE, 0 },
		[EVENT_SUSPEND]     = { NODE_SUSPENDED, EFFECT_NOTICE },
		[EVENT_RESUME]      = { NODE_REBOOTED, EFFECT_ASK },
		[EVENT_REMOVE]      = { NODE_REMOVED, EFFECT_NOTICE },
	},
	[NODE_UNTRUSTED] = {
		[EVENT_AK_CHANGED]  = { NODE_UNTRUSTED, 0 },
		[EVENT_REBOOT]      = { NODE_UNTRUSTED, 0 },
		[EVENT_GOOD]        = { NODE_UNTRUSTED, 0 },
		[EVENT_GOOD_CLOSED] = { NODE_UNTRUSTED, 0 },
		[EVENT_BAD]         = { NODE_UNTRUSTED, 0 },
		[EVENT_NO_ANSWER]   = { NODE_UNTRUSTED, 0 },
		[EVENT_RESUME]      = { NODE_PROVISIONED, EFFECT_NOTICE | EFFECT_ASK },
		[EVENT_REMOVE]      = { NODE_REMOVED, EFFECT_NOTICE },
	},
	[NODE_SUSPENDED] = {
		[EVENT_AK_CHANGED]  = { NODE_SUSPENDED, 0 },
		[EVENT_REBOOT]      = { NODE_SUSPENDED, 0 },
		[EVENT_GOOD]        = { NODE_SUSPENDED, 0 },
		[EVENT_GOOD_CLOSED] = { NODE_SUSPENDED, 0 },
		[EVENT_BAD]         = { NODE_UNTRUSTED, EFFECT_REVOKE },
		[EVENT_NO_ANSWER]   = { NODE_SUSPENDED, 0 },
		[EVENT_RESUME]      = { NODE_PROVISIONED, EFFECT_NOTICE | EFFECT_ASK },
		[EVENT_REMOVE]      = { NODE_REMOVED, EFFECT_NOTICE },
	},
	[NODE_REMOVED] = {
		[EVENT_AK_CHANGED]  = { NODE_REMOVED, 0 },
		[EVENT_PROVISIONED] = { NODE_PROVISIONED, EFFECT_NOTICE | EFFECT_ASK },
	},
};

/* clang-format on */

struct node_step node_step(enum node_state state, enum node_event event)
{
	if ((unsigned)state >= NODE_STATE_COUNT || (unsigned)event >= NODE_EVENT_COUNT)
		return (struct node_step){0};
	return steps[state][event];
}

bool node_state_passes(enum node_state state)
{
	return state == NODE_BOOTSTRAPPING || state == NODE_TRUSTED;
}

static const char *const state_words[NODE_STATE_COUNT] = {
#define STATE_WORD(name, word) [NODE_##name] = word,
	NODE_STATES(STATE_WORD)
#undef STATE_WORD
};

const char *node_state_word(enum node_state state)
{
	return (unsigned)state < NODE_STATE_COUNT && state_words[state] != NULL ? state_words[state] : "none";
}

const char *node_event_words(enum node_event event)
{
	static const char *const words[NODE_EVENT_COUNT] = {
#define EVENT_WORDS(name, text) [EVENT_##name] = text,
		NODE_EVENTS(EVENT_WORDS)
#undef EVENT_WORDS
	};

	return (unsigned)event < NODE_EVENT_COUNT ? words[event] : "none";
}

enum node_state node_state_parse(struct span word)
{
	for (unsigned i = 1; i < NODE_STATE_COUNT; i++)
		if (span_is(word, state_words[i]))
			return (enum node_state)i;
	return NODE_STATE_NONE;
}
