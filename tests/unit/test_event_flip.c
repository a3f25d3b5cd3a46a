/*
 * What an altered byte of a real log leads to: the log is not read, or its replay gives other PCRs, or a
 * payload is not what was hashed. The bytes for which that is not so are listed in is_uncovered: a policy
 * that wants to rely on them has to hold the event's digest against values that it knows.
 */
#include "lib/evidence/event_check.h"

#include "lib/evidence/event_replay.h"
#include "lib/evidence/event_text.h"
#include "lib/evidence/uefi_variable.h"
#include "tests/support/event_maker.h"

/* In the header: platform class, versions, size of UINTN. */
#define HEADER_FACTS_START 48
#define HEADER_FACTS_END   56

static bool is_uncovered_in(const struct log_event *event, size_t at)
{
	const size_t payload = event->bytes.len - event->payload.len;
	struct event_check check = {0};
	struct uefi_variable variable = {0};

	assert_ok(event_check(event, &check));
	if (at >= 4 && at < 8)
		return true; /* the type */
	if (at < payload)
		return false;
	if (check.match == EVENT_DIGEST_NOT_OF_PAYLOAD)
		return true;
	if (check.subject == EVENT_OF_TEXT)
		return at - payload < event_text_prefix(event).len; /* which makes another kind of it */
	if (check.subject != EVENT_OF_VALUE)
		return false;
	/* The vendor and the name of a boot variable; not the lengths. */
	assert_ok(uefi_variable_parse(event->payload, &variable));
	at -= payload;
	return at < GUID_BYTES || (at >= GUID_BYTES + 16 && at < GUID_BYTES + 16 + variable.name.len);
}

static bool is_uncovered(const struct event_log *log, size_t at)
{
	size_t start = log->header_bytes;

	if (at < start)
		return at >= HEADER_FACTS_START && at < HEADER_FACTS_END;
	for (struct log_event event = {0}; event_log_next(log, &event); start += event.bytes.len)
		if (at < start + event.bytes.len)
			return is_uncovered_in(&event, at - start);
	fail_msg("no event at %zu", at);
	return false;
}

static bool is_same_replay(const struct event_replay *a, const struct event_replay *b)
{
	if (a->bank_count != b->bank_count)
		return false;
	for (size_t i = 0; i < a->bank_count; i++)
		for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
			if (a->banks[i].alg != b->banks[i].alg ||
				!span_equal(span_of(a->banks[i].pcrs[pcr].bytes, a->banks[i].pcrs[pcr].len),
					span_of(b->banks[i].pcrs[pcr].bytes, b->banks[i].pcrs[pcr].len)))
				return false;
	return true;
}

static bool is_good(struct span bytes, const struct event_replay *quoted)
{
	struct event_log log = {0};
	struct event_replay replay = {0};

	if (event_log_parse(bytes, &log) != RC_OK)
		return false;
	assert_ok(event_replay(&log, &replay));
	if (!is_same_replay(&replay, quoted))
		return false;
	for (struct log_event event = {0}; event_log_next(&log, &event);) {
		struct event_check check = {0};

		assert_ok(event_check(&event, &check));
		if (check.match == EVENT_DIGEST_DIFFERS)
			return false;
	}
	return true;
}

static void assert_every_flip_is_found(const char *name, const uint8_t *flips, size_t count)
{
	const struct span whole = vector(name);
	DROP(blob_release) struct blob altered = {0};
	struct event_log log = {0};
	struct event_replay replay = {0};
	size_t uncovered = 0;

	assert_ok(event_log_parse(whole, &log));
	assert_ok(event_replay(&log, &replay));
	assert_ok(blob_copy(&altered, whole));
	assert_true(is_good(blob_span(&altered), &replay));
	for (size_t at = 0; at < whole.len; at++) {
		const bool may_pass = is_uncovered(&log, at);

		uncovered += may_pass;
		for (size_t i = 0; i < count; i++) {
			altered.at[at] ^= flips[i];
			if (is_good(blob_span(&altered), &replay) && !may_pass)
				fail_msg("%s: byte %zu ^ %02x passes", name, at, flips[i]);
			altered.at[at] ^= flips[i];
		}
	}
	assert_true(uncovered < whole.len / 4);
}

static void every_flip_is_found_in_a_log_without_secure_boot(void **state)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff};

	(void)state;
	assert_every_flip_is_found("event-log/sb-off.bin", flips, COUNT(flips));
}

static void every_flip_is_found_in_a_log_of_two_banks(void **state)
{
	static const uint8_t flips[] = {0x01};

	(void)state;
	assert_every_flip_is_found("evidence/sb-off-imasig/binary_bios_measurements", flips, COUNT(flips));
}

static void every_flip_is_found_in_a_log_with_secure_boot(void **state)
{
	static const uint8_t flips[] = {0x10};

	(void)state;
	assert_every_flip_is_found("evidence/sb-on-imang/binary_bios_measurements", flips, COUNT(flips));
}

static void every_flip_is_found_in_a_log_of_three_banks(void **state)
{
	static const uint8_t flips[] = {0x40};

	(void)state;
	assert_every_flip_is_found("event-log/3banks.bin", flips, COUNT(flips));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flip_is_found_in_a_log_without_secure_boot),
		cmocka_unit_test(every_flip_is_found_in_a_log_of_two_banks),
		cmocka_unit_test(every_flip_is_found_in_a_log_with_secure_boot),
		cmocka_unit_test(every_flip_is_found_in_a_log_of_three_banks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
