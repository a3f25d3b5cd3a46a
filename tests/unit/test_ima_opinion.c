/* The rules of the section "ima", one entry at a time. */
#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/ima_judge.h"
#include "lib/policy/policy.h"
#include "tests/support/evidence_kept.h"
#include "tests/support/ima_made.h"
#include "tests/support/test.h"

static const struct ima_format format = {.hash = DIGEST_SHA1};

static void policy_of(const char *rules, struct policy *out)
{
	struct err err = {0};
	char json[4096];

	snprintf(json, sizeof json, "{\"limebus\":1,\"name\":\"test\",\"ima\":{%s}}", rules);
	if (policy_parse(span_text(json), out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

/* An entry of ima-ng, or of ima-buf if there is a buffer; its digest is that of `content`. */
static void add_entry(struct ima_made *list, uint32_t pcr, const char *name, enum digest_alg alg,
	struct span content, bool is_buffer)
{
	struct ima_made data = {0};
	uint8_t digest[8 + DIGEST_BYTES_MAX];
	int at = snprintf((char *)digest, sizeof digest, "%s:", digest_name(alg)) + 1;

	assert_ok(digest_bytes(alg, content, digest + at));
	ima_made_field(&data, span_of(digest, (size_t)at + digest_size(alg)), false);
	ima_made_name(&data, name, false);
	if (is_buffer)
		ima_made_field(&data, content, false);
	ima_made_entry(list, &format, pcr, is_buffer ? "ima-buf" : "ima-ng", ima_made_span(&data), false);
}

static void add_violation(struct ima_made *list, const char *name)
{
	struct ima_made data = {0};
	static const uint8_t none[8 + 20] = "sha256:";

	ima_made_field(&data, SPAN(none), false);
	ima_made_name(&data, name, false);
	ima_made_entry(list, &format, IMA_PCR, "ima-ng", ima_made_span(&data), true);
}

/* What the entries come to: the counts of a round that never ends. */
static void follow(const struct ima_made *list, const struct policy *policy, struct ima_run *run)
{
	static uint8_t value[32] = "not reached";
	struct ima_context context = {&policy->ima, NULL};
	struct pcr_values never = {0};
	int64_t budget = 100000;
	size_t consumed = 0;

	assert_ok(pcr_selection_add(&never.selection, TPM_ALG_SHA256, IMA_PCR));
	assert_ok(pcr_values_parse(&never.selection, SPAN(value), &never));
	assert_ok(ima_run_expect(run, &never));
	assert_ok(ima_judge(run, &context, ima_made_span(list), (struct ima_room){0}, &budget, &consumed));
	assert_int_equal(consumed, list->len);
}

enum outcome { GOOD, FAILS, UNJUDGED, REPORTED };

static enum outcome outcome_of(const struct ima_made *list, const char *rules, enum finding_check *out_check)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(ima_run_release) struct ima_run run = {0};

	policy_of(rules, &policy);
	follow(list, &policy, &run);
	*out_check = run.ahead.fault_count > 0 ? (enum finding_check)run.faults.at[0] : FINDING_UNKNOWN;
	return run.ahead.failures > 0   ? FAILS
	       : run.ahead.unjudged > 0 ? UNJUDGED
	       : run.ahead.reports > 0  ? REPORTED
	                                : GOOD;
}

struct row {
	const char *rules;
	enum outcome outcome;
	enum finding_check check;
};

static void check_rows(const struct ima_made *list, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum finding_check check = FINDING_UNKNOWN;
		enum outcome outcome = outcome_of(list, rows[i].rules, &check);

		if (outcome != rows[i].outcome || check != rows[i].check)
			fail_msg("{%s}: outcome %d, %s", rows[i].rules, (int)outcome, finding_name(check));
	}
}

#define OF_A  "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define OF_A1 "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"
#define OF_B  "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

static void files(void **state)
{
	static const struct row rows[] = {
		{"\"digests\":{\"/a\":[\"" OF_A "\"]}", GOOD, FINDING_UNKNOWN},
		{"\"digests\":{\"/a\":[\"" OF_B "\",\"" OF_A "\"]}", GOOD, FINDING_UNKNOWN},
		{"\"digests\":{\"/a\":[\"" OF_B "\"]}", FAILS, FINDING_IMA_FILE},
		{"\"digests\":{\"/a\":[\"" OF_B "\"]},\"unknown\":\"report\"", FAILS, FINDING_IMA_FILE},
		{"\"digests\":{\"/b\":[\"" OF_A "\"]}", FAILS, FINDING_IMA_UNKNOWN},
		{"\"digests\":{\"/b\":[\"" OF_A "\"]},\"unknown\":\"report\"", REPORTED, FINDING_IMA_UNKNOWN},
		{"\"accepted\":[{\"file\":\"/a\",\"digest\":\"" OF_A "\",\"reason\":\"x\"}]", GOOD,
			FINDING_UNKNOWN},
		{"\"excludes\":[\"/?\"]", GOOD, FINDING_UNKNOWN},
		{"\"excludes\":[\"/\"]", FAILS, FINDING_IMA_UNKNOWN},
		{"\"keylime-excludes\":[\"/\"]", GOOD, FINDING_UNKNOWN},
		{"\"digests\":{\"/a\":[\"" OF_A "\"]},\"signatures\":\"require\"", FAILS,
			FINDING_IMA_SIGNATURE},
		{"\"digests\":{\"/a\":[\"" OF_A "\"]},\"digest-algorithms\":[\"sha512\"]", FAILS,
			FINDING_IMA_WEAK},
	};
	struct ima_made list = {0};

	(void)state;
	add_entry(&list, IMA_PCR, "/a", DIGEST_SHA256, span_text("a"), false);
	check_rows(&list, rows, COUNT(rows));
}

static void weak_digests(void **state)
{
	static const struct row rows[] = {
		{"\"digests\":{\"/a\":[\"" OF_A1 "\"]}", FAILS, FINDING_IMA_WEAK},
		{"\"digests\":{\"/a\":[\"" OF_A1 "\"]},\"digest-algorithms\":[\"sha1\"]", GOOD,
			FINDING_UNKNOWN},
		{"\"unknown\":\"report\",\"excludes\":[\"/b\"]", FAILS, FINDING_IMA_WEAK},
		{"\"excludes\":[\"/a\"]", GOOD, FINDING_UNKNOWN},
	};
	struct ima_made list = {0};

	(void)state;
	add_entry(&list, IMA_PCR, "/a", DIGEST_SHA1, span_text("a"), false);
	check_rows(&list, rows, COUNT(rows));
}

static void empty_files(void **state)
{
	static const struct row rows[] = {
		{"\"digests\":{}", GOOD, FINDING_UNKNOWN},
		{"\"digests\":{},\"empty-files\":false", FAILS, FINDING_IMA_UNKNOWN},
	};
	struct ima_made list = {0};

	(void)state;
	add_entry(&list, IMA_PCR, "/anything", DIGEST_SHA256, span_text(""), false);
	check_rows(&list, rows, COUNT(rows));
}

static void violations(void **state)
{
	static const struct row rows[] = {
		{"\"digests\":{}", FAILS, FINDING_IMA_VIOLATION},
		{"\"violations\":\"report\"", REPORTED, FINDING_IMA_VIOLATION},
		{"\"violations\":\"accept\"", GOOD, FINDING_UNKNOWN},
		{"\"violations-accepted\":[\"/var/log/*\"]", GOOD, FINDING_UNKNOWN},
		{"\"violations-accepted\":[\"/var/*\"]", FAILS, FINDING_IMA_VIOLATION},
		{"\"excludes\":[\"/var/log/*\"]", FAILS, FINDING_IMA_VIOLATION},
	};
	struct ima_made list = {0};

	(void)state;
	add_violation(&list, "/var/log/messages");
	check_rows(&list, rows, COUNT(rows));
}

static void buffers(void **state)
{
	static const struct row rows[] = {
		{"\"buffers\":{\"kernel_version\":[\"" OF_A "\"]}", GOOD, FINDING_UNKNOWN},
		{"\"buffers\":{\"kernel_version\":[\"" OF_B "\"]}", FAILS, FINDING_IMA_BUFFER},
		{"\"buffers\":{\"kernel_version\":[\"" OF_B "\"]},\"unknown\":\"report\"", FAILS,
			FINDING_IMA_BUFFER},
		{"\"digests\":{\"kernel_version\":[\"" OF_A "\"]}", FAILS, FINDING_IMA_BUFFER},
		{"\"unknown\":\"report\"", REPORTED, FINDING_IMA_BUFFER},
		{"\"excludes\":[\"kernel_*\"]", GOOD, FINDING_UNKNOWN},
		{"\"keyrings\":{\"kernel_version\":[\"" OF_B "\"]}", FAILS, FINDING_IMA_KEY},
	};
	struct ima_made list = {0};

	(void)state;
	add_entry(&list, IMA_PCR, "kernel_version", DIGEST_SHA256, span_text("a"), true);
	check_rows(&list, rows, COUNT(rows));
}

/* The policy knows data by SHA-256 even if the kernel's digest is weak: the data are there. */
static void buffers_of_weak_digests(void **state)
{
	static const struct row rows[] = {
		{"\"buffers\":{\"kernel_version\":[\"" OF_A "\"]}", GOOD, FINDING_UNKNOWN},
		{"\"buffers\":{\"kernel_version\":[\"" OF_A1 "\"]}", FAILS, FINDING_IMA_BUFFER},
	};
	struct ima_made list = {0};

	(void)state;
	add_entry(&list, IMA_PCR, "kernel_version", DIGEST_SHA1, span_text("a"), true);
	check_rows(&list, rows, COUNT(rows));
}

static void device_mapper(void **state)
{
	static const char table[] =
		"dm_version=4.47.0;name=root\\,1,uuid=x,major=254,minor=0,minor_count=1,num_targets=1;"
		"target_index=0,target_begin=0,target_len=8,target_name=linear,target_version=1.4.0;";
	static const struct row rows[] = {
		{"\"digests\":{}", FAILS, FINDING_IMA_BUFFER},
		{"\"device-mapper\":{\"root*\":[\"**target_name=linear,**\"]}", GOOD, FINDING_UNKNOWN},
		{"\"device-mapper\":{\"root*\":[\"**target_name=crypt,**\"]}", FAILS, FINDING_IMA_DEVICE},
		{"\"device-mapper\":{\"root*\":[]}", FAILS, FINDING_IMA_DEVICE},
		{"\"device-mapper\":{\"swap\":[\"**\"]}", FAILS, FINDING_IMA_DEVICE},
	};
	static const char renamed[] = "dm_version=4.47.0;name=root,uuid=x;new_name=other,new_uuid=x;"
				      "current_device_capacity=8;";
	static const struct row rename_rows[] = {
		{"\"device-mapper\":{\"root\":[\"**\"]}", FAILS, FINDING_IMA_DEVICE},
		{"\"device-mapper\":{\"root\":[\"**\"],\"other\":[]}", GOOD, FINDING_UNKNOWN},
	};
	struct ima_made list = {0};
	struct ima_made other = {0};

	(void)state;
	add_entry(&list, IMA_PCR, "dm_table_load", DIGEST_SHA256, span_text(table), true);
	check_rows(&list, rows, COUNT(rows));
	add_entry(&other, IMA_PCR, "dm_device_rename", DIGEST_SHA256, span_text(renamed), true);
	check_rows(&other, rename_rows, COUNT(rename_rows));
}

/* A script whose signature attribute is the script itself, shown as ima-buf; and more names than a walk. */
static void device_mapper_entries_are_the_kernels(void **state)
{
	static const struct row row = {"\"device-mapper\":{\"root\":[\"**\"]}", FAILS, FINDING_IMA_DEVICE};
	struct ima_made list = {0};

	(void)state;
	add_entry(&list, IMA_PCR, "dm_x", DIGEST_SHA256, span_text("\3 x,name=root;evil;"), true);
	check_rows(&list, &row, 1);
	list.len = 0;
	add_entry(&list, IMA_PCR, "dm_x", DIGEST_SHA256,
		span_text("dm_version=1;name=root;name=root;name=root;name=root;name=root;"), true);
	check_rows(&list, &row, 1);
}

static void entries_that_no_policy_allows(void **state)
{
	static const struct row elsewhere = {"\"excludes\":[\"**\"]", FAILS, FINDING_IMA_PCR};
	static const struct row contradicts = {"\"excludes\":[\"**\"]", FAILS, FINDING_IMA_ENTRY};
	static const struct row foreign = {"\"excludes\":[\"**\"]", UNJUDGED, FINDING_IMA_TEMPLATE};
	struct ima_made list = {0};
	struct ima_made data = {0};

	(void)state;
	add_entry(&list, 11, "/a", DIGEST_SHA256, span_text("a"), false);
	check_rows(&list, &elsewhere, 1);
	list.len = 0;
	add_entry(&list, IMA_PCR, "/a", DIGEST_SHA256, span_text("a"), false);
	list.at[5] ^= 1; /* the listed hash */
	check_rows(&list, &contradicts, 1);
	list.len = 0;
	ima_made_bytes(&data, span_text("what is this"));
	ima_made_entry(&list, &format, IMA_PCR, "ima-new", ima_made_span(&data), false);
	check_rows(&list, &foreign, 1);
}

static void a_buffer_with_the_digest_of_another_contradicts_itself(void **state)
{
	static const struct row row = {
		"\"buffers\":{\"b\":[\"" OF_A "\"]},\"excludes\":[\"**\"]", FAILS, FINDING_IMA_ENTRY};
	struct ima_made list = {0};
	struct ima_made data = {0};
	uint8_t digest[8 + 32] = "sha256:";

	(void)state;
	assert_ok(hex_decode(span_text(OF_A), digest + 8, 32));
	ima_made_field(&data, SPAN(digest), false);
	ima_made_name(&data, "b", false);
	ima_made_field(&data, span_text("b"), false);
	ima_made_entry(&list, &format, IMA_PCR, "ima-buf", ima_made_span(&data), false);
	check_rows(&list, &row, 1);
}

/* The certificate of the captured signatures, as the kernel measures it when it is loaded. */
static struct span captured_der(uint8_t *room, size_t len)
{
	struct span pem = vector("evidence/ima-cert.pem");
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *at = memchr(pem.at, '\n', pem.len);
	uint32_t bits = 0;
	size_t got = 0;

	for (unsigned count = 0; at < pem.at + pem.len && *at != '-' && *at != '='; at++) {
		const char *digit = strchr(alphabet, *at);

		if (digit == NULL || *at == '\0')
			continue;
		bits = bits << 6 | (uint32_t)(digit - alphabet);
		count += 6;
		if (count >= 8) {
			count -= 8;
			assert_true(got < len);
			room[got++] = (uint8_t)(bits >> count);
		}
	}
	return span_of(room, got);
}

static void keys_are_learned_only_if_the_policy_wants_it(void **state)
{
	uint8_t room[4096];
	struct span der = captured_der(room, sizeof room);
	uint8_t digest[32];
	char hex[65];
	static const struct {
		const char *before, *behind; /* the digest's hexadecimal */
		unsigned failures;
		unsigned learned;
	} rows[] = {
		{"\"keyrings\":{\".ima\":[\"", "\"]},\"learn-keys\":true", 0, 1},
		{"\"keyrings\":{\".ima\":[\"", "\"]}", 0, 0},
		{"\"keyrings\":{\".evm\":[\"", "\"]},\"learn-keys\":true", 1, 0},
		{"\"ignored-keyrings\":[\"*\"],\"learn-keys\":true,\"excludes\":[\"/", "\"]", 0, 0},
		{"\"learn-keys\":true,\"excludes\":[\".i*\",\"/", "\"]", 0, 0},
	};

	(void)state;
	assert_ok(digest_bytes(DIGEST_SHA256, der, digest));
	hex_encode(SPAN(digest), hex);
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(policy_release) struct policy policy = {0};
		DROP(ima_run_release) struct ima_run run = {0};
		static struct ima_made list;
		char rules[512];

		list.len = 0;
		add_entry(&list, IMA_PCR, ".ima", DIGEST_SHA256, der, true);
		snprintf(rules, sizeof rules, "%s%s%s", rows[i].before, hex, rows[i].behind);
		policy_of(rules, &policy);
		follow(&list, &policy, &run);
		assert_int_equal(run.ahead.failures, rows[i].failures);
		assert_int_equal(run.ahead.learned, rows[i].learned);
		if (rows[i].failures > 0)
			assert_int_equal(run.faults.at[0], FINDING_IMA_KEY);
	}
}

/* A learned key verifies what comes after it in the list, in the same boot. */
static void learned_keys_verify(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(ima_run_release) struct ima_run run = {0};
	uint8_t room[4096];
	struct span der = captured_der(room, sizeof room);
	struct ima_list captured = {.format = {.hash = DIGEST_SHA1},
		.left = evidence_kept("sb-off-imasig/step0/binary_runtime_measurements.gz")};
	static struct ima_made list;
	uint8_t digest[32];
	char hex[65];
	char rules[512];
	struct ima_entry entry;

	(void)state;
	assert_ok(digest_bytes(DIGEST_SHA256, der, digest));
	snprintf(rules, sizeof rules, "\"keyrings\":{\".ima\":[\"%s\"]},\"learn-keys\":true",
		hex_encode(SPAN(digest), hex));
	policy_of(rules, &policy);
	while (ima_list_next(&captured, &entry) == IMA_STEP_ENTRY && entry.fields.signature.len == 0)
		continue;
	ima_made_bytes(&list, entry.bytes);
	add_entry(&list, IMA_PCR, ".ima", DIGEST_SHA256, der, true);
	ima_made_bytes(&list, entry.bytes);
	follow(&list, &policy, &run);
	assert_int_equal(run.ahead.learned, 1);
	assert_int_equal(run.ahead.failures, 1);
}

static int64_t cost_of(const char *name, struct span content, bool is_buffer, const char *rules)
{
	static uint8_t value[32] = "not reached";
	DROP(policy_release) struct policy policy = {0};
	DROP(ima_run_release) struct ima_run run = {0};
	struct ima_context context = {&policy.ima, NULL};
	struct pcr_values never = {0};
	struct ima_made list = {0};
	int64_t budget = 1000000;
	size_t consumed = 0;

	add_entry(&list, IMA_PCR, name, DIGEST_SHA256, content, is_buffer);
	policy_of(rules, &policy);
	assert_ok(pcr_selection_add(&never.selection, TPM_ALG_SHA256, IMA_PCR));
	assert_ok(pcr_values_parse(&never.selection, SPAN(value), &never));
	assert_ok(ima_run_expect(&run, &never));
	assert_ok(ima_judge(&run, &context, ima_made_span(&list), (struct ima_room){0}, &budget, &consumed));
	assert_int_equal(consumed, list.len);
	return 1000000 - budget;
}

/* Whoever writes a list chooses how long names are, and what has to be parsed. */
static void what_takes_long_costs_more(void **state)
{
	static const char excludes[] = "\"excludes\":[\"/**a\",\"/**b\",\"/**c\",\"/**d\"]";
	static const char devices[] = "\"device-mapper\":{\"root\":[\"**\"]}";
	static char name[12801] = "/";
	static const uint8_t bytes[8000] = {0x30};
	struct span data = span_of(bytes + 1, sizeof bytes - 1);

	(void)state;
	memset(name + 1, 'x', sizeof name - 2);
	assert_true(cost_of(name, SPAN(bytes), false, excludes) >=
		    cost_of("/x", SPAN(bytes), false, excludes) + 3 * 100);
	assert_true(cost_of("b", SPAN(bytes), true, "") >= cost_of("b", data, true, "") + 100);
	assert_true(cost_of("dm_x", data, true, devices) >= cost_of("dm_x", data, true, "") + 400);
}

static void repeats_are_counted_and_kept_once(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(ima_run_release) struct ima_run run = {0};
	static struct ima_made list;
	struct verdict verdict = {0};

	(void)state;
	policy_of("\"digests\":{}", &policy);
	for (unsigned i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof name, "/x%u", i % 2 == 0 ? 0 : i);
		add_entry(&list, IMA_PCR, name, DIGEST_SHA256, span_text("a"), false);
	}
	follow(&list, &policy, &run);
	assert_int_equal(run.ahead.failures, 100);
	assert_int_equal(run.ahead.fault_count, IMA_FAULTS_MAX);
	run.proven = run.ahead;
	run.state = IMA_PROVEN;
	ima_run_findings(&run, &verdict);
	assert_int_equal(verdict.failures, 100);
	assert_int_equal(verdict.kept, VERDICT_FINDINGS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(weak_digests),
		cmocka_unit_test(empty_files),
		cmocka_unit_test(violations),
		cmocka_unit_test(buffers),
		cmocka_unit_test(buffers_of_weak_digests),
		cmocka_unit_test(device_mapper),
		cmocka_unit_test(device_mapper_entries_are_the_kernels),
		cmocka_unit_test(entries_that_no_policy_allows),
		cmocka_unit_test(a_buffer_with_the_digest_of_another_contradicts_itself),
		cmocka_unit_test(keys_are_learned_only_if_the_policy_wants_it),
		cmocka_unit_test(learned_keys_verify),
		cmocka_unit_test(what_takes_long_costs_more),
		cmocka_unit_test(repeats_are_counted_and_kept_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
