#include "lib/evidence/event_log.h"

#include "lib/evidence/event_kind.h"
#include "tests/support/event_maker.h"

static const struct event_bank two_banks[] = {{TPM_ALG_SHA1, 20}, {TPM_ALG_SHA256, 32}};

static const char *const real[] = {"event-log/3banks.bin", "event-log/sb-off.bin",
	"evidence/sb-on-imang/binary_bios_measurements", "evidence/sb-off-imasig/binary_bios_measurements"};

/* A small agile log with two banks: header, CRTM version, separator. */
static void make_small(struct event_maker *maker)
{
	const struct span version = span_text("1.0");

	maker->bank_count = COUNT(two_banks);
	memcpy(maker->banks, two_banks, sizeof two_banks);
	event_maker_header(maker);
	event_maker_add(maker, 0, EV_S_CRTM_VERSION, version, version);
	event_maker_add(maker, 7, EV_SEPARATOR, span_of("\0\0\0\0", 4), span_of("\0\0\0\0", 4));
}

static void real_logs_yield_their_facts(void **state)
{
	static const struct {
		size_t events;
		size_t banks;
	} facts[COUNT(real)] = {{51, 3}, {47, 1}, {51, 1}, {47, 2}};

	(void)state;
	for (size_t i = 0; i < COUNT(real); i++) {
		const struct span whole = vector(real[i]);
		struct event_log log = {0};
		struct log_event event = {0};
		size_t count = 0;

		assert_ok(event_log_parse(whole, &log));
		assert_int_equal(log.form, EVENT_LOG_AGILE);
		assert_int_equal(log.version_major, 2);
		assert_int_equal(log.uintn_size, 2);
		assert_int_equal(log.event_count, facts[i].events);
		assert_int_equal(log.bank_count, facts[i].banks);
		assert_true(event_log_has_bank(&log, TPM_ALG_SHA256));
		assert_int_equal(log.tail.len, 0);
		assert_false(log.has_startup_locality);
		while (event_log_next(&log, &event)) {
			assert_int_equal(event.number, ++count);
			assert_int_equal(event.digest_count, log.bank_count);
		}
		assert_int_equal(count, log.event_count);
		assert_null(event.bytes.at);
	}
}

/* A log that is cut is either refused, or ends with an event (and zeros): that is for the replay to find. */
static void every_truncation_is_refused_or_at_an_events_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(real); i++) {
		const struct span whole = vector(real[i]);
		struct event_log all = {0};
		size_t accepted = 0;

		assert_ok(event_log_parse(whole, &all));
		for (size_t n = 0; n < whole.len; n++) {
			struct event_log log = {0};
			struct log_event event = {0};
			size_t end;

			if (event_log_parse(span_of(whole.at, n), &log) != RC_OK)
				continue;
			for (end = log.header_bytes; event_log_next(&log, &event); end += event.bytes.len)
				;
			assert_int_equal(end + log.tail.len, n);
			assert_true(log.tail.len <= 4);
			accepted += log.tail.len == 0;
		}
		assert_int_equal(
			accepted, all.event_count + 1); /* nothing, header, all events but the last */
	}
}

static void nothing_is_an_empty_log(void **state)
{
	static const uint8_t zeros[64];
	struct event_log log = {0};
	struct log_event event = {0};

	(void)state;
	assert_ok(event_log_parse((struct span){0}, &log));
	assert_int_equal(log.form, EVENT_LOG_EMPTY);
	assert_false(event_log_next(&log, &event));
	assert_ok(event_log_parse(SPAN(zeros), &log));
	assert_int_equal(log.form, EVENT_LOG_EMPTY);
	assert_int_equal(log.tail.len, sizeof zeros);
	assert_int_equal(log.bank_count, 0);
	assert_false(event_log_next(&log, &event));
}

static void what_is_left_of_the_log_area_is_tail(void **state)
{
	static const uint8_t fills[] = {0x00, 0xff};

	(void)state;
	for (size_t i = 0; i < COUNT(fills); i++) {
		for (size_t n = 1; n < 100; n++) {
			DROP(event_maker_release) struct event_maker maker = {0};
			struct event_log log = {0};
			uint8_t tail[100];

			memset(tail, fills[i], sizeof tail);
			make_small(&maker);
			assert_ok(blob_append(&maker.bytes, span_of(tail, n)));
			assert_ok(event_log_parse(blob_span(&maker.bytes), &log));
			assert_int_equal(log.event_count, 2);
			assert_int_equal(log.tail.len, n);
			maker.bytes.at[maker.bytes.len - 1] ^= 0x10;
			assert_rc(event_log_parse(blob_span(&maker.bytes), &log), RC_MALFORMED);
		}
	}
}

static void an_old_log_has_one_bank(void **state)
{
	DROP(event_maker_release) struct event_maker maker = {0};
	struct event_log log = {0};
	struct log_event event = {0};
	struct span digest = {0};

	(void)state;
	event_maker_add(&maker, 0, EV_NO_ACTION, span_of("Spec ID Event02\0\0\0\0\0", 20), (struct span){0});
	event_maker_add(&maker, 0, EV_S_CRTM_VERSION, span_text("v1"), span_text("v1"));
	event_maker_add(&maker, 4, EV_IPL, span_text("MBR"), span_text("code"));
	assert_ok(event_log_parse(blob_span(&maker.bytes), &log));
	assert_int_equal(log.form, EVENT_LOG_SHA1);
	assert_int_equal(log.bank_count, 1);
	assert_int_equal(log.banks[0].alg, TPM_ALG_SHA1);
	assert_int_equal(log.event_count, 3);
	assert_true(event_log_next(&log, &event));
	assert_int_equal(event_kind_of(&event), EVENT_KIND_NO_ACTION);
	assert_true(event_log_next(&log, &event));
	assert_ok(event_digest(&event, TPM_ALG_SHA1, &digest));
	assert_int_equal(digest.len, 20);
	assert_rc(event_digest(&event, TPM_ALG_SHA256, &digest), RC_NOT_FOUND);
	for (size_t n = 1; n < maker.bytes.len; n++) {
		struct event_log cut = {0};

		if (event_log_parse(span_of(maker.bytes.at, n), &cut) == RC_OK)
			assert_true(cut.event_count < 3 && cut.tail.len <= 4);
	}
}

static void unknown_hashes_have_the_size_that_the_header_gives(void **state)
{
	DROP(event_maker_release)
	struct event_maker maker = {.bank_count = 2, .banks = {{0x7abc, 77}, {TPM_ALG_SHA256, 32}}};
	struct event_log log = {0};
	struct log_event event = {0};
	struct span digest = {0};

	(void)state;
	event_maker_header(&maker);
	event_maker_add(&maker, 2, 0x80000099u, span_text("vendor"), span_text("vendor"));
	assert_ok(event_log_parse(blob_span(&maker.bytes), &log));
	assert_true(event_log_next(&log, &event));
	assert_int_equal(event.type, 0x80000099u);
	assert_ok(event_digest(&event, 0x7abc, &digest));
	assert_int_equal(digest.len, 77);
}

static void the_locality_counts_before_pcr_0_is_extended(void **state)
{
	static const char locality3[] = "StartupLocality\0\3";
	const struct span payload = span_of(locality3, 17);
	DROP(event_maker_release)
	struct event_maker early = {.bank_count = 1, .banks = {{TPM_ALG_SHA256, 32}}};
	DROP(event_maker_release)
	struct event_maker late = {.bank_count = 1, .banks = {{TPM_ALG_SHA256, 32}}};
	struct event_log log = {0};

	(void)state;
	event_maker_header(&early);
	event_maker_add(&early, 7, EV_SEPARATOR, payload, payload);
	event_maker_add(&early, 0, EV_NO_ACTION, payload, (struct span){0});
	assert_ok(event_log_parse(blob_span(&early.bytes), &log));
	assert_true(log.has_startup_locality);
	assert_int_equal(log.startup_locality, 3);
	event_maker_header(&late);
	event_maker_add(&late, 0, EV_SEPARATOR, payload, payload);
	event_maker_add(&late, 0, EV_NO_ACTION, payload, (struct span){0});
	assert_ok(event_log_parse(blob_span(&late.bytes), &log));
	assert_false(log.has_startup_locality);
}

/* Offsets in the header, and in the first event of a log with two banks. */
#define AT_HEADER_PCR    0
#define AT_HEADER_DIGEST 8
#define AT_HEADER_LEN    28
#define AT_BANKS         56
#define AT_BANK1         60
#define AT_BANK2         64
#define AT_VENDOR        68
#define AT_EVENT         69
#define AT_PCR           AT_EVENT
#define AT_COUNT         (AT_EVENT + 8)
#define AT_ALG1          (AT_COUNT + 4)
#define AT_ALG2          (AT_ALG1 + 22)
#define AT_LEN           (AT_ALG2 + 34)

static void lies_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum rc rc;
	} rows[] = {
		{AT_HEADER_PCR, 1, RC_MALFORMED},
		{AT_HEADER_DIGEST, 1, RC_MALFORMED},
		{AT_HEADER_LEN, 36, RC_MALFORMED}, /* 37 */
		{AT_HEADER_LEN, 38, RC_MALFORMED},
		{AT_HEADER_LEN + 3, 1, RC_MALFORMED},
		{AT_BANKS, 0, RC_MALFORMED},
		{AT_BANKS, 1, RC_MALFORMED},
		{AT_BANKS, 16, RC_MALFORMED},
		{AT_BANKS, 17, RC_LIMIT},
		{AT_BANK1, TPM_ALG_SHA256, RC_MALFORMED},
		{AT_BANK1 + 2, 19, RC_MALFORMED},
		{AT_BANK1 + 2, 0, RC_MALFORMED},
		{AT_BANK2 + 2, 33, RC_MALFORMED},
		{AT_VENDOR, 1, RC_MALFORMED},
		{AT_PCR, 24, RC_MALFORMED},
		{AT_PCR, 23, RC_OK},
		{AT_PCR + 3, 1, RC_MALFORMED},
		{AT_COUNT, 0, RC_MALFORMED},
		{AT_COUNT, 1, RC_MALFORMED},
		{AT_COUNT, 3, RC_MALFORMED},
		{AT_ALG1, TPM_ALG_SHA384, RC_MALFORMED},
		{AT_ALG2, TPM_ALG_SHA1, RC_MALFORMED},
		{AT_LEN, 2, RC_MALFORMED},
		{AT_LEN, 4, RC_MALFORMED},
		{AT_LEN, 255, RC_MALFORMED},
		{AT_LEN + 3, 255, RC_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(event_maker_release) struct event_maker maker = {0};
		struct event_log log = {0};

		make_small(&maker);
		assert_ok(event_log_parse(blob_span(&maker.bytes), &log));
		maker.bytes.at[rows[i].at] = rows[i].value;
		if (event_log_parse(blob_span(&maker.bytes), &log) != rows[i].rc)
			fail_msg("row %zu: byte %zu = %u", i, rows[i].at, rows[i].value);
	}
}

static void an_event_without_digests_is_a_note_or_a_lie(void **state)
{
	for (uint32_t type = 0; type < 8; type++) {
		DROP(event_maker_release) struct event_maker maker = {0};
		struct event_log log = {0};

		make_small(&maker);
		event_maker_le(&maker.bytes, 0, 4);
		event_maker_le(&maker.bytes, type, 4);
		event_maker_le(&maker.bytes, 0, 4);
		event_maker_le(&maker.bytes, 1, 4);
		event_maker_le(&maker.bytes, 'x', 1);
		assert_rc(event_log_parse(blob_span(&maker.bytes), &log),
			type == EV_NO_ACTION ? RC_OK : RC_MALFORMED);
	}
	(void)state;
}

static void large_logs_are_read_up_to_the_limit(void **state)
{
	static uint8_t payload[EVENT_LOG_MAX_BYTES];
	DROP(event_maker_release) struct event_maker maker = {0};
	struct event_log log = {0};
	size_t room;

	(void)state;
	make_small(&maker);
	memset(payload, 'x', sizeof payload);
	room = EVENT_LOG_MAX_BYTES - maker.bytes.len - (8 + 4 + 22 + 34 + 4);
	event_maker_add(&maker, 1, 0x12345678, span_of(payload, room), span_text("x"));
	assert_int_equal(maker.bytes.len, EVENT_LOG_MAX_BYTES);
	assert_ok(event_log_parse(blob_span(&maker.bytes), &log));
	assert_int_equal(log.event_count, 3);
	assert_ok(blob_append(&maker.bytes, span_of("", 1)));
	assert_rc(event_log_parse(blob_span(&maker.bytes), &log), RC_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_logs_yield_their_facts),
		cmocka_unit_test(every_truncation_is_refused_or_at_an_events_end),
		cmocka_unit_test(nothing_is_an_empty_log),
		cmocka_unit_test(what_is_left_of_the_log_area_is_tail),
		cmocka_unit_test(an_old_log_has_one_bank),
		cmocka_unit_test(unknown_hashes_have_the_size_that_the_header_gives),
		cmocka_unit_test(the_locality_counts_before_pcr_0_is_extended),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(an_event_without_digests_is_a_note_or_a_lie),
		cmocka_unit_test(large_logs_are_read_up_to_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
