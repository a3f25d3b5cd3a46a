#include "lib/policy/boot_match.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/drop.h"

static bool is_signer(const struct boot_signers *signers, const uint8_t *certificate)
{
	for (size_t i = 0; i < signers->count; i++)
		if (memcmp(signers->certificates[i], certificate, DIGEST_SHA256_BYTES) == 0)
			return true;
	return false;
}

void boot_signers_gather(const struct boot_facts *facts, struct boot_signers *out)
{
	out->count = 0;
	for (size_t i = 0; i < facts->count; i++) {
		const struct boot_fact *fact = &facts->at[i];

		if (fact->slot != BOOT_SLOT_AUTHORITY || boot_fact_is_unproven(fact) ||
			!fact->has_signature || fact->signature != SIGNATURE_X509 ||
			is_signer(out, fact->data))
			continue;
		if (out->count == BOOT_SIGNERS_MAX) {
			out->count = 0;
			return;
		}
		out->certificates[out->count++] = fact->data;
	}
}

static bool signature_matches(const struct boot_item *item, const struct boot_fact *fact)
{
	if (!fact->has_signature || item->signature != fact->signature ||
		memcmp(item->data, fact->data, sizeof item->data) != 0)
		return false;
	if (item->signature == SIGNATURE_OTHER &&
		(fact->type_guid == NULL || memcmp(item->type_guid, fact->type_guid, GUID_BYTES) != 0))
		return false;
	return !item->has_owner || (fact->owner != NULL && memcmp(item->owner, fact->owner, GUID_BYTES) == 0);
}

/* The item is about this place, whatever was found there. */
static bool names(const struct boot_item *item, const struct boot_fact *fact, bool named)
{
	if (item->has_kind && item->kind != fact->kind)
		return false;
	/* A text that is too long for a rule has no name (boot_fact.c), which is not the empty one. An escape
	 * is at most four times what it stands for. */
	if (named && item->name.form != BOOT_TEXT_NONE && fact->name[0] == '\0' &&
		fact->content.len > BOOT_NAME_MAX / 4)
		return false;
	return !named || boot_text_match(&item->name, span_text(fact->name));
}

bool boot_item_matches(const struct boot_item *item, const struct boot_fact *fact, bool named,
	const struct boot_signers *signers)
{
	if (fact->slot == BOOT_SLOT_EVENT && (item->pcr != fact->pcr || item->type != fact->type))
		return false;
	if (!names(item, fact, named))
		return false;
	switch (item->by) {
	case BOOT_BY_NAME: return true;
	case BOOT_BY_DIGEST: return boot_digests_compare(&item->digest, &fact->digest) == BOOT_DIGESTS_EQUAL;
	case BOOT_BY_SIGNER: return is_signer(signers, item->data);
	case BOOT_BY_SIGNATURE: return signature_matches(item, fact);
	}
	return false;
}

bool boot_is_excepted(const struct boot_list *exceptions, const struct boot_fact *fact)
{
	for (size_t i = 0; i < exceptions->count; i++) {
		const struct boot_item *item = &exceptions->items[i];

		if (item->pcr == fact->pcr && item->type == fact->type &&
			(item->by == BOOT_BY_NAME ||
				boot_digests_compare(&item->digest, &fact->digest) == BOOT_DIGESTS_EQUAL))
			return true;
	}
	return false;
}

enum rc boot_picked_init(const struct boot_facts *facts, struct boot_picked *out)
{
	size_t room = facts->count + 1;

	out->count = 0;
	out->at = calloc(room, sizeof *out->at);
	out->is_bad = calloc(room, sizeof *out->is_bad);
	return out->at == NULL || out->is_bad == NULL ? RC_NOMEM : RC_OK;
}

void boot_picked_release(struct boot_picked *picked)
{
	free(picked->at);
	free(picked->is_bad);
	memset(picked, 0, sizeof *picked);
}

/* What stands where nothing else is wrong. */
struct judging {
	const struct boot_rule *rule;
	struct boot_picked *picked;
	struct verdict *verdict;
	bool used[BOOT_ITEMS_MAX];
	size_t wrong;
};

static bool matches(const struct judging *j, size_t item, size_t fact)
{
	return boot_item_matches(
		&j->rule->list->items[item], j->picked->at[fact], j->rule->named, j->rule->signers);
}

static bool is_demanded(const struct judging *j, size_t item)
{
	const struct boot_list *list = j->rule->list;

	return list->mode == BOOT_SEQUENCE || (list->mode == BOOT_SET && !list->items[item].optional);
}

static bool is_in_sequence(const struct judging *j)
{
	if (j->picked->count != j->rule->list->count)
		return false;
	for (size_t i = 0; i < j->picked->count; i++)
		if (!matches(j, i, i))
			return false;
	return true;
}

/* Is there an item for the fact? In a sequence each item stands for one fact. */
static bool is_allowed(struct judging *j, size_t fact)
{
	const struct boot_list *list = j->rule->list;
	bool is_named = false;
	bool found = false;

	for (size_t i = 0; i < list->count; i++) {
		if (list->mode == BOOT_SEQUENCE && (found || j->used[i]))
			continue;
		if (matches(j, i, fact))
			found = j->used[i] = true;
		is_named = is_named || (j->rule->named && list->items[i].name.form != BOOT_TEXT_NONE &&
					       names(&list->items[i], j->picked->at[fact], true));
	}
	return found || (list->others && !is_named);
}

/* The demand that this fact was most likely meant to meet: by its name, else the first that is open. */
static const struct boot_item *counterpart(struct judging *j, const struct boot_fact *fact)
{
	const struct boot_list *list = j->rule->list;
	size_t best = list->count;

	for (size_t i = 0; i < list->count; i++) {
		if (j->used[i] || !is_demanded(j, i))
			continue;
		if (list->items[i].name.form == BOOT_TEXT_EXACT && names(&list->items[i], fact, true)) {
			best = i;
			break;
		}
		if (best == list->count && (!j->rule->named || list->mode == BOOT_SEQUENCE))
			best = i;
	}
	if (best == list->count)
		return NULL;
	j->used[best] = true;
	return &list->items[best];
}

static struct finding *report(struct judging *j, enum finding_check check, const char *subject)
{
	j->wrong++;
	return j->verdict == NULL ? NULL : verdict_add(j->verdict, check, subject);
}

static void not_allowed(struct judging *j, const struct boot_fact *fact)
{
	const struct boot_list *list = j->rule->list;
	const struct boot_item *item = counterpart(j, fact);
	char subject[FINDING_SUBJECT_BYTES] = "";
	struct finding *finding;

	if (j->verdict != NULL)
		boot_fact_text(fact, subject, sizeof subject);
	finding = report(j, list->mode == BOOT_NOTHING ? FINDING_BOOT_UNKNOWN : j->rule->check, subject);
	if (finding == NULL)
		return;
	boot_fact_content_text(fact, finding->found, sizeof finding->found);
	if (item == NULL && list->mode == BOOT_ONE_OF && list->count > 0)
		item = &list->items[0];
	if (item != NULL)
		boot_item_text(item, finding->expected, sizeof finding->expected);
	else
		snprintf(finding->expected, sizeof finding->expected, "no such %s", j->rule->what);
}

static void missing(struct judging *j, const struct boot_item *item)
{
	char subject[FINDING_SUBJECT_BYTES];
	struct finding *finding;

	snprintf(subject, sizeof subject, "%s", j->rule->what);
	finding = report(j, j->rule->check, subject);
	if (finding == NULL)
		return;
	if (item != NULL)
		boot_item_text(item, finding->expected, sizeof finding->expected);
	snprintf(finding->found, sizeof finding->found, "nothing");
}

static void out_of_order(struct judging *j)
{
	struct finding *finding = report(j, j->rule->check, j->rule->what);

	if (finding == NULL)
		return;
	snprintf(finding->expected, sizeof finding->expected, "the order of the policy");
	snprintf(finding->found, sizeof finding->found, "the same in another order");
}

static void judge_facts(struct judging *j)
{
	const struct boot_list *list = j->rule->list;

	for (size_t i = 0; i < j->picked->count; i++)
		j->picked->is_bad[i] = !is_allowed(j, i);
	for (size_t i = 0; i < j->picked->count; i++)
		if (j->picked->is_bad[i])
			not_allowed(j, j->picked->at[i]);
	for (size_t i = 0; i < list->count; i++)
		if (!j->used[i] && is_demanded(j, i))
			missing(j, &list->items[i]);
	if (list->mode == BOOT_ONE_OF && j->picked->count == 0)
		missing(j, list->count > 0 ? &list->items[0] : NULL);
	if (list->mode == BOOT_SEQUENCE && j->wrong == 0)
		out_of_order(j);
}

size_t boot_rule_judge(const struct boot_rule *rule, struct boot_picked *picked, struct verdict *verdict)
{
	struct judging j = {.rule = rule, .picked = picked, .verdict = verdict};

	if (rule->list->mode != BOOT_SEQUENCE || !is_in_sequence(&j))
		judge_facts(&j);
	return j.wrong;
}
