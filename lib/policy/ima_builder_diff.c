#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/policy/ima_builder_inside.h"
#include "lib/policy/ima_rules.h"
#include "lib/policy/policy_words.h"

/* lines: how many about files may still be written; left_out: how many were not. */
struct report {
	struct blob *out;
	size_t lines;
	size_t left_out;
};

static const char *const kind_words[DIGEST_KIND_COUNT] = {"ima: ", "ima: keyring ", "ima: buffer "};

static enum rc name_line(struct report *report, const struct ima_builder_row *row, const char *words)
{
	char digest[POLICY_DIGEST_TEXT_BYTES];
	DROP(blob_release) struct blob text = {0};

	if (report->lines == 0) {
		report->left_out++;
		return RC_OK;
	}
	report->lines--;
	TRY(blob_append(&text, row->name));
	TRY(blob_append(&text, span_text(": ")));
	TRY(blob_append(&text, span_text(words)));
	TRY(blob_append(&text, span_text(policy_digest_text(row->hash, row->digest, digest))));
	return policy_line(report->out, kind_words[row->kind], blob_span(&text));
}

static bool row_get(const struct ima_builder *b, size_t index, struct ima_builder_row *out)
{
	if (index >= b->count)
		return false;
	*out = ima_builder_row_at(b->arena.at + b->rows[index]);
	return true;
}

/* Does the name of row `index` have a row in the other, where rows from `at` on are not below it or the last
 * ones that are? */
static bool is_known(const struct ima_builder *other, size_t at, const struct ima_builder_row *row)
{
	struct ima_builder_row near;

	return (row_get(other, at, &near) && ima_builder_names_order(&near, row) == 0) ||
	       (at > 0 && row_get(other, at - 1, &near) && ima_builder_names_order(&near, row) == 0);
}

/* Both in order, side by side. */
static enum rc rows_diff(
	const struct ima_builder *before, const struct ima_builder *after, struct report *report)
{
	struct ima_builder_row old = {0}, new = {0};
	size_t i = 0, j = 0;

	for (;;) {
		bool has_old = row_get(before, i, &old);
		bool has_new = row_get(after, j, &new);
		int order = !has_old ? 1 : !has_new ? -1 : ima_builder_rows_order(&old, &new);

		if (!has_old && !has_new)
			return RC_OK;
		if (order < 0)
			TRY(name_line(report, &old,
				is_known(after, j, &old) ? "no longer allowed: " : "no longer known: "));
		else if (order > 0)
			TRY(name_line(report, &new,
				is_known(before, i, &new) ? "now also allowed: " : "now allowed: "));
		i += order <= 0;
		j += order >= 0;
	}
}

static bool pattern_is_in(const struct pattern_set *set, struct span text)
{
	for (size_t i = 0; i < set->count; i++)
		if (span_equal(pattern_set_text(set, i), text))
			return true;
	return false;
}

/* Patterns of `a` that `b` does not have. */
static enum rc patterns_only_in(
	const struct ima_builder *a, const struct ima_builder *b, const char *words, struct blob *out)
{
	char lead[128];

	for (size_t list = 0; list < IMA_PATTERNS_COUNT; list++) {
		snprintf(lead, sizeof lead, "ima: %s: %s: ", ima_patterns_keys[list], words);
		for (size_t i = 0; i < a->patterns[list].count; i++) {
			struct span text = pattern_set_text(&a->patterns[list], i);

			if (!pattern_is_in(&b->patterns[list], text))
				TRY(policy_line(out, lead, text));
		}
	}
	return RC_OK;
}

static bool has_key(const struct ima_builder *b, const struct ima_builder_key *key)
{
	for (size_t i = 0; i < b->key_count; i++)
		if (strcmp(b->keys[i].name, key->name) == 0 && b->keys[i].has_id == key->has_id &&
			b->keys[i].id == key->id &&
			span_equal(blob_span(&b->keys[i].spki), blob_span(&key->spki)))
			return true;
	return false;
}

static bool has_accepted(const struct ima_builder *b, const struct ima_builder_accepted *accepted)
{
	for (size_t i = 0; i < b->accepted_count; i++)
		if (span_equal(blob_span(&b->accepted[i].texts[0]), blob_span(&accepted->texts[0])) &&
			span_equal(blob_span(&b->accepted[i].texts[1]), blob_span(&accepted->texts[1])))
			return true;
	return false;
}

static bool has_dm(const struct ima_builder *b, const struct ima_builder_dm *dm)
{
	for (size_t i = 0; i < b->dm_count; i++)
		if (span_equal(blob_span(&b->dm[i].name), blob_span(&dm->name)) &&
			span_equal(blob_span(&b->dm[i].target), blob_span(&dm->target)))
			return true;
	return false;
}

/* Keys, exceptions and rules of `a` that `b` does not have. */
static enum rc others_only_in(
	const struct ima_builder *a, const struct ima_builder *b, const char *words, struct blob *out)
{
	char lead[128];

	snprintf(lead, sizeof lead, "ima: %s: signatures by the key ", words);
	for (size_t i = 0; i < a->key_count; i++)
		if (!has_key(b, &a->keys[i]))
			TRY(policy_line(out, lead, span_text(a->keys[i].name)));
	snprintf(lead, sizeof lead, "ima: %s: exception for ", words);
	for (size_t i = 0; i < a->accepted_count; i++)
		if (!has_accepted(b, &a->accepted[i]))
			TRY(policy_line(out, lead, blob_span(&a->accepted[i].texts[0])));
	snprintf(lead, sizeof lead, "ima: %s: device-mapper rule for ", words);
	for (size_t i = 0; i < a->dm_count; i++)
		if (!has_dm(b, &a->dm[i]))
			TRY(policy_line(out, lead, blob_span(&a->dm[i].name)));
	return RC_OK;
}

enum rc ima_builder_diff(
	struct ima_builder *before, struct ima_builder *after, size_t lines_max, struct blob *out)
{
	struct report report = {.out = out, .lines = lines_max};

	TRY(ima_builder_settle(before));
	TRY(ima_builder_settle(after));
	TRY(ima_rules_words(&before->rules, &after->rules, "ima: ", out));
	TRY(patterns_only_in(before, after, "no longer there", out));
	TRY(patterns_only_in(after, before, "now there", out));
	TRY(others_only_in(before, after, "no longer there", out));
	TRY(others_only_in(after, before, "now there", out));
	TRY(rows_diff(before, after, &report));
	if (report.left_out == 0)
		return RC_OK;
	return policy_line_of(out, "ima: and %zu more differences in digests", report.left_out);
}
