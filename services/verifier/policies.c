#include "services/verifier/policies.h"

#include <search.h>
#include <stdlib.h>

_Static_assert(offsetof(struct policy_entry, hash) == 0, "it comes first: a search needs no whole entry");
static int compare(const void *a, const void *b)
{
	return memcmp(a, b, HASH_BYTES);
}

static void entry_free(void *at)
{
	struct policy_entry *entry = at;

	policy_release(&entry->policy);
	blob_release(&entry->banks);
	blob_release(&entry->request);
	free(entry);
}

void policy_entry_release(struct policy_entry **entry)
{
	if (*entry != NULL)
		entry_free(*entry);
	*entry = NULL;
}

void policies_release(struct policies *policies)
{
	tdestroy(policies->by_hash, entry_free);
	*policies = (struct policies){0};
}

const struct policy_entry *policies_find(
	const struct policies *policies, const uint8_t hash[static HASH_BYTES])
{
	struct policy_entry *const *found = tfind(hash, &policies->by_hash, compare);

	return found == NULL ? NULL : *found;
}

/* ---- walks ---- */

struct walk {
	struct span name;
	const struct policy_entry *best;
	const struct policy_entry **out;
	size_t max;
	size_t count;
	bool more;
	uint64_t generation;
};

static bool is_in_order(VISIT which)
{
	return which == postorder || which == leaf;
}

static void visit_name(const void *at, VISIT which, void *closure)
{
	const struct policy_entry *entry = *(struct policy_entry *const *)at;
	struct walk *walk = closure;

	if (is_in_order(which) && span_is(walk->name, entry->policy.name) &&
		(walk->best == NULL || entry->number > walk->best->number))
		walk->best = entry;
}

const struct policy_entry *policies_by_name(const struct policies *policies, struct span name)
{
	struct walk walk = {.name = name};

	twalk_r(policies->by_hash, visit_name, &walk);
	return walk.best;
}

/* Put the entry at its place among the names found so far; of one name the higher number stays. */
static void insert(struct walk *walk, const struct policy_entry *entry)
{
	size_t at = 0;
	int order = -1;

	while (at < walk->count && (order = strcmp(entry->policy.name, walk->out[at]->policy.name)) > 0)
		at++;
	if (at < walk->count && order == 0) {
		if (entry->number > walk->out[at]->number)
			walk->out[at] = entry;
		return;
	}
	if (walk->count == walk->max) {
		walk->more = true;
		if (at == walk->max)
			return;
		walk->count--;
	}
	memmove(&walk->out[at + 1], &walk->out[at], (walk->count - at) * sizeof(walk->out[0]));
	walk->out[at] = entry;
	walk->count++;
}

static void visit_page(const void *at, VISIT which, void *closure)
{
	const struct policy_entry *entry = *(struct policy_entry *const *)at;
	struct walk *walk = closure;
	char after[POLICY_NAME_MAX + 1] = "";

	if (!is_in_order(which))
		return;
	if (walk->name.len != 0)
		memcpy(after, walk->name.at,
			walk->name.len < sizeof after ? walk->name.len : POLICY_NAME_MAX);
	if (strcmp(entry->policy.name, after) > 0)
		insert(walk, entry);
}

size_t policies_page(const struct policies *policies, struct span after, size_t max,
	const struct policy_entry **out, bool *more)
{
	struct walk walk = {.name = after, .out = out, .max = max};

	twalk_r(policies->by_hash, visit_page, &walk);
	*more = walk.more;
	return walk.count;
}

void policies_see(struct policies *policies, const uint8_t hash[static HASH_BYTES], uint64_t generation,
	bool is_foreign)
{
	struct policy_entry *const *found = tfind(hash, &policies->by_hash, compare);

	if (found == NULL)
		return;
	(*found)->seen = generation;
	(*found)->is_foreign = is_foreign;
}

static void visit_unseen(const void *at, VISIT which, void *closure)
{
	const struct policy_entry *entry = *(struct policy_entry *const *)at;
	struct walk *walk = closure;

	if (is_in_order(which) && (entry->seen != walk->generation || entry->is_foreign))
		walk->best = entry;
}

const struct policy_entry *policies_unseen(const struct policies *policies, uint64_t generation)
{
	struct walk walk = {.generation = generation};

	twalk_r(policies->by_hash, visit_unseen, &walk);
	return walk.best;
}

/* ---- new ones ---- */

static enum rc encode_banks(struct policy_entry *entry, struct err *err)
{
	if (entry->selection.count > BANKS_MAX)
		return err_set(err, RC_LIMIT, "policy %s: it names more than %d banks", entry->policy.name,
			BANKS_MAX);
	for (size_t i = 0; i < entry->selection.count; i++) {
		struct elem_bank bank = {entry->selection.banks[i].alg, entry->selection.banks[i].mask};

		if (ELEM_APPEND(bank, &bank, &entry->banks) != RC_OK)
			return err_set(err, RC_NOMEM, "out of memory");
	}
	return RC_OK;
}

enum rc policy_entry_make(
	struct span request, const struct msg_policy *message, struct policy_entry **out, struct err *err)
{
	DROP(policy_entry_release) struct policy_entry *entry = calloc(1, sizeof *entry);

	if (entry == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	TRY(policy_parse(message->json, &entry->policy, err));
	if (!span_is(message->name, entry->policy.name))
		return err_set(err, RC_MALFORMED, "policy: it calls itself \"%s\", the request \"%.*s\"",
			entry->policy.name, SPAN_FMT(message->name));
	memcpy(entry->hash, entry->policy.id, HASH_BYTES);
	entry->number = message->number;
	entry->time = message->time;
	entry->selection = policy_selection(&entry->policy);
	TRY(encode_banks(entry, err));
	if (blob_copy(&entry->request, request) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	*out = TAKE(entry);
	return RC_OK;
}

enum rc policies_add(struct policies *policies, struct policy_entry **entry)
{
	if (policies_find(policies, (*entry)->hash) != NULL) {
		policy_entry_release(entry);
		return RC_OK;
	}
	if (policies->count >= POLICIES_MAX)
		return RC_LIMIT;
	if (tsearch(*entry, &policies->by_hash, compare) == NULL)
		return RC_NOMEM;
	policies->count++;
	*entry = NULL;
	return RC_OK;
}
