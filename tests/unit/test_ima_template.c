#include "lib/evidence/ima_template.h"

#include <stdio.h>

#include "tests/support/ima_made.h"
#include "tests/support/test.h"

#define SHA256_TEXT   "sha256:\0"
#define DIGEST32      "0123456789abcdef0123456789abcdef"
#define DIGEST20      "0123456789abcdef0123"
#define LITERAL(text) span_of(text, sizeof(text) - 1)

/* The fields that the kernel's templates can have, in the order of their names here. */
enum part {
	END,
	D_NG,
	D_NGV2,
	N_NG,
	SIG,
	NO_SIG,
	BUF,
	D_MODSIG,
	MODSIG,
	EVMSIG,
	XNAMES,
	XLENGTHS,
	XVALUES,
	IUID,
	IGID,
	IMODE
};

static struct span value_of(enum part part, bool big_endian)
{
	static const uint8_t little[] = {0xe8, 3, 0, 0, 100, 0, 0, 0, 0xed, 0x81, 4, 0, 0, 0};
	static const uint8_t big[] = {0, 0, 3, 0xe8, 0, 0, 0, 100, 0x81, 0xed, 0, 0, 0, 4};
	const uint8_t *numbers = big_endian ? big : little;

	switch (part) {
	case D_NG: return LITERAL(SHA256_TEXT DIGEST32);
	case D_NGV2: return LITERAL("verity:" SHA256_TEXT DIGEST32);
	case N_NG: return LITERAL("/usr/bin/a_b\0");
	case SIG: return LITERAL("\3\2signature");
	case BUF: return LITERAL("5.10.0");
	case D_MODSIG: return LITERAL("sha1:\0" DIGEST20);
	case MODSIG: return LITERAL("0pkcs7");
	case EVMSIG: return LITERAL("\5\2portable");
	case XNAMES: return LITERAL("security.ima|security.selinux\0");
	case XLENGTHS: return span_of(numbers + 10, 4);
	case XVALUES: return LITERAL("vals");
	case IUID: return span_of(numbers, 4);
	case IGID: return span_of(numbers + 4, 4);
	case IMODE: return span_of(numbers + 8, 2);
	case NO_SIG:
	case END: break;
	}
	return span_of(NULL, 0);
}

static const struct {
	const char *name;
	enum ima_template template;
	enum part parts[12];
} templates[] = {
	{"ima-ng", IMA_TEMPLATE_NG, {D_NG, N_NG}},
	{"ima-ngv2", IMA_TEMPLATE_NGV2, {D_NGV2, N_NG}},
	{"ima-sig", IMA_TEMPLATE_SIG, {D_NG, N_NG, SIG}},
	{"ima-sig", IMA_TEMPLATE_SIG, {D_NG, N_NG, NO_SIG}},
	{"ima-sigv2", IMA_TEMPLATE_SIGV2, {D_NGV2, N_NG, SIG}},
	{"ima-buf", IMA_TEMPLATE_BUF, {D_NG, N_NG, BUF}},
	{"ima-modsig", IMA_TEMPLATE_MODSIG, {D_NG, N_NG, SIG, D_MODSIG, MODSIG}},
	{"ima-modsig", IMA_TEMPLATE_MODSIG, {D_NG, N_NG, SIG, NO_SIG, NO_SIG}},
	{"evm-sig", IMA_TEMPLATE_EVM_SIG, {D_NG, N_NG, EVMSIG, XNAMES, XLENGTHS, XVALUES, IUID, IGID, IMODE}},
	{"d-ng|n-ng|sig|iuid", IMA_TEMPLATE_CUSTOM, {D_NG, N_NG, SIG, IUID}},
};

static bool has(size_t i, enum part part)
{
	for (size_t k = 0; templates[i].parts[k] != END; k++)
		if (templates[i].parts[k] == part)
			return true;
	return false;
}

static void make(size_t i, bool big_endian, struct ima_made *out)
{
	out->len = 0;
	for (size_t k = 0; templates[i].parts[k] != END; k++)
		ima_made_field(out, value_of(templates[i].parts[k], big_endian), big_endian);
}

static struct ima_fields parsed(const char *name, struct span data, bool big_endian)
{
	struct ima_fields fields;

	ima_template_parse(span_text(name), data, big_endian, &fields);
	return fields;
}

static void assert_part(size_t i, enum part part, struct span found)
{
	assert_spans_equal(found, has(i, part) ? value_of(part, false) : span_of(NULL, 0));
}

static void every_template_of_the_kernel_is_read_in_both_byte_orders(void **state)
{
	struct ima_made data;

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(templates); i++) {
		size_t t = i / 2;
		struct ima_fields fields;

		make(t, i % 2 != 0, &data);
		fields = parsed(templates[t].name, ima_made_span(&data), i % 2 != 0);
		assert_true(fields.understood);
		assert_int_equal(fields.template, templates[t].template);
		assert_true(span_is(fields.name, "/usr/bin/a_b"));
		assert_true(span_is(fields.digest.name, "sha256"));
		assert_int_equal(fields.digest.hash, KERNEL_HASH_SHA256);
		assert_true(fields.digest.has_size && span_is(fields.digest.value, DIGEST32));
		assert_int_equal(fields.digest.type, has(t, D_NGV2) ? IMA_DIGEST_VERITY : IMA_DIGEST_PLAIN);
		assert_part(t, SIG, fields.signature);
		assert_part(t, BUF, fields.buffer);
		assert_part(t, MODSIG, fields.modsig);
		assert_part(t, EVMSIG, fields.evm_signature);
		assert_part(t, XVALUES, fields.xattr_values);
		assert_int_equal(fields.xattr_lengths.len, has(t, XLENGTHS) ? 4 : 0);
		assert_int_equal(fields.xattr_names.len, has(t, XNAMES) ? 29 : 0);
		assert_int_equal(fields.modsig_of.value.len, has(t, D_MODSIG) ? 20 : 0);
		assert_int_equal(fields.has_owner, has(t, IMODE));
		assert_int_equal(fields.uid, has(t, IUID) ? 1000 : 0);
		assert_int_equal(fields.gid, has(t, IGID) ? 100 : 0);
		assert_int_equal(fields.mode, has(t, IMODE) ? 0100755 : 0);
	}
}

static void every_truncation_and_every_surplus_is_not_understood(void **state)
{
	struct ima_made data;

	(void)state;
	for (size_t i = 0; i < COUNT(templates); i++) {
		make(i, false, &data);
		for (size_t n = 0; n < data.len; n++) {
			struct ima_fields fields = parsed(templates[i].name, span_of(data.at, n), false);

			assert_false(fields.understood);
			assert_int_equal(fields.template, templates[i].template);
			assert_int_equal(fields.name.len + fields.digest.value.len, 0);
		}
		ima_made_bytes(&data, span_of("", 1));
		assert_false(parsed(templates[i].name, ima_made_span(&data), false).understood);
	}
}

static void every_length_that_is_off_by_one_is_not_understood(void **state)
{
	struct ima_made data;

	(void)state;
	for (size_t i = 0; i < COUNT(templates); i++) {
		size_t at = 0;

		make(i, false, &data);
		for (size_t k = 0; templates[i].parts[k] != END; k++) {
			for (int off = -1; off <= 1; off += 2) {
				struct ima_made altered = data;

				altered.at[at] = (uint8_t)(altered.at[at] + off);
				assert_false(
					parsed(templates[i].name, ima_made_span(&altered), false).understood);
			}
			/* 4 GiB and more than there is */
			for (size_t byte = 1; byte < 4; byte++) {
				struct ima_made altered = data;

				altered.at[at + byte] = 0xff;
				assert_false(
					parsed(templates[i].name, ima_made_span(&altered), false).understood);
			}
			at += 4 + value_of(templates[i].parts[k], false).len;
		}
	}
}

static struct ima_fields with_digest(const char *template, struct span digest)
{
	static struct ima_made data;

	data.len = 0;
	ima_made_field(&data, digest, false);
	ima_made_name(&data, "/x", false);
	return parsed(template, ima_made_span(&data), false);
}

static void digests_of_any_algorithm_are_read(void **state)
{
	struct ima_fields fields = with_digest("ima-ng", LITERAL("streebog256:\0" DIGEST32));

	(void)state;
	assert_true(fields.understood && fields.digest.has_size);
	assert_int_equal(fields.digest.hash, KERNEL_HASH_STREEBOG_256);
	assert_true(span_is(fields.digest.name, "streebog256"));
	fields = with_digest("ima-ng", LITERAL("sm3-256:\0" DIGEST32));
	assert_int_equal(fields.digest.hash, KERNEL_HASH_SM3_256);
	fields = with_digest("ima-ng", LITERAL("crc32:\0abcd"));
	assert_int_equal(fields.digest.hash, KERNEL_HASH_COUNT);
	assert_true(fields.understood && !fields.digest.has_size);
	assert_true(span_is(fields.digest.value, "abcd"));
	fields = with_digest("ima-ngv2", LITERAL("ima:" SHA256_TEXT DIGEST32));
	assert_int_equal(fields.digest.type, IMA_DIGEST_IMA);
	fields = with_digest("ima-ngv2", LITERAL("later:" SHA256_TEXT DIGEST32));
	assert_int_equal(fields.digest.type, IMA_DIGEST_OTHER);
	assert_int_equal(fields.digest.hash, KERNEL_HASH_SHA256);
}

static void a_digest_of_another_length_is_told_so(void **state)
{
	(void)state;
	assert_false(with_digest("ima-ng", LITERAL(SHA256_TEXT DIGEST20)).digest.has_size);
	assert_false(with_digest("ima-ng", LITERAL(SHA256_TEXT DIGEST32 "4")).digest.has_size);
	assert_false(with_digest("ima-ng", LITERAL(SHA256_TEXT)).digest.has_size);
	assert_true(with_digest("ima-ng", LITERAL(SHA256_TEXT)).understood);
}

static void digests_without_their_marks_are_not_understood(void **state)
{
	(void)state;
	assert_false(with_digest("ima-ng", LITERAL("sha256:" DIGEST32)).understood);
	assert_false(with_digest("ima-ng", LITERAL("sha256\0" DIGEST32)).understood);
	assert_false(with_digest("ima-ng", LITERAL("\0" DIGEST32)).understood);
	assert_false(with_digest("ima-ngv2", LITERAL(SHA256_TEXT DIGEST32)).understood);
	/* Nothing at all: what the kernel writes for a digest that it does not have. */
	assert_true(with_digest("ima-ng", span_of(NULL, 0)).understood);
}

static void names_end_with_their_only_nul(void **state)
{
	const struct {
		struct span name;
		bool good;
	} cases[] = {{LITERAL("/a\0"), true}, {LITERAL("\0"), true}, {LITERAL("/a"), false},
		{LITERAL("/a\0b\0"), false}, {LITERAL(""), false}};
	struct ima_made data;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		data.len = 0;
		ima_made_field(&data, value_of(D_NG, false), false);
		ima_made_field(&data, cases[i].name, false);
		assert_int_equal(parsed("ima-ng", ima_made_span(&data), false).understood, cases[i].good);
	}
}

static void formats_in_place_of_names_are_followed_if_we_know_all_fields(void **state)
{
	static const struct {
		const char *name;
		enum ima_template template;
	} cases[] = {
		{"d-ng|n-ng", IMA_TEMPLATE_CUSTOM},
		{"d|n", IMA_TEMPLATE_CUSTOM},
		{"n|n|n|n|n|n|n|n|n|n|n|n|n|n|n", IMA_TEMPLATE_CUSTOM},
		{"n|n|n|n|n|n|n|n|n|n|n|n|n|n|n|n", IMA_TEMPLATE_UNKNOWN},
		{"d-ng|n-ng|", IMA_TEMPLATE_UNKNOWN},
		{"|d-ng", IMA_TEMPLATE_UNKNOWN},
		{"d-ng|n-ng|later", IMA_TEMPLATE_UNKNOWN},
		{"ima-", IMA_TEMPLATE_UNKNOWN},
		{"ima-ngv", IMA_TEMPLATE_UNKNOWN},
		{"", IMA_TEMPLATE_UNKNOWN},
		{"ima", IMA_TEMPLATE_IMA},
	};
	struct ima_fields fields;
	struct ima_made data = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(ima_template_of_name(span_text(cases[i].name)), cases[i].template);
	make(0, false, &data);
	fields = parsed("ima-later", ima_made_span(&data), false);
	assert_false(fields.understood);
	assert_string_equal(ima_template_name(fields.template), "unknown");
	assert_string_equal(ima_template_name(IMA_TEMPLATE_EVM_SIG), "evm-sig");
}

/* The format is what the sender says: fields that a node's owner can fill are no digest, name or buffer. */
static void an_entry_under_a_format_of_another_order_is_not_understood(void **state)
{
	static const char *const refused[] = {
		"sig|n-ng|sig|sig|sig|d-ng|sig|sig|sig",
		"sig|n-ng|evmsig|xattrnames|xattrlengths|d-ng|iuid|igid|imode",
		"d-ng|sig|evmsig|xattrnames|xattrlengths|n-ng|iuid|igid|imode",
		"d-ng|n-ng|evmsig|xattrnames|xattrlengths|d-ng|iuid|igid|imode",
		"d-ng|n-ng|evmsig|xattrnames|xattrlengths|d-ngv2|iuid|igid|imode",
		"d-ng|n-ng|evmsig|xattrnames|xattrlengths|n|iuid|igid|imode",
		"d-ng|n-ng|evmsig|xattrnames|xattrlengths|buf|iuid|igid|imode",
		"d-ng|n-ng|sig|xattrnames|xattrlengths|sig|iuid|igid|imode",
	};
	static const char *const good[] = {
		"d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode",
		"d-ng|n-ng|evmsig|xattrnames|xattrlengths|sig|iuid|igid|imode",
	};
	static const enum part parts[] = {D_NG, N_NG, EVMSIG, XNAMES, XLENGTHS, XVALUES, IUID, IGID, IMODE};
	struct span values[] = {LITERAL(SHA256_TEXT DIGEST32), LITERAL("ima:" SHA256_TEXT DIGEST32),
		LITERAL("/usr/bin/good\0")};

	(void)state;
	for (size_t v = 0; v < COUNT(values); v++) {
		struct ima_made data = {0};

		for (size_t k = 0; k < COUNT(parts); k++)
			ima_made_field(
				&data, parts[k] == XVALUES ? values[v] : value_of(parts[k], false), false);
		for (size_t i = 0; i < COUNT(refused); i++)
			assert_false(parsed(refused[i], ima_made_span(&data), false).understood);
		for (size_t i = 0; i < COUNT(good); i++)
			assert_true(parsed(good[i], ima_made_span(&data), false).understood);
	}
}

static void the_old_template_has_its_own_form_and_hash(void **state)
{
	uint8_t hashed[20 + 256] = DIGEST20 "/bin/sh";
	uint8_t expected[20], found[20];
	struct ima_made data = {0};
	struct ima_fields fields;

	(void)state;
	ima_made_old(&data, LITERAL(DIGEST20), "/bin/sh", false);
	fields = parsed("ima", ima_made_span(&data), false);
	assert_true(fields.understood && span_is(fields.name, "/bin/sh"));
	assert_true(span_is(fields.digest.value, DIGEST20) && span_is(fields.digest.name, "sha1"));
	assert_ok(digest_bytes(DIGEST_SHA1, SPAN(hashed), expected));
	assert_ok(ima_template_hash(DIGEST_SHA1, IMA_TEMPLATE_IMA, ima_made_span(&data), false, found));
	assert_memory_equal(found, expected, sizeof found);
	for (size_t n = 0; n < data.len; n++) {
		assert_false(parsed("ima", span_of(data.at, n), false).understood);
		assert_rc(ima_template_hash(DIGEST_SHA1, IMA_TEMPLATE_IMA, span_of(data.at, n), false, found),
			RC_MALFORMED);
	}
	assert_false(parsed("ima", ima_made_span(&data), true).understood);
	ima_made_bytes(&data, span_of("x", 1));
	assert_false(parsed("ima", ima_made_span(&data), false).understood);
}

static void names_of_the_old_template_have_255_bytes_at_most(void **state)
{
	char name[258] = "";
	uint8_t hash[20];

	(void)state;
	for (size_t len = 254; len <= 256; len++) {
		struct ima_made data = {0};

		memset(name, 'n', len);
		ima_made_old(&data, LITERAL(DIGEST20), name, true);
		assert_int_equal(parsed("ima", ima_made_span(&data), true).understood, len <= 255);
		assert_rc(ima_template_hash(DIGEST_SHA1, IMA_TEMPLATE_IMA, ima_made_span(&data), true, hash),
			len <= 255 ? RC_OK : RC_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_template_of_the_kernel_is_read_in_both_byte_orders),
		cmocka_unit_test(every_truncation_and_every_surplus_is_not_understood),
		cmocka_unit_test(every_length_that_is_off_by_one_is_not_understood),
		cmocka_unit_test(digests_of_any_algorithm_are_read),
		cmocka_unit_test(a_digest_of_another_length_is_told_so),
		cmocka_unit_test(digests_without_their_marks_are_not_understood),
		cmocka_unit_test(names_end_with_their_only_nul),
		cmocka_unit_test(formats_in_place_of_names_are_followed_if_we_know_all_fields),
		cmocka_unit_test(an_entry_under_a_format_of_another_order_is_not_understood),
		cmocka_unit_test(the_old_template_has_its_own_form_and_hash),
		cmocka_unit_test(names_of_the_old_template_have_255_bytes_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
