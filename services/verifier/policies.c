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
	region_release(&entry->image);
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

struct policy_entry *policies_edit(struct policies *policies, const uint8_t hash[static HASH_BYTES])
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
	struct policy_entry *unread;
};

static bool is_in_order(VISIT which)
{
	return which == postorder || which == leaf;
}

static void visit_name(const void *at, VISIT which, void *closure)
{
	const struct policy_entry *entry = *(struct policy_entry *const *)at;
	struct walk *walk = closure;

	if (is_in_order(which) && span_is(walk->name, entry->name) &&
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

	while (at < walk->count && (order = strcmp(entry->name, walk->out[at]->name)) > 0)
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
	if (strcmp(entry->name, after) > 0)
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

static void visit_unread(const void *at, VISIT which, void *closure)
{
	struct policy_entry *entry = *(struct policy_entry *const *)at;
	struct walk *walk = closure;

	if (is_in_order(which) && !entry->was_read && !entry->is_compiling)
		walk->unread = entry;
}

struct policy_entry *policies_unread(struct policies *policies)
{
	struct walk walk = {0};

	twalk_r(policies->by_hash, visit_unread, &walk);
	return walk.unread;
}

static void visit_missing(const void *at, VISIT which, void *closure)
{
	struct walk *walk = closure;

	if (!is_in_order(which) || !policy_is_missing(*(struct policy_entry *const *)at))
		return;
	walk->best = *(struct policy_entry *const *)at;
	walk->count++;
}

size_t policies_missing(const struct policies *policies, const struct policy_entry **out)
{
	struct walk walk = {0};

	twalk_r(policies->by_hash, visit_missing, &walk);
	*out = walk.best;
	return walk.count;
}

static void visit_reread(const void *at, VISIT which, void *closure)
{
	struct policy_entry *entry = *(struct policy_entry *const *)at;

	(void)closure;
	if (is_in_order(which) && !entry->is_compiling)
		entry->was_read = false;
}

void policies_read_again(struct policies *policies)
{
	twalk_r(policies->by_hash, visit_reread, NULL);
}

/* ---- new ones ---- */

enum rc policy_banks_encode(const struct pcr_selection *selection, struct blob *out)
{
	if (selection->count > BANKS_MAX)
		return RC_LIMIT;
	for (size_t i = 0; i < selection->count; i++) {
		struct elem_bank bank = {selection->banks[i].alg, selection->banks[i].mask};

		TRY(ELEM_APPEND(bank, &bank, out));
	}
	return RC_OK;
}

void policies_join(struct pcr_selection *selection, const struct pcr_selection *other)
{
	for (size_t i = 0; i < other->count; i++) {
		size_t at = 0;

		while (at < selection->count && selection->banks[at].alg != other->banks[i].alg)
			at++;
		if (at < selection->count)
			selection->banks[at].mask |= other->banks[i].mask;
		else if (at < PCR_BANKS_MAX)
			selection->banks[selection->count++] = other->banks[i];
	}
}

enum rc policy_entry_make(
	struct span request, const struct msg_policy *message, struct policy_entry **out, struct err *err)
{
	DROP(policy_entry_release) struct policy_entry *entry = calloc(1, sizeof *entry);

	if (entry == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	if (!policy_name_holds(message->name))
		return err_set(err, RC_MALFORMED, "policy: its name is none");
	memcpy(entry->name, message->name.at, message->name.len);
	memcpy(entry->hash, message->document.at, HASH_BYTES);
	entry->number = message->number;
	entry->time = message->time;
	entry->size = message->size;
	if (blob_copy(&entry->request, request) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	*out = TAKE(entry);
	return RC_OK;
}

enum rc policy_entry_set(struct policy_entry *entry, struct compiled *compiled, struct err *err)
{
	const struct policy *policy = &compiled->policy;

	if (entry->is_ready)
		return RC_OK;
	if (strcmp(policy->name, entry->name) != 0)
		return err_set(err, RC_MALFORMED, "policy: it calls itself \"%s\", the request \"%s\"",
			policy->name, entry->name);
	entry->selection = policy_selection(policy);
	blob_clear(&entry->banks);
	if (policy_banks_encode(&entry->selection, &entry->banks) != RC_OK)
		return err_set(
			err, RC_LIMIT, "policy %s: it names more than %d banks", entry->name, BANKS_MAX);
	entry->policy = TAKE(compiled->policy);
	entry->image = TAKE(compiled->image);
	entry->is_ready = true;
	return RC_OK;
}

/* The same document once more: the newer request counts, and what either has. */
static void renew(struct policy_entry *entry, struct policy_entry *other)
{
	if (other->number > entry->number) {
		blob_release(&entry->request);
		entry->request = TAKE(other->request);
		entry->number = other->number;
		entry->time = other->time;
		entry->seen = other->seen;
		entry->is_foreign = other->is_foreign;
	}
	entry->is_stored |= other->is_stored;
	entry->was_read |= other->was_read;
	if (!entry->is_ready && other->is_ready) {
		entry->policy = TAKE(other->policy);
		entry->image = TAKE(other->image);
		entry->selection = other->selection;
		entry->banks = TAKE(other->banks);
		entry->is_ready = true;
	}
}

enum rc policies_add(struct policies *policies, struct policy_entry **entry)
{
	struct policy_entry *known = policies_edit(policies, (*entry)->hash);

	if (known != NULL) {
		renew(known, *entry);
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
