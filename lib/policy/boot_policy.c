#include "lib/policy/boot_policy.h"

#include <stdlib.h>

#include "lib/base/drop.h"

const struct boot_list_form boot_firmware_forms[BOOT_FIRMWARE_LISTS] = {
	[BOOT_CRTM] = {"crtm", false}, [BOOT_BLOBS] = {"blobs", false}};

const struct boot_list_form boot_chain_forms[BOOT_CHAIN_LISTS] = {
	[BOOT_APPLICATIONS] = {"applications", false},
	[BOOT_FILES] = {"files", true},
	[BOOT_COMMAND_LINES] = {"command-lines", true},
	[BOOT_COMMANDS] = {"commands", true},
	[BOOT_PARTS] = {"parts", true},
};

static void names_release(struct boot_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->at[i].name);
		boot_list_release(&names->at[i].list);
	}
	free(names->at);
	memset(names, 0, sizeof *names);
}

static void group_release(struct boot_group *group)
{
	free(group->name);
	for (size_t i = 0; i < BOOT_LISTS_MAX; i++)
		boot_list_release(&group->lists[i]);
	memset(group, 0, sizeof *group);
}

static void groups_release(struct boot_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		group_release(&groups->at[i]);
	free(groups->at);
	memset(groups, 0, sizeof *groups);
}

void boot_policy_release(struct boot_policy *policy)
{
	names_release(&policy->variables);
	boot_list_release(&policy->authorities);
	boot_list_release(&policy->sbat);
	boot_list_release(&policy->sbat_minimum);
	names_release(&policy->mok);
	groups_release(&policy->firmware);
	boot_list_release(&policy->drivers);
	groups_release(&policy->chains);
	boot_list_release(&policy->events);
	boot_list_release(&policy->exceptions);
	memset(policy, 0, sizeof *policy);
}

struct boot_list *boot_names_find(const struct boot_names *names, struct span name)
{
	for (size_t i = 0; i < names->count; i++)
		if (span_is(name, names->at[i].name))
			return &names->at[i].list;
	return NULL;
}

enum rc boot_names_add(struct boot_names *names, struct span name, struct boot_list **out)
{
	struct boot_named *at;

	if (names->count == BOOT_NAMED_MAX)
		return RC_LIMIT;
	at = reallocarray(names->at, names->count + 1, sizeof *at);
	if (at == NULL)
		return RC_NOMEM;
	names->at = at;
	at[names->count] = (struct boot_named){.name = boot_copy_text(name)};
	if (at[names->count].name == NULL)
		return RC_NOMEM;
	*out = &at[names->count++].list;
	return RC_OK;
}

enum rc boot_groups_add(struct boot_groups *groups, struct boot_group **out)
{
	struct boot_group *at;

	if (groups->count == BOOT_ALTERNATIVES_MAX)
		return RC_LIMIT;
	at = reallocarray(groups->at, groups->count + 1, sizeof *at);
	if (at == NULL)
		return RC_NOMEM;
	groups->at = at;
	at[groups->count] = (struct boot_group){0};
	*out = &at[groups->count++];
	return RC_OK;
}

/* Named lists that only one side has: nothing in them is demanded any more, for the other does not. */
static enum rc merge_names(struct boot_names *into, const struct boot_names *from)
{
	static const struct boot_list nothing;

	for (size_t i = 0; i < into->count; i++)
		if (boot_names_find(from, span_text(into->at[i].name)) == NULL)
			TRY(boot_list_merge(&into->at[i].list, &nothing, false));
	for (size_t i = 0; i < from->count; i++) {
		struct span name = span_text(from->at[i].name);
		struct boot_list *list = boot_names_find(into, name);

		if (list == NULL)
			TRY(boot_names_add(into, name, &list));
		TRY(boot_list_merge(list, &from->at[i].list, false));
	}
	return RC_OK;
}

static bool group_same(const struct boot_group *a, const struct boot_group *b,
	const struct boot_list_form *forms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!boot_list_same(&a->lists[i], &b->lists[i], forms[i].named))
			return false;
	return true;
}

const struct boot_group *boot_groups_find(const struct boot_groups *groups, const struct boot_group *group,
	const struct boot_list_form *forms, size_t count)
{
	for (size_t i = 0; i < groups->count; i++)
		if (group_same(&groups->at[i], group, forms, count))
			return &groups->at[i];
	return NULL;
}

static enum rc add_group(struct boot_groups *into, const struct boot_group *from, size_t count)
{
	struct boot_group *group = NULL;

	TRY(boot_groups_add(into, &group));
	if (from->name != NULL) {
		group->name = boot_copy_text(span_text(from->name));
		if (group->name == NULL)
			return RC_NOMEM;
	}
	for (size_t i = 0; i < count; i++)
		TRY(boot_list_copy(&from->lists[i], &group->lists[i]));
	return RC_OK;
}

static enum rc merge_groups(struct boot_groups *into, const struct boot_groups *from,
	const struct boot_list_form *forms, size_t count)
{
	into->any = into->any || from->any;
	for (size_t i = 0; i < from->count; i++) {
		struct boot_group *same = NULL;

		for (size_t g = 0; same == NULL && g < into->count; g++)
			if (group_same(&into->at[g], &from->at[i], forms, count))
				same = &into->at[g];
		for (size_t l = 0; same != NULL && l < count; l++)
			boot_list_enrich(&same->lists[l], &from->at[i].lists[l], forms[l].named);
		if (same == NULL)
			TRY(add_group(into, &from->at[i], count));
	}
	return RC_OK;
}

/* A minimum holds only if both demand it; levels that are listed whole stay allowed beside it. */
static enum rc merge_minimum(struct boot_list *into, const struct boot_list *from)
{
	if (from->mode == BOOT_NOTHING || boot_list_same(into, from, true))
		return RC_OK;
	return into->mode == BOOT_NOTHING ? boot_list_copy(from, into) : RC_UNSUPPORTED;
}

static enum rc copy_names(struct boot_names *into, const struct boot_names *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct boot_list *list = NULL;

		TRY(boot_names_add(into, span_text(from->at[i].name), &list));
		TRY(boot_list_copy(&from->at[i].list, list));
	}
	return RC_OK;
}

static enum rc copy_lists(struct boot_policy *into, const struct boot_policy *from)
{
	TRY(copy_names(&into->variables, &from->variables));
	TRY(boot_list_copy(&from->authorities, &into->authorities));
	TRY(boot_list_copy(&from->sbat, &into->sbat));
	TRY(copy_names(&into->mok, &from->mok));
	TRY(boot_list_copy(&from->drivers, &into->drivers));
	TRY(boot_list_copy(&from->events, &into->events));
	return boot_list_copy(&from->exceptions, &into->exceptions);
}

static enum rc merge_lists(struct boot_policy *into, const struct boot_policy *from)
{
	TRY(merge_names(&into->variables, &from->variables));
	TRY(boot_list_merge(&into->authorities, &from->authorities, false));
	TRY(boot_list_merge(&into->sbat, &from->sbat, true));
	TRY(merge_names(&into->mok, &from->mok));
	TRY(boot_list_merge(&into->drivers, &from->drivers, false));
	TRY(boot_list_merge(&into->events, &from->events, false));
	return boot_list_merge(&into->exceptions, &from->exceptions, false);
}

static enum rc merge_all(struct boot_policy *into, const struct boot_policy *from)
{
	TRY(into->there ? merge_lists(into, from) : copy_lists(into, from));
	TRY(merge_minimum(&into->sbat_minimum, &from->sbat_minimum));
	TRY(merge_groups(&into->firmware, &from->firmware, boot_firmware_forms, BOOT_FIRMWARE_LISTS));
	TRY(merge_groups(&into->chains, &from->chains, boot_chain_forms, BOOT_CHAIN_LISTS));
	if (into->there && into->secure_boot != from->secure_boot)
		into->secure_boot = BOOT_SECURE_UNJUDGED;
	if (!into->there) {
		into->secure_boot = from->secure_boot;
		into->separators = from->separators;
	}
	into->separators &= from->separators;
	into->there = true;
	return RC_OK;
}

enum rc boot_policy_merge(struct boot_policy *into, const struct boot_policy *from, struct err *err)
{
	enum rc rc = RC_OK;

	if (into->anything || from->anything) {
		boot_policy_release(into);
		into->there = into->anything = true;
		return RC_OK;
	}
	if (from->there)
		rc = merge_all(into, from);
	return rc == RC_OK ? RC_OK
	                   : err_set(err, rc, "the boot sections cannot be made one: %s", rc_words(rc));
}
