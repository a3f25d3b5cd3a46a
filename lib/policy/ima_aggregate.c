#include "lib/policy/ima_aggregate.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"

#define NAME "boot_aggregate"

/* PCRs that every kernel takes, and those that newer ones take. */
#define PCRS_OLD 8
#define PCRS_NEW 10

enum answer { HOLDS, OPEN, DIFFERS };

static enum rc value_of(const struct ima_boot_values *values, uint16_t alg, unsigned pcr, struct span *out)
{
	enum rc rc = pcr_values_get(values->quoted, alg, pcr, out);

	if (rc == RC_OK || values->replayed == NULL)
		return rc;
	return event_replay_get(values->replayed, alg, pcr, out);
}

/* The digest of the first `count` PCRs. RC_NOT_FOUND if not all of them are known. */
static enum rc aggregate_of(
	const struct ima_boot_values *values, enum digest_alg alg, size_t count, uint8_t *out)
{
	struct span pcrs[PCRS_NEW];

	for (unsigned i = 0; i < count; i++)
		TRY(value_of(values, digest_tpm_id(alg), i, &pcrs[i]));
	return digest_spans(alg, pcrs, count, out);
}

static enum answer compare(
	const struct ima_aggregate *aggregate, const struct ima_boot_values *values, size_t count)
{
	enum digest_alg alg = kernel_hash_digest(aggregate->hash);
	uint8_t digest[DIGEST_BYTES_MAX];

	if (alg == DIGEST_NONE || aggregate_of(values, alg, count, digest) != RC_OK)
		return OPEN;
	return span_equal(span_of(digest, digest_size(alg)), span_of(aggregate->digest, aggregate->len))
	               ? HOLDS
	               : DIFFERS;
}

static enum answer check(struct ima_aggregate *aggregate, const struct ima_boot_values *values)
{
	enum answer old;
	enum answer now;

	if (aggregate->holds)
		return HOLDS;
	old = compare(aggregate, values, PCRS_OLD);
	now = compare(aggregate, values, PCRS_NEW);
	aggregate->holds = old == HOLDS || now == HOLDS;
	if (aggregate->holds)
		return HOLDS;
	return old == OPEN || now == OPEN ? OPEN : DIFFERS;
}

static bool is_listed(const struct ima_policy *policy, const struct ima_aggregate *aggregate)
{
	struct span digest = span_of(aggregate->digest, aggregate->len);

	return digest_table_find(&policy->digests, DIGEST_OF_FILE, span_text(NAME), aggregate->hash, digest)
	               .match == DIGEST_ALLOWED;
}

static enum answer ask(struct ima_run *run, size_t index, const struct ima_policy *policy,
	const struct ima_boot_values *values)
{
	struct ima_aggregate *aggregate = &run->aggregate[index];

	switch (policy->rules.boot_aggregate) {
	case IMA_BOOT_AGGREGATE_CHECK: return check(aggregate, values);
	case IMA_BOOT_AGGREGATE_LISTED: return is_listed(policy, aggregate) ? HOLDS : DIFFERS;
	case IMA_BOOT_AGGREGATE_IGNORE: break;
	}
	/* Only the first: a program that calls itself boot_aggregate must not be ignored. */
	return index == 0 ? HOLDS : DIFFERS;
}

static void tell(const struct ima_aggregate *aggregate, enum answer answer, struct verdict *verdict)
{
	char hex[HEX_BYTES(DIGEST_BYTES_MAX)];
	struct finding *finding = verdict_add(
		verdict, answer == OPEN ? FINDING_IMA_AGGREGATE_OPEN : FINDING_IMA_AGGREGATE, NAME);

	snprintf(finding->expected, sizeof finding->expected, "%s",
		answer == OPEN ? "PCR 0 to 9 quoted in the bank of its hash"
			       : "the digest of PCR 0 to 7 or 0 to 9, or one that the policy lists");
	snprintf(finding->found, sizeof finding->found, "%s:%s", kernel_hash_name(aggregate->hash),
		hex_encode(span_of(aggregate->digest, aggregate->len), hex));
}

static void tell_missing(struct verdict *verdict, const char *found)
{
	struct finding *finding = verdict_add(verdict, FINDING_IMA_AGGREGATE, NAME);

	snprintf(finding->expected, sizeof finding->expected, "a list that begins with it");
	snprintf(finding->found, sizeof finding->found, "%s", found);
}

void ima_aggregate_judge(struct ima_run *run, const struct ima_policy *policy,
	const struct ima_policy *previous, const struct ima_boot_values *values, struct verdict *verdict)
{
	const struct ima_progress *proven = &run->proven;

	if (proven->replay.entries == 0)
		tell_missing(verdict, "an empty list: the kernel measures nothing");
	else if (!proven->begins)
		tell_missing(verdict, "a list that begins with something else");
	for (size_t i = 0; i < proven->aggregates; i++) {
		enum answer answer = ask(run, i, policy, values);
		enum answer former = answer;

		if (answer != HOLDS && previous != NULL)
			former = ask(run, i, previous, values);
		if (answer != HOLDS && former != HOLDS)
			tell(&run->aggregate[i], answer, verdict);
	}
}
