#include "lib/policy/boot_appraise.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/evidence/event_kind.h"
#include "lib/evidence/event_log.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/uefi_variable.h"
#include "lib/policy/boot_fact.h"
#include "lib/policy/boot_learn.h"
#include "lib/policy/boot_match.h"
#include "tests/support/boot_log.h"
#include "tests/support/event_maker.h"
#include "tests/support/test.h"

static const uint16_t sha256[] = {TPM_ALG_SHA256};

static const char *const logs[] = {"sb-on-imang", "sb-off-imang", "sb-off-imasig", "sb-on-imabuf-3banks"};

static void learn(struct span log, struct boot_policy *out)
{
	DROP(blob_release) struct blob warnings = {0};
	struct err err = {0};

	if (boot_learn(log, NULL, out, &warnings, &err) != RC_OK)
		fail_msg("%s", err.text);
}

/* quoted NULL: what the log itself leads to. */
static void judge_by(const struct boot_policy *policy, const uint16_t *banks, size_t bank_count,
	struct span log, const struct pcr_values *quoted, struct verdict *out)
{
	struct boot_quoted own;
	struct boot_evidence evidence = {banks, bank_count, log, quoted};

	if (quoted == NULL) {
		boot_quoted_of(log, &own);
		evidence.quoted = &own.values;
	}
	verdict_clear(out);
	boot_appraise(policy, &evidence, out);
	verdict_close(out);
}

static bool accepts(const struct boot_policy *policy, struct span log, const struct pcr_values *quoted)
{
	struct verdict verdict = {0};

	judge_by(policy, sha256, 1, log, quoted, &verdict);
	return verdict.trusted;
}

static bool has_finding(const struct verdict *verdict, enum finding_check check)
{
	for (size_t i = 0; i < verdict->kept; i++)
		if (verdict->findings[i].check == check)
			return true;
	return false;
}

/* Events that say nothing of what ran: boot options, partitions, actions. */
static bool is_setting(const struct log_event *event)
{
	return event->pcr == 1 || (event->pcr == 5 && event->type != EV_SEPARATOR) ||
	       event->type == EV_EFI_ACTION;
}

typedef bool (*expected_fn)(const struct log_event *event, const struct log_event *next);

/* Each event of each log in turn; `expected` says whether the changed machine is still accepted. */
static void change_each(enum boot_change_kind kind, expected_fn expected)
{
	for (size_t i = 0; i < COUNT(logs); i++) {
		DROP(boot_policy_release) struct boot_policy policy = {0};
		struct span log = boot_log_vector(logs[i]);
		struct event_log parsed = {0};
		struct log_event next = {0};

		learn(log, &policy);
		assert_ok(event_log_parse(log, &parsed));
		assert_true(event_log_next(&parsed, &next));
		for (size_t number = 1; number <= parsed.event_count; number++) {
			DROP(blob_release) struct blob changed = {0};
			struct log_event event = next;

			event_log_next(&parsed, &next);
			boot_log_change(log, &(struct boot_change){kind, event.number, {0}, {0}}, &changed);
			if (accepts(&policy, blob_span(&changed), NULL) != expected(&event, &next))
				fail_msg("%s: event %zu (%s, pcr %u)", logs[i], event.number,
					event_kind_name(event_kind_of(&event)), event.pcr);
		}
	}
}

static bool after_dropping(const struct log_event *event, const struct log_event *next)
{
	(void)next;
	return (is_setting(event) && event->type != EV_SEPARATOR) ||
	       /* Empty variables demand nothing. */
	       (event->type == EV_EFI_VARIABLE_DRIVER_CONFIG && event->payload.len < 50 &&
		       event->payload.at[16] < 10);
}

static void no_event_may_be_missing(void **state)
{
	(void)state;
	change_each(BOOT_CHANGE_DROP, after_dropping);
}

static bool after_doubling(const struct log_event *event, const struct log_event *next)
{
	enum event_kind kind = event_kind_of(event);

	(void)next;
	return (is_setting(event) && event->type != EV_SEPARATOR) || kind == EVENT_KIND_GRUB_COMMAND ||
	       kind == EVENT_KIND_VARIABLE || kind == EVENT_KIND_AUTHORITY || kind == EVENT_KIND_SBAT_LEVEL ||
	       kind == EVENT_KIND_MOK;
}

static void nothing_that_runs_may_run_once_more(void **state)
{
	(void)state;
	change_each(BOOT_CHANGE_TWICE, after_doubling);
}

static bool after_swapping(const struct log_event *event, const struct log_event *next)
{
	enum event_kind kind = event_kind_of(event);
	struct span a = {0};
	struct span b = {0};

	/* What another register was extended with, or the same once more, is no change. */
	if (next->number != event->number + 1 || next->pcr != event->pcr || kind != event_kind_of(next))
		return true;
	if (kind != EVENT_KIND_BOOT_APPLICATION && kind != EVENT_KIND_GRUB_FILE &&
		kind != EVENT_KIND_FIRMWARE_BLOB)
		return true;
	assert_ok(event_digest(event, TPM_ALG_SHA256, &a));
	assert_ok(event_digest(next, TPM_ALG_SHA256, &b));
	return span_equal(a, b);
}

static void firmware_applications_and_files_keep_their_order(void **state)
{
	(void)state;
	change_each(BOOT_CHANGE_SWAP, after_swapping);
}

static bool never(const struct log_event *event, const struct log_event *next)
{
	(void)event;
	(void)next;
	return false;
}

static void a_changed_digest_is_refused(void **state)
{
	(void)state;
	/* All settings in these logs are such whose payload is hashed. */
	change_each(BOOT_CHANGE_DIGEST, never);
}

/* How many bytes at the end of the event its digest does not cover: they only describe. */
static bool only_describes(const struct log_event *event, size_t at)
{
	size_t payload = event->bytes.len - event->payload.len;

	/* No digest covers a type: what is a setting by another name is still a setting. */
	if (at < payload)
		return is_setting(event) && at >= 4 && at < 8;
	/* OVMF hashes the value of a boot option, which is the end of the payload, but not its name. */
	if (event->type == EV_EFI_VARIABLE_BOOT)
		return at < event->bytes.len - event->payload.at[24];
	return event->type == EV_EFI_BOOT_SERVICES_APPLICATION ||
	       event->type == EV_EFI_PLATFORM_FIRMWARE_BLOB;
}

static void every_changed_byte_that_matters_is_refused(void **state)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	DROP(blob_release) struct blob bytes = {0};
	struct span log = boot_log_vector("sb-on-imang");
	struct event_log parsed = {0};
	struct log_event event = {0};
	struct boot_quoted quoted;

	(void)state;
	learn(log, &policy);
	boot_quoted_of(log, &quoted);
	assert_ok(blob_copy(&bytes, log));
	assert_ok(event_log_parse(log, &parsed));
	while (event_log_next(&parsed, &event)) {
		size_t start = (size_t)(event.bytes.at - log.at);

		for (size_t at = 0; at<event.bytes.len; at += event.payload.len> 1000 ? 7 : 1) {
			bool accepted;

			bytes.at[start + at] ^= 0x01;
			accepted = accepts(&policy, blob_span(&bytes), &quoted.values);
			bytes.at[start + at] ^= 0x01;
			/* A description that makes no sense any more may be refused as well. */
			if (accepted && !only_describes(&event, at))
				fail_msg("event %zu, byte %zu of %zu", event.number, at, event.bytes.len);
		}
	}
}

/* Another command, command line or file: what GRUB would have measured. */
static void find(struct span log, enum event_kind kind, size_t skip, struct log_event *out)
{
	struct event_log parsed = {0};

	assert_ok(event_log_parse(log, &parsed));
	*out = (struct log_event){0};
	while (event_log_next(&parsed, out))
		if (event_kind_of(out) == kind && skip-- == 0)
			return;
	fail_msg("no such event");
}

static void refuse_text(struct span log, enum event_kind kind, const char *prefix, enum finding_check check)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob changed = {0};
	struct log_event event;
	struct verdict verdict = {0};
	struct boot_change change = {.kind = BOOT_CHANGE_REAL};

	learn(log, &policy);
	find(log, kind, 0, &event);
	assert_ok(blob_append(&text, span_of(event.payload.at, event.payload.len - 1)));
	assert_ok(blob_append(&text, SPAN(" init=/bin/sh")));
	change.event = event.number;
	change.payload = blob_span(&text);
	change.hashed = span_of(text.at + strlen(prefix), text.len - strlen(prefix) - 1);
	boot_log_change(log, &change, &changed);
	judge_by(&policy, sha256, 1, blob_span(&changed), NULL, &verdict);
	assert_false(verdict.trusted);
	assert_true(verdict.could_judge);
	if (!has_finding(&verdict, check) || has_finding(&verdict, FINDING_BOOT_DIGEST))
		fail_msg("%s: %s", finding_name(verdict.findings[0].check), verdict.findings[0].found);
}

static void another_command_line_or_command_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(logs); i++) {
		refuse_text(boot_log_vector(logs[i]), EVENT_KIND_KERNEL_COMMAND_LINE,
			"kernel_cmdline: ", FINDING_BOOT_COMMAND_LINE);
		refuse_text(boot_log_vector(logs[i]), EVENT_KIND_GRUB_COMMAND,
			"grub_cmd: ", FINDING_BOOT_COMMAND);
	}
}

/* A variable's value with one byte changed, as firmware would have measured it. */
static void refuse_variable(struct span log, size_t skip, enum event_kind kind, enum finding_check check)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	DROP(blob_release) struct blob payload = {0};
	DROP(blob_release) struct blob changed = {0};
	struct log_event event;
	struct verdict verdict = {0};
	struct boot_change change = {.kind = BOOT_CHANGE_REAL};

	learn(log, &policy);
	find(log, kind, skip, &event);
	assert_ok(blob_copy(&payload, event.payload));
	payload.at[payload.len - 1] ^= 1;
	change = (struct boot_change){
		BOOT_CHANGE_REAL, event.number, blob_span(&payload), blob_span(&payload)};
	boot_log_change(log, &change, &changed);
	judge_by(&policy, sha256, 1, blob_span(&changed), NULL, &verdict);
	assert_false(verdict.trusted);
	assert_true(verdict.could_judge);
	if (!has_finding(&verdict, check))
		fail_msg("%s: %s", finding_name(verdict.findings[0].check), verdict.findings[0].found);
}

static void another_key_level_or_secure_boot_state_is_refused(void **state)
{
	struct span on = boot_log_vector("sb-on-imang");
	struct span off = boot_log_vector("sb-off-imang");

	(void)state;
	refuse_variable(on, 0, EVENT_KIND_VARIABLE, FINDING_BOOT_SECURE);
	refuse_variable(off, 0, EVENT_KIND_VARIABLE, FINDING_BOOT_SECURE);
	for (size_t i = 1; i <= 4; i++)
		refuse_variable(on, i, EVENT_KIND_VARIABLE, FINDING_BOOT_VARIABLE);
	refuse_variable(on, 0, EVENT_KIND_AUTHORITY, FINDING_BOOT_AUTHORITY);
	refuse_variable(on, 1, EVENT_KIND_AUTHORITY, FINDING_BOOT_AUTHORITY);
	refuse_variable(on, 0, EVENT_KIND_SBAT_LEVEL, FINDING_BOOT_SBAT);
	refuse_variable(off, 0, EVENT_KIND_SBAT_LEVEL, FINDING_BOOT_SBAT);
}

/* Entries have the variable's name: a long one would be copied as often as a log has room for entries. */
static void a_variable_with_a_long_name_is_no_list(void **state)
{
	static const size_t lengths[] = {2, 200, 257, 30000};
	const struct event_bank bank = {TPM_ALG_SHA256, DIGEST_SHA256_BYTES};

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		DROP(event_maker_release) struct event_maker maker = {.bank_count = 1, .banks = {bank}};
		DROP(boot_facts_release) struct boot_facts facts = {0};
		DROP(blob_release) struct blob payload = {0};
		struct event_log log = {0};

		assert_ok(blob_append(&payload, span_of(guid_efi_global, GUID_BYTES)));
		event_maker_le(&payload, lengths[i], 8);
		event_maker_le(&payload, 28 + 3 * 17, 8);
		for (size_t k = 0; k < lengths[i]; k++)
			event_maker_le(&payload, 'x', 2);
		assert_ok(blob_append(&payload, span_of(guid_shim, GUID_BYTES)));
		event_maker_le(&payload, 28 + 3 * 17, 4);
		event_maker_le(&payload, 0, 4);
		event_maker_le(&payload, 17, 4);
		assert_ok(blob_resize(&payload, payload.len + (size_t)3 * 17));
		event_maker_header(&maker);
		event_maker_add(
			&maker, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, blob_span(&payload), blob_span(&payload));
		assert_ok(event_log_parse(blob_span(&maker.bytes), &log));
		assert_ok(boot_facts_gather(&log, sha256, 1, &facts));
		assert_int_equal(facts.count, lengths[i] <= 256 ? 4 : 1);
	}
}

static void a_text_too_long_for_a_rule_is_not_the_empty_one(void **state)
{
	static char text[16 + 70000] = "kernel_cmdline: ";
	static const struct boot_signers none;
	static const size_t lengths[] = {0, 1, 70000};
	const struct event_bank bank = {TPM_ALG_SHA256, DIGEST_SHA256_BYTES};

	(void)state;
	memset(text + 16, 'x', sizeof text - 16);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		DROP(event_maker_release) struct event_maker maker = {.bank_count = 1, .banks = {bank}};
		DROP(boot_facts_release) struct boot_facts facts = {0};
		DROP(boot_item_release) struct boot_item item = {.by = BOOT_BY_NAME};
		struct event_log log = {0};

		event_maker_header(&maker);
		event_maker_add(
			&maker, 8, EV_IPL, span_of(text, 16 + lengths[i]), span_of(text + 16, lengths[i]));
		assert_ok(event_log_parse(blob_span(&maker.bytes), &log));
		assert_ok(boot_facts_gather(&log, sha256, 1, &facts));
		assert_int_equal(facts.count, 1);
		assert_ok(boot_text_set(&item.name, BOOT_TEXT_EXACT, span_text(""), NULL));
		assert_int_equal(boot_item_matches(&item, &facts.at[0], true, &none), lengths[i] == 0);
	}
}

static void a_log_that_does_not_lead_to_the_quote_is_refused(void **state)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	struct span log = boot_log_vector("sb-on-imang");

	(void)state;
	learn(log, &policy);
	for (unsigned pcr = 0; pcr <= 14; pcr++) {
		struct boot_quoted quoted;
		struct verdict verdict = {0};

		boot_quoted_of(log, &quoted);
		quoted.bytes[pcr * DIGEST_SHA256_BYTES] ^= 1;
		judge_by(&policy, sha256, 1, log, &quoted.values, &verdict);
		assert_int_equal(verdict.trusted, pcr == 10);
		assert_int_equal(has_finding(&verdict, FINDING_BOOT_PCR), pcr != 10);
	}
}

static void words_of_systemd_may_follow_in_pcr_11_only(void **state)
{
	static const struct {
		unsigned pcr;
		const char *words[3];
		bool good;
	} rows[] = {
		{11, {"sysinit", "ready"}, true},
		{11, {"enter-initrd", "leave-initrd", "sysinit"}, true},
		{11, {"ready", "sysinit"}, false},
		{11, {"sysinit", "evil"}, false},
		{12, {"sysinit", "ready"}, false},
	};
	DROP(boot_policy_release) struct boot_policy policy = {0};
	struct span log = boot_log_vector("sb-on-imang");

	(void)state;
	learn(log, &policy);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct boot_quoted quoted;
		struct pcr_register pcr = {0};
		uint8_t digest[DIGEST_SHA256_BYTES];

		boot_quoted_of(log, &quoted);
		assert_ok(pcr_register_init(&pcr, TPM_ALG_SHA256, 0));
		for (size_t w = 0; w < 3 && rows[i].words[w] != NULL; w++) {
			assert_ok(digest_bytes(DIGEST_SHA256, span_text(rows[i].words[w]), digest));
			assert_ok(pcr_register_extend(&pcr, SPAN(digest)));
		}
		memcpy(quoted.bytes + rows[i].pcr * pcr.len, pcr.bytes, pcr.len);
		assert_int_equal(accepts(&policy, log, &quoted.values), rows[i].good);
	}
}

static void a_log_that_is_withheld_is_refused(void **state)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	struct span log = boot_log_vector("sb-on-imang");
	struct boot_quoted quoted;
	struct verdict verdict = {0};

	(void)state;
	learn(log, &policy);
	boot_quoted_of(log, &quoted);
	judge_by(&policy, sha256, 1, (struct span){0}, &quoted.values, &verdict);
	assert_true(has_finding(&verdict, FINDING_BOOT_LOG_MISSING));
	assert_false(verdict.trusted);
	judge_by(&policy, sha256, 1, span_of(log.at, log.len - 3), &quoted.values, &verdict);
	assert_true(has_finding(&verdict, FINDING_BOOT_LOG));
}

static void only_the_policys_banks_prove_a_log(void **state)
{
	static const uint16_t banks[] = {TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512};
	DROP(boot_policy_release) struct boot_policy policy = {0};
	struct span log = boot_log_vector("sb-on-imabuf-3banks");

	(void)state;
	learn(log, &policy);
	for (size_t i = 0; i < COUNT(banks); i++) {
		struct verdict verdict = {0};

		judge_by(&policy, &banks[i], 1, log, NULL, &verdict);
		assert_int_equal(verdict.trusted, banks[i] != TPM_ALG_SHA512);
		assert_int_equal(verdict.could_judge, banks[i] != TPM_ALG_SHA512);
	}
}

/* The events of one bank removed from a log of several prove nothing in it. */
static void a_quote_that_lacks_a_register_cannot_be_judged(void **state)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	struct span log = boot_log_vector("sb-on-imang");
	struct boot_quoted quoted;
	struct pcr_selection fewer = {0};
	struct verdict verdict = {0};

	(void)state;
	learn(log, &policy);
	boot_quoted_of(log, &quoted);
	for (unsigned pcr = 0; pcr <= 13; pcr++)
		assert_ok(pcr_selection_add(&fewer, TPM_ALG_SHA256, pcr));
	assert_ok(pcr_values_parse(&fewer, span_of(quoted.bytes, 14 * DIGEST_SHA256_BYTES), &quoted.values));
	judge_by(&policy, sha256, 1, log, &quoted.values, &verdict);
	assert_false(verdict.could_judge);
	assert_true(has_finding(&verdict, FINDING_PCR_MISSING));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_event_may_be_missing),
		cmocka_unit_test(nothing_that_runs_may_run_once_more),
		cmocka_unit_test(firmware_applications_and_files_keep_their_order),
		cmocka_unit_test(a_changed_digest_is_refused),
		cmocka_unit_test(every_changed_byte_that_matters_is_refused),
		cmocka_unit_test(another_command_line_or_command_is_refused),
		cmocka_unit_test(another_key_level_or_secure_boot_state_is_refused),
		cmocka_unit_test(a_variable_with_a_long_name_is_no_list),
		cmocka_unit_test(a_text_too_long_for_a_rule_is_not_the_empty_one),
		cmocka_unit_test(a_log_that_does_not_lead_to_the_quote_is_refused),
		cmocka_unit_test(words_of_systemd_may_follow_in_pcr_11_only),
		cmocka_unit_test(a_log_that_is_withheld_is_refused),
		cmocka_unit_test(only_the_policys_banks_prove_a_log),
		cmocka_unit_test(a_quote_that_lacks_a_register_cannot_be_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
