/* Envelopes: what openssl(1) signed is accepted, and nothing that differs from it in a bit. */
#include "lib/policy/dsse.h"

#include <stdio.h>

#include "lib/base/base64.h"
#include "lib/base/drop.h"
#include "lib/crypto/signing_key.h"
#include "tests/support/test.h"

static struct public_key *signer, *stranger;

static struct public_key *key_of(const char *name)
{
	struct public_key *key = NULL;
	struct err err = {0};

	if (public_key_of_file(vector(name), &key, &err) != RC_OK)
		fail_msg("%s: %s", name, err.text);
	return key;
}

static int setup(void **state)
{
	(void)state;
	signer = key_of("dsse/p256.pub.pem");
	stranger = key_of("dsse/p384.crt.pem");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	public_key_release(&signer);
	public_key_release(&stranger);
	return 0;
}

static enum rc parse_text(const char *text, struct dsse *out)
{
	struct err err = {0};
	enum rc rc = dsse_parse(span_text(text), out, &err);

	assert_true(rc == RC_OK || err.text[0] != '\0');
	return rc;
}

static void parse(const char *name, struct dsse *out)
{
	struct err err = {0};

	if (dsse_parse(vector(name), out, &err) != RC_OK)
		fail_msg("%s: %s", name, err.text);
}

static enum rc check(const struct dsse *dsse, const char *type, struct public_key *key)
{
	return dsse_check(dsse, type, &key, 1, NULL, NULL);
}

static void what_openssl_signed_is_accepted(void **state)
{
	static const struct {
		const char *file, *type;
	} rows[] = {
		{"dsse/policy.p256.json", DSSE_TYPE_POLICY}, {"dsse/keylime.p384.json", DSSE_TYPE_KEYLIME}};
	struct public_key *keys[] = {signer, stranger};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(dsse_release) struct dsse dsse = {0};
		size_t by = 9;

		assert_true(dsse_is_envelope(vector(rows[i].file)));
		parse(rows[i].file, &dsse);
		assert_ok(dsse_check(&dsse, rows[i].type, keys, 2, &by, NULL));
		assert_int_equal(by, i);
		assert_ok(check(&dsse, rows[i].type, keys[i]));
		assert_rc(check(&dsse, rows[i].type, keys[1 - i]), RC_DENIED);
		assert_rc(dsse_check(&dsse, rows[i].type, keys, 0, NULL, NULL), RC_DENIED);
	}
}

static void one_good_signature_of_several_is_enough(void **state)
{
	DROP(dsse_release) struct dsse dsse = {0};

	(void)state;
	parse("dsse/policy.both.json", &dsse);
	assert_int_equal(dsse.count, 2);
	assert_ok(check(&dsse, DSSE_TYPE_POLICY, signer));
	assert_ok(check(&dsse, DSSE_TYPE_POLICY, stranger));
	memset(dsse.signatures[0].bytes, 1, dsse.signatures[0].len);
	assert_rc(check(&dsse, DSSE_TYPE_POLICY, signer), RC_DENIED);
	assert_ok(check(&dsse, DSSE_TYPE_POLICY, stranger));
}

static void another_type_is_refused_even_if_it_is_signed(void **state)
{
	DROP(dsse_release) struct dsse dsse = {0};

	(void)state;
	parse("dsse/policy.p256.json", &dsse);
	assert_rc(check(&dsse, DSSE_TYPE_KEYLIME, signer), RC_DENIED);
	/* Nor does it help to rename it: the type is signed, too. */
	snprintf(dsse.type, sizeof dsse.type, "%s", DSSE_TYPE_KEYLIME);
	assert_rc(check(&dsse, DSSE_TYPE_KEYLIME, signer), RC_DENIED);
	assert_rc(check(&dsse, DSSE_TYPE_POLICY, signer), RC_DENIED);
}

static void every_flipped_bit_of_payload_and_signature_is_refused(void **state)
{
	DROP(dsse_release) struct dsse dsse = {0};
	struct dsse_signature *signature = &dsse.signatures[0];

	(void)state;
	parse("dsse/policy.p256.json", &dsse);
	for (size_t i = 0; i < 8 * dsse.payload.len; i++) {
		dsse.payload.at[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_rc(check(&dsse, DSSE_TYPE_POLICY, signer), RC_DENIED);
		dsse.payload.at[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t i = 0; i < 8 * signature->len; i++) {
		signature->bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_rc(check(&dsse, DSSE_TYPE_POLICY, signer), RC_DENIED);
		signature->bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	signature->len++;
	assert_rc(check(&dsse, DSSE_TYPE_POLICY, signer), RC_DENIED);
	signature->len -= 2;
	assert_rc(check(&dsse, DSSE_TYPE_POLICY, signer), RC_DENIED);
	signature->len++;
	/* Bytes may not wander between type and payload. */
	dsse.payload.len--;
	assert_rc(check(&dsse, DSSE_TYPE_POLICY, signer), RC_DENIED);
	dsse.payload.len++;
	assert_ok(check(&dsse, DSSE_TYPE_POLICY, signer));
}

#define SIGNED(list)    "{\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":" list "}"
#define PAYLOAD(text)   "{\"payload\":\"" text "\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\"}]}"
#define SIGNATURE(text) SIGNED("[{\"keyid\":\"k\",\"sig\":\"" text "\"}]")

static void whatever_is_not_an_envelope_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
	} rows[] = {
		{SIGNATURE("AAAA"), RC_OK},
		{PAYLOAD("e30="), RC_OK},
		{PAYLOAD(""), RC_OK},
		{SIGNED("[{\"sig\":\"AAAA\"},{\"sig\":\"AAAB\"}]"), RC_OK},
		{"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\",\"cert\":1}],\"more\":{}}",
			RC_OK},
		{SIGNED("[]"), RC_MALFORMED},
		{SIGNED("null"), RC_MALFORMED},
		{SIGNED("[null]"), RC_MALFORMED},
		{SIGNED("[{}]"), RC_MALFORMED},
		{SIGNED("[{\"keyid\":1,\"sig\":\"AAAA\"}]"), RC_MALFORMED},
		/* One key twice, one signature twice. */
		{SIGNED("[{\"keyid\":\"k\",\"sig\":\"AAAA\"},{\"keyid\":\"k\",\"sig\":\"AAAB\"}]"),
			RC_MALFORMED},
		{SIGNED("[{\"keyid\":\"k\",\"sig\":\"AAAA\"},{\"keyid\":\"l\",\"sig\":\"AAAA\"}]"),
			RC_MALFORMED},
		/* Base64 in other spellings. */
		{PAYLOAD("e30"), RC_MALFORMED},
		{PAYLOAD("e31="), RC_MALFORMED},
		{PAYLOAD("e30=\\n"), RC_MALFORMED},
		{PAYLOAD("e3 0"), RC_MALFORMED},
		{PAYLOAD("e30=e30="), RC_MALFORMED},
		{PAYLOAD("-_-_"), RC_MALFORMED},
		{SIGNATURE("AAB="), RC_MALFORMED},
		{SIGNATURE(""), RC_MALFORMED},
		{SIGNATURE("===="), RC_MALFORMED},
		/* Members missing, or there twice. */
		{"{\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"AAAA\"}]}", RC_MALFORMED},
		{"{\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\"}]}", RC_MALFORMED},
		{"{\"payload\":\"e30=\",\"payloadType\":\"t\"}", RC_MALFORMED},
		{"{\"payload\":\"e30=\",\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\"}]}",
			RC_MALFORMED},
		{"[]", RC_MALFORMED},
		{"{}", RC_MALFORMED},
		{"", RC_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(dsse_release) struct dsse dsse = {0};
		enum rc rc = parse_text(rows[i].text, &dsse);

		/* A member that is missing is RC_NOT_FOUND or RC_MALFORMED. */
		if (rows[i].rc == RC_OK ? rc != RC_OK : rc == RC_OK)
			fail_msg("%s: %s", rows[i].text, rc_words(rc));
		assert_true(rc == RC_OK || (dsse.count == 0 && dsse.payload.len == 0));
	}
}

static void a_policy_is_no_envelope(void **state)
{
	(void)state;
	assert_false(dsse_is_envelope(span_text("{\"limebus\":1,\"name\":\"w\"}")));
	assert_false(dsse_is_envelope(span_text("[\"payload\"]")));
	assert_false(dsse_is_envelope(span_text("payload")));
	assert_true(dsse_is_envelope(span_text("{\"payload\":1}")));
	assert_true(dsse_is_envelope(span_text("{\"a\":1,\"signatures\":[]}")));
}

static void every_truncation_is_refused(void **state)
{
	struct span whole = vector("dsse/policy.both.json");

	(void)state;
	while (whole.len > 0 && whole.at[whole.len - 1] != '}')
		whole.len--;
	for (size_t n = 0; n < whole.len; n++) {
		DROP(dsse_release) struct dsse dsse = {0};

		assert_int_not_equal(dsse_parse(span_of(whole.at, n), &dsse, NULL), RC_OK);
	}
}

/* A key for tests, made by openssl(1); it protects nothing. */
static void what_is_written_and_signed_here_is_read_again(void **state)
{
	DROP(signing_key_release) struct signing_key *key = NULL;
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob pem = {0};
	DROP(dsse_release) struct dsse dsse = {0};
	struct dsse_signature signature = {0};
	struct span payload = span_text("{\"limebus\":1}");
	uint8_t digest[DIGEST_SHA256_BYTES];

	(void)state;
	assert_ok(signing_key_of_pem(vector("dsse/p256.key.pem"), &key, NULL));
	assert_ok(public_key_to_pem(signing_key_public(key), &pem, NULL));
	assert_spans_equal(blob_span(&pem), vector("dsse/p256.pub.pem"));
	assert_ok(dsse_digest(DSSE_TYPE_POLICY, payload, digest));
	assert_ok(signing_key_sign(key, DIGEST_SHA256, SPAN(digest), signature.bytes, &signature.len, NULL));
	assert_ok(dsse_write(DSSE_TYPE_POLICY, payload, &signature, 1, &text));
	assert_ok(dsse_parse(blob_span(&text), &dsse, NULL));
	assert_spans_equal(blob_span(&dsse.payload), payload);
	assert_ok(check(&dsse, DSSE_TYPE_POLICY, signer));
	assert_rc(check(&dsse, DSSE_TYPE_POLICY, stranger), RC_DENIED);
}

/* The example of the specification, protocol.md: PAE("http://example.com/HelloWorld", "hello world"). */
static void the_text_that_is_signed_is_that_of_the_specification(void **state)
{
	static const char pae[] = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
	uint8_t expected[DIGEST_SHA256_BYTES];
	uint8_t digest[DIGEST_SHA256_BYTES];

	(void)state;
	assert_ok(digest_bytes(DIGEST_SHA256, span_text(pae), expected));
	assert_ok(dsse_digest("http://example.com/HelloWorld", span_text("hello world"), digest));
	assert_memory_equal(digest, expected, sizeof digest);
}

static void keys_of_other_kinds_are_refused_by_name(void **state)
{
	DROP(signing_key_release) struct signing_key *key = NULL;
	DROP(public_key_release) struct public_key *public = NULL;
	struct err err = {0};

	(void)state;
	assert_rc(public_key_of_file(vector("dsse/p256.key.pem"), &public, &err), RC_MALFORMED);
	assert_non_null(strstr(err.text, "PRIVATE KEY"));
	assert_rc(signing_key_of_pem(vector("dsse/p256.pub.pem"), &key, &err), RC_MALFORMED);
	assert_rc(signing_key_of_pem(vector("dsse/encrypted.key.pem"), &key, &err), RC_UNSUPPORTED);
	assert_rc(signing_key_of_pem(vector("dsse/rsa.key.pem"), &key, &err), RC_UNSUPPORTED);
	assert_null(key);
	assert_null(public);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_openssl_signed_is_accepted),
		cmocka_unit_test(one_good_signature_of_several_is_enough),
		cmocka_unit_test(another_type_is_refused_even_if_it_is_signed),
		cmocka_unit_test(every_flipped_bit_of_payload_and_signature_is_refused),
		cmocka_unit_test(whatever_is_not_an_envelope_is_refused),
		cmocka_unit_test(a_policy_is_no_envelope),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(what_is_written_and_signed_here_is_read_again),
		cmocka_unit_test(the_text_that_is_signed_is_that_of_the_specification),
		cmocka_unit_test(keys_of_other_kinds_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
