#include "lib/base/drop.h"
#include "lib/crypto/cert.h"
#include "lib/policy/ima_opinion.h"

/* Only DER: an IMA keyring holds nothing else (linux/crypto/asymmetric_keys). */
static bool is_certificate(struct span buffer)
{
	DROP(cert_release) struct cert *cert = NULL;

	return cert_parse(buffer, &cert, NULL) == RC_OK;
}

/* The digest by which the policy may know the data: the entry's if it is strong, else SHA-256 made here.
 * *out_holds: the entry's own is that of the data, as far as lib/crypto can tell. */
static enum rc digest_of_buffer(const struct ima_policy *policy, const struct ima_fields *fields,
	uint8_t out[static DIGEST_BYTES_MAX], enum kernel_hash *out_hash, bool *out_holds)
{
	enum digest_alg alg = kernel_hash_digest(fields->digest.hash);

	*out_holds = true;
	if (alg != DIGEST_NONE) {
		TRY(digest_bytes(alg, fields->buffer, out));
		*out_holds = span_equal(fields->digest.value, span_of(out, digest_size(alg)));
	}
	*out_hash = fields->digest.hash;
	if (alg != DIGEST_NONE && (policy->rules.strong >> fields->digest.hash & 1) != 0)
		return RC_OK;
	*out_hash = KERNEL_HASH_SHA256;
	return digest_bytes(DIGEST_SHA256, fields->buffer, out);
}

static enum rc judge_key(
	const struct ima_policy *policy, struct span keyring, bool certificate, struct ima_opinion *out)
{
	bool ignored = false;

	TRY(ima_matches(&policy->ignored_keyrings, keyring, &ignored));
	out->good = ignored || out->listed.match == DIGEST_ALLOWED;
	out->learn = !ignored && out->good && certificate && policy->rules.learn_keys;
	if (!out->good)
		ima_opinion_bad(out, FINDING_IMA_KEY, FINDING_FAILS);
	return RC_OK;
}

static bool is_of_device_mapper(struct span name)
{
	return name.len > 3 && memcmp(name.at, "dm_", 3) == 0;
}

static void judge_data(
	const struct ima_policy *policy, const struct ima_fields *fields, struct ima_opinion *out)
{
	out->good = out->listed.match == DIGEST_ALLOWED;
	if (out->good)
		return;
	if (policy->dm_count == 0 || !is_of_device_mapper(fields->name)) {
		ima_opinion_bad(out, FINDING_IMA_BUFFER,
			out->listed.match == DIGEST_DIFFERS ? FINDING_FAILS : ima_unknown_weight(policy));
		return;
	}
	out->good = ima_device_allowed(policy, fields->buffer);
	if (!out->good)
		ima_opinion_bad(out, FINDING_IMA_DEVICE, FINDING_FAILS);
}

enum rc ima_buffer_opinion(
	const struct ima_policy *policy, const struct ima_entry *entry, struct ima_opinion *out)
{
	const struct ima_fields *fields = &entry->fields;
	uint8_t bytes[DIGEST_BYTES_MAX];
	enum kernel_hash hash = KERNEL_HASH_COUNT;
	bool certificate;
	bool holds = false;
	struct span digest;

	TRY(digest_of_buffer(policy, fields, bytes, &hash, &holds));
	if (!holds) {
		ima_opinion_bad(out, FINDING_IMA_ENTRY, FINDING_FAILS);
		out->hint = "the digest is not that of the data";
		return RC_OK;
	}
	digest = span_of(bytes, kernel_hash_size(hash));
	certificate = is_certificate(fields->buffer);
	out->kind = DIGEST_OF_KEYRING;
	out->listed = digest_table_find(&policy->digests, DIGEST_OF_KEYRING, fields->name, hash, digest);
	if (certificate || out->listed.match != DIGEST_NAME_UNKNOWN)
		return judge_key(policy, fields->name, certificate, out);
	out->kind = DIGEST_OF_BUFFER;
	out->listed = digest_table_find(&policy->digests, DIGEST_OF_BUFFER, fields->name, hash, digest);
	judge_data(policy, fields, out);
	return RC_OK;
}
