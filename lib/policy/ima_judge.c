#include "lib/policy/ima_judge.h"

#include "lib/base/drop.h"
#include "lib/crypto/cert.h"
#include "lib/policy/ima_fault.h"

/* Writing a finding takes longer than finding an entry good. */
#define WORK_FAULT 8

/* A failing entry is kept by what the policy says; these are about no policy. */
static enum rc fault(struct ima_run *run, const struct ima_entry *entry, enum finding_check check,
	enum digest_kind kind, const char *hint)
{
	struct ima_opinion opinion = {.kind = kind, .hint = hint};

	ima_opinion_bad(&opinion, check, FINDING_FAILS);
	return ima_fault_add(run, NULL, entry, &opinion);
}

/* A certificate that was loaded into a keyring, in which the policy allows it. */
static enum rc learn(struct ima_run *run, struct span der)
{
	DROP(cert_release) struct cert *cert = NULL;
	DROP(public_key_release) struct public_key *key = NULL;
	struct public_key *borrowed;
	struct key_parts parts;
	uint32_t id = 0;

	TRY(cert_parse(der, &cert, NULL));
	borrowed = cert_key(cert);
	if (borrowed == NULL)
		return RC_OK;
	TRY(ima_key_id(borrowed, &id));
	parts = public_key_parts(borrowed);
	/* Keys that rolled back rounds learned lie behind the end. */
	ima_keyring_cut(&run->learned, run->ahead.learned);
	if (run->learned.count >= IMA_LEARNED_MAX || ima_keyring_kind(&run->learned, id) != KEY_NONE)
		return RC_OK;
	TRY(public_key_of_parts(&parts, &key, NULL));
	TRY(ima_keyring_add_as(&run->learned, IMA_LEARNED_MAX, id, &key));
	run->ahead.learned = (uint16_t)run->learned.count;
	return RC_OK;
}

/* It is good if either policy allows it; what is told is what the present one says. */
static enum rc judge_by_policies(struct ima_run *run, const struct ima_context *context,
	const struct ima_entry *entry, const struct digest_place *place, int64_t *budget)
{
	struct ima_keyring learned = {run->ahead.learned, run->learned.keys};
	struct ima_opinion opinion;
	struct ima_opinion former = {0};

	TRY(ima_opinion_of(context->policy, &learned, entry, place, budget, &opinion));
	if (!opinion.good && context->previous != NULL) {
		struct digest_place other;

		digest_table_seek(&context->previous->digests, DIGEST_OF_FILE, entry->fields.name, &other);
		TRY(ima_opinion_of(context->previous, &learned, entry, &other, budget, &former));
	}
	if (opinion.learn || former.learn)
		TRY(learn(run, entry->fields.buffer));
	if (opinion.good || former.good)
		return RC_OK;
	*budget -= WORK_FAULT;
	return ima_fault_add(run, context->policy, entry, &opinion);
}

static bool is_boot_aggregate(const struct ima_entry *entry)
{
	return span_is(entry->fields.name, "boot_aggregate") && !entry->is_violation &&
	       entry->fields.template != IMA_TEMPLATE_BUF;
}

static enum rc add_aggregate(struct ima_run *run, const struct ima_entry *entry)
{
	const struct ima_digest *digest = &entry->fields.digest;
	struct ima_aggregate *aggregate;

	if (digest->value.len > DIGEST_BYTES_MAX)
		return fault(run, entry, FINDING_IMA_AGGREGATE, DIGEST_OF_FILE, NULL);
	for (size_t i = 0; i < run->ahead.aggregates; i++) {
		aggregate = &run->aggregate[i];
		if (aggregate->hash == digest->hash &&
			span_equal(span_of(aggregate->digest, aggregate->len), digest->value))
			return RC_OK;
	}
	if (run->ahead.aggregates == IMA_AGGREGATES_MAX)
		return fault(run, entry, FINDING_IMA_AGGREGATE, DIGEST_OF_FILE, "one of too many");
	aggregate = &run->aggregate[run->ahead.aggregates++];
	*aggregate = (struct ima_aggregate){.hash = digest->hash, .len = (uint8_t)digest->value.len};
	if (digest->value.len > 0)
		memcpy(aggregate->digest, digest->value.at, digest->value.len);
	return RC_OK;
}

static enum rc judge_entry(struct ima_run *run, const struct ima_context *context,
	const struct ima_entry *entry, const struct digest_place *place, bool hash_holds, int64_t *budget)
{
	*budget -= IMA_WORK_ENTRY + (int64_t)(entry->data.len / 1024);
	if (entry->pcr != IMA_PCR)
		return fault(run, entry, FINDING_IMA_PCR, DIGEST_OF_FILE, NULL);
	if (!hash_holds)
		return fault(run, entry, FINDING_IMA_ENTRY, DIGEST_OF_FILE,
			"the template hash is not that of the data");
	if (is_boot_aggregate(entry)) {
		run->ahead.begins = run->ahead.begins || run->ahead.replay.entries == 1;
		return add_aggregate(run, entry);
	}
	return judge_by_policies(run, context, entry, place, budget);
}

static void prove(struct ima_run *run)
{
	ima_replay_settle(&run->ahead.replay);
	run->proven = run->ahead;
	run->state = IMA_PROVEN;
}

/* One entry. RC_MALFORMED if no kernel writes it. */
static enum rc take(struct ima_run *run, const struct ima_context *context, const struct ima_entry *entry,
	int64_t *budget)
{
	struct digest_place place;
	bool hash_holds = false;

	/* The table's rows come from memory while hashes are made. */
	digest_table_seek(&context->policy->digests, DIGEST_OF_FILE, entry->fields.name, &place);
	TRY(ima_replay_add(&run->ahead.replay, entry, run->ahead.format.hash, &hash_holds));
	TRY(judge_entry(run, context, entry, &place, hash_holds, budget));
	run->ahead.bytes += entry->bytes.len;
	if (ima_replay_reached(&run->ahead.replay))
		prove(run);
	return RC_OK;
}

/* The list's format, from its beginning. RC_OK also if there is too little of it yet. */
static enum rc know_format(struct ima_run *run, struct span piece)
{
	enum rc rc;

	if (run->ahead.is_known)
		return RC_OK;
	rc = ima_format_guess(piece, &run->ahead.format);
	if (rc == RC_MALFORMED)
		run->state = IMA_BROKEN;
	run->ahead.is_known = rc == RC_OK;
	return rc == RC_MALFORMED || rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc judge_pieces(
	struct ima_run *run, const struct ima_context *context, struct ima_list *list, int64_t *budget)
{
	struct ima_entry entry;

	while (run->state == IMA_GOING && *budget > 0) {
		enum ima_step step = ima_list_next(list, &entry);
		enum rc rc;

		if (step == IMA_STEP_END || step == IMA_STEP_PARTIAL)
			return RC_OK;
		rc = step == IMA_STEP_BROKEN ? RC_MALFORMED : take(run, context, &entry, budget);
		if (rc == RC_MALFORMED)
			run->state = IMA_BROKEN;
		else if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc ima_judge(struct ima_run *run, const struct ima_context *context, struct span piece,
	struct ima_room room, int64_t *budget, size_t *out_consumed)
{
	struct ima_list list = {.left = piece, .room = room.at, .room_len = room.len};
	uint64_t start = run->ahead.bytes;
	enum rc rc;

	if (run->state != IMA_GOING)
		return RC_MALFORMED;
	rc = know_format(run, piece);
	list.format = run->ahead.format;
	if (rc == RC_OK && run->ahead.is_known)
		rc = judge_pieces(run, context, &list, budget);
	if (rc != RC_OK)
		run->state = IMA_IDLE;
	*out_consumed = (size_t)(run->ahead.bytes - start);
	return rc;
}

uint64_t ima_run_offset(const struct ima_run *run)
{
	return run->state == IMA_GOING ? run->ahead.bytes : run->proven.bytes;
}

enum rc ima_run_expect(struct ima_run *run, const struct pcr_values *quoted)
{
	struct ima_progress ahead = run->proven;

	if (ahead.replay.count == 0)
		TRY(ima_replay_init(&ahead.replay, IMA_PCR, &quoted->selection));
	TRY(ima_replay_expect(&ahead.replay, quoted));
	run->ahead = ahead;
	run->state = IMA_GOING;
	if (ima_replay_reached(&run->ahead.replay))
		prove(run);
	return RC_OK;
}

void ima_run_end(struct ima_run *run, bool whole)
{
	if (run->state == IMA_GOING)
		run->state = whole ? IMA_SHORT : IMA_LATE;
}

void ima_run_release(struct ima_run *run)
{
	blob_release(&run->faults);
	ima_keyring_release(&run->learned);
	memset(run, 0, sizeof *run);
}
