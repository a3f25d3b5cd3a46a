#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/policy.h"

static const struct json_limits limits = {.bytes = POLICY_JSON_MAX_BYTES, .depth = 2, .values = 4096};

/* Either case, as Keylime takes it; the bank is the one whose values have this length. */
static enum rc value_import(const struct json *text, unsigned pcr, struct pcr_policy *policy, struct err *err)
{
	static const uint16_t banks[] = {TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512};
	uint8_t value[TPM_HASH_MAX_BYTES];
	struct span digits;

	TRY(json_text(text, 2 * TPM_HASH_MAX_BYTES, &digits, err));
	if (digits.len == 2 * DIGEST_SHA1_BYTES)
		return json_fail(text, err, RC_UNSUPPORTED,
			"SHA-1 values are not accepted: take those of another bank");
	for (size_t i = 0; i < COUNT(banks); i++) {
		size_t bytes = digest_size(digest_of_tpm_id(banks[i]));
		enum rc rc;

		if (hex_decode(digits, value, bytes) != RC_OK)
			continue;
		rc = pcr_policy_allow(policy, banks[i], pcr, span_of(value, bytes));
		return rc == RC_OK ? RC_OK : json_fail(text, err, rc, "%s", rc_words(rc));
	}
	return json_fail(text, err, RC_MALFORMED, "expected hex of 32, 48 or 64 bytes");
}

static enum rc pcr_import(const struct json *entry, unsigned pcr, struct pcr_policy *policy, struct err *err)
{
	if (json_kind(entry) != JSON_KIND_ARRAY)
		return value_import(entry, pcr, policy, err);
	if (json_count(entry) == 0)
		return json_fail(entry, err, RC_MALFORMED, "an empty list allows no value at all");
	for (size_t i = 0; i < json_count(entry); i++) {
		struct json item;

		TRY(json_item(entry, i, &item, err));
		TRY(value_import(&item, pcr, policy, err));
	}
	return RC_OK;
}

/* "0x408000": bit n for PCR n. */
static enum rc mask_import(const struct json *entry, uint32_t *out, struct err *err)
{
	char digits[9] = "00000000";
	uint8_t bytes[4];
	struct span text;
	size_t len;

	TRY(json_text(entry, 2 + 8, &text, err));
	len = text.len < 2 ? 0 : text.len - 2;
	memcpy(digits + 8 - len, text.at + (len > 0 ? 2 : 0), len);
	if (len == 0 || memcmp(text.at, "0x", 2) != 0 ||
		hex_decode(span_text(digits), bytes, sizeof bytes) != RC_OK)
		return json_fail(entry, err, RC_MALFORMED, "expected a mask such as \"0x408000\"");
	*out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
	return RC_OK;
}

static bool pcr_of_key(const char *key, unsigned *out)
{
	char text[4];

	for (*out = 0; *out < PCR_COUNT; ++*out) {
		snprintf(text, sizeof text, "%u", *out);
		if (strcmp(text, key) == 0)
			return true;
	}
	return false;
}

static enum rc entries_import(const struct json *root, struct pcr_policy *policy, struct err *err)
{
	struct json_walk walk = {0};
	bool masked = false;
	uint32_t listed = 0;
	uint32_t mask = 0;

	while (json_walk(root, &walk)) {
		unsigned pcr = 0;

		if (strcmp(walk.key, "mask") == 0) {
			TRY(mask_import(&walk.value, &mask, err));
			masked = true;
			continue;
		}
		if (!pcr_of_key(walk.key, &pcr))
			return json_fail(
				&walk.value, err, RC_MALFORMED, "not a PCR; expected 0 to %d", PCR_COUNT - 1);
		TRY(pcr_import(&walk.value, pcr, policy, err));
		listed |= 1u << pcr;
	}
	if (masked && mask != listed)
		return json_fail(
			root, err, RC_MALFORMED, "mask is 0x%x, but the listed PCRs make 0x%x", mask, listed);
	return RC_OK;
}

enum rc policy_import_tpm_policy(
	const struct policy_head *head, struct span json, struct blob *out, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	DROP(pcr_policy_release) struct pcr_policy policy = {0};
	struct json root;

	TRY(json_parse(json, &limits, &doc, err));
	root = json_root(&doc);
	TRY(json_expect(&root, JSON_KIND_OBJECT, err));
	TRY(entries_import(&root, &policy, err));
	return policy_write(head, &policy, out, err);
}
