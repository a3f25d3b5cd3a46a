/* Classes of nodes: how often they are looked at, and what silence means. */
#ifndef LIMEBUS_VERIFIER_CLASS_H
#define LIMEBUS_VERIFIER_CLASS_H

#include "lib/base/span.h"
#include "lib/config/option.h"

#define CLASSES_MAX      16
#define CLASS_NAME_BYTES 33

struct class
{
	char name[CLASS_NAME_BYTES];
	uint64_t interval_ms;  /* between two attestations, give or take a tenth */
	uint64_t lapse_ms;     /* silence after which the notice log says `lapsed` */
	uint64_t redeliver_ms; /* silence after which V is not sent again without the tenant */
	uint64_t stale_ms;     /* age at which a last good verdict counts as too old */
};

/* The first one is "default". */
struct classes {
	size_t count;
	struct class at[CLASSES_MAX];
};

/* From lines "NAME:interval=2s:lapse=30s:redeliver=24h:stale=10s"; what is left out has the value shown here.
 * There is always a class "default". RC_MALFORMED names the line and what was expected. */
MUST_USE enum rc classes_parse(const struct text_list *lines, struct classes *out, struct err *err);

/* NULL if there is none. */
const struct class *class_find(const struct classes *classes, struct span name);

#endif
