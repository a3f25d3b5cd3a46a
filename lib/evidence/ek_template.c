#include "lib/evidence/ek_template.h"

/* PolicyA: PolicySecret(TPM_RH_ENDORSEMENT), SHA-256 (EK Credential Profile, annex B). */
static const uint8_t policy_a[] = {0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d,
	0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33,
	0x14, 0x69, 0xaa};

/* PolicyB: PolicyA or PolicyAuthorizeNV(PolicyIndex I-2), SHA-384 (EK Credential Profile, annex B). */
static const uint8_t policy_b_sha384[] = {0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82,
	0xbc, 0xf5, 0xfd, 0x3a, 0x1a, 0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4, 0xcb, 0x1c, 0x0a, 0xd9,
	0xbd, 0xe4, 0x19, 0xca, 0xcb, 0x47, 0xba, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3,
	0xf8, 0x0e, 0x12};

#define EK_ATTRIBUTES                                                                                        \
	(TPM_OBJECT_FIXED_TPM | TPM_OBJECT_FIXED_PARENT | TPM_OBJECT_SENSITIVE_DATA_ORIGIN |                 \
		TPM_OBJECT_ADMIN_WITH_POLICY | TPM_OBJECT_RESTRICTED | TPM_OBJECT_DECRYPT)

/* Everything but the key itself. */
static const struct {
	const char *name;
	enum key_kind kind;
	struct tpm_public area;
} templates[EK_TEMPLATE_COUNT] = {
	[EK_RSA_2048] = {"RSA-2048 (L-1)", KEY_RSA,
		{.type = TPM_ALG_RSA,
			.name_alg = TPM_ALG_SHA256,
			.attributes = EK_ATTRIBUTES,
			.auth_policy = {policy_a, sizeof policy_a},
			.symmetric = TPM_ALG_AES,
			.symmetric_bits = 128,
			.symmetric_mode = TPM_ALG_CFB,
			.scheme = TPM_ALG_NULL,
			.rsa_bits = 2048}},
	[EK_ECC_P256] = {"ECC P-256 (L-2)", KEY_P256,
		{.type = TPM_ALG_ECC,
			.name_alg = TPM_ALG_SHA256,
			.attributes = EK_ATTRIBUTES,
			.auth_policy = {policy_a, sizeof policy_a},
			.symmetric = TPM_ALG_AES,
			.symmetric_bits = 128,
			.symmetric_mode = TPM_ALG_CFB,
			.scheme = TPM_ALG_NULL,
			.curve = TPM_CURVE_P256,
			.kdf = TPM_ALG_NULL}},
	[EK_ECC_P384] = {"ECC P-384 (H-3)", KEY_P384,
		{.type = TPM_ALG_ECC,
			.name_alg = TPM_ALG_SHA384,
			.attributes = EK_ATTRIBUTES | TPM_OBJECT_USER_WITH_AUTH,
			.auth_policy = {policy_b_sha384, sizeof policy_b_sha384},
			.symmetric = TPM_ALG_AES,
			.symmetric_bits = 256,
			.symmetric_mode = TPM_ALG_CFB,
			.scheme = TPM_ALG_NULL,
			.curve = TPM_CURVE_P384,
			.kdf = TPM_ALG_NULL}},
};

const char *ek_template_name(enum ek_template which)
{
	return (size_t)which < COUNT(templates) ? templates[which].name : "no template";
}

static enum rc template_of(const struct key_parts *key, enum ek_template *out)
{
	for (size_t i = 0; i < COUNT(templates); i++)
		if (templates[i].kind == key->kind) {
			*out = (enum ek_template)i;
			return RC_OK;
		}
	return RC_UNSUPPORTED;
}

/* The number in exactly `bytes` bytes: zeros in front are taken away or put back. */
static enum rc pad(struct span number, size_t bytes, uint8_t *room, struct span *out)
{
	while (number.len > 0 && number.at[0] == 0)
		number = span_of(number.at + 1, number.len - 1);
	if (number.len == 0 || number.len > bytes)
		return RC_MALFORMED;
	memset(room, 0, bytes - number.len);
	memcpy(room + bytes - number.len, number.at, number.len);
	*out = span_of(room, bytes);
	return RC_OK;
}

enum rc ek_template_rebuild(const struct key_parts *key, struct tpm_area *out)
{
	enum ek_template which = EK_TEMPLATE_COUNT;
	uint8_t x[TPM_ECC_MAX_BYTES];
	uint8_t y[TPM_ECC_MAX_BYTES];
	struct tpm_public public;

	TRY(template_of(key, &which));
	public = templates[which].area;
	if (key->kind == KEY_RSA) {
		if (key->n.len != 256 || key->n.at[0] < 0x80 ||
			(key->exponent != 0 && key->exponent != KEY_RSA_EXPONENT))
			return RC_UNSUPPORTED;
		public.n = key->n;
	} else {
		TRY(pad(key->x, tpm_curve_bytes(public.curve), x, &public.x));
		TRY(pad(key->y, tpm_curve_bytes(public.curve), y, &public.y));
	}
	return tpm_public_encode(&public, out);
}

bool ek_template_holds(struct span area, enum ek_template *which)
{
	struct tpm_public public = {0};
	struct key_parts key = {0};
	struct tpm_area rebuilt = {0};
	enum ek_template found = EK_TEMPLATE_COUNT;

	if (tpm_public_parse(area, &public) != RC_OK || tpm_public_key(&public, &key) != RC_OK)
		return false;
	if (template_of(&key, &found) != RC_OK || ek_template_rebuild(&key, &rebuilt) != RC_OK)
		return false;
	if (!span_equal(area, tpm_area_span(&rebuilt)))
		return false;
	if (which != NULL)
		*which = found;
	return true;
}

enum rc node_id_of(struct span area, uint8_t out[static NODE_ID_BYTES])
{
	return digest_bytes(DIGEST_SHA256, area, out);
}
