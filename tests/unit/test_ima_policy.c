#include "lib/policy/ima_policy.h"

#include "lib/policy/ima_builder.h"
#include "lib/policy/policy.h"
#include "tests/support/test.h"

#define A "1111111111111111111111111111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222222222222222222222222222"
#define L A B
/* P-256, made for this test. */
#define KEY                                                                                                  \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIjA6sJKp7hSqI5wTh/U4FpL6a+o0/pzoaL1iNx9f/z8QMeUOk5TVlobtysXpJRczLg7Wop/GBqEFGVt2AdSKNQ=="
#define HEAD   "{\"limebus\":1,\"name\":\"w\","
#define IMA(x) HEAD "\"ima\":{" x "}}"

#define FULL                                                                                                       \
	HEAD "\"banks\":[\"sha384\",\"sha256\"],\"ima\":{\"unknown\":\"report\",\"violations\":\"accept\","        \
	     "\"boot-aggregate\":\"listed\",\"signatures\":\"require\",\"empty-files\":false,\"learn-keys\":true," \
	     "\"digest-algorithms\":[\"sha256\",\"sm3\"],"                                                         \
	     "\"keys\":[{\"name\":\"vendor\",\"key\":\"" KEY "\",\"id\":\"1a2b3c4d\"}],"                           \
	     "\"keyrings\":{\".ima\":[\"" A "\"]},\"buffers\":{\"kernel_version\":[\"" B "\"]},"                   \
	     "\"device-mapper\":{\"vg-*\":[\"*linear*\",\"*verity*\"],\"x\":[]},"                                  \
	     "\"excludes\":[\"/var/log/**\"],\"keylime-excludes\":[\"/opt/.*\"],"                                  \
	     "\"violations-accepted\":[\"/var/**\"],\"ignored-keyrings\":[\"*\"],"                                 \
	     "\"accepted\":[{\"file\":\"/opt/x\",\"digest\":\"" B                                                  \
	     "\",\"reason\":\"hot fix\",\"by\":\"joe\","                                                           \
	     "\"time\":\"2027-01-01T00:00:00Z\"}],"                                                                \
	     "\"digests\":{\"/usr/bin/ls\":[\"" A "\",\"sha512:" L "\"],\"/usr/bin/caf\\u00e9\":[\"" B             \
	     "\"],\"hex:2fff\":[\"sm3:" A "\"]}}}"

static void parse(const char *json, struct policy *out)
{
	struct err err = {0};

	if (policy_parse(span_text(json), out, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static struct span bytes_of(uint8_t fill, size_t len, uint8_t out[static 64])
{
	memset(out, fill, 64);
	return span_of(out, len);
}

static enum digest_match find(const struct policy *policy, enum digest_kind kind, const char *name,
	enum kernel_hash hash, uint8_t fill)
{
	uint8_t digest[64];

	return digest_table_find(&policy->ima.digests, kind, span_text(name), hash,
		bytes_of(fill, kernel_hash_size(hash), digest))
	        .match;
}

static bool matches(const struct pattern_set *set, const char *name)
{
	bool found = false;

	assert_ok(pattern_set_match(set, span_text(name), &found));
	return found;
}

static void what_is_left_out_is_the_default(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	struct ima_rules standard = ima_rules_default();
	char text[PCR_SELECTION_TEXT_BYTES];
	struct pcr_selection selection;

	(void)state;
	parse(IMA(""), &policy);
	assert_true(policy.has_ima);
	assert_memory_equal(&policy.ima.rules, &standard, sizeof standard);
	assert_int_equal(standard.unknown, IMA_FAIL);
	assert_int_equal(standard.violations, IMA_FAIL);
	assert_int_equal(standard.boot_aggregate, IMA_BOOT_AGGREGATE_CHECK);
	assert_int_equal(standard.signatures, IMA_SIGNATURES_ACCEPT);
	assert_true(standard.empty_files);
	assert_false(standard.learn_keys);
	assert_int_equal(policy.ima.digests.count, 0);
	assert_int_equal(policy.banks.count, 1);
	selection = policy_selection(&policy);
	assert_string_equal(pcr_selection_text(&selection, text), "sha256:0,1,2,3,4,5,6,7,8,9,10");
}

static void everything_that_is_written_is_there(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	char text[PCR_SELECTION_TEXT_BYTES];
	struct pcr_selection selection;
	const struct ima_policy *ima = &policy.ima;

	(void)state;
	parse(FULL, &policy);
	assert_int_equal(ima->rules.unknown, IMA_REPORT);
	assert_int_equal(ima->rules.violations, IMA_ACCEPT);
	assert_int_equal(ima->rules.boot_aggregate, IMA_BOOT_AGGREGATE_LISTED);
	assert_int_equal(ima->rules.signatures, IMA_SIGNATURES_REQUIRE);
	assert_false(ima->rules.empty_files);
	assert_true(ima->rules.learn_keys);
	assert_int_equal(ima->rules.strong, 1u << KERNEL_HASH_SHA256 | 1u << KERNEL_HASH_SM3_256);
	assert_int_equal(ima->key_count, 1);
	assert_string_equal(ima->keys[0].name, "vendor");
	assert_int_equal(
		find(&policy, DIGEST_OF_FILE, "/usr/bin/ls", KERNEL_HASH_SHA256, 0x11), DIGEST_ALLOWED);
	assert_int_equal(
		find(&policy, DIGEST_OF_FILE, "/usr/bin/ls", KERNEL_HASH_SHA256, 0x12), DIGEST_DIFFERS);
	assert_int_equal(find(&policy, DIGEST_OF_FILE, "/usr/bin/caf\xc3\xa9", KERNEL_HASH_SHA256, 0x22),
		DIGEST_ALLOWED);
	assert_int_equal(find(&policy, DIGEST_OF_FILE, "/\xff", KERNEL_HASH_SM3_256, 0x11), DIGEST_ALLOWED);
	assert_int_equal(find(&policy, DIGEST_OF_FILE, "/opt/x", KERNEL_HASH_SHA256, 0x22), DIGEST_ALLOWED);
	assert_int_equal(
		find(&policy, DIGEST_OF_FILE, ".ima", KERNEL_HASH_SHA256, 0x11), DIGEST_NAME_UNKNOWN);
	assert_int_equal(find(&policy, DIGEST_OF_KEYRING, ".ima", KERNEL_HASH_SHA256, 0x11), DIGEST_ALLOWED);
	assert_int_equal(
		find(&policy, DIGEST_OF_BUFFER, "kernel_version", KERNEL_HASH_SHA256, 0x22), DIGEST_ALLOWED);
	assert_true(matches(&ima->excludes, "/var/log/a/b"));
	assert_true(matches(&ima->excludes, "/opt/x"));
	assert_false(matches(&ima->excludes, "/usr/bin/ls"));
	assert_true(matches(&ima->violations_accepted, "/var/lib/x"));
	assert_true(matches(&ima->ignored_keyrings, ".ima"));
	assert_int_equal(ima->dm_count, 2);
	assert_true(matches(&ima->dm_rules[0].name, "vg-root"));
	assert_true(matches(&ima->dm_rules[0].targets, "target_name=verity,x"));
	assert_int_equal(ima->dm_rules[1].targets.count, 0);
	selection = policy_selection(&policy);
	assert_string_equal(pcr_selection_text(&selection, text), "sha384:0,1,2,3,4,5,6,7,8,9,10");
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{HEAD "\"ima\":[]}", "ima: expected an object"},
		{IMA("\"digest\":{}"), "ima.digest: unknown key"},
		{IMA("\"digests\":[]"), "ima.digests: expected an object"},
		{IMA("\"digests\":{\"/a\":\"" A "\"}"), "ima.digests./a: line 1, column 48: expected a list"},
		{IMA("\"digests\":{\"/a\":[]}"), "ima.digests./a: line 1, column 43: an empty list"},
		{IMA("\"digests\":{\"/a\":[1]}"), "ima.digests./a: line 1, column 49: expected \"<hex>\""},
		{IMA("\"digests\":{\"/a\":[\"zz\"]}"),
			"ima.digests./a: line 1, column 49: expected \"<hex>\""},
		{IMA("\"digests\":{\"/a\":[\"sha256:" L "\"]}"),
			"ima.digests./a: line 1, column 49: expected"},
		{IMA("\"digests\":{\"/a\":[\"rot13:" A "\"]}"),
			"ima.digests./a: line 1, column 49: a hash that"},
		{IMA("\"digests\":{\"/a\":[\"" A "\"" A "\"]}"),
			"ima.digests./a: line 1, column 115: expected a list"},
		{IMA("\"digests\":{\"/a\":[\"" A "\",]}"), "ima.digests./a: line 1, column 116: expected"},
		{IMA("\"digests\":{\"/a\":[\"" A "\"],\"/a\":[\"" B "\"]}"),
			"ima.digests./a: line 1, column"},
		{IMA("\"digests\":{\"/a\":[\"" A "\"],\"\\u002fa\":[\"" B "\"]}"),
			"ima.digests./a: line 1, column"},
		{IMA("\"digests\":{\"\":[\"" A "\"]}"), "ima.digests.: line 1, column 43: not a name"},
		{IMA("\"digests\":{\"hex:2\":[\"" A "\"]}"),
			"ima.digests.hex:2: line 1, column 43: not a name"},
		{IMA("\"digests\":{\"hex:00\":[\"" A "\"]}"),
			"ima.digests.hex:00: line 1, column 43: not a name"},
		{IMA("\"digests\":{\"\xff\":[\"" A "\"]}"), "ima.digests: line 1, column 44: not UTF-8"},
		{IMA("\"digests\":{\"/a\":[\"" A "\"]},\"digests\":{}"), "not JSON"},
		{HEAD "\"ima\":{\"digests\":{}},\"ima\":{\"digests\":{}}}", "not JSON"},
		{IMA("\"unknown\":\"accept\""), "ima.unknown: expected \"fail\", \"report\""},
		{IMA("\"violations\":1"), "ima.violations: expected text"},
		{IMA("\"empty-files\":1"), "ima.empty-files: expected true or false"},
		{IMA("\"digest-algorithms\":[]"), "ima.digest-algorithms: an empty list"},
		{IMA("\"digest-algorithms\":[\"x\"]"), "ima.digest-algorithms[0]: not one of"},
		{IMA("\"excludes\":[\"[\"]"), "ima.excludes[0]: not a glob"},
		{IMA("\"keylime-excludes\":[\"a\",\"(a)\\\\1\"]"),
			"ima.keylime-excludes[1]: character 4: a back reference"},
		{IMA("\"keyrings\":{\"x\":[]}"), "ima.keyrings.x: an empty list"},
		{IMA("\"buffers\":{\"x\":[\"" A "\",\"1\"]}"), "ima.buffers.x[1]: expected \"<hex>\""},
		{IMA("\"keys\":[{\"name\":\"a\"}]"), "ima.keys[0]: \"key\" is missing"},
		{IMA("\"keys\":[{\"name\":\"a\",\"key\":\"AAAA\"}]"), "ima.keys[0]: "},
		{IMA("\"keys\":[{\"name\":\"a\",\"key\":\"=\"}]"), "ima.keys[0].key: expected the base64"},
		{IMA("\"keys\":[{\"name\":\"a\",\"key\":\"" KEY "\",\"id\":\"1\"}]"),
			"ima.keys[0].id: expected lower-case"},
		{IMA("\"keys\":[{\"name\":\"a\",\"key\":\"" KEY "\"},{\"name\":\"a\",\"key\":\"" KEY "\"}]"),
			"ima.keys[1]: another key has the same name"},
		{IMA("\"accepted\":[{\"digest\":\"" A "\"}]"), "ima.accepted[0]: \"file\" is missing"},
		{IMA("\"accepted\":[{\"file\":\"/a\",\"digest\":\"1\"}]"),
			"ima.accepted[0].digest: expected"},
		{IMA("\"device-mapper\":{\"[\":[]}"), "ima.device-mapper.[: not a glob"},
		{IMA("\"device-mapper\":{\"a\":[\"\"]}"), "ima.device-mapper.a[0]: an empty glob"},
		{HEAD "\"banks\":[],\"ima\":{}}", "banks: without a bank"},
		{HEAD "\"banks\":[\"md5\"],\"ima\":{}}", "banks[0]: not a bank"},
		{HEAD "\"banks\":[\"sha256\",\"sha256\"],\"ima\":{}}",
			"banks[1]: a bank that stands there twice"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy policy = {0};
		struct err err = {0};

		assert_int_not_equal(policy_parse(span_text(rows[i].json), &policy, &err), RC_OK);
		if (strncmp(err.text, rows[i].text, strlen(rows[i].text)) != 0)
			fail_msg("\"%s\" instead of \"%s\"", err.text, rows[i].text);
	}
}

static void every_truncation_is_refused(void **state)
{
	struct policy policy = {0};

	(void)state;
	for (size_t n = 0; n < sizeof FULL - 1; n++)
		assert_int_not_equal(policy_parse(span_of(FULL, n), &policy, NULL), RC_OK);
}

static void an_image_may_lie_anywhere(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(policy_release) struct policy parsed = {0};
	DROP(blob_release) struct blob image = {0};
	struct span rest;

	(void)state;
	assert_ok(blob_append(&image, span_text("x")));
	assert_ok(policy_compile(span_text(FULL), &image, NULL));
	assert_ok(policy_open(span_of(image.at + 1, image.len - 1), &policy, NULL));
	assert_int_equal(policy.image.len, 0);
	parse(FULL, &parsed);
	assert_memory_equal(policy.id, parsed.id, sizeof parsed.id);
	assert_int_equal(
		find(&policy, DIGEST_OF_FILE, "/usr/bin/ls", KERNEL_HASH_SHA256, 0x11), DIGEST_ALLOWED);
	rest = policy_json_rest(span_of(image.at + 1, image.len - 1));
	assert_true(rest.len > 0 && rest.len < sizeof FULL - 1);
	assert_int_equal(policy_json_rest(span_text("no image")).len, 0);
}

static void a_damaged_image_is_refused_or_harmless(void **state)
{
	DROP(blob_release) struct blob image = {0};

	(void)state;
	assert_ok(policy_compile(span_text(FULL), &image, NULL));
	for (size_t n = 0; n < image.len; n++) {
		struct policy policy = {0};

		assert_int_not_equal(policy_open(span_of(image.at, n), &policy, NULL), RC_OK);
	}
	for (size_t at = 0; at < image.len; at++) {
		DROP(policy_release) struct policy policy = {0};

		image.at[at] ^= 0x81;
		if (policy_open(blob_span(&image), &policy, NULL) == RC_OK)
			find(&policy, DIGEST_OF_FILE, "/usr/bin/ls", KERNEL_HASH_SHA256, 0x11);
		image.at[at] ^= 0x81;
	}
}

static void load(struct ima_builder **out, const char *json)
{
	struct err err = {0};

	assert_ok(ima_builder_open(out));
	if (ima_builder_load(*out, span_text(json), &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void assert_same(struct span a, struct span b)
{
	DROP(blob_release) struct blob diff = {0};
	struct err err = {0};

	if (policy_diff_json(a, b, 10, &diff, &err) != RC_OK)
		fail_msg("%s", err.text);
	if (diff.len > 0)
		fail_msg("%.*s", (int)diff.len, (const char *)diff.at);
}

static void what_was_loaded_is_written_again(void **state)
{
	DROP(ima_builder_close) struct ima_builder *ima = NULL;
	DROP(blob_release) struct blob json = {0};
	DROP(blob_release) struct blob again = {0};
	struct policy_banks banks = {.count = 2, .alg = {TPM_ALG_SHA384, TPM_ALG_SHA256}};
	struct policy_head head = {.name = "w"};
	struct err err = {0};

	(void)state;
	load(&ima, FULL);
	if (policy_write_parts(&head, &(struct policy_parts){.banks = &banks, .ima = ima}, &json, &err) !=
		RC_OK)
		fail_msg("%s", err.text);
	assert_same(span_text(FULL), blob_span(&json));
	/* Once more changes nothing. */
	if (policy_merge(&head, blob_span(&json), span_text(FULL), &again, &err) != RC_OK)
		fail_msg("%s", err.text);
	assert_spans_equal(blob_span(&again), blob_span(&json));
}

static void a_merged_policy_allows_what_either_does(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	struct policy_head head = {.name = "both"};
	struct err err = {0};

	(void)state;
	if (policy_merge(&head, span_text(IMA("\"unknown\":\"report\",\"digests\":{\"/a\":[\"" A "\"]}")),
		    span_text(
			    IMA("\"excludes\":[\"/x\"],\"digests\":{\"/b\":[\"" A "\"],\"/a\":[\"" B "\"]}")),
		    &json, &err) != RC_OK)
		fail_msg("%s", err.text);
	assert_ok(policy_parse(blob_span(&json), &policy, &err));
	assert_int_equal(policy.ima.digests.count, 3);
	assert_int_equal(policy.ima.rules.unknown, IMA_REPORT);
	assert_int_equal(find(&policy, DIGEST_OF_FILE, "/a", KERNEL_HASH_SHA256, 0x11), DIGEST_ALLOWED);
	assert_int_equal(find(&policy, DIGEST_OF_FILE, "/a", KERNEL_HASH_SHA256, 0x22), DIGEST_ALLOWED);
	assert_int_equal(find(&policy, DIGEST_OF_FILE, "/b", KERNEL_HASH_SHA256, 0x22), DIGEST_DIFFERS);
	assert_true(matches(&policy.ima.excludes, "/x"));
}

static void differences_are_told_in_words(void **state)
{
	static const char before[] =
		IMA("\"excludes\":[\"/x\"],\"digests\":{\"/a\":[\"" A "\"],\"/b\":[\"" A "\"]}");
	static const char after[] =
		IMA("\"unknown\":\"report\",\"digests\":{\"/a\":[\"" A "\",\"" B "\"],\"/c\":[\"" A "\"]}");
	DROP(blob_release) struct blob all = {0};
	DROP(blob_release) struct blob few = {0};

	(void)state;
	assert_ok(policy_diff_json(span_text(before), span_text(after), 10, &all, NULL));
	assert_spans_equal(blob_span(&all), span_text("ima: unknown: fail becomes report\n"
						      "ima: excludes: no longer there: /x\n"
						      "ima: /a: now also allowed: " B "\n"
						      "ima: /b: no longer known: " A "\n"
						      "ima: /c: now allowed: " A "\n"));
	assert_ok(policy_diff_json(span_text(before), span_text(after), 1, &few, NULL));
	assert_spans_equal(blob_span(&few), span_text("ima: unknown: fail becomes report\n"
						      "ima: excludes: no longer there: /x\n"
						      "ima: /a: now also allowed: " B "\n"
						      "ima: and 2 more differences in digests\n"));
}

static void a_builder_refuses_what_cannot_be_written(void **state)
{
	DROP(ima_builder_close) struct ima_builder *ima = NULL;
	struct ima_accepted accepted = {.file = span_text("/a"), .digest = span_text("1")};
	uint8_t name[DIGEST_TABLE_NAME_MAX + 1];
	uint8_t digest[64];
	struct err err = {0};

	(void)state;
	memset(name, 'a', sizeof name);
	assert_ok(ima_builder_open(&ima));
	assert_rc(ima_builder_digest(
			  ima, DIGEST_OF_FILE, span_text("/a"), KERNEL_HASH_SHA256, bytes_of(1, 31, digest)),
		RC_MALFORMED);
	assert_rc(ima_builder_digest(
			  ima, DIGEST_OF_FILE, (struct span){0}, KERNEL_HASH_SHA256, bytes_of(1, 32, digest)),
		RC_MALFORMED);
	assert_rc(ima_builder_digest(
			  ima, DIGEST_OF_FILE, SPAN("/a"), KERNEL_HASH_SHA256, bytes_of(1, 32, digest)),
		RC_MALFORMED);
	assert_rc(ima_builder_digest(
			  ima, DIGEST_OF_FILE, SPAN(name), KERNEL_HASH_SHA256, bytes_of(1, 32, digest)),
		RC_LIMIT);
	assert_rc(ima_builder_pattern(ima, IMA_EXCLUDES, span_text("["), &err), RC_MALFORMED);
	assert_rc(ima_builder_accept(ima, &accepted, &err), RC_MALFORMED);
	assert_rc(ima_builder_dm_rule(ima, span_text("["), (struct span){0}, &err), RC_MALFORMED);
	assert_int_equal(ima_builder_count(ima, DIGEST_OF_FILE), 0);
	assert_ok(ima_builder_key(ima, "k", span_text("der"), NULL, &err));
	assert_ok(ima_builder_key(ima, "k", span_text("der"), NULL, &err));
	assert_rc(ima_builder_key(ima, "k", span_text("other"), NULL, &err), RC_EXISTS);
}

static void names_of_any_bytes_come_back(void **state)
{
	static const char *const names[] = {
		"/\xff", "hex:2f", "/a b", "/\n\"\\", "/\xc3\xa9", "boot_aggregate"};
	DROP(ima_builder_close) struct ima_builder *ima = NULL;
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	struct policy_head head = {.name = "w"};
	uint8_t digest[64];
	struct err err = {0};

	(void)state;
	assert_ok(ima_builder_open(&ima));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_ok(ima_builder_digest(ima, DIGEST_OF_FILE, span_text(names[i]), KERNEL_HASH_SHA1,
			bytes_of((uint8_t)i, 20, digest)));
	if (policy_write_parts(&head, &(struct policy_parts){.ima = ima}, &json, &err) != RC_OK)
		fail_msg("%s", err.text);
	assert_ok(policy_parse(blob_span(&json), &policy, &err));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(find(&policy, DIGEST_OF_FILE, names[i], KERNEL_HASH_SHA1, (uint8_t)i),
			DIGEST_ALLOWED);
}

static void excluded_files_are_dropped(void **state)
{
	DROP(ima_builder_close) struct ima_builder *ima = NULL;
	uint8_t digest[64];
	size_t dropped = 0;

	(void)state;
	load(&ima,
		IMA("\"excludes\":[\"/var/**\"],\"keylime-excludes\":[\"/opt/.*\"],\"keyrings\":{\"/opt/a\":[\"" A
		    "\"]},\"digests\":{\"/var/a\":[\"" A "\"],\"/opt/a\":[\"" A "\"],\"/a\":[\"" A "\"]}"));
	assert_ok(ima_builder_drop_excluded(ima, &dropped));
	assert_int_equal(dropped, 2);
	assert_int_equal(ima_builder_count(ima, DIGEST_OF_FILE), 1);
	assert_int_equal(ima_builder_count(ima, DIGEST_OF_KEYRING), 1);
	assert_ok(ima_builder_digest(
		ima, DIGEST_OF_FILE, span_text("/b"), KERNEL_HASH_SHA256, bytes_of(1, 32, digest)));
	assert_int_equal(ima_builder_count(ima, DIGEST_OF_FILE), 2);
}

static void a_section_is_shown_in_words(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(blob_release) struct blob words = {0};

	(void)state;
	parse(FULL, &policy);
	assert_ok(ima_policy_show(&policy.ima, &words));
	assert_ok(blob_append(&words, SPAN("")));
	assert_non_null(strstr((const char *)words.at, "ima: 7 digests\n"));
	assert_non_null(strstr((const char *)words.at, "ima: unknown: report\n"));
	assert_non_null(strstr((const char *)words.at, "ima: not judged: /var/log/**\n"));
	assert_non_null(strstr((const char *)words.at, "ima: signatures by the key vendor\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_out_is_the_default),
		cmocka_unit_test(everything_that_is_written_is_there),
		cmocka_unit_test(what_is_wrong_is_named_with_its_place),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(an_image_may_lie_anywhere),
		cmocka_unit_test(a_damaged_image_is_refused_or_harmless),
		cmocka_unit_test(what_was_loaded_is_written_again),
		cmocka_unit_test(a_merged_policy_allows_what_either_does),
		cmocka_unit_test(differences_are_told_in_words),
		cmocka_unit_test(a_builder_refuses_what_cannot_be_written),
		cmocka_unit_test(names_of_any_bytes_come_back),
		cmocka_unit_test(excluded_files_are_dropped),
		cmocka_unit_test(a_section_is_shown_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
