#include "lib/base/drop.h"
#include "lib/policy/digest_reader.h"
#include "lib/policy/ima_builder_inside.h"
#include "lib/policy/ima_rules.h"
#include "lib/policy/ima_section.h"
#include "lib/policy/policy_inside.h"

static enum rc digest_load(void *context, enum digest_kind kind, struct span name, uint32_t origin,
	const struct policy_digest *digest)
{
	(void)origin;
	return ima_builder_digest(context, kind, name, digest->hash, span_of(digest->bytes, digest->len));
}

struct pattern_target {
	struct ima_builder *builder;
	enum ima_patterns list;
};

static enum rc pattern_add(void *context, struct span text, struct err *err)
{
	const struct pattern_target *target = context;

	return ima_builder_pattern(target->builder, target->list, text, err);
}

static enum rc key_add(void *context, const char *name, struct span spki, const uint32_t *id, struct err *err)
{
	return ima_builder_key(context, name, spki, id, err);
}

static enum rc accepted_add(
	void *context, const struct ima_accepted *accepted, const struct policy_digest *digest)
{
	(void)digest;
	return ima_builder_accept(context, accepted, NULL);
}

static enum rc dm_add(void *context, struct span name, struct span target, struct err *err)
{
	return ima_builder_dm_rule(context, name, target, err);
}

/* Of accepted only the exception itself, not what it adds to the digests: it would be written as one of them.
 */
static enum rc others_load(struct ima_builder *builder, const struct json *section, struct err *err)
{
	struct digest_sink sink = {.context = builder, .add = digest_load};

	TRY(ima_section_names(section, &sink, err));
	return ima_section_accepteds(section, accepted_add, builder, err);
}

static enum rc section_load(struct ima_builder *builder, const struct json *section, struct err *err)
{
	struct ima_rules rules;

	TRY(json_only(section, ima_section_known, err));
	TRY(ima_rules_parse(section, &rules, err));
	ima_rules_merge(&builder->rules, &rules);
	for (unsigned i = 0; i < IMA_PATTERNS_COUNT; i++) {
		struct pattern_target target = {builder, (enum ima_patterns)i};

		TRY(ima_section_texts(section, ima_patterns_keys[i], pattern_add, &target, err));
	}
	TRY(ima_section_keys(section, key_add, builder, err));
	TRY(ima_section_dms(section, dm_add, builder, err));
	return others_load(builder, section, err);
}

enum rc ima_builder_load(struct ima_builder *builder, struct span policy_json, struct err *err)
{
	struct digest_sink sink = {.context = builder, .add = digest_load};
	DROP(json_doc_release) struct json_doc doc = {0};
	DROP(blob_release) struct blob rest = {0};
	struct json root, section;

	TRY(digests_take(policy_json, &sink, &rest, err));
	TRY(policy_rest_parse(blob_span(&rest), &doc, err));
	root = json_root(&doc);
	TRY(json_expect(&root, JSON_KIND_OBJECT, err));
	return json_has(&root, "ima", &section) ? section_load(builder, &section, err) : RC_OK;
}
