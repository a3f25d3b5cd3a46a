#include "lib/evidence/ima_replay.h"

static size_t size_of(const struct ima_bank *bank)
{
	return digest_size(digest_of_tpm_id(bank->alg));
}

static bool is_possible(const struct ima_bank *bank, unsigned behaviour)
{
	return (bank->possible >> behaviour & 1) != 0;
}

enum rc ima_replay_init(struct ima_replay *replay, uint32_t pcr, const struct pcr_selection *selection)
{
	struct ima_replay made = {.pcr = pcr};

	for (enum digest_alg alg = DIGEST_NONE + 1; alg < DIGEST_COUNT; alg++) {
		uint8_t possible = alg == DIGEST_SHA1 ? 1u << IMA_HASHED : IMA_BEHAVIOURS_ALL;

		if (pcr_selection_has(selection, digest_tpm_id(alg), pcr))
			made.banks[made.count++] =
				(struct ima_bank){.alg = digest_tpm_id(alg), .possible = possible};
	}
	if (made.count == 0)
		return RC_NOT_FOUND;
	*replay = made;
	return RC_OK;
}

enum rc ima_replay_assume(struct ima_replay *replay, unsigned behaviours)
{
	struct ima_replay made = *replay;

	for (size_t i = 0; i < made.count; i++) {
		if (made.banks[i].alg == TPM_ALG_SHA1)
			continue;
		made.banks[i].possible &= (uint8_t)behaviours;
		if (made.banks[i].possible == 0)
			return RC_NOT_FOUND;
	}
	*replay = made;
	return RC_OK;
}

enum rc ima_replay_expect(struct ima_replay *replay, const struct pcr_values *quoted)
{
	struct ima_replay made = *replay;
	bool found = false;

	for (size_t i = 0; i < made.count; i++) {
		struct ima_bank *bank = &made.banks[i];
		struct span value = {0};

		bank->is_quoted = pcr_values_get(quoted, bank->alg, made.pcr, &value) == RC_OK &&
		                  value.len == size_of(bank);
		if (bank->is_quoted)
			memcpy(bank->quoted, value.at, value.len);
		found = found || bank->is_quoted;
	}
	if (!found)
		return RC_NOT_FOUND;
	*replay = made;
	return RC_OK;
}

/* new = H(old ‖ value) */
static enum rc extend(struct ima_bank *bank, enum digest_alg alg, unsigned behaviour, const uint8_t *value)
{
	size_t len = digest_size(alg);
	struct span parts[2] = {span_of(bank->registers[behaviour], len), span_of(value, len)};

	return digest_spans(alg, parts, 2, bank->registers[behaviour]);
}

/*
 * PADDED and OLD are the same until the first violation: one register is computed for both, and copied. So a
 * replay that nothing is known about costs two extends a bank.
 */
static enum rc extend_padded(
	struct ima_bank *bank, enum digest_alg alg, const uint8_t *value, uint64_t violations)
{
	bool padded = is_possible(bank, IMA_PADDED), old = is_possible(bank, IMA_OLD);

	if (padded && old && violations == 0) {
		TRY(extend(bank, alg, IMA_PADDED, value));
		memcpy(bank->registers[IMA_OLD], bank->registers[IMA_PADDED], DIGEST_BYTES_MAX);
		return RC_OK;
	}
	if (padded)
		TRY(extend(bank, alg, IMA_PADDED, value));
	return old ? extend(bank, alg, IMA_OLD, value) : RC_OK;
}

static enum rc add_violation(struct ima_replay *replay)
{
	uint8_t ones[DIGEST_BYTES_MAX];
	uint8_t old[DIGEST_BYTES_MAX] = {0};

	memset(ones, 0xff, sizeof ones);
	memset(old, 0xff, DIGEST_SHA1_BYTES);
	for (size_t i = 0; i < replay->count; i++) {
		struct ima_bank *bank = &replay->banks[i];

		for (unsigned b = 0; b < IMA_BEHAVIOURS; b++)
			if (is_possible(bank, b))
				TRY(extend(bank, digest_of_tpm_id(bank->alg), b, b == IMA_OLD ? old : ones));
	}
	replay->violations++;
	return RC_OK;
}

/* Hashes of one entry, each made when it is first asked for. SHA-1, which nearly every list and behaviour
 * wants, has zeros behind it; of the others one at a time is kept. */
struct hashes {
	const struct ima_entry *entry;
	enum digest_alg other;
	bool has_sha1;
	uint8_t sha1[DIGEST_BYTES_MAX];
	uint8_t value[DIGEST_BYTES_MAX];
};

static enum rc hash_of(struct hashes *hashes, enum digest_alg alg, const uint8_t **out)
{
	const struct ima_entry *entry = hashes->entry;
	bool is_sha1 = alg == DIGEST_SHA1;

	*out = is_sha1 ? hashes->sha1 : hashes->value;
	if (is_sha1 ? hashes->has_sha1 : hashes->other == alg)
		return RC_OK;
	TRY(ima_template_hash(alg, entry->fields.template, entry->data, entry->big_endian,
		is_sha1 ? hashes->sha1 : hashes->value));
	if (is_sha1)
		hashes->has_sha1 = true;
	else
		hashes->other = alg;
	return RC_OK;
}

/* The column: the hash of the data; in a list of another hash also SHA-1 and zeros, by a kernel without it.
 */
static enum rc check_listed(struct hashes *hashes, enum digest_alg alg, bool *out)
{
	struct span listed = hashes->entry->hash;
	const uint8_t *hash = NULL;

	TRY(hash_of(hashes, alg, &hash));
	*out = span_equal(listed, span_of(hash, digest_size(alg)));
	if (*out || alg == DIGEST_SHA1)
		return RC_OK;
	TRY(hash_of(hashes, DIGEST_SHA1, &hash));
	*out = span_equal(listed, span_of(hash, digest_size(alg)));
	return RC_OK;
}

static enum rc add_hashes(struct ima_replay *replay, struct hashes *hashes)
{
	const uint8_t *hash = NULL;

	for (size_t i = 0; i < replay->count; i++) {
		struct ima_bank *bank = &replay->banks[i];
		enum digest_alg alg = digest_of_tpm_id(bank->alg);

		if (is_possible(bank, IMA_HASHED)) {
			TRY(hash_of(hashes, alg, &hash));
			TRY(extend(bank, alg, IMA_HASHED, hash));
		}
		if ((bank->possible & ~(1u << IMA_HASHED)) != 0) {
			TRY(hash_of(hashes, DIGEST_SHA1, &hash));
			TRY(extend_padded(bank, alg, hash, replay->violations));
		}
	}
	return RC_OK;
}

enum rc ima_replay_add(struct ima_replay *replay, const struct ima_entry *entry, enum digest_alg format_hash,
	bool *out_hash_holds)
{
	struct hashes hashes = {.entry = entry};
	bool holds = true;

	if (!entry->is_violation)
		TRY(check_listed(&hashes, format_hash, &holds));
	if (entry->pcr != replay->pcr)
		replay->elsewhere++;
	else if (entry->is_violation)
		TRY(add_violation(replay));
	else
		TRY(add_hashes(replay, &hashes));
	replay->entries++;
	*out_hash_holds = holds;
	return RC_OK;
}

/* The behaviours that give the quoted value now. Most entries differ in the first bytes already. */
static uint8_t reached_by(const struct ima_bank *bank)
{
	uint8_t reached = 0;

	for (unsigned b = 0; b < IMA_BEHAVIOURS; b++)
		if (is_possible(bank, b) &&
			memcmp(bank->registers[b], bank->quoted, DIGEST_SHA1_BYTES) == 0 &&
			memcmp(bank->registers[b], bank->quoted, size_of(bank)) == 0)
			reached |= (uint8_t)(1u << b);
	return reached;
}

bool ima_replay_reached(const struct ima_replay *replay)
{
	bool found = false;

	for (size_t i = 0; i < replay->count; i++) {
		if (!replay->banks[i].is_quoted)
			continue;
		if (reached_by(&replay->banks[i]) == 0)
			return false;
		found = true;
	}
	return found;
}

void ima_replay_settle(struct ima_replay *replay)
{
	for (size_t i = 0; i < replay->count; i++) {
		uint8_t reached = replay->banks[i].is_quoted ? reached_by(&replay->banks[i]) : 0;

		if (reached != 0)
			replay->banks[i].possible = reached;
	}
}

bool ima_replay_is_padded(const struct ima_replay *replay)
{
	for (size_t i = 0; i < replay->count; i++)
		if (replay->banks[i].is_quoted && !is_possible(&replay->banks[i], IMA_HASHED))
			return true;
	return false;
}
