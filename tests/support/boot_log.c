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

/* Where something that is borrowed from the log lies in the copy, whose event starts at `start`. */
static uint8_t *copied(struct blob *out, size_t start, const struct log_event *event, struct span part)
{
	return out->at + start + (size_t)(part.at - event->bytes.at);
}

static void put_payload(struct blob *out, struct span payload)
{
	uint8_t len[4];

	for (size_t i = 0; i < sizeof len; i++)
		len[i] = (uint8_t)(payload.len >> 8 * i);
	assert_ok(blob_append(out, SPAN(len)));
	assert_ok(blob_append(out, payload));
}

static void put_changed(const struct log_event *event, const struct boot_change *change, struct blob *out)
{
	size_t start = out->len;

	assert_ok(blob_append(out, span_of(event->bytes.at, event->bytes.len - event->payload.len - 4)));
	put_payload(out, change->kind == BOOT_CHANGE_DIGEST ? event->payload : change->payload);
	for (size_t i = 0; change->type != 0 && i < 4; i++)
		out->at[start + 4 + i] = (uint8_t)(change->type >> 8 * i);
	for (size_t i = 0; i < event->digest_count; i++) {
		uint8_t *digest = copied(out, start, event, event->digests[i].value);

		if (change->kind == BOOT_CHANGE_DIGEST)
			digest[0] ^= 1;
		if (change->kind == BOOT_CHANGE_REAL)
			assert_ok(digest_bytes(
				digest_of_tpm_id(event->digests[i].alg), change->hashed, digest));
	}
}

void boot_log_change(struct span log, const struct boot_change *change, struct blob *out)
{
	struct event_log parsed = {0};
	struct log_event event = {0};
	struct span held = {0};

	assert_ok(event_log_parse(log, &parsed));
	assert_ok(blob_copy(out, span_of(log.at, parsed.header_bytes)));
	while (event_log_next(&parsed, &event)) {
		if (event.number != change->event) {
			assert_ok(blob_append(out, event.bytes));
			assert_ok(blob_append(out, held));
			held = (struct span){0};
			continue;
		}
		switch (change->kind) {
		case BOOT_CHANGE_DROP: break;
		case BOOT_CHANGE_TWICE:
			assert_ok(blob_append(out, event.bytes));
			assert_ok(blob_append(out, event.bytes));
			break;
		case BOOT_CHANGE_SWAP: held = event.bytes; break;
		case BOOT_CHANGE_DIGEST:
		case BOOT_CHANGE_PAYLOAD:
		case BOOT_CHANGE_REAL: put_changed(&event, change, out); break;
		}
	}
	assert_ok(blob_append(out, held));
}
