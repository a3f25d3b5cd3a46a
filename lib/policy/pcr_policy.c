#include "lib/policy/pcr_policy.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"

/* What a finding lists of the allowed values; the others are counted. */
#define ALTERNATIVES_SHOWN 2

void pcr_policy_release(struct pcr_policy *policy)
{
	blob_release(&policy->values);
	memset(policy, 0, sizeof *policy);
}

static bool is_bank(uint16_t alg)
{
	return alg == TPM_ALG_SHA256 || alg == TPM_ALG_SHA384 || alg == TPM_ALG_SHA512;
}

static size_t value_bytes(uint16_t alg)
{
	return digest_size(digest_of_tpm_id(alg));
}

const struct pcr_rule *pcr_policy_rule(const struct pcr_policy *policy, uint16_t alg, unsigned pcr)
{
	for (size_t i = 0; i < policy->count; i++)
		if (policy->rules[i].alg == alg && policy->rules[i].pcr == pcr)
			return &policy->rules[i];
	return NULL;
}

struct span pcr_policy_value(const struct pcr_policy *policy, const struct pcr_rule *rule, size_t index)
{
	size_t bytes = value_bytes(rule->alg);

	return span_of(policy->values.at + rule->at + index * bytes, bytes);
}

bool pcr_policy_allows(const struct pcr_policy *policy, const struct pcr_rule *rule, struct span value)
{
	for (size_t i = 0; i < rule->count; i++)
		if (span_equal(pcr_policy_value(policy, rule, i), value))
			return true;
	return false;
}

/* Values of one rule lie together: those behind it move up. */
static enum rc insert_value(struct pcr_policy *policy, size_t rule, struct span value)
{
	size_t at = policy->rules[rule].at + policy->rules[rule].count * value.len;
	size_t behind = policy->values.len - at;

	TRY(blob_resize(&policy->values, policy->values.len + value.len));
	memmove(policy->values.at + at + value.len, policy->values.at + at, behind);
	memcpy(policy->values.at + at, value.at, value.len);
	policy->rules[rule].count++;
	for (size_t i = 0; i < policy->count; i++)
		if (i != rule && policy->rules[i].at >= at)
			policy->rules[i].at += value.len;
	return RC_OK;
}

enum rc pcr_policy_allow(struct pcr_policy *policy, uint16_t alg, unsigned pcr, struct span value)
{
	const struct pcr_rule *rule = pcr_policy_rule(policy, alg, pcr);

	if (!is_bank(alg))
		return RC_UNSUPPORTED;
	if (value.len != value_bytes(alg))
		return RC_MALFORMED;
	if (pcr >= PCR_COUNT)
		return RC_LIMIT;
	if (rule != NULL && pcr_policy_allows(policy, rule, value))
		return RC_OK;
	if (rule != NULL && rule->count == PCR_ALTERNATIVES_MAX)
		return RC_LIMIT;
	if (rule != NULL)
		return insert_value(policy, (size_t)(rule - policy->rules), value);
	/* PCR_RULES_MAX is all PCRs of all banks: there is room for a new one. */
	TRY(blob_append(&policy->values, value));
	policy->rules[policy->count++] =
		(struct pcr_rule){alg, (uint8_t)pcr, 1, policy->values.len - value.len};
	return RC_OK;
}

static enum rc bank_of_key(const struct json *bank, const char *key, uint16_t *out, struct err *err)
{
	enum digest_alg alg = digest_of_name(span_text(key));

	if (alg == DIGEST_SHA1)
		return json_fail(bank, err, RC_MALFORMED,
			"SHA-1 values vouch for nothing, since collisions can be made; use sha256");
	if (!is_bank(digest_tpm_id(alg)))
		return json_fail(bank, err, RC_MALFORMED, "unknown bank; known are sha256, sha384, sha512");
	*out = digest_tpm_id(alg);
	return RC_OK;
}

/* "0" to "23", as a person writes it: no sign, no zeros in front. */
static enum rc pcr_of_key(const struct json *list, const char *key, unsigned *out, struct err *err)
{
	char text[4];

	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
		snprintf(text, sizeof text, "%u", pcr);
		if (strcmp(text, key) == 0) {
			*out = pcr;
			return RC_OK;
		}
	}
	return json_fail(list, err, RC_MALFORMED, "not a PCR; expected 0 to %d", PCR_COUNT - 1);
}

static enum rc rule_parse(
	const struct json *list, uint16_t alg, unsigned pcr, struct pcr_policy *policy, struct err *err)
{
	TRY(json_expect(list, JSON_KIND_ARRAY, err));
	if (json_count(list) == 0)
		return json_fail(list, err, RC_MALFORMED,
			"an empty list allows no value at all; leave the PCR out to ignore it");
	if (json_count(list) > PCR_ALTERNATIVES_MAX)
		return json_fail(list, err, RC_LIMIT, "%zu values, at most %d are allowed", json_count(list),
			PCR_ALTERNATIVES_MAX);
	for (size_t i = 0; i < json_count(list); i++) {
		uint8_t value[TPM_HASH_MAX_BYTES];
		struct json item;

		TRY(json_item(list, i, &item, err));
		TRY(json_hex(&item, value, value_bytes(alg), err));
		if (pcr_policy_allow(policy, alg, pcr, span_of(value, value_bytes(alg))) != RC_OK)
			return json_fail(&item, err, RC_NOMEM, "%s", rc_words(RC_NOMEM));
		if (pcr_policy_rule(policy, alg, pcr)->count != i + 1)
			return json_fail(&item, err, RC_MALFORMED, "the same value a second time");
	}
	return RC_OK;
}

static enum rc bank_parse(
	const struct json *bank, const char *key, struct pcr_policy *policy, struct err *err)
{
	struct json_walk walk = {0};
	uint16_t alg = 0;

	TRY(bank_of_key(bank, key, &alg, err));
	TRY(json_expect(bank, JSON_KIND_OBJECT, err));
	while (json_walk(bank, &walk)) {
		unsigned pcr = 0;

		TRY(pcr_of_key(&walk.value, walk.key, &pcr, err));
		TRY(rule_parse(&walk.value, alg, pcr, policy, err));
	}
	return RC_OK;
}

enum rc pcr_policy_parse(const struct json *section, struct pcr_policy *out, struct err *err)
{
	DROP(pcr_policy_release) struct pcr_policy policy = {0};
	struct json_walk walk = {0};

	TRY(json_expect(section, JSON_KIND_OBJECT, err));
	while (json_walk(section, &walk))
		TRY(bank_parse(&walk.value, walk.key, &policy, err));
	if (policy.count == 0)
		return json_fail(section, err, RC_MALFORMED, "names no PCR");
	pcr_policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}

struct pcr_selection pcr_policy_selection(const struct pcr_policy *policy)
{
	struct pcr_selection selection = {0};

	for (size_t i = 0; i < policy->count; i++) {
		/* Rules hold only banks and PCRs that can be selected. */
		if (pcr_selection_add(&selection, policy->rules[i].alg, policy->rules[i].pcr) != RC_OK)
			return (struct pcr_selection){0};
	}
	return selection;
}

/* "one of <hex>, <hex> and 3 more" */
static void expected_text(
	const struct pcr_policy *policy, const struct pcr_rule *rule, struct finding *finding)
{
	size_t room = sizeof finding->expected;
	size_t at = (size_t)snprintf(finding->expected, room, "%s", rule->count > 1 ? "one of " : "");
	char hex[HEX_BYTES(TPM_HASH_MAX_BYTES)];

	for (size_t i = 0; i < rule->count && i < ALTERNATIVES_SHOWN && at < room; i++)
		at += (size_t)snprintf(finding->expected + at, room - at, "%s%s", i > 0 ? ", " : "",
			hex_encode(pcr_policy_value(policy, rule, i), hex));
	if (rule->count > ALTERNATIVES_SHOWN && at < room)
		snprintf(
			finding->expected + at, room - at, " and %zu more", rule->count - ALTERNATIVES_SHOWN);
}

void pcr_policy_appraise(
	const struct pcr_policy *policy, const struct pcr_values *values, struct verdict *verdict)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct pcr_rule *rule = &policy->rules[i];
		struct finding *finding;
		struct span value = {0};
		char subject[FINDING_SUBJECT_BYTES];
		bool quoted = pcr_values_get(values, rule->alg, rule->pcr, &value) == RC_OK;

		if (quoted && pcr_policy_allows(policy, rule, value))
			continue;
		snprintf(subject, sizeof subject, "pcr %u (%s)", rule->pcr, tpm_alg_name(rule->alg));
		finding = verdict_add(verdict, quoted ? FINDING_PCR_VALUE : FINDING_PCR_MISSING, subject);
		expected_text(policy, rule, finding);
		_Static_assert(HEX_BYTES(TPM_HASH_MAX_BYTES) <= FINDING_TEXT_BYTES, "a value fits");
		if (quoted)
			hex_encode(value, finding->found);
	}
}

static void write_bank(const struct pcr_policy *policy, uint16_t alg, struct json_write *w)
{
	char key[4];

	json_write_object(w, tpm_alg_name(alg));
	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
		const struct pcr_rule *rule = pcr_policy_rule(policy, alg, pcr);

		if (rule == NULL)
			continue;
		snprintf(key, sizeof key, "%u", pcr);
		json_write_array(w, key);
		for (size_t i = 0; i < rule->count; i++)
			json_write_hex(w, NULL, pcr_policy_value(policy, rule, i));
		json_write_close(w);
	}
	json_write_close(w);
}

void pcr_policy_write(const struct pcr_policy *policy, struct json_write *w)
{
	struct pcr_selection selection = pcr_policy_selection(policy);

	json_write_object(w, "pcrs");
	for (size_t i = 0; i < selection.count; i++)
		write_bank(policy, selection.banks[i].alg, w);
	json_write_close(w);
}
