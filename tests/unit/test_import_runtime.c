/* What Keylime's users hold becomes a policy that means the same, and says where that is unsafe. */
#include "lib/policy/import_runtime.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/base64.h"
#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/ima_builder.h"
#include "lib/policy/policy.h"
#include "tests/support/test.h"

#define A32 "abababababababababababababababababababababababababababababababab"
#define B32 "babababababababababababababababababababababababababababababababa"
#define A20 "abababababababababababababababababababab"

#define META    "\"meta\":{\"version\":1,\"generator\":3,\"timestamp\":\"2026-01-02\"},\"release\":7,"
#define IMA     "\"ima\":{\"ignored_keyrings\":[],\"log_hash_alg\":\"sha1\",\"dm_policy\":null}"
#define DIGESTS "\"digests\":{\"/usr/bin/ls\":[\"" A32 "\"]}"
#define REST    "\"excludes\":[],\"keyrings\":{}," IMA ",\"ima-buf\":{},\"verification-keys\":\"\""
#define WHOLE   "{" META DIGESTS "," REST "}"

struct result {
	struct ima_builder *builder;
	struct import_warnings warnings;
	struct import_about about;
	struct policy policy;
	struct err err;
	enum rc rc;
};

typedef enum rc import(struct span text, struct ima_builder *builder, struct import_about *about,
	struct import_warnings *warnings, struct err *err);

static void result_release(struct result *result)
{
	ima_builder_close(&result->builder);
	import_warnings_release(&result->warnings);
	policy_release(&result->policy);
}

static void take(import *how, const char *text, struct result *out)
{
	assert_ok(ima_builder_open(&out->builder));
	out->rc = how(span_text(text), out->builder, &out->about, &out->warnings, &out->err);
}

/* The policy that comes of it. */
static void take_good(import *how, const char *text, struct result *out)
{
	struct policy_head head = {.name = "imported", .comment = ""};
	DROP(blob_release) struct blob json = {0};
	struct policy_parts parts = {0};

	take(how, text, out);
	if (out->rc != RC_OK)
		fail_msg("%s: %s", text, out->err.text);
	parts.ima = out->builder;
	if (policy_write_parts(&head, &parts, &json, &out->err) != RC_OK ||
		policy_parse(blob_span(&json), &out->policy, &out->err) != RC_OK)
		fail_msg("%s", out->err.text);
}

static enum digest_match look(
	const struct result *result, enum digest_kind kind, const char *name, const char *hex)
{
	uint8_t bytes[64];
	size_t len = strlen(hex) / 2;

	assert_ok(hex_decode(span_text(hex), bytes, len));
	return digest_table_find(&result->policy.ima.digests, kind, span_text(name), kernel_hash_of_size(len),
		span_of(bytes, len))
	        .match;
}

static bool excluded(const struct result *result, const char *path)
{
	bool is = false;

	assert_ok(pattern_set_match(&result->policy.ima.excludes, span_text(path), &is));
	return is;
}

static bool warned(const struct result *result, const char *words)
{
	const char *text = import_warning(&result->warnings, NULL);

	while (text != NULL && strstr(text, words) == NULL)
		text = import_warning(&result->warnings, text);
	return text != NULL;
}

static void a_policy_of_version_1_is_taken_over(void **state)
{
	DROP(result_release) struct result r = {0};

	(void)state;
	take_good(import_runtime_policy, WHOLE, &r);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "/usr/bin/ls", A32), DIGEST_ALLOWED);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "/usr/bin/ls", B32), DIGEST_DIFFERS);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "/usr/bin/cat", A32), DIGEST_NAME_UNKNOWN);
	assert_int_equal(r.policy.ima.rules.boot_aggregate, IMA_BOOT_AGGREGATE_CHECK);
	assert_false(r.policy.ima.rules.learn_keys);
	assert_false(r.policy.ima.rules.empty_files);
	assert_int_equal(r.policy.ima.rules.strong, ima_rules_default().strong);
	assert_int_equal(r.warnings.count, 0);
	assert_string_equal(r.about.comment,
		"imported from a runtime policy of Keylime: release 7, version 1, generator a legacy allow-list, "
		"2026-01-02");
}

static void every_field_is_needed(void **state)
{
	static const char *const parts[] = {"\"meta\":{\"version\":1},", "\"release\":0,", DIGESTS ",",
		"\"excludes\":[],", "\"keyrings\":{},", IMA ",", "\"ima-buf\":{},",
		"\"verification-keys\":\"\","};

	(void)state;
	for (size_t without = 0; without <= COUNT(parts); without++) {
		DROP(result_release) struct result r = {0};
		char text[2048] = "{";

		for (size_t i = 0; i < COUNT(parts); i++)
			if (i != without)
				strcat(text, parts[i]);
		strcat(text, "\"of-a-later-time\":1}");
		take(import_runtime_policy, text, &r);
		if ((r.rc == RC_OK) != (without == COUNT(parts)))
			fail_msg("%s: %s", text, r.err.text);
		if (r.rc == RC_OK)
			assert_true(warned(&r, "of-a-later-time"));
	}
}

static void a_listed_boot_aggregate_is_compared_with_the_list(void **state)
{
	DROP(result_release) struct result r = {0};

	(void)state;
	take_good(import_runtime_policy,
		"{" META "\"digests\":{\"boot_aggregate\":[\"" A20 "\",\"" A32 "\"]}," REST "}", &r);
	assert_int_equal(r.policy.ima.rules.boot_aggregate, IMA_BOOT_AGGREGATE_LISTED);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "boot_aggregate", A32), DIGEST_ALLOWED);
	assert_int_equal(r.policy.ima.rules.strong, ima_rules_default().strong);
	assert_true(warned(&r, "\"check\""));
}

static void weak_digests_stay_good_and_are_told(void **state)
{
	DROP(result_release) struct result r = {0};

	(void)state;
	take_good(
		import_runtime_policy, "{" META "\"digests\":{\"/usr/bin/ls\":[\"" A20 "\"]}," REST "}", &r);
	assert_int_equal(r.policy.ima.rules.strong, ima_rules_default().strong | 1u << KERNEL_HASH_SHA1);
	assert_true(warned(&r, "sha1"));
}

#define WITH(excludes, keyrings, ima, buf, keys)                                                             \
	"{" META DIGESTS ",\"excludes\":" excludes ",\"keyrings\":" keyrings ",\"ima\":" ima                 \
	",\"ima-buf\":" buf ",\"verification-keys\":" keys "}"
#define IMA_IS "{\"ignored_keyrings\":[],\"log_hash_alg\":\"sha1\",\"dm_policy\":null}"

static void excludes_match_from_the_start_and_end_anywhere(void **state)
{
	DROP(result_release) struct result r = {0};

	(void)state;
	take_good(import_runtime_policy,
		WITH("[\"/tmp\",\"/var/log/.*\\\\.log\"]", "{}", IMA_IS, "{}", "\"\""), &r);
	assert_true(excluded(&r, "/tmp"));
	assert_true(excluded(&r, "/tmpfoo/x"));
	assert_false(excluded(&r, "/usr/tmp"));
	assert_true(excluded(&r, "/var/log/a.log.1"));
	assert_false(excluded(&r, "/var/log/alog"));
	assert_true(warned(&r, "anchored at the start only"));
	assert_false(warned(&r, "matches every path"));
}

static void excludes_that_leave_out_all_or_programs_are_told(void **state)
{
	DROP(result_release) struct result all = {0};
	DROP(result_release) struct result programs = {0};

	(void)state;
	take_good(import_runtime_policy, WITH("[\".*\"]", "{}", IMA_IS, "{}", "\"\""), &all);
	assert_true(warned(&all, "matches every path"));
	take_good(import_runtime_policy, WITH("[\"/usr\"]", "{}", IMA_IS, "{}", "\"\""), &programs);
	assert_true(warned(&programs, "programs of the system"));
	assert_false(warned(&programs, "matches every path"));
}

static void keyrings_and_buffers_are_of_kinds_of_their_own(void **state)
{
	DROP(result_release) struct result r = {0};
	bool ignored = false;

	(void)state;
	take_good(import_runtime_policy,
		WITH("[]", "{\".ima\":[\"" A32 "\"]}",
			"{\"ignored_keyrings\":[\".x*\"],\"log_hash_alg\":\"sha256\"}",
			"{\"kernel_version\":[\"" B32 "\"],\"empty\":[]}", "\"\""),
		&r);
	assert_int_equal(look(&r, DIGEST_OF_KEYRING, ".ima", A32), DIGEST_ALLOWED);
	assert_int_equal(look(&r, DIGEST_OF_FILE, ".ima", A32), DIGEST_NAME_UNKNOWN);
	assert_int_equal(look(&r, DIGEST_OF_BUFFER, "kernel_version", B32), DIGEST_ALLOWED);
	assert_int_equal(look(&r, DIGEST_OF_BUFFER, "kernel_version", A32), DIGEST_DIFFERS);
	assert_true(r.policy.ima.rules.learn_keys);
	assert_true(warned(&r, "learn-keys"));
	assert_true(warned(&r, "log_hash_alg"));
	/* A name, not a pattern. */
	assert_ok(pattern_set_match(&r.policy.ima.ignored_keyrings, span_text(".x*"), &ignored));
	assert_true(ignored);
	assert_ok(pattern_set_match(&r.policy.ima.ignored_keyrings, span_text(".xy"), &ignored));
	assert_false(ignored);
}

static void a_star_ignores_all_keyrings(void **state)
{
	DROP(result_release) struct result r = {0};
	bool ignored = false;

	(void)state;
	take_good(
		import_runtime_policy, WITH("[]", "{}", "{\"ignored_keyrings\":[\"*\"]}", "{}", "\"\""), &r);
	assert_ok(pattern_set_match(&r.policy.ima.ignored_keyrings, span_text(".ima"), &ignored));
	assert_true(ignored);
	assert_true(warned(&r, "are not looked at"));
}

/* A key of openssl(1)'s in DER, as text. */
static void key_text(struct blob *out)
{
	DROP(public_key_release) struct public_key *key = NULL;
	DROP(blob_release) struct blob der = {0};

	assert_ok(public_key_of_file(vector("dsse/p256.pub.pem"), &key, NULL));
	assert_ok(public_key_to_der(key, &der, NULL));
	assert_ok(base64_encode(blob_span(&der), out));
	assert_ok(blob_append(out, span_of("", 1)));
}

static void verification_keys_are_json_inside_a_text(void **state)
{
	DROP(result_release) struct result r = {0};
	DROP(result_release) struct result odd = {0};
	DROP(result_release) struct result left_out = {0};
	DROP(blob_release) struct blob key = {0};
	char text[4096];

	(void)state;
	key_text(&key);
	snprintf(text, sizeof text,
		WITH("[]", "{}", IMA_IS, "{}",
			"\"{\\\"meta\\\":{\\\"version\\\":1},\\\"keyids\\\":[1527447712],\\\"pubkeys\\\":[\\\"%s\\\"]}\""),
		(const char *)key.at);
	take_good(import_runtime_policy, text, &r);
	assert_int_equal(r.policy.ima.key_count, 1);
	assert_int_equal(r.policy.ima.keyring.keys[0].id, 1527447712u);
	take(import_runtime_policy,
		WITH("[]", "{}", IMA_IS, "{}", "\"{\\\"keyids\\\":[1,2],\\\"pubkeys\\\":[\\\"AAAA\\\"]}\""),
		&odd);
	assert_int_equal(odd.rc, RC_MALFORMED);
	take(import_runtime_policy,
		WITH("[]", "{}", IMA_IS, "{}", "\"{\\\"keyids\\\":[1],\\\"pubkeys\\\":[\\\"AAAA\\\"]}\""),
		&left_out);
	assert_int_equal(left_out.rc, RC_OK);
	assert_true(warned(&left_out, "is left out"));
	assert_int_equal(left_out.about.keys, 0);
}

static void what_the_format_refuses_is_refused(void **state)
{
	static const struct {
		const char *json, *text;
		enum rc rc;
	} rows[] = {
		{WITH("[]", "{}", "{\"dm_policy\":{\"version\":1}}", "{}", "\"\""), "ima.dm_policy",
			RC_UNSUPPORTED},
		{WITH("[]", "{}", "{\"log_hash_alg\":\"md5\"}", "{}", "\"\""), "ima.log_hash_alg",
			RC_MALFORMED},
		{WITH("{}", "{}", IMA_IS, "{}", "\"\""), "excludes", RC_MALFORMED},
		{WITH("[\"(\"]", "{}", IMA_IS, "{}", "\"\""), "excludes[0]", RC_MALFORMED},
		{WITH("[\"(a)\\\\1\"]", "{}", IMA_IS, "{}", "\"\""), "excludes[0]", RC_UNSUPPORTED},
		{WITH("[]", "[]", IMA_IS, "{}", "\"\""), "keyrings", RC_MALFORMED},
		{WITH("[]", "{}", "[]", "{}", "\"\""), "ima", RC_MALFORMED},
		{WITH("[]", "{}", IMA_IS, "{\"x\":\"" A32 "\"}", "\"\""), "ima-buf.x", RC_MALFORMED},
		{WITH("[]", "{}", IMA_IS, "{}", "{}"), "verification-keys", RC_MALFORMED},
		{WITH("[]", "{}", IMA_IS, "{}", "\"{\""), "verification-keys", RC_MALFORMED},
		{"{" META "\"digests\":{\"/a\":[]}," REST "}", "digests./a", RC_MALFORMED},
		{"{" META "\"digests\":{\"/a\":\"" A32 "\"}," REST "}", "digests./a", RC_MALFORMED},
		{"{" META "\"digests\":{\"/a\":[\"sha256:" A32 "\"]}," REST "}", "digests./a[0]",
			RC_MALFORMED},
		{"{" META "\"digests\":{\"/a\":[\"ABAB" A20 "\"]}," REST "}", "digests./a[0]", RC_MALFORMED},
		{"{" META "\"digests\":{\"/a\":[\"" A20 "ab\"]}," REST "}", "digests./a[0]", RC_MALFORMED},
		{"{\"meta\":{\"version\":2},\"release\":0," DIGESTS "," REST "}", "meta.version",
			RC_MALFORMED},
		{"{\"meta\":{},\"release\":0," DIGESTS "," REST "}", "meta", RC_NOT_FOUND},
		{"[]", "", RC_MALFORMED},
		{"", "", RC_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(result_release) struct result r = {0};

		take(import_runtime_policy, rows[i].json, &r);
		if (r.rc != rows[i].rc || strncmp(r.err.text, rows[i].text, strlen(rows[i].text)) != 0)
			fail_msg("%s: %s, \"%s\"", rows[i].json, rc_words(r.rc), r.err.text);
	}
}

static void an_old_allow_list_may_lack_what_came_later(void **state)
{
	DROP(result_release) struct result r = {0};
	DROP(result_release) struct result none = {0};

	(void)state;
	take_good(import_runtime_policy,
		"{\"meta\":{\"version\":5},\"hashes\":{\"/usr/bin/ls\":[\"" A32 "\"]}}", &r);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "/usr/bin/ls", A32), DIGEST_ALLOWED);
	take(import_runtime_policy, "{\"meta\":{\"version\":5}}", &none);
	assert_int_not_equal(none.rc, RC_OK);
}

static void a_flat_list_is_read_line_by_line(void **state)
{
	DROP(result_release) struct result r = {0};

	(void)state;
	take_good(import_allow_list,
		A20 "  boot_aggregate\r\n\n# a remark\n" A32 "  /usr/bin/my tool\n" B32
		    " */usr/bin/cat\n\\" A32 "  /usr/bin/new\\nline\nalone\n" A32
		    "  %keyring:.ima\nsha256:" B32 "\t/usr/bin/tab",
		&r);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "/usr/bin/my_tool", A32), DIGEST_ALLOWED);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "/usr/bin/cat", B32), DIGEST_ALLOWED);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "/usr/bin/new\nline", A32), DIGEST_ALLOWED);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "/usr/bin/tab", B32), DIGEST_ALLOWED);
	assert_int_equal(look(&r, DIGEST_OF_KEYRING, ".ima", A32), DIGEST_ALLOWED);
	assert_int_equal(look(&r, DIGEST_OF_FILE, "boot_aggregate", A20), DIGEST_ALLOWED);
	assert_int_equal(r.policy.ima.rules.boot_aggregate, IMA_BOOT_AGGREGATE_LISTED);
	assert_true(warned(&r, "line 7"));
	assert_int_equal(r.about.digests, 6);
}

static void lines_that_are_none_are_named(void **state)
{
	static const char *const rows[] = {"zz  /a\n", A20 "a  /a\n", "SHA256 (/a) = " A32 "\n",
		"sha256:" A20 "  /a\n", "sha255:" A32 "  /a\n", "\\  /a\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(result_release) struct result r = {0};

		take(import_allow_list, rows[i], &r);
		assert_int_equal(r.rc, RC_MALFORMED);
		assert_memory_equal(r.err.text, "line 1: ", 8);
	}
}

static void an_exclude_list_has_a_pattern_a_line(void **state)
{
	DROP(result_release) struct result r = {0};
	DROP(result_release) struct result bad = {0};

	(void)state;
	take(import_exclude_list, "# remark\n\n/tmp\r\n/var/lib/[a-z]+/x\n", &r);
	assert_int_equal(r.rc, RC_OK);
	assert_int_equal(r.about.excludes, 2);
	take(import_exclude_list, "/tmp\n(\n", &bad);
	assert_int_equal(bad.rc, RC_MALFORMED);
	assert_memory_equal(bad.err.text, "line 2: ", 8);
	assert_rc(import_exclude_list(span_of("/a\0b", 4), r.builder, &r.about, NULL, NULL), RC_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_of_version_1_is_taken_over),
		cmocka_unit_test(every_field_is_needed),
		cmocka_unit_test(a_listed_boot_aggregate_is_compared_with_the_list),
		cmocka_unit_test(weak_digests_stay_good_and_are_told),
		cmocka_unit_test(excludes_match_from_the_start_and_end_anywhere),
		cmocka_unit_test(excludes_that_leave_out_all_or_programs_are_told),
		cmocka_unit_test(keyrings_and_buffers_are_of_kinds_of_their_own),
		cmocka_unit_test(a_star_ignores_all_keyrings),
		cmocka_unit_test(verification_keys_are_json_inside_a_text),
		cmocka_unit_test(what_the_format_refuses_is_refused),
		cmocka_unit_test(an_old_allow_list_may_lack_what_came_later),
		cmocka_unit_test(a_flat_list_is_read_line_by_line),
		cmocka_unit_test(lines_that_are_none_are_named),
		cmocka_unit_test(an_exclude_list_has_a_pattern_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
