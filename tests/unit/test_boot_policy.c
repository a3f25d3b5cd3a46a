#include "lib/policy/boot_policy.h"

#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/evidence/event_kind.h"
#include "lib/evidence/event_text.h"
#include "lib/json/json_write.h"
#include "lib/policy/boot_appraise.h"
#include "lib/policy/boot_judge.h"
#include "lib/policy/boot_learn.h"
#include "tests/support/boot_log.h"
#include "tests/support/test.h"

#define ONE_BANK 1
static const uint16_t sha256_only[] = {TPM_ALG_SHA256};

static const char *const logs[] = {"sb-on-imang", "sb-off-imang", "sb-off-imasig", "sb-on-imabuf-3banks"};

static void learn(const char *name, struct boot_policy *out)
{
	DROP(blob_release) struct blob warnings = {0};
	struct err err = {0};

	if (boot_learn(boot_log_vector(name), NULL, out, &warnings, &err) != RC_OK)
		fail_msg("%s: %s", name, err.text);
}

/* The verdict on a log whose own replay is what was quoted. */
static void judge(const struct boot_policy *policy, struct span log, struct verdict *out)
{
	struct boot_quoted quoted;
	struct boot_evidence evidence = {
		.banks = sha256_only, .bank_count = ONE_BANK, .log = log, .quoted = &quoted.values};

	boot_quoted_of(log, &quoted);
	verdict_clear(out);
	boot_appraise(policy, &evidence, out);
	verdict_close(out);
}

static void print(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->kept; i++)
		print_message("  %s: %s: expected %s, found %s\n", finding_name(verdict->findings[i].check),
			verdict->findings[i].subject, verdict->findings[i].expected,
			verdict->findings[i].found);
}

static void a_log_is_accepted_by_what_was_learned_from_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(logs); i++) {
		DROP(boot_policy_release) struct boot_policy policy = {0};
		struct verdict verdict = {0};

		learn(logs[i], &policy);
		judge(&policy, boot_log_vector(logs[i]), &verdict);
		if (!verdict.trusted)
			print(&verdict);
		assert_true(verdict.trusted);
	}
}

static void other_boots_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(logs); i++) {
		for (size_t k = 0; k < COUNT(logs); k++) {
			DROP(boot_policy_release) struct boot_policy policy = {0};
			struct verdict verdict = {0};
			bool twins = i == k;

			learn(logs[i], &policy);
			judge(&policy, boot_log_vector(logs[k]), &verdict);
			if (verdict.trusted != twins || !verdict.could_judge) {
				print_message("%s judges %s\n", logs[i], logs[k]);
				print(&verdict);
			}
			assert_true(verdict.could_judge);
			assert_int_equal(verdict.trusted, twins);
		}
	}
}

static void write(const struct boot_policy *policy, struct blob *out)
{
	struct json_write w = json_write_begin(out, JSON_PRETTY);

	json_write_object(&w, NULL);
	boot_policy_write(policy, &w);
	json_write_close(&w);
	assert_ok(json_write_end(&w));
}

static void parse(struct span json, struct boot_policy *out)
{
	static const struct json_limits limits = {.bytes = 1u << 20, .depth = 16, .values = 65536};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root;
	struct json section;
	struct err err = {0};

	assert_ok(json_parse(json, &limits, &doc, &err));
	root = json_root(&doc);
	assert_true(json_has(&root, "boot", &section));
	if (boot_policy_parse(&section, out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void what_is_written_reads_as_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(logs); i++) {
		DROP(boot_policy_release) struct boot_policy policy = {0};
		DROP(boot_policy_release) struct boot_policy again = {0};
		DROP(blob_release) struct blob json = {0};
		DROP(blob_release) struct blob json_again = {0};
		struct verdict verdict = {0};

		learn(logs[i], &policy);
		write(&policy, &json);
		if (getenv("BOOT_POLICY_PRINT") != NULL)
			print_message("%.*s\n", (int)json.len, (const char *)json.at);
		parse(blob_span(&json), &again);
		write(&again, &json_again);
		assert_spans_equal(blob_span(&json), blob_span(&json_again));
		judge(&again, boot_log_vector(logs[i]), &verdict);
		assert_true(verdict.trusted);
	}
}

/* One policy for the old and the new boot: each whole, but not parts of both. */
static void alternatives_are_not_mixed(void **state)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	DROP(blob_release) struct blob mixed = {0};
	struct span old = boot_log_vector("sb-off-imang");
	struct span new = boot_log_vector("sb-off-imasig");
	struct event_log parsed = {0};
	struct log_event line = {0};
	struct boot_change change = {.kind = BOOT_CHANGE_REAL};
	struct verdict verdict = {0};

	(void)state;
	learn("sb-off-imang", &policy);
	learn("sb-off-imasig", &policy);
	learn("sb-off-imasig", &policy);
	assert_int_equal(policy.chains.count, 2);
	assert_int_equal(policy.firmware.count, 1);
	judge(&policy, old, &verdict);
	assert_true(verdict.trusted);
	judge(&policy, new, &verdict);
	assert_true(verdict.trusted);

	/* The command line of the new boot among all else of the old one. */
	assert_ok(event_log_parse(new, &parsed));
	while (event_log_next(&parsed, &line) && event_kind_of(&line) != EVENT_KIND_KERNEL_COMMAND_LINE)
		;
	change.event = line.number;
	change.payload = line.payload;
	change.hashed = event_text_bytes(&line);
	boot_log_change(old, &change, &mixed);
	judge(&policy, blob_span(&mixed), &verdict);
	assert_false(verdict.trusted);
	assert_int_equal(verdict.findings[0].check, FINDING_BOOT_COMMAND_LINE);
	assert_int_equal(verdict.total, 1);
}

static void bad_sections_are_refused(void **state)
{
	static const char *const rows[] = {
		"{\"secure-boot\":1}",
		"{\"secureboot\":true}",
		"{\"anything\":false}",
		"{\"anything\":true,\"secure-boot\":true}",
		"{\"variables\":{\"db\":[{}]}}",
		"{\"variables\":{\"db\":[{\"x509\":\"00\"}]}}",
		"{\"variables\":{\"db\":{\"one-of\":[]}}}",
		"{\"variables\":{\"db\":{\"set\":[],\"other\":true}}}",
		"{\"variables\":{\"db\":\"all\"}}",
		"{\"drivers\":[{\"name\":\"by name only\"}]}",
		"{\"drivers\":[{\"digest\":{}}]}",
		"{\"drivers\":[{\"digest\":{\"md5\":\"00\"}}]}",
		"{\"drivers\":[{\"any\":false}]}",
		"{\"drivers\":[{\"any\":true,\"digest\":{\"sha1\":\"0000000000000000000000000000000000000000\"}}]}",
		"{\"drivers\":[{\"any\":true,\"required\":false}]}",
		"{\"chains\":[{\"command-lines\":[{\"regex\":\"(\"}]}]}",
		"{\"chains\":[{\"command-lines\":[{\"glob\":\"a\",\"regex\":\"a\"}]}]}",
		"{\"chains\":[{\"parts\":[{\"any\":true}]}]}",
		"{\"chains\":[{\"parts\":[{\"any\":true,\"kind\":\"nothing\"}]}]}",
		"{\"separators\":[8]}",
		"{\"events\":[{\"any\":true,\"pcr\":24,\"type\":\"EV_IPL\"}]}",
		"{\"events\":[{\"any\":true,\"pcr\":4,\"type\":\"EV_NOTHING\"}]}",
		"{\"events\":[{\"any\":true,\"pcr\":4}]}",
		"{\"exceptions\":[{\"pcr\":4,\"type\":\"EV_IPL\"}]}",
		"{\"exceptions\":[{\"pcr\":4,\"type\":\"EV_IPL\",\"reason\":\"\"}]}",
		"{\"sbat\":{\"minimum\":[]}}",
		"{\"sbat\":{\"minimum\":[\"shim\"]}}",
		"{\"sbat\":{\"minimum\":[\"shim,x\"]}}",
	};
	static const struct json_limits limits = {.bytes = 65536, .depth = 16, .values = 1000};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(json_doc_release) struct json_doc doc = {0};
		DROP(boot_policy_release) struct boot_policy policy = {0};
		struct json root;
		struct err err = {0};

		assert_ok(json_parse(span_text(rows[i]), &limits, &doc, &err));
		root = json_root(&doc);
		if (boot_policy_parse(&root, &policy, &err) == RC_OK)
			fail_msg("%s", rows[i]);
		assert_true(err.text[0] != '\0');
		assert_false(policy.there);
	}
}

static void the_revocation_level_may_rise_above_a_minimum(void **state)
{
	static const struct {
		const char *minimum;
		const char *level;
		bool good;
	} rows[] = {
		{"shim,4", "sbat,1,2025021800\nshim,4\ngrub,5\n", true},
		{"shim,4", "sbat,1,2025021800\nshim,5\n", true},
		{"shim,4", "sbat,1,2025021800\nshim,3\n", false},
		{"shim,4", "sbat,1,2025021800\n", false},
		{"shim,4", "", false},
		{"shim,4", "shim.debian,9\n", false},
		{"sbat,1,2025021800", "sbat,1,2025021800\n", true},
		{"sbat,1,2025021800", "sbat,1,2021030218\n", false},
		{"sbat,1,2021030218", "sbat,1,2025021800\n", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(boot_list_release) struct boot_list minimum = {.mode = BOOT_SET};
		struct boot_item item = {0};

		assert_ok(boot_text_set(&item.name, BOOT_TEXT_EXACT, span_text(rows[i].minimum), NULL));
		assert_ok(boot_list_add(&minimum, &item));
		assert_int_equal(boot_sbat_reaches(&minimum, span_text(rows[i].level)), rows[i].good);
	}
}

static void registers_are_pinned_where_there_is_no_log(void **state)
{
	DROP(pcr_policy_release) struct pcr_policy pcrs = {0};
	DROP(boot_policy_release) struct boot_policy policy = {0};
	DROP(blob_release) struct blob warnings = {0};
	struct boot_quoted quoted;
	struct err err = {0};

	(void)state;
	assert_rc(boot_learn((struct span){0}, NULL, &policy, &warnings, &err), RC_NOT_FOUND);
	assert_false(policy.there);
	boot_quoted_of(boot_log_vector("sb-off-imang"), &quoted);
	assert_ok(boot_pin_pcrs(&quoted.values, sha256_only, ONE_BANK, &pcrs, &warnings, &err));
	assert_int_equal(pcrs.count, 9);
	assert_null(pcr_policy_rule(&pcrs, TPM_ALG_SHA256, 1));
	assert_true(warnings.len > 0);
}

static void nothing_is_learned_from_a_log_that_the_quote_does_not_prove(void **state)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	DROP(blob_release) struct blob warnings = {0};
	struct span log = boot_log_vector("sb-on-imang");
	struct boot_quoted quoted;
	struct pcr_values some = {0};
	struct err err = {0};

	(void)state;
	boot_quoted_of(log, &quoted);
	assert_ok(boot_learn(log, &quoted.values, &policy, &warnings, &err));
	assert_int_equal(warnings.len, 0);
	for (unsigned pcr = 0; pcr < 9; pcr++)
		assert_ok(pcr_selection_add(&some.selection, TPM_ALG_SHA256, pcr));
	assert_ok(pcr_values_parse(
		&some.selection, span_of(quoted.bytes, (size_t)9 * DIGEST_SHA256_BYTES), &some));
	assert_ok(boot_learn(log, &some, &policy, &warnings, &err));
	assert_true(warnings.len > 12 && memcmp(warnings.at, "PCR 9, 14: ", 11) == 0);
	quoted.bytes[4 * DIGEST_SHA256_BYTES] ^= 1;
	assert_rc(boot_learn(log, &quoted.values, &policy, &warnings, &err), RC_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_is_accepted_by_what_was_learned_from_it),
		cmocka_unit_test(other_boots_are_refused),
		cmocka_unit_test(what_is_written_reads_as_the_same),
		cmocka_unit_test(alternatives_are_not_mixed),
		cmocka_unit_test(bad_sections_are_refused),
		cmocka_unit_test(the_revocation_level_may_rise_above_a_minimum),
		cmocka_unit_test(registers_are_pinned_where_there_is_no_log),
		cmocka_unit_test(nothing_is_learned_from_a_log_that_the_quote_does_not_prove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
