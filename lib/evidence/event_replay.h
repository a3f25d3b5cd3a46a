/* The PCRs as they are after a log: its digests, extended one after the other in each bank. */
#ifndef LIMEBUS_EVIDENCE_EVENT_REPLAY_H
#define LIMEBUS_EVIDENCE_EVENT_REPLAY_H

#include "lib/evidence/event_log.h"

/* extended: bit n is set if an event was extended into PCR n. */
struct event_replay_bank {
	uint16_t alg;
	uint32_t extended;
	struct pcr_register pcrs[PCR_COUNT];
};

/* 10 KiB. Banks in the order of the log; those whose hash lib/crypto does not have are left out and counted.
 */
struct event_replay {
	size_t bank_count;
	size_t unknown_banks;
	struct event_replay_bank banks[DIGEST_COUNT];
};

/*
 * Registers start from zero; PCR 0 from the startup locality (3 or 4 in the last byte: PC Client Platform
 * Firmware Profile, "Startup Locality Event"), or from 4 if its first event is EV_EFI_HCRTM_EVENT and no
 * locality was logged; PCR 17 to 22 from 0xff as long as nothing is extended into them. EV_NO_ACTION is not
 * extended. An empty log has no banks. Fails only if the cryptographic library does.
 */
MUST_USE enum rc event_replay(const struct event_log *log, struct event_replay *out);

/* The bank; NULL if the log does not have it or its hash is unknown. */
const struct event_replay_bank *event_replay_bank_of(const struct event_replay *replay, uint16_t alg);

/* The register's value, borrowed from replay. RC_NOT_FOUND if there is no such bank or PCR. */
MUST_USE enum rc event_replay_get(
	const struct event_replay *replay, uint16_t alg, unsigned pcr, struct span *out);

#endif
