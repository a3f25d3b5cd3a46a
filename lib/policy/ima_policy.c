#include "lib/policy/ima_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/policy/ima_rules.h"
#include "lib/policy/ima_section.h"
#include "lib/policy/policy_words.h"

static void dm_release(struct ima_dm_rule *rule)
{
	pattern_set_release(&rule->name);
	pattern_set_release(&rule->targets);
}

void ima_policy_release(struct ima_policy *policy)
{
	ima_keyring_release(&policy->keyring);
	for (size_t i = 0; i < policy->dm_count; i++)
		dm_release(&policy->dm_rules[i]);
	free(policy->keys);
	free(policy->dm_rules);
	pattern_set_release(&policy->excludes);
	pattern_set_release(&policy->violations_accepted);
	pattern_set_release(&policy->ignored_keyrings);
	*policy = (struct ima_policy){0};
}

static enum rc glob_add(void *context, struct span text, struct err *err)
{
	return pattern_set_add(context, PATTERN_GLOB, text, err);
}

static enum rc regex_add(void *context, struct span text, struct err *err)
{
	return pattern_set_add(context, PATTERN_REGEX_START, text, err);
}

static enum rc key_add(void *context, const char *name, struct span spki, const uint32_t *id, struct err *err)
{
	DROP(public_key_release) struct public_key *key = NULL;
	struct ima_policy *policy = context;
	struct ima_key *keys;

	for (size_t i = 0; i < policy->key_count; i++)
		if (strcmp(policy->keys[i].name, name) == 0)
			return err_set(err, RC_MALFORMED, "another key has the same name");
	keys = realloc(policy->keys, (policy->key_count + 1) * sizeof *keys);
	if (keys == NULL)
		return err_set(err, RC_NOMEM, "no memory for a key");
	policy->keys = keys;
	TRY(public_key_of_der(spki, &key, err));
	if ((id != NULL ? ima_keyring_add_as(&policy->keyring, IMA_KEYS_MAX, *id, &key)
			: ima_keyring_add(&policy->keyring, IMA_KEYS_MAX, &key)) != RC_OK)
		return err_set(err, RC_LIMIT, "more than %d keys, or no memory for them", IMA_KEYS_MAX);
	snprintf(keys[policy->key_count++].name, sizeof keys->name, "%s", name);
	return RC_OK;
}

/* The rule whose name is this glob, which may be a new one. Rules of one name come one after the other. */
static enum rc dm_rule_of(
	struct ima_policy *policy, struct span name, struct ima_dm_rule **out, struct err *err)
{
	struct ima_dm_rule *last = policy->dm_count > 0 ? &policy->dm_rules[policy->dm_count - 1] : NULL;
	DROP(dm_release) struct ima_dm_rule rule = {0};
	struct ima_dm_rule *rules;

	if (last != NULL && span_equal(pattern_set_text(&last->name, 0), name)) {
		*out = last;
		return RC_OK;
	}
	if (policy->dm_count == IMA_DM_RULES_MAX)
		return err_set(err, RC_LIMIT, "more than %d rules", IMA_DM_RULES_MAX);
	TRY(pattern_set_add(&rule.name, PATTERN_GLOB, name, err));
	rules = realloc(policy->dm_rules, (policy->dm_count + 1) * sizeof *rules);
	if (rules == NULL)
		return err_set(err, RC_NOMEM, "no memory for a rule");
	policy->dm_rules = rules;
	rules[policy->dm_count] = TAKE(rule);
	*out = &rules[policy->dm_count++];
	return RC_OK;
}

static enum rc dm_add(void *context, struct span name, struct span target, struct err *err)
{
	struct ima_dm_rule *rule = NULL;

	TRY(dm_rule_of(context, name, &rule, err));
	return target.len == 0 ? RC_OK : pattern_set_add(&rule->targets, PATTERN_GLOB, target, err);
}

static enum rc digests_check(const struct json *section, struct err *err)
{
	struct json digests;

	if (!json_has(section, "digests", &digests))
		return RC_OK;
	TRY(json_expect(&digests, JSON_KIND_OBJECT, err));
	return json_count(&digests) == 0
	               ? RC_OK
	               : json_fail(&digests, err, RC_MALFORMED, "digests that were not compiled");
}

enum rc ima_policy_parse(
	const struct json *section, struct span table, struct ima_policy *out, struct err *err)
{
	DROP(ima_policy_release) struct ima_policy policy = {0};

	TRY(json_only(section, ima_section_known, err));
	TRY(digests_check(section, err));
	TRY(ima_rules_parse(section, &policy.rules, err));
	TRY(ima_section_texts(section, "excludes", glob_add, &policy.excludes, err));
	TRY(ima_section_texts(section, "keylime-excludes", regex_add, &policy.excludes, err));
	TRY(ima_section_texts(section, "violations-accepted", glob_add, &policy.violations_accepted, err));
	TRY(ima_section_texts(section, "ignored-keyrings", glob_add, &policy.ignored_keyrings, err));
	TRY(ima_section_keys(section, key_add, &policy, err));
	TRY(ima_section_dms(section, dm_add, &policy, err));
	if (table.len > 0 && digest_table_open(table, &policy.digests) != RC_OK)
		return err_set(err, RC_MALFORMED, "the table of digests is damaged");
	ima_policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}

static enum rc patterns_show(const struct pattern_set *set, const char *words, struct blob *out)
{
	for (size_t i = 0; i < set->count; i++)
		TRY(policy_line(out, words, pattern_set_text(set, i)));
	return RC_OK;
}

enum rc ima_policy_show(const struct ima_policy *policy, struct blob *out)
{
	TRY(policy_line_of(
		out, "ima: %u digest%s", policy->digests.count, policy->digests.count == 1 ? "" : "s"));
	TRY(ima_rules_words(NULL, &policy->rules, "ima: ", out));
	TRY(patterns_show(&policy->excludes, "ima: not judged: ", out));
	TRY(patterns_show(&policy->violations_accepted, "ima: violations accepted: ", out));
	TRY(patterns_show(&policy->ignored_keyrings, "ima: keyring not judged: ", out));
	for (size_t i = 0; i < policy->key_count; i++)
		TRY(policy_line(out, "ima: signatures by the key ", span_text(policy->keys[i].name)));
	for (size_t i = 0; i < policy->dm_count; i++)
		TRY(patterns_show(&policy->dm_rules[i].name, "ima: device-mapper rule for: ", out));
	return RC_OK;
}
