#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/evidence/event_type.h"
#include "lib/policy/boot_item_json.h"
#include "lib/policy/boot_judge.h"
#include "lib/policy/boot_policy.h"

static enum rc add_item(
	const struct json *value, const struct boot_item_form *form, struct boot_list *list, struct err *err)
{
	DROP(boot_item_release) struct boot_item item = {0};
	enum rc rc;

	TRY(boot_item_parse(value, form, &item, err));
	rc = boot_list_add(list, &item);
	return rc == RC_OK ? RC_OK : json_fail(value, err, rc, "%s", rc_words(rc));
}

static enum rc items_parse(
	const struct json *array, const struct boot_item_form *form, struct boot_list *list, struct err *err)
{
	TRY(json_expect(array, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(array); i++) {
		struct json value;

		TRY(json_item(array, i, &value, err));
		TRY(add_item(&value, form, list, err));
	}
	return RC_OK;
}

static enum rc set_parse(
	const struct json *value, const struct boot_item_form *form, struct boot_list *list, struct err *err)
{
	static const char *const known[] = {"set", "others", NULL};
	struct boot_item_form of_set = *form;
	struct json member;

	TRY(json_only(value, known, err));
	TRY(json_get(value, "set", &member, err));
	of_set.in_set = true;
	list->mode = BOOT_SET;
	TRY(items_parse(&member, &of_set, list, err));
	return json_has(value, "others", &member) ? json_bool(&member, &list->others, err) : RC_OK;
}

static enum rc one_of_parse(
	const struct json *value, const struct boot_item_form *form, struct boot_list *list, struct err *err)
{
	static const char *const known[] = {"one-of", NULL};
	struct json member;

	TRY(json_only(value, known, err));
	TRY(json_get(value, "one-of", &member, err));
	list->mode = BOOT_ONE_OF;
	TRY(items_parse(&member, form, list, err));
	return list->count > 0 ? RC_OK : json_fail(&member, err, RC_MALFORMED, "one of nothing can never be");
}

static enum rc list_parse(
	const struct json *value, const struct boot_item_form *form, struct boot_list *list, struct err *err)
{
	struct json member;
	struct span text;

	if (json_kind(value) == JSON_KIND_ARRAY) {
		list->mode = BOOT_SEQUENCE;
		return items_parse(value, form, list, err);
	}
	if (json_kind(value) == JSON_KIND_OBJECT)
		return json_has(value, "one-of", &member) ? one_of_parse(value, form, list, err)
		                                          : set_parse(value, form, list, err);
	TRY(json_text(value, sizeof "any", &text, err));
	if (!span_is(text, "any"))
		return json_fail(value, err, RC_MALFORMED,
			"expected an array, {\"set\": [...]}, {\"one-of\": [...]} or \"any\"");
	list->mode = BOOT_SET;
	list->others = true;
	return RC_OK;
}

static enum rc names_parse(const struct json *value, const struct boot_item_form *form,
	struct boot_names *names, struct err *err)
{
	struct json_walk walk = {0};

	TRY(json_expect(value, JSON_KIND_OBJECT, err));
	while (json_walk(value, &walk)) {
		struct boot_list *list = NULL;
		enum rc rc = boot_names_add(names, span_text(walk.key), &list);

		if (rc != RC_OK)
			return json_fail(&walk.value, err, rc, "%s", rc_words(rc));
		TRY(list_parse(&walk.value, form, list, err));
	}
	return RC_OK;
}

static enum rc group_name_parse(const struct json *value, struct boot_group *group, struct err *err)
{
	struct json member;
	struct span text;

	if (!json_has(value, "name", &member))
		return RC_OK;
	TRY(json_text(&member, BOOT_REASON_MAX, &text, err));
	group->name = boot_copy_text(text);
	return group->name != NULL ? RC_OK : json_fail(&member, err, RC_NOMEM, "%s", rc_words(RC_NOMEM));
}

static enum rc group_parse(const struct json *value, const struct boot_list_form *forms,
	const struct boot_item_form *items, size_t count, struct boot_group *group, struct err *err)
{
	const char *known[BOOT_LISTS_MAX + 2] = {"name"};
	struct json member;

	for (size_t i = 0; i < count; i++)
		known[i + 1] = forms[i].key;
	TRY(json_expect(value, JSON_KIND_OBJECT, err));
	TRY(json_only(value, known, err));
	TRY(group_name_parse(value, group, err));
	for (size_t i = 0; i < count; i++)
		if (json_has(value, forms[i].key, &member))
			TRY(list_parse(&member, &items[i], &group->lists[i], err));
	return RC_OK;
}

static enum rc groups_parse(const struct json *value, const struct boot_list_form *forms,
	const struct boot_item_form *items, size_t count, struct boot_groups *groups, struct err *err)
{
	struct span text;

	if (json_kind(value) == JSON_KIND_TEXT) {
		TRY(json_text(value, sizeof "any", &text, err));
		if (!span_is(text, "any"))
			return json_fail(value, err, RC_MALFORMED, "expected alternatives or \"any\"");
		groups->any = true;
		return RC_OK;
	}
	TRY(json_expect(value, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(value); i++) {
		struct boot_group *group = NULL;
		struct json item;
		enum rc rc = boot_groups_add(groups, &group);

		if (rc != RC_OK)
			return json_fail(value, err, rc, "%s", rc_words(rc));
		TRY(json_item(value, i, &item, err));
		TRY(group_parse(&item, forms, items, count, group, err));
	}
	return RC_OK;
}

static enum rc secure_boot_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	bool on = false;

	TRY(json_bool(value, &on, err));
	policy->secure_boot = on ? BOOT_SECURE_ON : BOOT_SECURE_OFF;
	return RC_OK;
}

static enum rc variables_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	return names_parse(value, &boot_item_of_variable, &policy->variables, err);
}

static enum rc authorities_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	return list_parse(value, &boot_item_of_variable, &policy->authorities, err);
}

static enum rc sbat_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	static const char *const known[] = {"levels", "minimum", NULL};
	struct json member;

	TRY(json_expect(value, JSON_KIND_OBJECT, err));
	TRY(json_only(value, known, err));
	if (json_has(value, "levels", &member))
		TRY(list_parse(&member, &boot_item_of_text, &policy->sbat, err));
	if (!json_has(value, "minimum", &member))
		return RC_OK;
	policy->sbat_minimum.mode = BOOT_SET;
	TRY(items_parse(&member, &boot_item_of_text, &policy->sbat_minimum, err));
	for (size_t i = 0; i < policy->sbat_minimum.count; i++)
		if (policy->sbat_minimum.items[i].name.form != BOOT_TEXT_EXACT ||
			!boot_sbat_line_holds(span_text(policy->sbat_minimum.items[i].name.text)))
			return json_fail(&member, err, RC_MALFORMED,
				"line %zu: expected \"component,generation\"", i + 1);
	return policy->sbat_minimum.count > 0 ? RC_OK
	                                      : json_fail(&member, err, RC_MALFORMED, "demands nothing");
}

static enum rc mok_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	return names_parse(value, &boot_item_of_digest, &policy->mok, err);
}

static enum rc firmware_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	const struct boot_item_form items[BOOT_FIRMWARE_LISTS] = {boot_item_of_digest, boot_item_of_digest};

	return groups_parse(value, boot_firmware_forms, items, BOOT_FIRMWARE_LISTS, &policy->firmware, err);
}

static enum rc drivers_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	return list_parse(value, &boot_item_of_digest, &policy->drivers, err);
}

static enum rc chains_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	const struct boot_item_form items[BOOT_CHAIN_LISTS] = {
		[BOOT_APPLICATIONS] = boot_item_of_application,
		[BOOT_FILES] = boot_item_of_file,
		[BOOT_COMMAND_LINES] = boot_item_of_text,
		[BOOT_COMMANDS] = boot_item_of_text,
		[BOOT_PARTS] = boot_item_of_part,
	};

	return groups_parse(value, boot_chain_forms, items, BOOT_CHAIN_LISTS, &policy->chains, err);
}

static enum rc separators_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	TRY(json_expect(value, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(value); i++) {
		struct json item;
		uint64_t pcr = 0;

		TRY(json_item(value, i, &item, err));
		TRY(json_u64(&item, 0, 7, &pcr, err));
		policy->separators |= 1u << pcr;
	}
	return RC_OK;
}

static enum rc events_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	return list_parse(value, &boot_item_of_event, &policy->events, err);
}

static enum rc exceptions_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	policy->exceptions.mode = BOOT_SET;
	return items_parse(value, &boot_item_of_exception, &policy->exceptions, err);
}

static enum rc anything_parse(const struct json *value, struct boot_policy *policy, struct err *err)
{
	TRY(json_bool(value, &policy->anything, err));
	return policy->anything ? RC_OK : json_fail(value, err, RC_MALFORMED, "expected true");
}

static const struct {
	const char *key;
	enum rc (*parse)(const struct json *value, struct boot_policy *policy, struct err *err);
} members[] = {
	{"anything", anything_parse},
	{"secure-boot", secure_boot_parse},
	{"variables", variables_parse},
	{"authorities", authorities_parse},
	{"sbat", sbat_parse},
	{"mok", mok_parse},
	{"firmware", firmware_parse},
	{"drivers", drivers_parse},
	{"chains", chains_parse},
	{"separators", separators_parse},
	{"events", events_parse},
	{"exceptions", exceptions_parse},
};

enum rc boot_policy_parse(const struct json *section, struct boot_policy *out, struct err *err)
{
	DROP(boot_policy_release) struct boot_policy policy = {.there = true};
	const char *known[COUNT(members) + 1] = {0};
	struct json value;

	for (size_t i = 0; i < COUNT(members); i++)
		known[i] = members[i].key;
	TRY(json_expect(section, JSON_KIND_OBJECT, err));
	TRY(json_only(section, known, err));
	for (size_t i = 0; i < COUNT(members); i++)
		if (json_has(section, members[i].key, &value))
			TRY(members[i].parse(&value, &policy, err));
	if (policy.anything && json_count(section) > 1)
		return json_fail(section, err, RC_MALFORMED, "\"anything\" stands by itself");
	boot_policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}
