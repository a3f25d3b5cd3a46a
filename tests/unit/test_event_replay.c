#include "lib/evidence/event_replay.h"

#include "lib/evidence/attest.h"
#include "tests/support/event_maker.h"

/* What the firmware, shim and GRUB extend; the kernel has PCR 10. */
#define BOOT_PCRS 0x43ffu

static void assert_replays(const char *name, const char *quote, const char *pcrs)
{
	struct event_log log = {0};
	struct event_replay replay = {0};
	struct attest attest = {0};
	struct pcr_values values = {0};
	size_t compared = 0;

	assert_ok(event_log_parse(vector(name), &log));
	assert_ok(event_replay(&log, &replay));
	assert_ok(attest_parse(vector(quote), &attest));
	assert_ok(pcr_values_parse(&attest.selection, vector(pcrs), &values));
	for (size_t i = 0; i < replay.bank_count; i++) {
		for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
			struct span quoted = {0};
			struct span value = {0};

			if ((BOOT_PCRS >> pcr & 1) == 0 ||
				pcr_values_get(&values, replay.banks[i].alg, pcr, &quoted) != RC_OK)
				continue;
			assert_ok(event_replay_get(&replay, replay.banks[i].alg, pcr, &value));
			assert_spans_equal(value, quoted);
			compared++;
		}
	}
	assert_true(compared >= 11);
}

static void real_logs_give_the_quoted_pcrs_in_every_bank(void **state)
{
	(void)state;
	assert_replays("event-log/3banks.bin", "vm-imabuf/rsa_3banks.msg", "vm-imabuf/rsa_3banks.pcrs");
	assert_replays("event-log/3banks.bin", "vm-imabuf/ecc_0.msg", "vm-imabuf/ecc_0.pcrs");
	assert_replays("event-log/sb-off.bin", "vm-imang/ecc_later.msg", "vm-imang/ecc_later.pcrs");
	assert_replays(
		"evidence/sb-on-imang/binary_bios_measurements", "vm-imang/ecc_0.msg", "vm-imang/ecc_0.pcrs");
	assert_replays("evidence/sb-off-imasig/binary_bios_measurements",
		"evidence/sb-off-imasig/step0/quote_rsa_extra.msg",
		"evidence/sb-off-imasig/step0/quote_rsa_extra.pcrs");
}

/* The value of PCR 0 after one event with this digest of "x", from this first byte value at its end. */
static void assert_pcr0(const struct event_maker *maker, uint8_t start)
{
	struct event_log log = {0};
	struct event_replay replay = {0};
	struct pcr_register expected = {0};
	uint8_t digest[DIGEST_BYTES_MAX];
	struct span value = {0};

	assert_ok(event_log_parse(blob_span(&maker->bytes), &log));
	assert_ok(event_replay(&log, &replay));
	assert_ok(pcr_register_init(&expected, TPM_ALG_SHA256, 0));
	expected.bytes[31] = start;
	assert_ok(digest_bytes(DIGEST_SHA256, span_text("x"), digest));
	assert_ok(pcr_register_extend(&expected, span_of(digest, 32)));
	assert_ok(event_replay_get(&replay, TPM_ALG_SHA256, 0, &value));
	assert_spans_equal(value, span_of(expected.bytes, 32));
	assert_int_equal(event_replay_bank_of(&replay, TPM_ALG_SHA256)->extended, 1);
}

static void pcr_0_starts_from_the_locality(void **state)
{
	static const struct {
		uint8_t locality;
		uint8_t start;
	} rows[] = {{0, 0}, {1, 0}, {2, 0}, {3, 3}, {4, 4}, {5, 0}, {255, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(event_maker_release)
		struct event_maker maker = {.bank_count = 1, .banks = {{TPM_ALG_SHA256, 32}}};
		char note[17] = "StartupLocality";

		note[16] = (char)rows[i].locality;
		event_maker_header(&maker);
		event_maker_add(&maker, 0, EV_NO_ACTION, span_of(note, 17), (struct span){0});
		event_maker_add(&maker, 0, EV_S_CRTM_VERSION, span_text("x"), span_text("x"));
		assert_pcr0(&maker, rows[i].start);
	}
}

static void an_hcrtm_event_first_means_locality_4(void **state)
{
	DROP(event_maker_release)
	struct event_maker maker = {.bank_count = 1, .banks = {{TPM_ALG_SHA256, 32}}};

	(void)state;
	event_maker_header(&maker);
	event_maker_add(&maker, 0, EV_EFI_HCRTM_EVENT, span_text("HCRTM"), span_text("x"));
	assert_pcr0(&maker, 4);
}

static void registers_that_nothing_is_extended_into_keep_their_start(void **state)
{
	static const uint8_t zeros[32];
	uint8_t ones[32];
	DROP(event_maker_release)
	struct event_maker maker = {.bank_count = 2, .banks = {{TPM_ALG_SHA256, 32}, {0x7777, 32}}};
	struct event_log log = {0};
	struct event_replay replay = {0};
	struct span value = {0};

	(void)state;
	memset(ones, 0xff, sizeof ones);
	event_maker_header(&maker);
	event_maker_add(&maker, 0, EV_NO_ACTION, span_text("note"), (struct span){0});
	event_maker_add(&maker, 0xffffffff, EV_NO_ACTION, span_text("note"), (struct span){0});
	event_maker_add(&maker, 18, EV_EVENT_TAG, span_text("x"), span_text("x"));
	assert_ok(event_log_parse(blob_span(&maker.bytes), &log));
	assert_ok(event_replay(&log, &replay));
	assert_int_equal(replay.bank_count, 1);
	assert_int_equal(replay.unknown_banks, 1);
	assert_int_equal(replay.banks[0].extended, 1u << 18);
	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
		assert_ok(event_replay_get(&replay, TPM_ALG_SHA256, pcr, &value));
		if (pcr == 18)
			assert_false(span_equal(value, SPAN(zeros)));
		else
			assert_spans_equal(value, pcr >= 17 && pcr <= 22 ? SPAN(ones) : SPAN(zeros));
	}
	assert_rc(event_replay_get(&replay, TPM_ALG_SHA256, PCR_COUNT, &value), RC_NOT_FOUND);
	assert_rc(event_replay_get(&replay, TPM_ALG_SHA1, 0, &value), RC_NOT_FOUND);
	assert_null(event_replay_bank_of(&replay, 0x7777));
}

static void an_empty_log_has_no_banks(void **state)
{
	struct event_log log = {0};
	struct event_replay replay = {.bank_count = 7};

	(void)state;
	assert_ok(event_log_parse((struct span){0}, &log));
	assert_ok(event_replay(&log, &replay));
	assert_int_equal(replay.bank_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_logs_give_the_quoted_pcrs_in_every_bank),
		cmocka_unit_test(pcr_0_starts_from_the_locality),
		cmocka_unit_test(an_hcrtm_event_first_means_locality_4),
		cmocka_unit_test(registers_that_nothing_is_extended_into_keep_their_start),
		cmocka_unit_test(an_empty_log_has_no_banks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
