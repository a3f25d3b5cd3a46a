/*
 * Device-mapper entries (linux/drivers/md/dm-ima.c): records that end in ';' of fields that end in ',' or
 * with the record; backslashes stand in front of these, of '=' and of themselves where a name has them.
 *   dm_version=4.47.0;name=root,uuid=…,major=254,…;target_index=0,target_begin=0,…,target_name=crypt,…;
 *   dm_version=4.47.0;name=old,uuid=…,…;new_name=new,new_uuid=…;current_device_capacity=8;
 */
#include "lib/policy/ima_opinion.h"

/* The front of *text up to an `end` that has no backslash, which is taken off as well; false if none is left.
 */
static bool next_part(struct span *text, uint8_t end, struct span *out)
{
	size_t i = 0;

	if (text->len == 0)
		return false;
	while (i < text->len && text->at[i] != end)
		i += text->at[i] == '\\' && i + 1 < text->len ? 2 : 1;
	*out = span_of(text->at, i);
	i += i < text->len;
	*text = span_of(text->at + i, text->len - i);
	return true;
}

/* What follows `key` (with its '='), if the part begins with it. */
static bool has_key(struct span part, const char *key, struct span *out_value)
{
	size_t len = strlen(key);

	if (part.len < len || memcmp(part.at, key, len) != 0)
		return false;
	*out_value = span_of(part.at + len, part.len - len);
	return true;
}

/* The field of a record. */
static bool field_of(struct span record, const char *key, struct span *out)
{
	struct span field = {0};

	while (next_part(&record, ',', &field))
		if (has_key(field, key, out))
			return true;
	return false;
}

static bool matches(const struct pattern_set *set, struct span name)
{
	bool match = false;

	return ima_matches(set, name, &match) == RC_OK && match;
}

/* Every target that the text tells of is one of the rule's. */
static bool targets_allowed(const struct ima_dm_rule *rule, struct span text)
{
	struct span record = {0};
	struct span index = {0};

	while (next_part(&text, ';', &record))
		if (has_key(record, "target_index=", &index) && !matches(&rule->targets, record))
			return false;
	return true;
}

/* Some rule allows a device with this name and these targets. */
static bool name_allowed(const struct ima_policy *policy, struct span name, struct span text)
{
	for (size_t i = 0; i < policy->dm_count; i++)
		if (matches(&policy->dm_rules[i].name, name) && targets_allowed(&policy->dm_rules[i], text))
			return true;
	return false;
}

/* The kernel names one device, or two if one is renamed. Each is a walk through all of the text. */
#define NAMES_MAX 4

bool ima_device_allowed(const struct ima_policy *policy, struct span text)
{
	struct span rest = text;
	struct span record = {0};
	struct span name = {0};
	size_t named = 0;

	/* Not the signature of a file whose content it is: those begin with a number (ima_list.h). */
	if (!has_key(text, "dm_version=", &name))
		return false;
	/* A device that is renamed is judged by both names. */
	while (next_part(&rest, ';', &record)) {
		if (!field_of(record, "name=", &name) && !field_of(record, "new_name=", &name))
			continue;
		if (++named > NAMES_MAX || !name_allowed(policy, name, text))
			return false;
	}
	return named > 0;
}
