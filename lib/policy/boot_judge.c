#include "lib/policy/boot_judge.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/policy/boot_match.h"

/* Borrows. dropped: facts that an exception allows, or that a finding speaks of already. */
struct bench {
	const struct boot_policy *policy;
	const struct boot_facts *facts;
	struct boot_picked picked;
	struct boot_picked dropped; /* is_bad, by place in facts */
	struct boot_signers signers;
	struct verdict *verdict;
};

static void bench_release(struct bench *bench)
{
	boot_picked_release(&bench->picked);
	boot_picked_release(&bench->dropped);
}

static struct finding *about(struct bench *bench, enum finding_check check, const struct boot_fact *fact)
{
	char subject[FINDING_SUBJECT_BYTES];
	struct finding *finding =
		verdict_add(bench->verdict, check, boot_fact_text(fact, subject, sizeof subject));

	boot_fact_content_text(fact, finding->found, sizeof finding->found);
	return finding;
}

/* The facts of a slot and, unless it is NULL, of this name. */
static void pick(struct bench *bench, enum boot_slot slot, const char *name)
{
	bench->picked.count = 0;
	for (size_t i = 0; i < bench->facts->count; i++) {
		const struct boot_fact *fact = &bench->facts->at[i];

		if (fact->slot == slot && !bench->dropped.is_bad[i] &&
			(name == NULL || strcmp(fact->name, name) == 0))
			bench->picked.at[bench->picked.count++] = fact;
	}
}

static void judge_list(struct bench *bench, const struct boot_list *list, bool named,
	enum finding_check check, const char *what)
{
	struct boot_rule rule = {list, named, check, what, &bench->signers};

	boot_rule_judge(&rule, &bench->picked, bench->verdict);
}

/* Exceptions first: they also allow a digest that is not the payload's. Entries go with their variable. */
static void judge_digests(struct bench *bench)
{
	for (size_t i = 0; i < bench->facts->count; i++) {
		const struct boot_fact *fact = &bench->facts->at[i];
		bool excepted = boot_is_excepted(&bench->policy->exceptions, fact);

		if (!excepted && !boot_fact_is_unproven(fact))
			continue;
		bench->dropped.is_bad[i] = true;
		if (!excepted && fact->slot != BOOT_SLOT_SIGNATURE)
			snprintf(about(bench, FINDING_BOOT_DIGEST, fact)->expected, FINDING_TEXT_BYTES,
				"a digest of %s", event_subject_words(fact->check.subject));
	}
}

static bool is_on(const struct boot_fact *fact)
{
	return fact->content.len == 1 && fact->content.at[0] == 1;
}

static void judge_secure_boot(struct bench *bench)
{
	enum boot_secure demanded = bench->policy->secure_boot;
	const char *expected = demanded == BOOT_SECURE_ON ? "on" : "off";
	size_t on = 0;

	pick(bench, BOOT_SLOT_SECURE_BOOT, NULL);
	for (size_t i = 0; i < bench->picked.count; i++) {
		const struct boot_fact *fact = bench->picked.at[i];
		struct finding *finding;

		on += is_on(fact);
		if (demanded == BOOT_SECURE_UNJUDGED || is_on(fact) == (demanded == BOOT_SECURE_ON))
			continue;
		finding = about(bench, FINDING_BOOT_SECURE, fact);
		snprintf(finding->expected, sizeof finding->expected, "%s", expected);
		snprintf(finding->found, sizeof finding->found, "%s", is_on(fact) ? "on" : "off");
	}
	if (on > 0 && on == bench->picked.count)
		boot_signers_gather(bench->facts, &bench->signers);
	if (bench->picked.count == 0 && demanded != BOOT_SECURE_UNJUDGED) {
		struct finding *finding = verdict_add(bench->verdict, FINDING_BOOT_SECURE, "Secure Boot");

		snprintf(finding->expected, sizeof finding->expected, "%s", expected);
		snprintf(finding->found, sizeof finding->found, "nothing in the log");
	}
}

static bool has_signatures(const struct boot_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].by == BOOT_BY_SIGNATURE)
			return true;
	return list->count == 0;
}

/* Of a variable that holds signatures the entries are judged, unless the rule goes by the digest of all. */
static void pick_variable(struct bench *bench, const struct boot_named *named)
{
	bool entries = has_signatures(&named->list);

	bench->picked.count = 0;
	for (size_t i = 0; i < bench->facts->count; i++) {
		const struct boot_fact *fact = &bench->facts->at[i];
		bool wanted = fact->slot == BOOT_SLOT_VARIABLE ? !fact->is_list || !entries
		                                               : fact->slot == BOOT_SLOT_SIGNATURE && entries;

		if (wanted && !bench->dropped.is_bad[i] && strcmp(fact->name, named->name) == 0)
			bench->picked.at[bench->picked.count++] = fact;
	}
}

/* What has a name that the policy does not know. */
static void judge_unnamed(struct bench *bench, enum boot_slot slot, const struct boot_names *names)
{
	pick(bench, slot, NULL);
	for (size_t i = 0; i < bench->picked.count; i++)
		if (boot_names_find(names, span_text(bench->picked.at[i]->name)) == NULL)
			about(bench, FINDING_BOOT_UNKNOWN, bench->picked.at[i]);
}

static void judge_variables(struct bench *bench)
{
	const struct boot_names *variables = &bench->policy->variables;

	for (size_t i = 0; i < variables->count; i++) {
		pick_variable(bench, &variables->at[i]);
		judge_list(
			bench, &variables->at[i].list, false, FINDING_BOOT_VARIABLE, variables->at[i].name);
	}
	judge_unnamed(bench, BOOT_SLOT_VARIABLE, variables);
}

static void judge_mok(struct bench *bench)
{
	const struct boot_names *mok = &bench->policy->mok;

	for (size_t i = 0; i < mok->count; i++) {
		pick(bench, BOOT_SLOT_MOK, mok->at[i].name);
		judge_list(bench, &mok->at[i].list, false, FINDING_BOOT_MOK, mok->at[i].name);
	}
	judge_unnamed(bench, BOOT_SLOT_MOK, mok);
}

/* Levels that reach the minimum are good; the others must be listed. */
static void judge_sbat(struct bench *bench)
{
	const struct boot_policy *policy = bench->policy;
	const bool has_minimum = policy->sbat_minimum.mode != BOOT_NOTHING;
	size_t left = 0;
	size_t all;

	pick(bench, BOOT_SLOT_SBAT, NULL);
	all = bench->picked.count;
	for (size_t i = 0; i < all; i++)
		if (!has_minimum ||
			!boot_sbat_reaches(&policy->sbat_minimum, span_text(bench->picked.at[i]->name)))
			bench->picked.at[left++] = bench->picked.at[i];
	bench->picked.count = left;
	if (has_minimum && all > 0 && left == 0)
		return;
	if (has_minimum && policy->sbat.mode == BOOT_NOTHING) {
		for (size_t i = 0; i < left; i++)
			boot_item_text(&policy->sbat_minimum.items[0],
				about(bench, FINDING_BOOT_SBAT, bench->picked.at[i])->expected,
				FINDING_TEXT_BYTES);
		if (all == 0)
			boot_item_text(&policy->sbat_minimum.items[0],
				verdict_add(bench->verdict, FINDING_BOOT_SBAT, "SBAT level")->expected,
				FINDING_TEXT_BYTES);
		return;
	}
	judge_list(bench, &policy->sbat, true, FINDING_BOOT_SBAT, "SBAT level");
}

/* One list of an alternative. */
struct part {
	enum boot_slot slot;
	enum finding_check check;
	const char *what;
};

static const struct part firmware_parts[BOOT_FIRMWARE_LISTS] = {
	[BOOT_CRTM] = {BOOT_SLOT_CRTM, FINDING_BOOT_FIRMWARE, "CRTM"},
	[BOOT_BLOBS] = {BOOT_SLOT_BLOB, FINDING_BOOT_FIRMWARE, "firmware blob"},
};

static const struct part chain_parts[BOOT_CHAIN_LISTS] = {
	[BOOT_APPLICATIONS] = {BOOT_SLOT_APPLICATION, FINDING_BOOT_APPLICATION, "boot application"},
	[BOOT_FILES] = {BOOT_SLOT_FILE, FINDING_BOOT_FILE, "file"},
	[BOOT_COMMAND_LINES] = {BOOT_SLOT_COMMAND_LINE, FINDING_BOOT_COMMAND_LINE, "kernel command line"},
	[BOOT_COMMANDS] = {BOOT_SLOT_COMMAND, FINDING_BOOT_COMMAND, "boot loader command"},
	[BOOT_PARTS] = {BOOT_SLOT_PART, FINDING_BOOT_PART, "part of the boot"},
};

static size_t judge_group(struct bench *bench, const struct boot_group *group, const struct part *parts,
	const struct boot_list_form *forms, size_t count, struct verdict *verdict)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		struct boot_rule rule = {
			&group->lists[i], forms[i].named, parts[i].check, parts[i].what, &bench->signers};

		pick(bench, parts[i].slot, NULL);
		wrong += boot_rule_judge(&rule, &bench->picked, verdict);
	}
	return wrong;
}

/* One alternative must fit whole; if none does, what is wrong is told by the one that fits best. */
static void judge_groups(struct bench *bench, const struct boot_groups *groups, const struct part *parts,
	const struct boot_list_form *forms, size_t count)
{
	static const struct boot_group nothing;
	const struct boot_group *best = &nothing;
	size_t least = SIZE_MAX;

	if (groups->any)
		return;
	for (size_t i = 0; i < groups->count && least > 0; i++) {
		size_t wrong = judge_group(bench, &groups->at[i], parts, forms, count, NULL);

		if (wrong < least) {
			least = wrong;
			best = &groups->at[i];
		}
	}
	if (least > 0)
		judge_group(bench, best, parts, forms, count, bench->verdict);
}

static void judge_separators(struct bench *bench)
{
	pick(bench, BOOT_SLOT_SEPARATOR, NULL);
	for (size_t i = 0; i < bench->picked.count; i++)
		if (bench->picked.at[i]->check.match != EVENT_DIGEST_MATCHES ||
			bench->picked.at[i]->check.subject != EVENT_OF_PAYLOAD)
			about(bench, FINDING_BOOT_SEPARATOR, bench->picked.at[i]);
	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
		char subject[FINDING_SUBJECT_BYTES];
		struct finding *finding;
		size_t count = 0;

		for (size_t i = 0; i < bench->picked.count; i++)
			count += bench->picked.at[i]->pcr == pcr;
		if ((bench->policy->separators >> pcr & 1) == 0 || count == 1)
			continue;
		snprintf(subject, sizeof subject, "separators of pcr %u", pcr);
		finding = verdict_add(bench->verdict, FINDING_BOOT_SEPARATOR, subject);
		snprintf(finding->expected, sizeof finding->expected, "one");
		snprintf(finding->found, sizeof finding->found, "%zu", count);
	}
}

static void judge_rules(struct bench *bench)
{
	const struct boot_policy *policy = bench->policy;

	judge_digests(bench);
	judge_secure_boot(bench);
	judge_variables(bench);
	pick(bench, BOOT_SLOT_AUTHORITY, NULL);
	judge_list(bench, &policy->authorities, false, FINDING_BOOT_AUTHORITY, "authority");
	judge_sbat(bench);
	judge_mok(bench);
	judge_groups(bench, &policy->firmware, firmware_parts, boot_firmware_forms, BOOT_FIRMWARE_LISTS);
	pick(bench, BOOT_SLOT_DRIVER, NULL);
	judge_list(bench, &policy->drivers, false, FINDING_BOOT_DRIVER, "driver");
	judge_groups(bench, &policy->chains, chain_parts, boot_chain_forms, BOOT_CHAIN_LISTS);
	judge_separators(bench);
	pick(bench, BOOT_SLOT_EVENT, NULL);
	judge_list(bench, &policy->events, false, FINDING_BOOT_EVENT, "event");
}

enum rc boot_judge(const struct boot_policy *policy, const struct boot_facts *facts, struct verdict *verdict)
{
	DROP(bench_release) struct bench bench = {.policy = policy, .facts = facts, .verdict = verdict};

	TRY(boot_picked_init(facts, &bench.picked));
	TRY(boot_picked_init(facts, &bench.dropped));
	judge_rules(&bench);
	return RC_OK;
}
