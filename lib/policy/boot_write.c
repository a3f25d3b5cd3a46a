#include "lib/base/drop.h"
#include "lib/policy/boot_item_json.h"
#include "lib/policy/boot_policy.h"

static void write_items(const struct boot_list *list, const char *key, const struct boot_item_form *form,
	struct json_write *w)
{
	json_write_array(w, key);
	for (size_t i = 0; i < list->count; i++)
		boot_item_write(&list->items[i], form, list->mode == BOOT_SET, w);
	json_write_close(w);
}

static void write_list(const struct boot_list *list, const char *key, const struct boot_item_form *form,
	struct json_write *w)
{
	switch (list->mode) {
	case BOOT_NOTHING: return;
	case BOOT_SEQUENCE: write_items(list, key, form, w); return;
	case BOOT_SET:
		if (list->others && list->count == 0) {
			json_write_cstr(w, key, "any");
			return;
		}
		json_write_object(w, key);
		write_items(list, "set", form, w);
		if (list->others)
			json_write_bool(w, "others", true);
		json_write_close(w);
		return;
	case BOOT_ONE_OF:
		json_write_object(w, key);
		write_items(list, "one-of", form, w);
		json_write_close(w);
		return;
	}
}

static void write_names(const struct boot_names *names, const char *key, const struct boot_item_form *form,
	struct json_write *w)
{
	if (names->count == 0)
		return;
	json_write_object(w, key);
	for (size_t i = 0; i < names->count; i++)
		write_list(&names->at[i].list, names->at[i].name, form, w);
	json_write_close(w);
}

static void write_group(const struct boot_group *group, const struct boot_list_form *forms,
	const struct boot_item_form *items, size_t count, struct json_write *w)
{
	json_write_object(w, NULL);
	if (group->name != NULL)
		json_write_cstr(w, "name", group->name);
	for (size_t i = 0; i < count; i++)
		write_list(&group->lists[i], forms[i].key, &items[i], w);
	json_write_close(w);
}

static void write_groups(const struct boot_groups *groups, const char *key,
	const struct boot_list_form *forms, const struct boot_item_form *items, size_t count,
	struct json_write *w)
{
	if (groups->any) {
		json_write_cstr(w, key, "any");
		return;
	}
	if (groups->count == 0)
		return;
	json_write_array(w, key);
	for (size_t i = 0; i < groups->count; i++)
		write_group(&groups->at[i], forms, items, count, w);
	json_write_close(w);
}

static void write_sbat(const struct boot_policy *policy, struct json_write *w)
{
	if (policy->sbat.mode == BOOT_NOTHING && policy->sbat_minimum.mode == BOOT_NOTHING)
		return;
	json_write_object(w, "sbat");
	write_list(&policy->sbat, "levels", &boot_item_of_text, w);
	if (policy->sbat_minimum.mode != BOOT_NOTHING)
		write_items(&policy->sbat_minimum, "minimum", &boot_item_of_text, w);
	json_write_close(w);
}

static void write_separators(const struct boot_policy *policy, struct json_write *w)
{
	if (policy->separators == 0)
		return;
	json_write_array(w, "separators");
	for (unsigned pcr = 0; pcr < 8; pcr++)
		if ((policy->separators >> pcr & 1) != 0)
			json_write_u64(w, NULL, pcr);
	json_write_close(w);
}

void boot_policy_write(const struct boot_policy *policy, struct json_write *w)
{
	const struct boot_item_form firmware[BOOT_FIRMWARE_LISTS] = {
		boot_item_of_digest, boot_item_of_digest};
	const struct boot_item_form chain[BOOT_CHAIN_LISTS] = {
		[BOOT_APPLICATIONS] = boot_item_of_application,
		[BOOT_FILES] = boot_item_of_file,
		[BOOT_COMMAND_LINES] = boot_item_of_text,
		[BOOT_COMMANDS] = boot_item_of_text,
		[BOOT_PARTS] = boot_item_of_part,
	};

	if (!policy->there)
		return;
	json_write_object(w, "boot");
	if (policy->anything)
		json_write_bool(w, "anything", true);
	if (policy->secure_boot != BOOT_SECURE_UNJUDGED)
		json_write_bool(w, "secure-boot", policy->secure_boot == BOOT_SECURE_ON);
	write_names(&policy->variables, "variables", &boot_item_of_variable, w);
	write_list(&policy->authorities, "authorities", &boot_item_of_variable, w);
	write_sbat(policy, w);
	write_names(&policy->mok, "mok", &boot_item_of_digest, w);
	write_groups(&policy->firmware, "firmware", boot_firmware_forms, firmware, BOOT_FIRMWARE_LISTS, w);
	write_list(&policy->drivers, "drivers", &boot_item_of_digest, w);
	write_groups(&policy->chains, "chains", boot_chain_forms, chain, BOOT_CHAIN_LISTS, w);
	write_separators(policy, w);
	write_list(&policy->events, "events", &boot_item_of_event, w);
	if (policy->exceptions.count > 0)
		write_items(&policy->exceptions, "exceptions", &boot_item_of_exception, w);
	json_write_close(w);
}
