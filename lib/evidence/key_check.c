#include "lib/evidence/key_check.h"

static bool has(const struct tpm_public *key, uint32_t attribute)
{
	return (key->attributes & attribute) == attribute;
}

static bool fixed_tpm_holds(const struct tpm_public *key)
{
	return has(key, TPM_OBJECT_FIXED_TPM);
}

static bool fixed_parent_holds(const struct tpm_public *key)
{
	return has(key, TPM_OBJECT_FIXED_PARENT);
}

static bool origin_holds(const struct tpm_public *key)
{
	return has(key, TPM_OBJECT_SENSITIVE_DATA_ORIGIN);
}

static bool user_holds(const struct tpm_public *key)
{
	return has(key, TPM_OBJECT_USER_WITH_AUTH);
}

static bool sign_holds(const struct tpm_public *key)
{
	return has(key, TPM_OBJECT_SIGN);
}

static bool not_restricted_holds(const struct tpm_public *key)
{
	return !has(key, TPM_OBJECT_RESTRICTED);
}

static bool not_decrypt_holds(const struct tpm_public *key)
{
	return !has(key, TPM_OBJECT_DECRYPT);
}

static bool name_hash_holds(const struct tpm_public *key)
{
	return key->name_alg == TPM_ALG_SHA256 || key->name_alg == TPM_ALG_SHA384 ||
	       key->name_alg == TPM_ALG_SHA512;
}

static bool kind_holds(const struct tpm_public *key)
{
	struct key_parts parts = {0};

	return tpm_public_key(key, &parts) == RC_OK && (parts.kind != KEY_RSA || key->rsa_bits >= 2048);
}

static const struct {
	bool (*holds)(const struct tpm_public *key);
	const char *name;
	const char *words;
	const char *clause;
} checks[] = {
#define KEY_CHECK_ROW(id, function, name, words, clause) {function##_holds, name, words, clause},
	KEY_CHECKS(KEY_CHECK_ROW)
#undef KEY_CHECK_ROW
};
_Static_assert(COUNT(checks) == KEY_REASON_COUNT && KEY_REASON_COUNT > 0, "one row a reason");

struct key_verdict key_check(const struct tpm_public *key)
{
	struct key_verdict verdict = {0};

	for (size_t i = 0; i < COUNT(checks); i++)
		if (!checks[i].holds(key))
			verdict.failed |= 1u << i;
	verdict.acceptable = verdict.failed == 0;
	return verdict;
}

const char *key_reason_name(enum key_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].name : "unknown check";
}

const char *key_reason_words(enum key_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].words : "unknown reason";
}

const char *key_reason_clause(enum key_reason reason)
{
	return (size_t)reason < COUNT(checks) ? checks[reason].clause : "no clause";
}
