#include "tests/support/learned.h"

#include "lib/base/drop.h"
#include "tests/support/test.h"

static enum digest_kind kind_of(const struct ima_entry *entry)
{
	if (entry->fields.template != IMA_TEMPLATE_BUF)
		return DIGEST_OF_FILE;
	return entry->fields.name.len > 0 && entry->fields.name.at[0] == '.' ? DIGEST_OF_KEYRING
	                                                                     : DIGEST_OF_BUFFER;
}

void learned_add(struct ima_builder *builder, struct span bytes)
{
	struct ima_list list = {.left = bytes};
	struct ima_entry entry;
	enum ima_step step;

	assert_ok(ima_format_guess(bytes, &list.format));
	while ((step = ima_list_next(&list, &entry)) == IMA_STEP_ENTRY) {
		assert_true(entry.fields.understood);
		if (entry.is_violation)
			assert_ok(ima_builder_pattern(
				builder, IMA_VIOLATIONS_ACCEPTED, entry.fields.name, NULL));
		else if (!span_is(entry.fields.name, "boot_aggregate"))
			assert_ok(ima_builder_digest(builder, kind_of(&entry), entry.fields.name,
				entry.fields.digest.hash, entry.fields.digest.value));
	}
	assert_int_equal(step, IMA_STEP_END);
}

void learned_policy(struct ima_builder *builder, struct policy *out)
{
	DROP(blob_release) struct blob json = {0};
	struct policy_head head = {.name = "learned"};

	assert_ok(policy_write_parts(&head, &(struct policy_parts){.ima = builder}, &json, NULL));
	assert_ok(policy_parse(blob_span(&json), out, NULL));
}

void policy_of_list(struct span list, const struct ima_rules *rules, struct policy *out)
{
	DROP(ima_builder_close) struct ima_builder *builder = NULL;

	assert_ok(ima_builder_open(&builder));
	learned_add(builder, list);
	if (rules != NULL)
		*ima_builder_rules(builder) = *rules;
	learned_policy(builder, out);
}

void judge_list(struct ima_run *run, const struct policy *policy, const struct policy *previous,
	struct span list, const struct pcr_values *quoted, size_t piece)
{
	struct ima_context context = {&policy->ima, previous != NULL ? &previous->ima : NULL};
	size_t size = piece == 0 ? list.len : piece;

	assert_ok(ima_run_expect(run, quoted));
	while (run->state == IMA_GOING) {
		size_t from = (size_t)ima_run_offset(run);
		size_t len = list.len - from < size ? list.len - from : size;
		int64_t budget = 1000;
		size_t consumed = 0;

		assert_ok(ima_judge(run, &context, span_of(list.at + from, len), (struct ima_room){0},
			&budget, &consumed));
		assert_true(consumed <= len);
		if (run->state != IMA_GOING || consumed > 0)
			continue;
		/* Nothing was consumed: it needs more of the list, or there is no more. */
		if (from + len == list.len)
			ima_run_end(run, true);
		size *= 2;
	}
}
