#include "tests/support/soft_tpm.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/crypto/digest.h"
#include "lib/evidence/ek_template.h"

#define COORDINATE 32
#define MODULUS    256

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "soft TPM: %s failed\n", what);
	abort();
}

static EVP_PKEY *make_key(uint8_t x[static COORDINATE], uint8_t y[static COORDINATE])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	uint8_t point[1 + 2 * COORDINATE];
	size_t len = 0;

	must(key != NULL, "making a key");
	must(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &len) == 1 &&
			len == sizeof point,
		"reading a point");
	memcpy(x, point + 1, COORDINATE);
	memcpy(y, point + 1 + COORDINATE, COORDINATE);
	return key;
}

static void make_ek(struct soft_tpm *tpm)
{
	uint8_t x[COORDINATE], y[COORDINATE];
	EVP_PKEY *key = make_key(x, y);

	must(ek_template_rebuild(&(struct key_parts){.kind = KEY_P256, .x = SPAN(x), .y = SPAN(y)},
		     &tpm->ek_public) == RC_OK,
		"the EK's area");
	must(node_id_of(tpm_area_span(&tpm->ek_public), tpm->node) == RC_OK, "the node id");
	EVP_PKEY_free(key);
}

#define AK_ATTRIBUTES                                                                                        \
	(TPM_OBJECT_FIXED_TPM | TPM_OBJECT_FIXED_PARENT | TPM_OBJECT_SENSITIVE_DATA_ORIGIN |                 \
		TPM_OBJECT_USER_WITH_AUTH | TPM_OBJECT_NO_DA | TPM_OBJECT_RESTRICTED | TPM_OBJECT_SIGN)

static void name_ak(struct soft_tpm *tpm, const struct tpm_public *area)
{
	struct tpm_name ek_name;

	must(tpm_public_encode(area, &tpm->ak_public) == RC_OK, "the AK's area");
	must(tpm_name_of(tpm_area_span(&tpm->ak_public), &tpm->ak_name) == RC_OK, "the AK's name");
	must(tpm_name_of(tpm_area_span(&tpm->ek_public), &ek_name) == RC_OK, "the EK's name");
	must(tpm_name_qualified(&ek_name, &tpm->ak_name, &tpm->signer) == RC_OK, "the qualified name");
}

void soft_tpm_new_ak(struct soft_tpm *tpm)
{
	uint8_t x[COORDINATE], y[COORDINATE];
	struct tpm_public area = {
		.type = TPM_ALG_ECC,
		.name_alg = TPM_ALG_SHA256,
		.attributes = AK_ATTRIBUTES,
		.symmetric = TPM_ALG_NULL,
		.scheme = TPM_ALG_ECDSA,
		.scheme_hash = TPM_ALG_SHA256,
		.curve = TPM_CURVE_P256,
		.kdf = TPM_ALG_NULL,
		.x = SPAN(x),
		.y = SPAN(y),
	};

	EVP_PKEY_free(tpm->ak_key);
	tpm->ak_key = make_key(x, y);
	name_ak(tpm, &area);
}

void soft_tpm_rsa_ak(struct soft_tpm *tpm, const struct soft_tpm *like)
{
	uint8_t modulus[MODULUS];
	BIGNUM *n = NULL;
	struct tpm_public area = {
		.type = TPM_ALG_RSA,
		.name_alg = TPM_ALG_SHA256,
		.attributes = AK_ATTRIBUTES,
		.symmetric = TPM_ALG_NULL,
		.scheme = TPM_ALG_RSASSA,
		.scheme_hash = TPM_ALG_SHA256,
		.rsa_bits = 8 * MODULUS,
		.n = SPAN(modulus),
	};

	EVP_PKEY_free(tpm->ak_key);
	if (like != NULL)
		must(EVP_PKEY_up_ref(like->ak_key) == 1, "sharing a key");
	tpm->ak_key = like != NULL ? like->ak_key : EVP_RSA_gen(8 * MODULUS);
	must(tpm->ak_key != NULL && EVP_PKEY_get_bn_param(tpm->ak_key, "n", &n) == 1 &&
			BN_bn2binpad(n, modulus, MODULUS) == MODULUS,
		"making an RSA key");
	BN_free(n);
	name_ak(tpm, &area);
}

void soft_tpm_open(struct soft_tpm *out)
{
	*out = (struct soft_tpm){.clock = 1000, .reset_count = 1};
	make_ek(out);
	soft_tpm_new_ak(out);
}

void soft_tpm_close(struct soft_tpm *tpm)
{
	EVP_PKEY_free(tpm->ak_key);
	tpm->ak_key = NULL;
}

void soft_tpm_extend(struct soft_tpm *tpm, unsigned pcr, uint8_t fill)
{
	uint8_t digest[32];
	struct span parts[] = {SPAN(tpm->pcrs[pcr]), SPAN(digest)};

	memset(digest, fill, sizeof digest);
	must(digest_spans(DIGEST_SHA256, parts, COUNT(parts), tpm->pcrs[pcr]) == RC_OK, "extending");
}

void soft_tpm_reboot(struct soft_tpm *tpm)
{
	memset(tpm->pcrs, 0, sizeof tpm->pcrs);
	tpm->reset_count++;
	tpm->restart_count = 0;
}

/* ---- TPM 2.0 Part 2: big-endian numbers, and bytes behind their length ---- */

static void put(struct blob *out, uint64_t number, size_t bytes)
{
	for (size_t i = bytes; i-- > 0;) {
		uint8_t byte = (uint8_t)(number >> (8 * i));

		must(blob_append(out, span_of(&byte, 1)) == RC_OK, "memory");
	}
}

static void put_sized(struct blob *out, struct span bytes)
{
	put(out, bytes.len, 2);
	must(blob_append(out, bytes) == RC_OK, "memory");
}

static void put_values(const struct soft_tpm *tpm, const struct pcr_selection *selection, struct blob *values)
{
	blob_clear(values);
	for (size_t i = 0; i < selection->count; i++) {
		must(selection->banks[i].alg == TPM_ALG_SHA256, "another bank than SHA-256");
		for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
			if ((selection->banks[i].mask >> pcr & 1) != 0)
				must(blob_append(values, SPAN(tpm->pcrs[pcr])) == RC_OK, "memory");
	}
}

static void put_ecdsa(struct span der, struct blob *out)
{
	const uint8_t *at = der.at;
	uint8_t number[COORDINATE];
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);

	must(sig != NULL, "reading a signature");
	put(out, TPM_ALG_ECDSA, 2);
	put(out, TPM_ALG_SHA256, 2);
	must(BN_bn2binpad(ECDSA_SIG_get0_r(sig), number, COORDINATE) == COORDINATE, "r");
	put_sized(out, SPAN(number));
	must(BN_bn2binpad(ECDSA_SIG_get0_s(sig), number, COORDINATE) == COORDINATE, "s");
	put_sized(out, SPAN(number));
	ECDSA_SIG_free(sig);
}

static void sign(struct soft_tpm *tpm, struct span bytes, struct blob *out)
{
	uint8_t signature[MODULUS];
	size_t len = sizeof signature;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, tpm->ak_key) == 1 &&
			EVP_DigestSign(ctx, signature, &len, bytes.at, bytes.len) == 1,
		"signing");
	EVP_MD_CTX_free(ctx);
	blob_clear(out);
	if (EVP_PKEY_is_a(tpm->ak_key, "EC") == 1) {
		put_ecdsa(span_of(signature, len), out);
		return;
	}
	put(out, TPM_ALG_RSASSA, 2);
	put(out, TPM_ALG_SHA256, 2);
	put_sized(out, span_of(signature, len));
}

static void put_head(struct soft_tpm *tpm, uint16_t type, struct span data, struct blob *attest)
{
	tpm->clock++;
	blob_clear(attest);
	put(attest, ATTEST_GENERATED, 4);
	put(attest, type, 2);
	put_sized(attest, tpm_name_span(&tpm->signer));
	put_sized(attest, data);
	put(attest, tpm->clock, 8);
	put(attest, tpm->reset_count, 4);
	put(attest, tpm->restart_count, 4);
	put(attest, 1, 1);
	put(attest, 0x2021, 8);
}

void soft_tpm_quote(struct soft_tpm *tpm, const struct pcr_selection *selection, struct span data,
	struct blob *attest, struct blob *signature, struct blob *values)
{
	uint8_t encoded[PCR_SELECTION_MAX_BYTES];
	size_t encoded_len = pcr_selection_encode(selection, encoded);
	uint8_t digest[32];

	put_values(tpm, selection, values);
	must(digest_bytes(DIGEST_SHA256, blob_span(values), digest) == RC_OK, "the PCR digest");
	put_head(tpm, ATTEST_TYPE_QUOTE, data, attest);
	must(blob_append(attest, span_of(encoded, encoded_len)) == RC_OK, "memory");
	put_sized(attest, SPAN(digest));
	sign(tpm, blob_span(attest), signature);
}

void soft_tpm_certify(
	struct soft_tpm *tpm, struct span area, struct span data, struct blob *attest, struct blob *signature)
{
	struct tpm_name name;

	must(tpm_name_of(area, &name) == RC_OK, "the object's name");
	put_head(tpm, ATTEST_TYPE_CERTIFY, data, attest);
	put_sized(attest, tpm_name_span(&name));
	put_sized(attest, tpm_name_span(&name)); /* of what its parents would be nobody asks */
	sign(tpm, blob_span(attest), signature);
}
