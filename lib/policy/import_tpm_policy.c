#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/import_tpm_policy.h"

static const struct json_limits limits = {.bytes = POLICY_JSON_MAX_BYTES, .depth = 2, .values = 4096};

/* Banks that values may be of, in the order in which one is chosen. */
static const uint16_t banks[] = {TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512};

/* PCRs that the boot extends: there every update changes the values. */
#define BOOT_PCRS 0x43ffu
#define IMA_PCR   10
#define DEBUG_PCR 16

/*
 * Keylime compares text with text: whichever bank a value is of, one that equals it is enough. Here a rule is
 * of one bank. Taken is the first bank that has a value for every PCR, or else for each PCR the first that it
 * has.
 */
struct import {
	struct pcr_policy policy;
	struct import_warnings *warnings;
	uint32_t listed;                /* bit n: PCR n is there */
	uint32_t covered[COUNT(banks)]; /* bit n: it has a value of that bank */
};

static void import_release(struct import *import)
{
	pcr_policy_release(&import->policy);
}

/* Either case, as Keylime takes it. *out_bank is COUNT(banks) for a length that no bank here has. */
static enum rc value_read(
	const struct json *text, size_t *out_bank, uint8_t out[static TPM_HASH_MAX_BYTES], struct err *err)
{
	struct span digits;

	TRY(json_text(text, 2 * TPM_HASH_MAX_BYTES, &digits, err));
	for (*out_bank = 0; *out_bank < COUNT(banks); ++*out_bank)
		if (hex_decode(digits, out, digest_size(digest_of_tpm_id(banks[*out_bank]))) == RC_OK)
			return RC_OK;
	if (digits.len == 0 || digits.len % 2 != 0 || hex_decode(digits, out, digits.len / 2) != RC_OK)
		return json_fail(text, err, RC_MALFORMED, "expected hex");
	return RC_OK;
}

typedef enum rc value_act(struct import *import, const struct json *value, unsigned pcr, struct err *err);

static enum rc each_value(
	struct import *import, const struct json *entry, unsigned pcr, value_act *act, struct err *err)
{
	if (json_kind(entry) != JSON_KIND_ARRAY)
		return act(import, entry, pcr, err);
	for (size_t i = 0; i < json_count(entry); i++) {
		struct json item;

		TRY(json_item(entry, i, &item, err));
		TRY(act(import, &item, pcr, err));
	}
	return RC_OK;
}

static enum rc value_note(struct import *import, const struct json *value, unsigned pcr, struct err *err)
{
	uint8_t bytes[TPM_HASH_MAX_BYTES];
	size_t bank;

	TRY(value_read(value, &bank, bytes, err));
	if (bank < COUNT(banks))
		import->covered[bank] |= 1u << pcr;
	return RC_OK;
}

/* The bank that this PCR's values are taken of. */
static size_t bank_of(const struct import *import, unsigned pcr)
{
	for (size_t i = 0; i < COUNT(banks); i++)
		if (import->covered[i] == import->listed)
			return i;
	for (size_t i = 0; i < COUNT(banks); i++)
		if ((import->covered[i] & 1u << pcr) != 0)
			return i;
	return COUNT(banks);
}

static enum rc value_import(struct import *import, const struct json *value, unsigned pcr, struct err *err)
{
	uint8_t bytes[TPM_HASH_MAX_BYTES];
	size_t taken = bank_of(import, pcr);
	size_t bank;
	enum rc rc;

	TRY(value_read(value, &bank, bytes, err));
	if (bank != taken)
		return import_warn(import->warnings,
			"pcr %u: values of other lengths than %s has are left out", pcr,
			digest_name(digest_of_tpm_id(banks[taken])));
	rc = pcr_policy_allow(&import->policy, banks[bank], pcr,
		span_of(bytes, digest_size(digest_of_tpm_id(banks[bank]))));
	return rc == RC_OK ? RC_OK : json_fail(value, err, rc, "%s", rc_words(rc));
}

static enum rc pcr_note(struct import *import, const struct json *entry, unsigned pcr, struct err *err)
{
	if (pcr == IMA_PCR || pcr == DEBUG_PCR)
		return json_fail(entry, err, RC_MALFORMED,
			pcr == IMA_PCR
				? "PCR 10 grows with each file that is measured: no value can stand for it"
				: "PCR 16 can be reset by anybody: its value says nothing");
	if (json_kind(entry) == JSON_KIND_ARRAY && json_count(entry) == 0)
		return json_fail(entry, err, RC_MALFORMED, "an empty list allows no value at all");
	import->listed |= 1u << pcr;
	return each_value(import, entry, pcr, value_note, err);
}

static enum rc pcr_import(struct import *import, const struct json *entry, unsigned pcr, struct err *err)
{
	if (bank_of(import, pcr) == COUNT(banks))
		return json_fail(entry, err, RC_UNSUPPORTED,
			"no value of 32, 48 or 64 bytes; SHA-1 values are not accepted: take those of another bank");
	TRY(each_value(import, entry, pcr, value_import, err));
	if ((BOOT_PCRS & 1u << pcr) == 0)
		return RC_OK;
	return import_warn(import->warnings,
		"pcr %u is extended by the boot, and an update changes it; a section \"boot\" says what may be measured",
		pcr);
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

typedef enum rc pcr_act(struct import *import, const struct json *entry, unsigned pcr, struct err *err);

static enum rc each_pcr(struct import *import, const struct json *root, pcr_act *act, struct err *err)
{
	struct json_walk walk = {0};

	while (json_walk(root, &walk)) {
		unsigned pcr = 0;

		if (strcmp(walk.key, "mask") == 0)
			continue;
		if (!pcr_of_key(walk.key, &pcr))
			return json_fail(
				&walk.value, err, RC_MALFORMED, "not a PCR; expected 0 to %d", PCR_COUNT - 1);
		TRY(act(import, &walk.value, pcr, err));
	}
	return RC_OK;
}

/* Keylime's own tools add the PCRs of IMA and of the boot to a mask. */
static enum rc check_mask(struct import *import, const struct json *root, struct err *err)
{
	struct json entry;
	uint32_t mask;

	if (!json_has(root, "mask", &entry))
		return RC_OK;
	TRY(mask_import(&entry, &mask, err));
	if ((mask & import->listed) != import->listed)
		return json_fail(root, err, RC_MALFORMED, "mask is 0x%x, but the listed PCRs make 0x%x", mask,
			import->listed);
	if (mask == import->listed)
		return RC_OK;
	return import_warn(import->warnings,
		"mask has PCRs without a value (0x%x): nothing is demanded of them", mask & ~import->listed);
}

enum rc import_tpm_policy(const struct policy_head *head, struct span json, struct import_warnings *warnings,
	struct blob *out, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	DROP(import_release) struct import import = {.warnings = warnings};
	struct json root;

	TRY(json_parse(json, &limits, &doc, err));
	root = json_root(&doc);
	TRY(json_expect(&root, JSON_KIND_OBJECT, err));
	TRY(each_pcr(&import, &root, pcr_note, err));
	TRY(check_mask(&import, &root, err));
	TRY(each_pcr(&import, &root, pcr_import, err));
	return policy_write(head, &import.policy, out, err);
}
