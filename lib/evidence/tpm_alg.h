/* The algorithm and curve numbers of the TCG Algorithm Registry that occur in what we read. */
#ifndef LIMEBUS_EVIDENCE_TPM_ALG_H
#define LIMEBUS_EVIDENCE_TPM_ALG_H

#include "lib/base/span.h"
#include "lib/crypto/digest.h"

/* TCG Algorithm Registry, TPM_ALG_ID. Fields that come from bytes are uint16_t and may hold any number. */
enum tpm_alg {
	TPM_ALG_RSA = 0x0001,
	TPM_ALG_SHA1 = 0x0004,
	TPM_ALG_AES = 0x0006,
	TPM_ALG_SHA256 = 0x000b,
	TPM_ALG_SHA384 = 0x000c,
	TPM_ALG_SHA512 = 0x000d,
	TPM_ALG_NULL = 0x0010,
	TPM_ALG_SM4 = 0x0013,
	TPM_ALG_RSASSA = 0x0014,
	TPM_ALG_RSAES = 0x0015,
	TPM_ALG_RSAPSS = 0x0016,
	TPM_ALG_OAEP = 0x0017,
	TPM_ALG_ECDSA = 0x0018,
	TPM_ALG_ECDH = 0x0019,
	TPM_ALG_ECC = 0x0023,
	TPM_ALG_CAMELLIA = 0x0026,
	TPM_ALG_CFB = 0x0043,
};

/* TCG Algorithm Registry, TPM_ECC_CURVE. */
enum tpm_curve {
	TPM_CURVE_P256 = 0x0003,
	TPM_CURVE_P384 = 0x0004,
	TPM_CURVE_P521 = 0x0005,
};

/* TPM 2.0 Part 2, TPM_RH: the handle that stands for the endorsement hierarchy in qualified names. */
#define TPM_RH_ENDORSEMENT 0x4000000bu

/* Hash numbers go to digest_of_tpm_id (lib/crypto/digest.h). */
#define TPM_HASH_MAX_BYTES DIGEST_BYTES_MAX

/* "sha256", "rsassa", "ecdsa" …; "unknown algorithm" for numbers that are neither listed above nor a
 * digest's. */
const char *tpm_alg_name(uint16_t alg);

/* Bytes of a coordinate; 0 for other curves. */
size_t tpm_curve_bytes(uint16_t curve);

#endif
