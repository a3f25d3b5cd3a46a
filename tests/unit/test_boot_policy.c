#include "lib/policy/boot_policy.h"

#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/json/json_write.h"
#include "lib/policy/boot_appraise.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_is_accepted_by_what_was_learned_from_it),
		cmocka_unit_test(other_boots_are_refused),
		cmocka_unit_test(what_is_written_reads_as_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
