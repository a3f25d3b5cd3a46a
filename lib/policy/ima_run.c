/* A run as it is written down: big-endian numbers in the order of the functions below. */
#include "lib/base/drop.h"
#include "lib/evidence/cursor.h"
#include "lib/policy/ima_fault.h"

#define VERSION 1

static enum rc put(struct blob *out, size_t bytes, uint64_t value)
{
	uint8_t raw[8];

	for (size_t i = 0; i < bytes; i++)
		raw[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
	return blob_append(out, span_of(raw, bytes));
}

static enum rc put_bank(const struct ima_bank *bank, struct blob *out)
{
	size_t len = digest_size(digest_of_tpm_id(bank->alg));

	TRY(put(out, 2, bank->alg));
	TRY(put(out, 1, bank->possible));
	for (unsigned i = 0; i < IMA_BEHAVIOURS; i++)
		if ((bank->possible >> i & 1) != 0)
			TRY(blob_append(out, span_of(bank->registers[i], len)));
	return RC_OK;
}

static enum rc put_replay(const struct ima_replay *replay, struct blob *out)
{
	TRY(put(out, 8, replay->entries));
	TRY(put(out, 8, replay->violations));
	TRY(put(out, 8, replay->elsewhere));
	TRY(put(out, 1, replay->count));
	for (size_t i = 0; i < replay->count; i++)
		TRY(put_bank(&replay->banks[i], out));
	return RC_OK;
}

static enum rc put_progress(const struct ima_progress *progress, struct blob *out)
{
	TRY(put(out, 8, progress->bytes));
	TRY(put(out, 8, progress->failures));
	TRY(put(out, 8, progress->unjudged));
	TRY(put(out, 8, progress->reports));
	TRY(put(out, 1, progress->begins));
	TRY(put(out, 1, progress->is_known));
	TRY(put(out, 1, progress->format.is_ascii));
	TRY(put(out, 1, progress->format.big_endian));
	TRY(put(out, 1, progress->format.hash));
	return put_replay(&progress->replay, out);
}

static enum rc put_aggregate(const struct ima_aggregate *aggregate, struct blob *out)
{
	TRY(put(out, 1, aggregate->hash));
	TRY(put(out, 1, aggregate->holds));
	TRY(put(out, 1, aggregate->len));
	return blob_append(out, span_of(aggregate->digest, aggregate->len));
}

static enum rc put_key(const struct ima_keyring_key *key, struct blob *out)
{
	struct key_parts parts = public_key_parts(key->key);

	TRY(put(out, 4, key->id));
	TRY(put(out, 1, parts.kind));
	if (parts.kind == KEY_RSA) {
		TRY(put(out, 2, parts.n.len));
		return blob_append(out, parts.n);
	}
	TRY(blob_append(out, parts.x));
	return blob_append(out, parts.y);
}

enum rc ima_run_encode(const struct ima_run *run, struct blob *out)
{
	const struct ima_progress *proven = &run->proven;

	TRY(put(out, 1, VERSION));
	TRY(put_progress(proven, out));
	TRY(put(out, 1, proven->aggregates));
	for (size_t i = 0; i < proven->aggregates; i++)
		TRY(put_aggregate(&run->aggregate[i], out));
	TRY(put(out, 1, proven->learned));
	for (size_t i = 0; i < proven->learned; i++)
		TRY(put_key(&run->learned.keys[i], out));
	TRY(put(out, 1, proven->fault_count));
	return blob_append(out, span_of(run->faults.at, proven->faults_len));
}

static enum rc get_bool(struct cursor *cursor, bool *out)
{
	uint8_t value = 0;

	TRY(cursor_u8(cursor, &value));
	*out = value == 1;
	return value <= 1 ? RC_OK : RC_MALFORMED;
}

static enum rc get_bank(struct cursor *cursor, struct ima_bank *out)
{
	size_t len;

	TRY(cursor_u16(cursor, &out->alg));
	TRY(cursor_u8(cursor, &out->possible));
	len = digest_size(digest_of_tpm_id(out->alg));
	if (len == 0 || out->possible == 0 || out->possible > IMA_BEHAVIOURS_ALL)
		return RC_MALFORMED;
	for (unsigned i = 0; i < IMA_BEHAVIOURS; i++) {
		struct span value = {0};

		if ((out->possible >> i & 1) == 0)
			continue;
		TRY(cursor_bytes(cursor, len, &value));
		memcpy(out->registers[i], value.at, len);
	}
	return RC_OK;
}

static enum rc get_replay(struct cursor *cursor, struct ima_replay *out)
{
	uint8_t count = 0;

	TRY(cursor_u64(cursor, &out->entries));
	TRY(cursor_u64(cursor, &out->violations));
	TRY(cursor_u64(cursor, &out->elsewhere));
	TRY(cursor_u8(cursor, &count));
	if (count > IMA_BANKS_MAX)
		return RC_MALFORMED;
	out->pcr = count > 0 ? IMA_PCR : 0;
	for (; out->count < count; out->count++) {
		TRY(get_bank(cursor, &out->banks[out->count]));
		for (size_t i = 0; i < out->count; i++)
			if (out->banks[i].alg == out->banks[out->count].alg)
				return RC_MALFORMED;
	}
	return RC_OK;
}

static enum rc get_progress(struct cursor *cursor, struct ima_progress *out)
{
	uint8_t hash = 0;

	TRY(cursor_u64(cursor, &out->bytes));
	TRY(cursor_u64(cursor, &out->failures));
	TRY(cursor_u64(cursor, &out->unjudged));
	TRY(cursor_u64(cursor, &out->reports));
	TRY(get_bool(cursor, &out->begins));
	TRY(get_bool(cursor, &out->is_known));
	TRY(get_bool(cursor, &out->format.is_ascii));
	TRY(get_bool(cursor, &out->format.big_endian));
	TRY(cursor_u8(cursor, &hash));
	if (hash >= DIGEST_COUNT || (out->is_known && hash == DIGEST_NONE))
		return RC_MALFORMED;
	out->format.hash = (enum digest_alg)hash;
	return get_replay(cursor, &out->replay);
}

static enum rc get_aggregates(struct cursor *cursor, struct ima_run *run)
{
	uint8_t count = 0;

	TRY(cursor_u8(cursor, &count));
	if (count > IMA_AGGREGATES_MAX)
		return RC_MALFORMED;
	run->proven.aggregates = count;
	for (size_t i = 0; i < count; i++) {
		struct ima_aggregate *aggregate = &run->aggregate[i];
		struct span digest = {0};
		uint8_t hash = 0;

		TRY(cursor_u8(cursor, &hash));
		TRY(get_bool(cursor, &aggregate->holds));
		TRY(cursor_u8(cursor, &aggregate->len));
		if (hash > KERNEL_HASH_COUNT || aggregate->len > sizeof aggregate->digest)
			return RC_MALFORMED;
		aggregate->hash = (enum kernel_hash)hash;
		TRY(cursor_bytes(cursor, aggregate->len, &digest));
		if (digest.len > 0)
			memcpy(aggregate->digest, digest.at, digest.len);
	}
	return RC_OK;
}

static enum rc get_key(struct cursor *cursor, struct ima_keyring *keyring)
{
	DROP(public_key_release) struct public_key *key = NULL;
	struct key_parts parts = {0};
	uint32_t id = 0;
	uint16_t len = 0;
	uint8_t kind = 0;

	TRY(cursor_u32(cursor, &id));
	TRY(cursor_u8(cursor, &kind));
	parts.kind = (enum key_kind)kind;
	if (parts.kind == KEY_RSA) {
		TRY(cursor_u16(cursor, &len));
		TRY(cursor_bytes(cursor, len, &parts.n));
	} else {
		TRY(cursor_bytes(cursor, key_field_bytes(parts.kind), &parts.x));
		TRY(cursor_bytes(cursor, key_field_bytes(parts.kind), &parts.y));
	}
	TRY(public_key_of_parts(&parts, &key, NULL));
	return ima_keyring_add_as(keyring, IMA_LEARNED_MAX, id, &key);
}

static enum rc get_faults(struct cursor *cursor, struct ima_run *run)
{
	struct span left = {0};
	struct ima_fault fault;
	uint8_t count = 0;

	TRY(cursor_u8(cursor, &count));
	if (count > IMA_FAULTS_MAX)
		return RC_MALFORMED;
	TRY(blob_copy(&run->faults, cursor->left));
	left = cursor->left;
	for (unsigned i = 0; i < count; i++)
		if (!ima_fault_next(&left, &fault))
			return RC_MALFORMED;
	run->proven.fault_count = count;
	run->proven.faults_len = (uint32_t)run->faults.len;
	return left.len == 0 ? RC_OK : RC_MALFORMED;
}

enum rc ima_run_decode(struct span in, struct ima_run *out)
{
	DROP(ima_run_release) struct ima_run run = {0};
	struct cursor cursor = cursor_at(in);
	uint8_t version = 0;
	uint8_t learned = 0;

	if (in.len > IMA_RUN_MAX_BYTES)
		return RC_LIMIT;
	TRY(cursor_u8(&cursor, &version));
	if (version != VERSION)
		return RC_UNSUPPORTED;
	TRY(get_progress(&cursor, &run.proven));
	TRY(get_aggregates(&cursor, &run));
	TRY(cursor_u8(&cursor, &learned));
	if (learned > IMA_LEARNED_MAX)
		return RC_MALFORMED;
	for (size_t i = 0; i < learned; i++)
		TRY(get_key(&cursor, &run.learned));
	run.proven.learned = learned;
	TRY(get_faults(&cursor, &run));
	ima_run_release(out);
	*out = TAKE(run);
	return RC_OK;
}
