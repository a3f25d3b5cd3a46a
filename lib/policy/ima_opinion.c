#include "lib/policy/ima_opinion.h"

#include "lib/base/drop.h"

/* Regular expressions are dear: so many patterns, and so many bytes of a name, count as much as an entry. */
#define PATTERNS_A_UNIT 2
#define NAME_A_UNIT     128
/* Data that may be a certificate are parsed, and all bytes of device-mapper's text are looked at. */
#define WORK_CERTIFICATE   100
#define CERTIFICATE_A_UNIT 64
#define DEVICE_A_UNIT      16

static bool is_strong(const struct ima_policy *policy, const struct ima_digest *digest)
{
	return digest->hash < KERNEL_HASH_COUNT && digest->has_size &&
	       (policy->rules.strong >> digest->hash & 1) != 0;
}

static enum rc is_empty(const struct ima_digest *digest, bool *out)
{
	enum digest_alg alg = kernel_hash_digest(digest->hash);
	uint8_t of_nothing[DIGEST_BYTES_MAX];

	*out = false;
	if (alg == DIGEST_NONE)
		return RC_OK;
	TRY(digest_bytes(alg, span_of("", 0), of_nothing));
	*out = span_equal(digest->value, span_of(of_nothing, digest_size(alg)));
	return RC_OK;
}

static enum rc match(const struct pattern_set *set, struct span name, int64_t *budget, bool *out)
{
	*out = false;
	if (set->count == 0)
		return RC_OK;
	*budget -= (int64_t)((1 + set->count / PATTERNS_A_UNIT) * (1 + name.len / NAME_A_UNIT));
	return ima_matches(set, name, out);
}

static enum rc is_excluded(const struct ima_policy *policy, struct span name, int64_t *budget, bool *out)
{
	return match(&policy->excludes, name, budget, out);
}

/* What ima_buffer_opinion costs. */
static int64_t buffer_work(const struct ima_policy *policy, const struct ima_fields *fields)
{
	const struct span buffer = fields->buffer;
	size_t work = policy->ignored_keyrings.count / PATTERNS_A_UNIT * (1 + fields->name.len / NAME_A_UNIT);

	if (buffer.len > 0 && buffer.at[0] == 0x30)
		work += WORK_CERTIFICATE + buffer.len / CERTIFICATE_A_UNIT;
	if (policy->dm_count > 0)
		work += buffer.len / DEVICE_A_UNIT;
	return (int64_t)work;
}

/* fs-verity signs the root of a tree, not a digest of the content: one must not pass for the other. */
static bool is_of_this_kind(const struct ima_signature *signature, const struct ima_digest *digest)
{
	switch (digest->type) {
	case IMA_DIGEST_IMA: return signature->type == IMA_XATTR_DIGSIG;
	case IMA_DIGEST_VERITY: return signature->type == IMA_XATTR_VERITY_DIGSIG;
	case IMA_DIGEST_PLAIN: return true;
	case IMA_DIGEST_OTHER: break;
	}
	return false;
}

static enum rc keyring_verify(const struct ima_keyring *keyring, const struct ima_signature *signature,
	const struct ima_digest *digest, int64_t *budget, enum rc *out)
{
	enum key_kind kind = ima_keyring_kind(keyring, signature->key_id);
	enum rc rc;

	if (kind == KEY_NONE)
		return RC_OK;
	*budget -= kind == KEY_RSA ? IMA_WORK_RSA : IMA_WORK_ECDSA;
	rc = ima_keyring_verify(keyring, signature, kernel_hash_digest(digest->hash), digest->value);
	if (rc != RC_OK && rc != RC_DENIED && rc != RC_UNSUPPORTED && rc != RC_NOT_FOUND)
		return rc;
	*out = rc;
	return RC_OK;
}

/* *hint says in words why it is not good; NULL if it is. */
static enum rc judge_signature(const struct ima_policy *policy, const struct ima_keyring *learned,
	const struct ima_entry *entry, int64_t *budget, const char **hint)
{
	struct ima_signature signature = {0};
	const struct ima_digest *digest = &entry->fields.digest;
	enum rc said = RC_NOT_FOUND;

	*hint = "not signed";
	if (entry->fields.signature.len == 0)
		return RC_OK;
	*hint = "its signature is of another kind";
	if (ima_signature_parse(entry->fields.signature, &signature) != RC_OK ||
		!is_of_this_kind(&signature, digest))
		return RC_OK;
	TRY(keyring_verify(&policy->keyring, &signature, digest, budget, &said));
	if (said != RC_OK && policy->rules.learn_keys)
		TRY(keyring_verify(learned, &signature, digest, budget, &said));
	*hint = said == RC_OK          ? NULL
	        : said == RC_NOT_FOUND ? "signed by a key that the policy does not have"
	                               : "its signature does not hold";
	return RC_OK;
}

/* Nothing made the file good: what is told of it. */
static void file_is_bad(const struct ima_policy *policy, bool strong, struct ima_opinion *out)
{
	if (!strong)
		ima_opinion_bad(out, FINDING_IMA_WEAK, FINDING_FAILS);
	else if (policy->rules.signatures == IMA_SIGNATURES_REQUIRE)
		ima_opinion_bad(out, FINDING_IMA_SIGNATURE, FINDING_FAILS);
	else if (out->listed.match == DIGEST_DIFFERS)
		ima_opinion_bad(out, FINDING_IMA_FILE, FINDING_FAILS);
	else
		ima_opinion_bad(out, FINDING_IMA_UNKNOWN, ima_unknown_weight(policy));
}

static enum rc judge_file(const struct ima_policy *policy, const struct ima_keyring *learned,
	const struct ima_entry *entry, const struct digest_place *place, int64_t *budget,
	struct ima_opinion *out)
{
	const struct ima_digest *digest = &entry->fields.digest;
	bool strong = is_strong(policy, digest);
	enum ima_signatures signatures = policy->rules.signatures;

	out->kind = DIGEST_OF_FILE;
	out->listed = digest_table_find_at(&policy->digests, place, digest->hash, digest->value);
	out->good = strong && out->listed.match == DIGEST_ALLOWED && signatures != IMA_SIGNATURES_REQUIRE;
	if (!out->good && strong && policy->rules.empty_files)
		TRY(is_empty(digest, &out->good));
	if (!out->good)
		TRY(is_excluded(policy, entry->fields.name, budget, &out->good));
	if (!out->good && strong && signatures != IMA_SIGNATURES_IGNORE) {
		TRY(judge_signature(policy, learned, entry, budget, &out->hint));
		out->good = out->hint == NULL;
	}
	if (!out->good)
		file_is_bad(policy, strong, out);
	return RC_OK;
}

/* Of a violation only its being one is proven, but what else could tell a log from a program? */
static enum rc judge_violation(const struct ima_policy *policy, const struct ima_entry *entry,
	int64_t *budget, struct ima_opinion *out)
{
	enum ima_severity severity = policy->rules.violations;

	TRY(match(&policy->violations_accepted, entry->fields.name, budget, &out->good));
	out->good = out->good || severity == IMA_ACCEPT;
	if (!out->good)
		ima_opinion_bad(out, FINDING_IMA_VIOLATION,
			severity == IMA_REPORT ? FINDING_REPORTED : FINDING_FAILS);
	return RC_OK;
}

enum rc ima_opinion_of(const struct ima_policy *policy, const struct ima_keyring *learned,
	const struct ima_entry *entry, const struct digest_place *place, int64_t *budget,
	struct ima_opinion *out)
{
	*out = (struct ima_opinion){0};
	if (entry->is_violation)
		return judge_violation(policy, entry, budget, out);
	if (!entry->fields.understood) {
		ima_opinion_bad(out, FINDING_IMA_TEMPLATE, FINDING_UNJUDGED);
		return RC_OK;
	}
	if (entry->fields.template != IMA_TEMPLATE_BUF && entry->fields.buffer.len == 0)
		return judge_file(policy, learned, entry, place, budget, out);
	*budget -= buffer_work(policy, &entry->fields);
	TRY(ima_buffer_opinion(policy, entry, out));
	if (!out->good && out->check != FINDING_IMA_ENTRY)
		TRY(is_excluded(policy, entry->fields.name, budget, &out->good));
	return RC_OK;
}
