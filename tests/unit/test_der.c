#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/pki/der_read.h"
#include "lib/pki/der_write.h"
#include "lib/pki/pem.h"
#include "lib/pki/pkcs11_uri.h"
#include "lib/pki/san.h"
#include "tests/support/test.h"

#define BYTES(...) span_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void lengths_are_written_shortest_and_read_back(void **state)
{
	static const size_t lengths[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000};
	static uint8_t content[0x10000];

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		DROP(blob_release) struct blob put = {0};
		DROP(blob_release) struct blob begun = {0};
		struct der one = {.out = &put};
		struct der two = {.out = &begun};
		struct span found;
		size_t at;

		der_put(&one, DER_OCTET_STRING, span_of(content, lengths[i]));
		at = der_begin(&two, DER_OCTET_STRING);
		der_raw(&two, span_of(content, lengths[i]));
		der_end(&two, at);
		assert_ok(one.rc);
		assert_ok(two.rc);
		assert_spans_equal(blob_span(&put), blob_span(&begun));
		assert_true(der_only(blob_span(&put), DER_OCTET_STRING, &found));
		assert_int_equal(found.len, lengths[i]);
	}
}

static void loose_encodings_are_refused(void **state)
{
	const struct span bad[] = {
		BYTES(0x30),                               /* no length */
		BYTES(0x30, 0x80, 0, 0),                   /* indefinite */
		BYTES(0x30, 0x81, 1, 0),                   /* longer than need be */
		BYTES(0x30, 0x82, 0, 0x80),                /* zero in front */
		BYTES(0x30, 0x84, 0xff, 0xff, 0xff, 0xff), /* more than there is */
		BYTES(0x30, 0x85, 1, 0, 0, 0, 0),          /* five octets */
		BYTES(0x3f, 0x81, 0),                      /* a tag of several octets */
		BYTES(0x30, 2, 0),                         /* cut short */
	};
	struct der_item item;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct span rest = bad[i];

		assert_false(der_next(&rest, &item));
		assert_int_equal(rest.len, bad[i].len);
	}
}

static void integers_are_positive_and_shortest(void **state)
{
	const struct span bad[] = {
		BYTES(2, 0), BYTES(2, 1, 0x80), BYTES(2, 2, 0, 0x7f), BYTES(2, 2, 0xff, 1)};
	struct span good = BYTES(2, 2, 0, 0x80);
	struct span zero = BYTES(2, 1, 0);
	struct span magnitude;
	uint64_t number = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct span rest = bad[i];

		assert_false(der_take_magnitude(&rest, &magnitude));
	}
	assert_true(der_take_magnitude(&good, &magnitude));
	assert_spans_equal(magnitude, BYTES(0x80));
	assert_true(der_take_number(&zero, DER_INTEGER, &number));
	assert_int_equal(number, 0);
}

static void numbers_come_back(void **state)
{
	static const uint64_t numbers[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		DROP(blob_release) struct blob out = {0};
		struct der der = {.out = &out};
		struct span rest;
		uint64_t number = 7;

		der_number(&der, DER_INTEGER, numbers[i]);
		rest = blob_span(&out);
		assert_true(der_take_number(&rest, DER_INTEGER, &number));
		assert_true(number == numbers[i] && rest.len == 0);
	}
}

static void times_come_back(void **state)
{
	/* 1970; 29 February 2000; the last of 2049 and the first of 2050; 29 February 2096; the end of 9999.
	 */
	static const uint64_t times[] = {
		0, 951782400000, 2524607999000, 2524608000000, 3981225600000, DER_TIME_MAX_MS};

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		DROP(blob_release) struct blob out = {0};
		struct der der = {.out = &out};
		struct span rest;
		uint64_t first = 1, second = 1;

		der_time(&der, times[i] + 999);
		der_generalized_time(&der, times[i]);
		assert_ok(der.rc);
		rest = blob_span(&out);
		assert_int_equal(
			rest.at[0], times[i] < DER_TIME_2050_MS ? DER_UTC_TIME : DER_GENERALIZED_TIME);
		assert_true(der_take_time(&rest, &first) && der_take_time(&rest, &second));
		assert_true(first == times[i] && second == times[i] && rest.len == 0);
	}
}

static void times_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"20261301000000Z", "20260229000000Z", "20261123240000Z",
		"20261123006000Z", "20261123000060Z", "2026112300000Z0", "20261123000000X", "19691231235959Z",
		"20260001000000Z", "20260100000000Z", "2026 101000000Z"};
	DROP(blob_release) struct blob beyond = {0};
	struct der der = {.out = &beyond};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		DROP(blob_release) struct blob out = {0};
		struct der writer = {.out = &out};
		struct span rest;
		uint64_t ms;

		der_put(&writer, DER_GENERALIZED_TIME, span_text(bad[i]));
		rest = blob_span(&out);
		assert_false(der_take_time(&rest, &ms));
	}
	der_time(&der, DER_TIME_MAX_MS + 1000);
	assert_rc(der.rc, RC_LIMIT);
}

static void named_bits_are_shortened(void **state)
{
	DROP(blob_release) struct blob out = {0};
	struct der der = {.out = &out};

	(void)state;
	der_named_bits(&der, 1u << 0);
	der_named_bits(&der, 1u << 5 | 1u << 6);
	der_named_bits(&der, 1u << 8);
	assert_spans_equal(blob_span(&out), BYTES(3, 2, 7, 0x80, 3, 2, 1, 0x06, 3, 3, 7, 0, 0x80));
}

static bool dns(const char *text)
{
	return san_holds((struct san){SAN_DNS, span_text(text)});
}

static void names_are_those_of_hosts(void **state)
{
	static const char label63[] = "a23456789012345678901234567890123456789012345678901234567890123";
	char name[256];

	(void)state;
	assert_true(dns("a"));
	assert_true(dns("web-1.example"));
	assert_true(dns("3com.example"));
	assert_true(dns(label63));
	assert_false(dns(""));
	assert_false(dns("."));
	assert_false(dns("example."));
	assert_false(dns(".example"));
	assert_false(dns("a..b"));
	assert_false(dns("*.example"));
	assert_false(dns("-a.example"));
	assert_false(dns("a-.example"));
	assert_false(dns("a_b.example"));
	assert_false(dns("a b"));
	assert_false(dns("b\xc3\xbc.example"));
	assert_false(dns("10.0.0.7"));
	assert_false(san_holds((struct san){SAN_DNS, span_of("a\0b", 3)}));
	snprintf(name, sizeof name, "%sx", label63);
	assert_false(dns(name));
	snprintf(name, sizeof name, "%s.%s.%s.%.61s", label63, label63, label63, label63);
	assert_int_equal(strlen(name), SAN_DNS_MAX);
	assert_true(dns(name));
	snprintf(name, sizeof name, "%s.%s.%s.%.62s", label63, label63, label63, label63);
	assert_false(dns(name));
}

static void addresses_and_uris_are_checked(void **state)
{
	static const char *const addresses[] = {"10.0.0.7", "2001:db8::7", "::"};
	static const char *const no_addresses[] = {"", "10.0.0", "10.0.0.256", "10.0.0.7/8", "web", "::g"};
	static const char *const uris[] = {"urn:limebus:node:00", "http://a/", "a+b-c.1:x"};
	static const char *const no_uris[] = {"", "urn", "urn:", ":x", "1a:x", "a:b c", "a:\"", "a:\x7f"};

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++)
		assert_true(san_holds((struct san){SAN_IP, span_text(addresses[i])}));
	for (size_t i = 0; i < COUNT(no_addresses); i++)
		assert_false(san_holds((struct san){SAN_IP, span_text(no_addresses[i])}));
	for (size_t i = 0; i < COUNT(uris); i++)
		assert_true(san_holds((struct san){SAN_URI, span_text(uris[i])}));
	for (size_t i = 0; i < COUNT(no_uris); i++)
		assert_false(san_holds((struct san){SAN_URI, span_text(no_uris[i])}));
	assert_false(san_holds((struct san){SAN_IP, span_of("10.0.0.7\0", 9)}));
}

static void pem_comes_back_behind_other_text(void **state)
{
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob first = {0};
	DROP(blob_release) struct blob second = {0};
	uint8_t bytes[200];
	struct span rest;

	(void)state;
	memset(bytes, 0x5a, sizeof bytes);
	assert_ok(blob_append(&text, span_text("subject=x\n")));
	assert_ok(pem_write(PEM_CRL, span_of(bytes, 1), &text));
	assert_ok(pem_write(PEM_CERTIFICATE, SPAN(bytes), &text));
	assert_ok(pem_write(PEM_CERTIFICATE, span_of(bytes, 48), &text));
	assert_ok(pem_read(PEM_CERTIFICATE, blob_span(&text), &first, &rest));
	assert_spans_equal(blob_span(&first), SPAN(bytes));
	assert_ok(pem_read(PEM_CERTIFICATE, rest, &second, &rest));
	assert_int_equal(second.len, 48);
	assert_rc(pem_read(PEM_CERTIFICATE, rest, &second, NULL), RC_NOT_FOUND);
	assert_rc(pem_read(PEM_REQUEST, blob_span(&text), &second, NULL), RC_NOT_FOUND);
	/* Cut within the last END; a digit that is none. */
	assert_rc(pem_read(PEM_CRL, span_of(text.at, 60), &second, NULL), RC_MALFORMED);
	*(uint8_t *)memmem(text.at, text.len, "Wl", 2) = '!';
	assert_rc(pem_read(PEM_CERTIFICATE, blob_span(&text), &second, NULL), RC_MALFORMED);
}

static void names_of_objects_in_tokens_are_read(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
	} rows[] = {
		{"pkcs11:token=t;object=ca", RC_OK},
		{"pkcs11:type=private;id=%01%02;token=my%20token", RC_OK},
		{"pkcs11:token=t", RC_MALFORMED},
		{"pkcs11:object=ca", RC_MALFORMED},
		{"pkcs11:", RC_MALFORMED},
		{"file:x", RC_MALFORMED},
		{"pkcs11:token=t;object=%4", RC_MALFORMED},
		{"pkcs11:token=t;object=%zz", RC_MALFORMED},
		{"pkcs11:token=;object=ca", RC_MALFORMED},
		{"pkcs11:token=012345678901234567890123456789012;object=ca", RC_LIMIT},
		{"pkcs11:token=t;object=ca;type=public", RC_UNSUPPORTED},
		{"pkcs11:token=t;object=ca;serial=1", RC_UNSUPPORTED},
		{"pkcs11:token=t;object=ca?pin-value=1234", RC_DENIED},
	};
	struct pkcs11_uri uri;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_rc(pkcs11_uri_parse(rows[i].text, &uri, NULL), rows[i].rc);
	assert_ok(pkcs11_uri_parse(rows[1].text, &uri, NULL));
	assert_spans_equal(span_of(uri.token, uri.token_len), span_text("my token"));
	assert_spans_equal(span_of(uri.id, uri.id_len), BYTES(1, 2));
	assert_int_equal(uri.object_len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_written_shortest_and_read_back),
		cmocka_unit_test(loose_encodings_are_refused),
		cmocka_unit_test(integers_are_positive_and_shortest),
		cmocka_unit_test(numbers_come_back),
		cmocka_unit_test(times_come_back),
		cmocka_unit_test(times_that_are_none_are_refused),
		cmocka_unit_test(named_bits_are_shortened),
		cmocka_unit_test(names_are_those_of_hosts),
		cmocka_unit_test(addresses_and_uris_are_checked),
		cmocka_unit_test(pem_comes_back_behind_other_text),
		cmocka_unit_test(names_of_objects_in_tokens_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
