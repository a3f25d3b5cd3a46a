/* TPMT_PUBLIC (TPM 2.0 Part 2) of RSA and ECC keys. */
#ifndef LIMEBUS_EVIDENCE_TPM_PUBLIC_H
#define LIMEBUS_EVIDENCE_TPM_PUBLIC_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/crypto/public_key.h"
#include "lib/evidence/tpm_alg.h"

/* TPM 2.0 Part 2, TPMA_OBJECT. */
enum tpm_object {
	TPM_OBJECT_FIXED_TPM = 1u << 1,
	TPM_OBJECT_ST_CLEAR = 1u << 2,
	TPM_OBJECT_FIXED_PARENT = 1u << 4,
	TPM_OBJECT_SENSITIVE_DATA_ORIGIN = 1u << 5,
	TPM_OBJECT_USER_WITH_AUTH = 1u << 6,
	TPM_OBJECT_ADMIN_WITH_POLICY = 1u << 7,
	TPM_OBJECT_NO_DA = 1u << 10,
	TPM_OBJECT_ENCRYPTED_DUPLICATION = 1u << 11,
	TPM_OBJECT_RESTRICTED = 1u << 16,
	TPM_OBJECT_DECRYPT = 1u << 17,
	TPM_OBJECT_SIGN = 1u << 18,
	TPM_OBJECT_X509_SIGN = 1u << 19,
};

#define TPM_RSA_MAX_BYTES  512 /* RSA-4096 */
#define TPM_ECC_MAX_BYTES  66  /* P-521 */
#define TPM_AREA_MAX_BYTES 704

/* An encoded public area that owns its bytes. */
struct tpm_area {
	size_t len;
	uint8_t bytes[TPM_AREA_MAX_BYTES];
};

static inline struct span tpm_area_span(const struct tpm_area *area)
{
	return span_of(area->bytes, area->len);
}

/*
 * Spans borrow from the input. Fields that the type does not have are zero; so are the details of an
 * algorithm that is TPM_ALG_NULL. exponent is as on the wire, where 0 means 65537 (TPM 2.0 Part 2,
 * TPMS_RSA_PARMS).
 */
struct tpm_public {
	uint16_t type;
	uint16_t name_alg;
	uint32_t attributes;
	struct span auth_policy;
	uint16_t symmetric;
	uint16_t symmetric_bits;
	uint16_t symmetric_mode;
	uint16_t scheme;
	uint16_t scheme_hash;
	uint16_t rsa_bits;
	uint32_t exponent;
	struct span n;
	uint16_t curve;
	uint16_t kdf;
	uint16_t kdf_hash;
	struct span x;
	struct span y;
};

/*
 * The whole of `in` is the area. RC_UNSUPPORTED for other types of object, unknown schemes, symmetric
 * algorithms and curves; RC_MALFORMED for wrong lengths (a modulus has exactly its bits, a coordinate at most
 * its curve's bytes) and trailing bytes.
 */
MUST_USE enum rc tpm_public_parse(struct span in, struct tpm_public *out);

/* The same with the two length bytes of TPM2B_PUBLIC in front. *area, if wanted, is what follows them. */
MUST_USE enum rc tpm_public_parse_2b(struct span in, struct tpm_public *out, struct span *area);

/* The area again: encode(parse(x)) is x. RC_LIMIT if a field is longer than it may be. */
MUST_USE enum rc tpm_public_encode(const struct tpm_public *public, struct tpm_area *out);

/* The numbers of the key, for public_key_of_parts; borrows. RC_UNSUPPORTED for P-521 and exponents other than
 * 65537. */
MUST_USE enum rc tpm_public_key(const struct tpm_public *public, struct key_parts *out);

#endif
