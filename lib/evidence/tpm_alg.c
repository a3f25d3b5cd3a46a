#include "lib/evidence/tpm_alg.h"

const char *tpm_alg_name(uint16_t alg)
{
	static const struct {
		uint16_t alg;
		const char *name;
	} names[] = {
		{TPM_ALG_RSA, "rsa"},
		{TPM_ALG_AES, "aes"},
		{TPM_ALG_NULL, "null"},
		{TPM_ALG_SM4, "sm4"},
		{TPM_ALG_RSASSA, "rsassa"},
		{TPM_ALG_RSAES, "rsaes"},
		{TPM_ALG_RSAPSS, "rsapss"},
		{TPM_ALG_OAEP, "oaep"},
		{TPM_ALG_ECDSA, "ecdsa"},
		{TPM_ALG_ECDH, "ecdh"},
		{TPM_ALG_ECC, "ecc"},
		{TPM_ALG_CAMELLIA, "camellia"},
		{TPM_ALG_CFB, "cfb"},
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].alg == alg)
			return names[i].name;
	return digest_of_tpm_id(alg) == DIGEST_NONE ? "unknown algorithm"
	                                            : digest_name(digest_of_tpm_id(alg));
}

size_t tpm_curve_bytes(uint16_t curve)
{
	switch (curve) {
	case TPM_CURVE_P256: return 32;
	case TPM_CURVE_P384: return 48;
	case TPM_CURVE_P521: return 66;
	default: return 0;
	}
}
