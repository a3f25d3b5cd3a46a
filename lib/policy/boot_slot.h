/* Which rules of the section "boot" an event falls under. */
#ifndef LIMEBUS_POLICY_BOOT_SLOT_H
#define LIMEBUS_POLICY_BOOT_SLOT_H

#include "lib/policy/boot_fact.h"

/* From its kind in its PCR. A kind where it does not belong is BOOT_SLOT_EVENT. What the type or a prefix
 * alone tells apart, which no digest covers, is in one slot. */
enum boot_slot boot_slot_of(
	const struct log_event *event, enum event_kind kind, const struct event_check *check);

/* "application", "variable" ...: what a finding calls it; never NULL. */
const char *boot_slot_name(enum boot_slot slot);

#endif
