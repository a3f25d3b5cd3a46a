#include "lib/evidence/ima_replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/evidence_kept.h"
#include "tests/support/ima_made.h"
#include "tests/support/test.h"

static const struct ima_format sha1_list = {.hash = DIGEST_SHA1};

static void replay_of(const struct pcr_values *values, struct ima_replay *out)
{
	assert_ok(ima_replay_init(out, IMA_PCR, &values->selection));
	assert_ok(ima_replay_expect(out, values));
}

/*
 * Entries until the quoted values are reached, 0 if they never are; all of the list is read. *bad: entries
 * whose listed hash does not hold. A list that breaks off counts as one more.
 */
static size_t reached_at(struct ima_list list, struct ima_replay *replay, size_t *bad)
{
	struct ima_entry entry;
	enum ima_step step;
	size_t at = 0, entries = 0;

	*bad = 0;
	while ((step = ima_list_next(&list, &entry)) == IMA_STEP_ENTRY) {
		bool holds = false;

		assert_ok(ima_replay_add(replay, &entry, list.format.hash, &holds));
		*bad += !holds;
		entries++;
		if (at == 0 && ima_replay_reached(replay)) {
			ima_replay_settle(replay);
			at = entries;
		}
	}
	*bad += step != IMA_STEP_END;
	return at;
}

static struct ima_list binary(struct span bytes)
{
	return (struct ima_list){.format = sha1_list, .left = bytes};
}

/* ---- real lists ---- */

/* The list of `list` has that of `step` as its beginning. */
static const struct {
	const char *list;
	const char *step;
	const char *quote;
	size_t entries;
	unsigned banks;
	bool padded;
} real[] = {
	{"sb-on-imang/step0", "sb-on-imang/step0", "ecc", 546, 1, false},
	{"sb-on-imang/step3", "sb-on-imang/step3", "rsa", 579, 1, false},
	{"sb-on-imang/step3", "sb-on-imang/step2", "ecc", 574, 1, false},
	{"sb-on-imang/step3", "sb-on-imang/step0", "rsa", 546, 1, false},
	{"sb-off-imasig/step0", "sb-off-imasig/step0", "ecc", 548, 1, false},
	{"sb-off-imasig/step2", "sb-off-imasig/step2", "rsa_extra", 576, 2, false},
	{"sb-off-imasig/step3", "sb-off-imasig/step2", "rsa_extra", 576, 2, false},
	{"sb-off-imasig/step3", "sb-off-imasig/step3", "rsa_extra", 581, 2, false},
	{"sb-on-imabuf-3banks/step0", "sb-on-imabuf-3banks/step0", "ecc", 572, 1, true},
	{"sb-on-imabuf-3banks/step0", "sb-on-imabuf-3banks/step0", "rsa_extra", 572, 3, true},
};

static struct span list_of(size_t i)
{
	char name[96];

	snprintf(name, sizeof name, "%s/binary_runtime_measurements.gz", real[i].list);
	return evidence_kept(name);
}

static void real_lists_reach_the_quoted_values_at_the_entry_of_the_quote(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(real); i++) {
		struct pcr_values values = evidence_kept_values(real[i].step, real[i].quote);
		struct ima_replay replay;
		size_t bad = 0;

		replay_of(&values, &replay);
		assert_int_equal(replay.count, real[i].banks);
		assert_int_equal(reached_at(binary(list_of(i)), &replay, &bad), real[i].entries);
		assert_int_equal(bad, 0);
		assert_int_equal(ima_replay_is_padded(&replay), real[i].padded);
	}
}

static void a_settled_replay_goes_on_to_the_next_quote(void **state)
{
	struct pcr_values first = evidence_kept_values("sb-off-imasig/step0", "rsa_extra");
	struct pcr_values second = evidence_kept_values("sb-off-imasig/step3", "rsa_extra");
	struct span whole = evidence_kept("sb-off-imasig/step3/binary_runtime_measurements.gz");
	struct span part = evidence_kept("sb-off-imasig/step0/binary_runtime_measurements.gz");
	struct ima_replay replay;
	size_t bad = 0;

	(void)state;
	replay_of(&first, &replay);
	assert_int_equal(reached_at(binary(part), &replay, &bad), 548);
	assert_int_equal(replay.banks[1].possible, 1u << IMA_HASHED);
	assert_ok(ima_replay_expect(&replay, &second));
	assert_false(ima_replay_reached(&replay));
	assert_int_equal(
		reached_at(binary(span_of(whole.at + part.len, whole.len - part.len)), &replay, &bad),
		581 - 548);
	assert_int_equal(replay.entries, 581);
	assert_int_equal(replay.violations, 2);
}

static void a_list_that_lacks_or_repeats_an_entry_is_not_reached(void **state)
{
	struct pcr_values values = evidence_kept_values("sb-on-imang/step0", "ecc");
	struct span whole = evidence_kept("sb-on-imang/step0/binary_runtime_measurements.gz");
	struct ima_list list = binary(whole);
	struct ima_entry first;
	struct ima_replay replay;
	bool holds = false;
	size_t bad = 0;

	(void)state;
	assert_int_equal(ima_list_next(&list, &first), IMA_STEP_ENTRY);
	replay_of(&values, &replay);
	assert_int_equal(reached_at(list, &replay, &bad), 0);
	replay_of(&values, &replay);
	assert_ok(ima_replay_add(&replay, &first, DIGEST_SHA1, &holds));
	assert_int_equal(reached_at(binary(whole), &replay, &bad), 0);
	replay_of(&values, &replay);
	whole.len -= 1;
	assert_int_equal(reached_at(binary(whole), &replay, &bad), 0);
	assert_int_equal(bad, 1);
}

/* The entry at the beginning is one that can be judged. */
static bool is_understood(struct ima_list list)
{
	struct ima_entry entry;

	return ima_list_next(&list, &entry) == IMA_STEP_ENTRY && entry.fields.understood;
}

/* Each byte in turn of the last entries: the values are not reached, or a listed hash does not hold, or the
 * template is none that we know (its name is not hashed). Of violations only the head is covered. */
static void every_flipped_byte_shows(void **state)
{
	struct pcr_values values = evidence_kept_values("sb-off-imasig/step2", "rsa_extra");
	struct span whole = evidence_kept("sb-off-imasig/step2/binary_runtime_measurements.gz");
	struct ima_list list = binary(whole);
	struct ima_replay before;
	struct ima_entry entry;
	uint8_t *copy = malloc(whole.len);
	size_t number = 0;

	(void)state;
	assert_non_null(copy);
	memcpy(copy, whole.at, whole.len);
	replay_of(&values, &before);
	while (ima_list_next(&list, &entry) == IMA_STEP_ENTRY) {
		size_t at = (size_t)(entry.bytes.at - whole.at);
		bool holds = false;

		for (size_t k = 0; number >= 560 && k < (entry.is_violation ? 24 : entry.bytes.len); k++) {
			struct ima_list altered = binary(span_of(copy + at, whole.len - at));
			struct ima_replay replay = before;
			size_t bad = 0, reached;

			copy[at + k] ^= (uint8_t)(1u << k % 8);
			reached = reached_at(altered, &replay, &bad);
			if (reached != 0 && bad == 0 && is_understood(altered))
				fail_msg("entry %zu, byte %zu", number, k);
			copy[at + k] = whole.at[at + k];
		}
		assert_ok(ima_replay_add(&before, &entry, DIGEST_SHA1, &holds));
		number++;
	}
	assert_true(ima_replay_reached(&before));
	free(copy);
}

/* ---- what kernels extend with ---- */

static void add_made(struct ima_made *list, const struct ima_format *format, uint32_t pcr, const char *name,
	bool violation)
{
	struct ima_made data = {0};

	ima_made_field(&data, span_of("sha256:\0000123456789abcdef0123456789abcdef", 40), false);
	ima_made_name(&data, name, false);
	ima_made_entry(list, format, pcr, "ima-ng", ima_made_span(&data), violation);
}

/* A second way to the same: what the kernel's sources say, by itself. */
static void extend_as(struct pcr_register *pcr, const struct ima_entry *entry, enum ima_behaviour behaviour)
{
	uint8_t value[DIGEST_BYTES_MAX] = {0};
	enum digest_alg alg = digest_of_tpm_id(pcr->alg);

	if (entry->is_violation)
		memset(value, 0xff, behaviour == IMA_OLD ? 20 : pcr->len);
	else
		assert_ok(digest_bytes(behaviour == IMA_HASHED ? alg : DIGEST_SHA1, entry->data, value));
	assert_ok(pcr_register_extend(pcr, span_of(value, pcr->len)));
}

static struct pcr_values values_of(
	const struct pcr_selection *selection, const struct pcr_register *registers, uint8_t *room)
{
	struct pcr_values values = {0};
	size_t at = 0;

	for (size_t i = 0; i < selection->count; i++) {
		memcpy(room + at, registers[i].bytes, registers[i].len);
		at += registers[i].len;
	}
	assert_ok(pcr_values_parse(selection, span_of(room, at), &values));
	return values;
}

static void each_behaviour_is_found_out_in_each_bank(void **state)
{
	static const uint16_t banks[] = {
		TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512, 0x0012};

	(void)state;
	for (unsigned b = 0; b < IMA_BEHAVIOURS * COUNT(banks); b++) {
		enum ima_behaviour behaviour = (enum ima_behaviour)(b % IMA_BEHAVIOURS);
		uint16_t alg = banks[b / IMA_BEHAVIOURS];
		struct pcr_selection selection = {0};
		struct ima_made made = {0};
		struct pcr_register pcr = {0};
		struct pcr_values values;
		struct ima_replay replay;
		struct ima_entry entry;
		struct ima_list list;
		uint8_t room[DIGEST_BYTES_MAX];
		size_t bad = 0;

		add_made(&made, &sha1_list, 10, "boot_aggregate", false);
		add_made(&made, &sha1_list, 10, "/violated", true);
		add_made(&made, &sha1_list, 11, "/elsewhere", false);
		add_made(&made, &sha1_list, 11, "/elsewhere", true);
		add_made(&made, &sha1_list, 10, "/bin/sh", false);
		assert_ok(pcr_selection_add(&selection, alg, 10));
		assert_ok(pcr_register_init(&pcr, alg, 0));
		list = binary(ima_made_span(&made));
		while (ima_list_next(&list, &entry) == IMA_STEP_ENTRY)
			if (entry.pcr == 10)
				extend_as(&pcr, &entry, behaviour);
		values = values_of(&selection, &pcr, room);
		replay_of(&values, &replay);
		assert_int_equal(reached_at(binary(ima_made_span(&made)), &replay, &bad), 5);
		assert_int_equal(bad, 0);
		assert_int_equal(replay.elsewhere, 2);
		assert_int_equal(replay.violations, 1);
		assert_int_equal(replay.banks[0].possible, alg == TPM_ALG_SHA1 ? 1u : 1u << behaviour);
		assert_int_equal(
			ima_replay_is_padded(&replay), alg != TPM_ALG_SHA1 && behaviour != IMA_HASHED);
	}
}

static void before_the_first_violation_both_ways_of_padding_stay_possible(void **state)
{
	struct pcr_selection selection = {0};
	struct pcr_register pcr = {0};
	struct ima_made made = {0};
	struct pcr_values values;
	struct ima_replay replay;
	struct ima_entry entry;
	struct ima_list list;
	uint8_t room[DIGEST_BYTES_MAX];
	size_t bad = 0;

	(void)state;
	add_made(&made, &sha1_list, 10, "boot_aggregate", false);
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 10));
	assert_ok(pcr_register_init(&pcr, TPM_ALG_SHA256, 0));
	list = binary(ima_made_span(&made));
	assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_ENTRY);
	extend_as(&pcr, &entry, IMA_OLD);
	values = values_of(&selection, &pcr, room);
	replay_of(&values, &replay);
	assert_int_equal(reached_at(binary(ima_made_span(&made)), &replay, &bad), 1);
	assert_int_equal(replay.banks[0].possible, 1u << IMA_PADDED | 1u << IMA_OLD);
	made.len = 0;
	add_made(&made, &sha1_list, 10, "/violated", true);
	list = binary(ima_made_span(&made));
	assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_ENTRY);
	extend_as(&pcr, &entry, IMA_OLD);
	values = values_of(&selection, &pcr, room);
	assert_ok(ima_replay_expect(&replay, &values));
	assert_int_equal(reached_at(binary(ima_made_span(&made)), &replay, &bad), 1);
	assert_int_equal(replay.banks[0].possible, 1u << IMA_OLD);
}

static void what_is_assumed_is_all_that_is_followed(void **state)
{
	struct pcr_values values = evidence_kept_values("sb-on-imabuf-3banks/step0", "rsa_extra");
	struct span whole = evidence_kept("sb-on-imabuf-3banks/step0/binary_runtime_measurements.gz");
	struct ima_replay replay;
	size_t bad = 0;

	(void)state;
	replay_of(&values, &replay);
	assert_ok(ima_replay_assume(&replay, 1u << IMA_HASHED));
	assert_rc(ima_replay_assume(&replay, 1u << IMA_PADDED), RC_NOT_FOUND);
	assert_int_equal(replay.banks[1].possible, 1u << IMA_HASHED);
	/* Its SHA-384 bank was padded. */
	assert_int_equal(reached_at(binary(whole), &replay, &bad), 0);
	replay_of(&values, &replay);
	assert_ok(ima_replay_assume(&replay, 1u << IMA_HASHED | 1u << IMA_PADDED));
	assert_int_equal(reached_at(binary(whole), &replay, &bad), 572);
}

static void one_quoted_bank_that_differs_is_enough(void **state)
{
	struct pcr_values values = evidence_kept_values("sb-on-imabuf-3banks/step0", "rsa_extra");
	struct span whole = evidence_kept("sb-on-imabuf-3banks/step0/binary_runtime_measurements.gz");
	uint8_t altered[PCR_VALUES_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < values.selection.count; i++) {
		struct pcr_values wrong = values;
		struct ima_replay replay;
		struct span value = {0};
		size_t bad = 0;

		memcpy(altered, values.bytes.at, values.bytes.len);
		assert_ok(pcr_values_get(&values, values.selection.banks[i].alg, 10, &value));
		altered[(size_t)(value.at - values.bytes.at) + value.len - 1] ^= 1;
		assert_ok(pcr_values_parse(&values.selection, span_of(altered, values.bytes.len), &wrong));
		replay_of(&wrong, &replay);
		assert_int_equal(reached_at(binary(whole), &replay, &bad), 0);
	}
}

static void lists_with_other_hashes_hold_recomputed_or_padded(void **state)
{
	static const struct ima_format sha256_list = {.hash = DIGEST_SHA256};
	struct pcr_selection selection = {0};
	struct ima_made made = {0};
	struct ima_replay replay;
	struct ima_entry entry;
	struct ima_list list;
	uint8_t padded[32] = {0};
	bool holds = false;

	(void)state;
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 10));
	assert_ok(ima_replay_init(&replay, 10, &selection));
	add_made(&made, &sha256_list, 10, "/bin/sh", false);
	for (unsigned i = 0; i < 3; i++) {
		list = (struct ima_list){.format = sha256_list, .left = ima_made_span(&made)};
		assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_ENTRY);
		assert_ok(ima_replay_add(&replay, &entry, DIGEST_SHA256, &holds));
		assert_int_equal(holds, i < 2);
		assert_ok(digest_bytes(DIGEST_SHA1, entry.data, padded));
		memcpy(made.at + 4, padded, sizeof padded);
		made.at[4 + 31] = i == 1;
	}
}

static void quotes_without_the_pcr_expect_nothing(void **state)
{
	struct pcr_selection selection = {0};
	struct pcr_values values = evidence_kept_values("sb-on-imang/step0", "ecc");
	struct ima_replay replay;

	(void)state;
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 7));
	assert_rc(ima_replay_init(&replay, 10, &selection), RC_NOT_FOUND);
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA1, 10));
	assert_ok(ima_replay_init(&replay, 10, &selection));
	assert_rc(ima_replay_expect(&replay, &values), RC_NOT_FOUND);
	assert_false(ima_replay_reached(&replay));
	assert_false(ima_replay_is_padded(&replay));
}

static void a_template_that_no_kernel_writes_is_malformed(void **state)
{
	struct ima_entry entry = {.pcr = 10,
		.hash = span_of("aaaaaaaaaaaaaaaaaaaa", 20),
		.data = span_of("x", 1),
		.fields.template = IMA_TEMPLATE_IMA};
	struct pcr_selection selection = {0};
	struct ima_replay replay;
	bool holds = true;

	(void)state;
	assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, 10));
	assert_ok(ima_replay_init(&replay, 10, &selection));
	assert_rc(ima_replay_add(&replay, &entry, DIGEST_SHA1, &holds), RC_MALFORMED);
	assert_int_equal(replay.entries, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_lists_reach_the_quoted_values_at_the_entry_of_the_quote),
		cmocka_unit_test(a_settled_replay_goes_on_to_the_next_quote),
		cmocka_unit_test(a_list_that_lacks_or_repeats_an_entry_is_not_reached),
		cmocka_unit_test(every_flipped_byte_shows),
		cmocka_unit_test(each_behaviour_is_found_out_in_each_bank),
		cmocka_unit_test(before_the_first_violation_both_ways_of_padding_stay_possible),
		cmocka_unit_test(what_is_assumed_is_all_that_is_followed),
		cmocka_unit_test(one_quoted_bank_that_differs_is_enough),
		cmocka_unit_test(lists_with_other_hashes_hold_recomputed_or_padded),
		cmocka_unit_test(quotes_without_the_pcr_expect_nothing),
		cmocka_unit_test(a_template_that_no_kernel_writes_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
