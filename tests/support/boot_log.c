#include "tests/support/boot_log.h"

#include <stdio.h>

#include "lib/evidence/event_replay.h"
#include "tests/support/test.h"

struct span boot_log_vector(const char *name)
{
	char path[96];

	snprintf(path, sizeof path, "boot/%s.log", name);
	return vector(path);
}

void boot_quoted_of(struct span log, struct boot_quoted *out)
{
	struct event_replay replay = {0};
	struct event_log parsed = {0};
	struct pcr_selection selection = {0};
	size_t at = 0;

	assert_ok(event_log_parse(log, &parsed));
	assert_ok(event_replay(&parsed, &replay));
	for (size_t i = 0; i < replay.bank_count; i++) {
		for (unsigned pcr = 0; pcr <= 14; pcr++) {
			struct span value = {0};

			assert_ok(event_replay_get(&replay, replay.banks[i].alg, pcr, &value));
			assert_ok(pcr_selection_add(&selection, replay.banks[i].alg, pcr));
			memcpy(out->bytes + at, value.at, value.len);
			at += value.len;
		}
	}
	assert_ok(pcr_values_parse(&selection, span_of(out->bytes, at), &out->values));
}
