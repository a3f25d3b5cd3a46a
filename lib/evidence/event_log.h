/*
 * The event log of a PC's firmware: what was extended into PCR 0 to 9, 11 to 14 before the kernel ran, in
 * order, with digests for each bank and a description (TCG PC Client Platform Firmware Profile 1.06, "Event
 * Logging"; what Linux shows as binary_bios_measurements).
 *
 * A log is a claim. It becomes evidence when its replay (event_replay.h) gives the quoted PCRs, and a payload
 * is evidence only as far as the event's digest covers it (event_check.h).
 *
 *   struct event_log log = {0};
 *   TRY(event_log_parse(bytes, &log));
 *   for (struct log_event event = {0}; event_log_next(&log, &event);)
 *           …
 */
#ifndef LIMEBUS_EVIDENCE_EVENT_LOG_H
#define LIMEBUS_EVIDENCE_EVENT_LOG_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/evidence/pcr.h"

/* Logs of servers with many option ROMs and a large dbx are beyond 64 KiB; none is near this. */
#define EVENT_LOG_MAX_BYTES (4u << 20)
#define EVENT_BANKS_MAX     PCR_BANKS_MAX
/* The largest digest that a header may declare for a bank, also for a hash that we do not know. */
#define EVENT_DIGEST_MAX_BYTES 256

enum event_log_form {
	EVENT_LOG_EMPTY, /* no event at all: Linux gives this when nobody handed the log over to it */
	EVENT_LOG_SHA1,  /* TCG_PCClientPCREvent throughout: one bank, SHA-1 */
	EVENT_LOG_AGILE, /* a "Spec ID Event03" header, then TCG_PCR_EVENT2 */
};

/* A bank that the header declares. The algorithm may be one that we do not know: then len is the header's
 * word. */
struct event_bank {
	uint16_t alg;
	uint16_t len;
};

struct event_digest {
	uint16_t alg;
	struct span value;
};

/*
 * One event. Everything is borrowed from the log's bytes. Invariants: each digest's algorithm is a bank of
 * the log and occurs once, its value has that bank's length; pcr < PCR_COUNT unless type is EV_NO_ACTION.
 */
struct log_event {
	size_t number; /* from 1 in the order of the log; an agile log's header is 0 and is not yielded */
	uint32_t pcr;
	uint32_t type; /* enum event_type, or any other number */
	size_t digest_count;
	struct event_digest digests[EVENT_BANKS_MAX];
	struct span payload;
	struct span bytes; /* the whole event */
};

/*
 * Invariants after event_log_parse: every event is whole, so that event_log_next cannot fail; bytes is header
 * + events + tail. The header's facts are zero where there is none. startup_locality is what a
 * "StartupLocality" event says before anything is extended into PCR 0; 0 without one.
 */
struct event_log {
	struct span bytes;
	enum event_log_form form;
	uint32_t platform_class;
	uint8_t version_major;
	uint8_t version_minor;
	uint8_t errata;
	uint8_t uintn_size; /* 1: 32 bits, 2: 64 bits */
	struct span vendor_info;
	size_t bank_count;
	struct event_bank banks[EVENT_BANKS_MAX];
	size_t header_bytes;
	size_t event_count; /* without an agile log's header */
	uint8_t startup_locality;
	bool has_startup_locality;
	struct span tail; /* what is left of a log area behind the last event: all 0x00 or all 0xff */
};

/*
 * Read the whole of `in`; out borrows it. No bytes at all, or nothing but tail, is an empty log: a fact.
 *   RC_LIMIT      longer than EVENT_LOG_MAX_BYTES, or more than EVENT_BANKS_MAX banks
 *   RC_MALFORMED  a length that does not fit in what is left; a bank twice, one without length or with
 * another length than its hash has; no bank; a digest of a bank that the header does not declare, or a second
 * one; an extended event of a PCR that does not exist; a tail that is not uniform; a header's vendor
 * information that does not end where the header does Unknown event types, unknown hashes with their sizes in
 * the header and events that lack a bank are accepted.
 */
MUST_USE enum rc event_log_parse(struct span in, struct event_log *out);

/* The event after *event, or the first one if *event is {0}; false at the end (*event is then {0} again). */
bool event_log_next(const struct event_log *log, struct log_event *event);

bool event_log_has_bank(const struct event_log *log, uint16_t alg);

/* The event's digest for a bank. RC_NOT_FOUND if it has none. */
MUST_USE enum rc event_digest(const struct log_event *event, uint16_t alg, struct span *out);

#endif
