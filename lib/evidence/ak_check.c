#include "lib/evidence/ak_check.h"

static bool has(const struct tpm_public *ak, uint32_t attribute)
{
	return (ak->attributes & attribute) == attribute;
}

static bool is_strong_hash(uint16_t hash)
{
	return hash == TPM_ALG_SHA256 || hash == TPM_ALG_SHA384 || hash == TPM_ALG_SHA512;
}

static bool restricted_holds(const struct tpm_public *ak)
{
	return has(ak, TPM_OBJECT_RESTRICTED);
}

static bool sign_holds(const struct tpm_public *ak)
{
	return has(ak, TPM_OBJECT_SIGN);
}

static bool not_decrypt_holds(const struct tpm_public *ak)
{
	return !has(ak, TPM_OBJECT_DECRYPT);
}

static bool fixed_tpm_holds(const struct tpm_public *ak)
{
	return has(ak, TPM_OBJECT_FIXED_TPM);
}

static bool fixed_parent_holds(const struct tpm_public *ak)
{
	return has(ak, TPM_OBJECT_FIXED_PARENT);
}

static bool origin_holds(const struct tpm_public *ak)
{
	return has(ak, TPM_OBJECT_SENSITIVE_DATA_ORIGIN);
}

static bool name_hash_holds(const struct tpm_public *ak)
{
	return is_strong_hash(ak->name_alg);
}

static bool key_holds(const struct tpm_public *ak)
{
	struct key_parts key = {0};

	return tpm_public_key(ak, &key) == RC_OK && (key.kind != KEY_RSA || ak->rsa_bits >= 2048);
}

static bool scheme_holds(const struct tpm_public *ak)
{
	if (ak->type == TPM_ALG_RSA)
		return ak->scheme == TPM_ALG_RSASSA || ak->scheme == TPM_ALG_RSAPSS;
	return ak->type == TPM_ALG_ECC && ak->scheme == TPM_ALG_ECDSA;
}

static bool scheme_hash_holds(const struct tpm_public *ak)
{
	return is_strong_hash(ak->scheme_hash);
}

static const struct {
	bool (*holds)(const struct tpm_public *ak);
	const char *words;
	const char *clause;
} checks[] = {
#define AK_CHECK_ROW(name, holds, words, clause) {holds##_holds, words, clause},
	AK_CHECKS(AK_CHECK_ROW)
#undef AK_CHECK_ROW
};
_Static_assert(COUNT(checks) == AK_REASON_COUNT && AK_REASON_COUNT > 0, "one row a reason");

struct ak_verdict ak_check(const struct tpm_public *ak)
{
	struct ak_verdict verdict = {0};

	for (size_t i = 0; i < COUNT(checks); i++)
		if (!checks[i].holds(ak))
			verdict.failed |= 1u << i;
	verdict.acceptable = verdict.failed == 0;
	return verdict;
}

const char *ak_reason_words(enum ak_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].words : "unknown reason";
}

const char *ak_reason_clause(enum ak_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].clause : "no clause";
}
