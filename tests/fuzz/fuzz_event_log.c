/* A log that is read accounts for every byte; its events have what the log declares; replay and checks work.
 */
#include "lib/evidence/event_check.h"
#include "lib/evidence/event_replay.h"
#include "lib/evidence/event_text.h"
#include "tests/fuzz/fuzz.h"

/* Longer logs are read but not hashed: most of the time would go into hashing. */
#define HASHED_MAX_BYTES 1024

static void try_event(const struct event_log *log, const struct log_event *event)
{
	char line[EVENT_LINE_BYTES];
	char text[64];
	struct event_check check = {0};

	HOLDS(event->digest_count <= log->bank_count);
	HOLDS(event->pcr < PCR_COUNT || event_kind_of(event) <= EVENT_KIND_STARTUP_LOCALITY);
	HOLDS(strlen(event_line(event, line)) < sizeof line);
	HOLDS(event_text(event, text, sizeof text) >= strlen(text));
	if (log->bytes.len > HASHED_MAX_BYTES)
		return;
	HOLDS(event_check(event, &check) == RC_OK);
	HOLDS(check.match != EVENT_DIGEST_MATCHES || event->digest_count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct event_log log = {0};
	static struct event_replay replay;
	size_t end;

	if (event_log_parse(span_of(at, len), &log) != RC_OK)
		return 0;
	end = log.header_bytes;
	for (struct log_event event = {0}; event_log_next(&log, &event); end += event.bytes.len)
		try_event(&log, &event);
	HOLDS(end + log.tail.len == len);
	if (len <= HASHED_MAX_BYTES)
		HOLDS(event_replay(&log, &replay) == RC_OK &&
			replay.bank_count + replay.unknown_banks == log.bank_count);
	return 0;
}
