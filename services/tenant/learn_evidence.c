/* What a step of kept evidence shows, proven by its quotes. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/policy/boot_learn.h"
#include "lib/policy/explain.h"
#include "services/tenant/capture.h"
#include "services/tenant/learn_list.h"

/* One step and its quotes, all of which hold. */
struct proof {
	const struct evidence_set *set;
	struct capture captures[EVIDENCE_QUOTE_COUNT];
	struct pcr_values values[EVIDENCE_QUOTE_COUNT];
	uint64_t proven;                   /* entries of the list */
	bool is_list_quoted;               /* some quote has PCR 10 */
	uint16_t padded[POLICY_BANKS_MAX]; /* banks in which the list stands on SHA-1 */
	size_t padded_count;
};

static void proof_release(struct proof *proof)
{
	for (size_t i = 0; i < EVIDENCE_QUOTE_COUNT; i++)
		capture_release(&proof->captures[i]);
}

static enum rc refuse(const struct proof *proof, size_t kind, const struct finding *finding, struct err *err)
{
	char words[EXPLAIN_BYTES];

	return err_set(err, RC_DENIED,
		"%s: nothing is learned from evidence that does not hold: quote %s: %s", proof->set->path,
		evidence_quote_name((enum evidence_quote_kind)kind), explain(finding, words));
}

/* The quote itself, as a verifier looks at it. */
static enum rc check_quote(struct proof *proof, size_t kind, struct err *err)
{
	struct capture *capture = &proof->captures[kind];
	struct appraisal appraisal = {.quote = &capture->claim};
	struct verdict verdict = {0};
	enum rc rc = capture_open(proof->set, (enum evidence_quote_kind)kind, capture, &verdict);

	if (rc == RC_OK && capture->is_readable)
		appraise(&appraisal, &verdict);
	if (rc == RC_OK && !verdict.trusted)
		return verdict.kept == 0 ? RC_DENIED : refuse(proof, kind, &verdict.findings[0], err);
	if (rc == RC_OK)
		rc = pcr_values_parse(capture->claim.asked, capture->claim.values, &proof->values[kind]);
	return rc == RC_OK ? rc : err_set(err, rc, "%s: the quote could not be checked", proof->set->path);
}

/* ---- the list ---- */

static bool has_pcr(const struct pcr_selection *selection, unsigned pcr)
{
	for (size_t i = 0; i < selection->count; i++)
		if ((selection->banks[i].mask >> pcr & 1) != 0)
			return true;
	return false;
}

static void note_padded(struct proof *proof, const struct ima_replay *replay)
{
	for (uint32_t i = 0; i < replay->count; i++) {
		const struct ima_bank *bank = &replay->banks[i];
		bool is_noted = bank->alg == TPM_ALG_SHA1 || (bank->possible & 1u << IMA_HASHED) != 0 ||
		                !bank->is_quoted || proof->padded_count == POLICY_BANKS_MAX;

		for (size_t k = 0; k < proof->padded_count; k++)
			is_noted |= proof->padded[k] == bank->alg;
		if (!is_noted)
			proof->padded[proof->padded_count++] = bank->alg;
	}
}

/* How many entries lead to the quoted PCR 10. */
static enum rc prove_list(struct proof *proof, size_t kind, struct err *err)
{
	DROP(list_walk_release) struct list_walk walk = {0};
	const char *path = proof->set->path;
	struct ima_replay replay;
	struct ima_entry entry;
	bool ended = false;
	bool holds = true;
	enum rc rc;

	TRY(list_walk_begin(&walk, path, blob_span(&proof->set->list), &ended, err));
	rc = ima_replay_init(&replay, IMA_PCR, &proof->values[kind].selection);
	if (rc == RC_OK)
		rc = ima_replay_expect(&replay, &proof->values[kind]);
	if (rc != RC_OK)
		return err_set(err, rc, "%s: PCR 10: %s", path, rc_words(rc));
	while (!ima_replay_reached(&replay)) {
		if (!ended)
			TRY(list_walk_next(&walk, &entry, &ended, err));
		if (ended)
			return err_set(err, RC_DENIED,
				"%s: the measurement list does not lead to PCR 10 of quote %s: nothing is learned "
				"from evidence that does not hold",
				path, evidence_quote_name((enum evidence_quote_kind)kind));
		rc = ima_replay_add(&replay, &entry, walk.list.format.hash, &holds);
		if (rc != RC_OK || !holds)
			return err_set(err, rc == RC_OK || rc == RC_MALFORMED ? RC_DENIED : rc,
				"%s: entry %" PRIu64 " of the measurement list contradicts itself", path,
				walk.at);
	}
	ima_replay_settle(&replay);
	note_padded(proof, &replay);
	if (replay.entries > proof->proven)
		proof->proven = replay.entries;
	return RC_OK;
}

static enum rc learn_proven(struct learning *learning, const struct proof *proof, struct err *err)
{
	DROP(list_walk_release) struct list_walk walk = {0};
	struct ima_entry entry;
	bool ended = false;

	TRY(list_walk_begin(&walk, proof->set->path, blob_span(&proof->set->list), &ended, err));
	while (!ended && walk.at < proof->proven) {
		TRY(list_walk_next(&walk, &entry, &ended, err));
		if (!ended)
			TRY(learn_entry(learning, &entry, err));
	}
	if (walk.list.left.len != 0)
		return learning_warn(learning,
			"%s: what follows entry %" PRIu64
			" of the measurement list is not proven, and was not learned",
			proof->set->path, proof->proven);
	return RC_OK;
}

static enum rc learn_ima(struct learning *learning, struct proof *proof, struct err *err)
{
	if (!proof->set->has_list)
		return learning_warn(learning,
			"%s: there is no measurement list: nothing about files was learned",
			proof->set->path);
	for (size_t kind = 0; kind < EVIDENCE_QUOTE_COUNT; kind++) {
		if (!proof->set->quotes[kind].is_there ||
			!has_pcr(&proof->captures[kind].attest.selection, IMA_PCR))
			continue;
		proof->is_list_quoted = true;
		TRY(prove_list(proof, kind, err));
	}
	if (!proof->is_list_quoted)
		return learning_warn(learning,
			"%s: no quote covers PCR 10: nothing about files was learned, since nothing proves it",
			proof->set->path);
	return learn_proven(learning, proof, err);
}

/* ---- the boot ---- */

/* In place of a log. SHA-1 pins nothing: another quote of the step has to. */
static enum rc pin(struct learning *learning, const struct pcr_values *values, struct blob *warnings,
	bool *pinned, struct err *err)
{
	uint16_t banks[PCR_BANKS_MAX];
	size_t count = 0;
	enum rc rc;

	for (size_t i = 0; i < values->selection.count; i++)
		if (values->selection.banks[i].alg != TPM_ALG_SHA1)
			banks[count++] = values->selection.banks[i].alg;
	rc = boot_pin_pcrs(values, banks, count, &learning->pcrs, warnings, err);
	*pinned |= rc == RC_OK;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static bool has_boot_pcrs(const struct pcr_selection *selection)
{
	for (unsigned pcr = 0; pcr < 10; pcr++)
		if (has_pcr(selection, pcr))
			return true;
	return false;
}

static enum rc learn_boot(struct learning *learning, const struct proof *proof, struct err *err)
{
	bool is_quoted = false;
	bool is_learned = false;

	for (size_t kind = 0; kind < EVIDENCE_QUOTE_COUNT; kind++) {
		DROP(blob_release) struct blob again = {0};
		struct blob *warnings = is_learned ? &again : &learning->warnings;
		const struct pcr_values *values = &proof->values[kind];
		enum rc rc;

		if (!proof->set->quotes[kind].is_there || !has_boot_pcrs(&values->selection))
			continue;
		is_quoted = true;
		/* What is worth a warning is told once. */
		rc = boot_learn(blob_span(&proof->set->log), values, &learning->boot, warnings, err);
		is_learned |= rc == RC_OK;
		if (rc == RC_NOT_FOUND)
			rc = pin(learning, values, warnings, &is_learned, err);
		if (rc != RC_OK)
			return err_wrap(err, rc, "%s: ", proof->set->path);
	}
	if (!is_quoted)
		return learning_warn(learning,
			"%s: no quote covers PCR 0 to 9: nothing about the boot was learned, since nothing proves it",
			proof->set->path);
	if (!is_learned)
		return learning_warn(learning,
			"%s: there is no event log, and its PCRs are quoted in SHA-1 only: nothing about the boot was "
			"learned",
			proof->set->path);
	return RC_OK;
}

/* ---- banks ---- */

/* PCRs that some quote of the step has in another bank than SHA-1, over all quotes (any_other) and in each.
 */
static uint32_t stronger_pcrs(const struct pcr_selection *selection)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < selection->count; i++)
		if (selection->banks[i].alg != TPM_ALG_SHA1)
			mask |= selection->banks[i].mask;
	return mask;
}

static bool has_bank(const struct policy_banks *banks, uint16_t alg)
{
	for (size_t i = 0; i < banks->count; i++)
		if (banks->alg[i] == alg)
			return true;
	return false;
}

static bool is_padded(const struct proof *proof, uint16_t alg)
{
	for (size_t i = 0; i < proof->padded_count; i++)
		if (proof->padded[i] == alg)
			return true;
	return false;
}

/* Higher goes first: banks in which the list does not stand on SHA-1, the longer digest, SHA-1 last. */
static unsigned strength(const struct proof *proof, uint16_t alg)
{
	unsigned bytes = (unsigned)digest_size(digest_of_tpm_id(alg));

	if (alg == TPM_ALG_SHA1)
		return 0;
	return is_padded(proof, alg) ? bytes : bytes + 1000;
}

static void add_bank(const struct proof *proof, uint16_t alg, struct policy_banks *banks)
{
	size_t at = banks->count;

	if (has_bank(banks, alg) || banks->count == POLICY_BANKS_MAX || digest_of_tpm_id(alg) == DIGEST_NONE)
		return;
	while (at > 0 && strength(proof, banks->alg[at - 1]) < strength(proof, alg)) {
		banks->alg[at] = banks->alg[at - 1];
		at--;
	}
	banks->alg[at] = alg;
	banks->count++;
}

static enum rc add_sha1(struct learning *learning, const struct proof *proof)
{
	add_bank(proof, TPM_ALG_SHA1, &learning->banks);
	return learning_warn(learning,
		"%s: a quote covers PCRs in SHA-1 only, so that the policy lets SHA-1 prove them: collisions of SHA-1 can be "
		"made. Quote another bank, or take \"sha1\" out of \"banks\"",
		proof->set->path);
}

/* PCRs that the policy will want and this quote has in SHA-1 only. */
static uint32_t wanted_of_sha1(
	const struct learning *learning, const struct proof *proof, const struct pcr_selection *selection)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < selection->count; i++)
		if (selection->banks[i].alg == TPM_ALG_SHA1)
			mask |= selection->banks[i].mask;
	mask &= ~stronger_pcrs(selection);
	if (learning->no_ima || !proof->set->has_list)
		mask &= ~(1u << IMA_PCR);
	if (learning->no_boot || proof->set->log.len == 0)
		mask &= 1u << IMA_PCR;
	return mask;
}

static enum rc learn_banks(struct learning *learning, const struct proof *proof)
{
	for (size_t kind = 0; kind < EVIDENCE_QUOTE_COUNT; kind++) {
		const struct pcr_selection *selection = &proof->captures[kind].attest.selection;

		if (!proof->set->quotes[kind].is_there)
			continue;
		for (size_t i = 0; i < selection->count; i++)
			if (selection->banks[i].alg != TPM_ALG_SHA1)
				add_bank(proof, selection->banks[i].alg, &learning->banks);
		if (wanted_of_sha1(learning, proof, selection) != 0 &&
			!has_bank(&learning->banks, TPM_ALG_SHA1))
			TRY(add_sha1(learning, proof));
	}
	return RC_OK;
}

enum rc learn_evidence(struct learning *learning, const struct evidence_set *set, struct err *err)
{
	DROP(proof_release) struct proof proof = {.set = set};

	for (size_t kind = 0; kind < EVIDENCE_QUOTE_COUNT; kind++)
		if (set->quotes[kind].is_there)
			TRY(check_quote(&proof, kind, err));
	if (!learning->no_ima)
		TRY(learn_ima(learning, &proof, err));
	if (!learning->no_boot)
		TRY(learn_boot(learning, &proof, err));
	return learn_banks(learning, &proof);
}
