#include "lib/evidence/tpm_signature.h"

#include "lib/evidence/cursor.h"
#include "lib/evidence/tpm_alg.h"

/* A TPM2B that is not empty. */
static enum rc number_parse(struct cursor *cursor, size_t max, struct span *out)
{
	TRY(cursor_tpm2b(cursor, max, out));
	return out->len > 0 ? RC_OK : RC_MALFORMED;
}

enum rc tpm_signature_parse(struct span in, struct signature *out)
{
	struct cursor cursor = cursor_at(in);
	struct signature signature = {0};
	uint16_t scheme = 0;
	uint16_t hash = 0;

	TRY(cursor_u16(&cursor, &scheme));
	TRY(cursor_u16(&cursor, &hash));
	signature.hash = digest_of_tpm_id(hash);
	switch (scheme) {
	case TPM_ALG_RSASSA:
	case TPM_ALG_RSAPSS:
		signature.scheme = scheme == TPM_ALG_RSASSA ? SIGNATURE_RSASSA : SIGNATURE_RSAPSS;
		TRY(number_parse(&cursor, TPM_SIGNATURE_RSA_MAX_BYTES, &signature.rsa));
		break;
	case TPM_ALG_ECDSA:
		signature.scheme = SIGNATURE_ECDSA;
		TRY(number_parse(&cursor, TPM_SIGNATURE_ECC_MAX_BYTES, &signature.r));
		TRY(number_parse(&cursor, TPM_SIGNATURE_ECC_MAX_BYTES, &signature.s));
		break;
	default: return RC_UNSUPPORTED;
	}
	TRY(cursor_end(&cursor));
	if (signature.hash == DIGEST_NONE)
		return RC_UNSUPPORTED;
	*out = signature;
	return RC_OK;
}
