#include "lib/evidence/ek_template.h"

#include "tests/support/test.h"

static const struct {
	const char *file;
	enum ek_template which;
} eks[] = {{"vm-imang/ek_rsa.pub", EK_RSA_2048}, {"vm-imabuf/ek_rsa.pub", EK_RSA_2048},
	{"vm-imang/ek_ecc384.pub", EK_ECC_P384}, {"vm-imabuf/ek_ecc384.pub", EK_ECC_P384}};

static struct span area_of(const char *file)
{
	struct span whole = vector(file);

	return span_of(whole.at + 2, whole.len - 2);
}

static struct key_parts key_of(struct span area)
{
	struct tpm_public public = {0};
	struct key_parts key = {0};

	assert_ok(tpm_public_parse(area, &public));
	assert_ok(tpm_public_key(&public, &key));
	return key;
}

static void real_eks_are_rebuilt_from_their_keys_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		struct span area = area_of(eks[i].file);
		struct key_parts key = key_of(area);
		struct tpm_area rebuilt = {0};
		enum ek_template which = EK_TEMPLATE_COUNT;

		assert_ok(ek_template_rebuild(&key, &rebuilt));
		assert_spans_equal(tpm_area_span(&rebuilt), area);
		assert_true(ek_template_holds(area, &which));
		assert_int_equal(which, eks[i].which);
	}
}

/* Bits of the key itself make another key, and so another node; all others make no EK at all. */
static void every_altered_bit_outside_the_key_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		struct span area = area_of(eks[i].file);
		struct key_parts key = key_of(area);
		uint8_t room[TPM_AREA_MAX_BYTES];

		memcpy(room, area.at, area.len);
		for (size_t bit = 0; bit < area.len * 8; bit++) {
			const uint8_t *at = area.at + bit / 8;
			bool in_n = key.kind == KEY_RSA && at >= key.n.at;
			bool in_x = key.kind != KEY_RSA && at >= key.x.at && at < key.x.at + key.x.len;
			bool in_y = key.kind != KEY_RSA && at >= key.y.at;
			bool top = key.kind == KEY_RSA && at == key.n.at && bit % 8 == 7;

			room[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(ek_template_holds(span_of(room, area.len), NULL),
				(in_n && !top) || in_x || in_y);
			room[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

static void every_truncation_and_extension_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(eks); i++) {
		struct span area = area_of(eks[i].file);
		uint8_t room[TPM_AREA_MAX_BYTES] = {0};

		memcpy(room, area.at, area.len);
		for (size_t n = 0; n <= area.len + 1; n++)
			assert_int_equal(ek_template_holds(span_of(room, n), NULL), n == area.len);
	}
}

static void attestation_keys_are_no_endorsement_keys(void **state)
{
	(void)state;
	assert_false(ek_template_holds(area_of("vm-imang/ak_rsa.pub"), NULL));
	assert_false(ek_template_holds(area_of("vm-imang/ak_ecc.pub"), NULL));
}

static void zeros_in_front_of_a_coordinate_make_no_second_id(void **state)
{
	static const uint8_t padded[32] = {0, 0, 7, 9};
	static const uint8_t longer[33] = {0, 0, 0, 7, 9};
	static const uint8_t other[32] = {1};
	const struct span forms[] = {
		SPAN(padded), span_of(padded + 1, 31), span_of(padded + 2, 30), SPAN(longer)};
	struct tpm_area first = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct key_parts key = {.kind = KEY_P256, .x = forms[i], .y = SPAN(other)};
		struct tpm_area area = {0};

		assert_ok(ek_template_rebuild(&key, &area));
		if (i == 0)
			first = area;
		assert_spans_equal(tpm_area_span(&area), tpm_area_span(&first));
	}
	assert_true(ek_template_holds(tpm_area_span(&first), NULL));
}

static void an_area_with_a_shortened_coordinate_is_refused(void **state)
{
	static const uint8_t x[32] = {0, 7}, y[32] = {1};
	struct key_parts key = {.kind = KEY_P256, .x = SPAN(x), .y = SPAN(y)};
	struct tpm_area area = {0};
	struct tpm_public public = {0};

	(void)state;
	assert_ok(ek_template_rebuild(&key, &area));
	assert_ok(tpm_public_parse(tpm_area_span(&area), &public));
	public.x = span_of(x + 1, 31);
	assert_ok(tpm_public_encode(&public, &area));
	assert_ok(tpm_public_parse(tpm_area_span(&area), &public));
	assert_false(ek_template_holds(tpm_area_span(&area), NULL));
}

static void other_keys_have_no_template(void **state)
{
	static const uint8_t n[512] = {0x80}, small[256] = {0x7f}, zero[32], one[32] = {1}, big[33] = {1};
	static const struct {
		struct key_parts key;
		enum rc rc;
	} rows[] = {
		{{.kind = KEY_NONE}, RC_UNSUPPORTED},
		{{.kind = KEY_RSA, .n = {n, 256}}, RC_OK},
		{{.kind = KEY_RSA, .n = {n, 256}, .exponent = 65537}, RC_OK},
		{{.kind = KEY_RSA, .n = {n, 256}, .exponent = 3}, RC_UNSUPPORTED},
		{{.kind = KEY_RSA, .n = {n, 255}}, RC_UNSUPPORTED},
		{{.kind = KEY_RSA, .n = {n, 257}}, RC_UNSUPPORTED},
		{{.kind = KEY_RSA, .n = {n, 384}}, RC_UNSUPPORTED},
		{{.kind = KEY_RSA, .n = {small, 256}}, RC_UNSUPPORTED},
		{{.kind = KEY_P256, .x = {one, 32}, .y = {one, 32}}, RC_OK},
		{{.kind = KEY_P256, .x = {zero, 32}, .y = {one, 32}}, RC_MALFORMED},
		{{.kind = KEY_P256, .x = {one, 32}}, RC_MALFORMED},
		{{.kind = KEY_P256, .x = {big, 33}, .y = {one, 32}}, RC_MALFORMED},
		{{.kind = KEY_P384, .x = {big, 33}, .y = {one, 32}}, RC_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tpm_area area = {0};

		assert_rc(ek_template_rebuild(&rows[i].key, &area), rows[i].rc);
	}
}

static void the_node_id_is_the_sha256_of_the_area(void **state)
{
	struct span area = area_of("vm-imang/ek_rsa.pub");
	struct span name = vector("vm-imang/ek_rsa.name");
	uint8_t id[NODE_ID_BYTES];

	(void)state;
	assert_ok(node_id_of(area, id));
	/* The Name of a SHA-256 key is the same digest with its number in front. */
	assert_spans_equal(SPAN(id), span_of(name.at + 2, name.len - 2));
	assert_ok(node_id_of(area_of("vm-imang/ek_ecc384.pub"), id));
	assert_false(span_equal(SPAN(id), span_of(name.at + 2, name.len - 2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_eks_are_rebuilt_from_their_keys_alone),
		cmocka_unit_test(every_altered_bit_outside_the_key_is_refused),
		cmocka_unit_test(every_truncation_and_extension_is_refused),
		cmocka_unit_test(attestation_keys_are_no_endorsement_keys),
		cmocka_unit_test(zeros_in_front_of_a_coordinate_make_no_second_id),
		cmocka_unit_test(an_area_with_a_shortened_coordinate_is_refused),
		cmocka_unit_test(other_keys_have_no_template),
		cmocka_unit_test(the_node_id_is_the_sha256_of_the_area),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
