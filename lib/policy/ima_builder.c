#include "lib/policy/ima_builder.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/base64.h"
#include "lib/base/drop.h"
#include "lib/policy/ima_builder_inside.h"
#include "lib/policy/ima_rules.h"

#define ROWS_MIN 256

static void accepted_release(struct ima_builder_accepted *accepted)
{
	for (size_t i = 0; i < COUNT(accepted->texts); i++)
		blob_release(&accepted->texts[i]);
}

static void dm_release(struct ima_builder_dm *dm)
{
	blob_release(&dm->name);
	blob_release(&dm->target);
}

enum rc ima_builder_open(struct ima_builder **out)
{
	struct ima_builder *builder = calloc(1, sizeof *builder);

	if (builder == NULL)
		return RC_NOMEM;
	builder->rules = ima_rules_default();
	*out = builder;
	return RC_OK;
}

void ima_builder_close(struct ima_builder **builder)
{
	struct ima_builder *b = *builder;

	*builder = NULL;
	if (b == NULL)
		return;
	for (size_t i = 0; i < COUNT(b->patterns); i++)
		pattern_set_release(&b->patterns[i]);
	for (size_t i = 0; i < b->key_count; i++)
		blob_release(&b->keys[i].spki);
	for (size_t i = 0; i < b->accepted_count; i++)
		accepted_release(&b->accepted[i]);
	for (size_t i = 0; i < b->dm_count; i++)
		dm_release(&b->dm[i]);
	free(b->keys);
	free(b->accepted);
	free(b->dm);
	free(b->rows);
	blob_release(&b->arena);
	free(b);
}

struct ima_rules *ima_builder_rules(struct ima_builder *builder)
{
	return &builder->rules;
}

size_t ima_builder_count(const struct ima_builder *builder, enum digest_kind kind)
{
	return builder->counts[kind];
}

/* The array with room for one more item of `size` bytes; NULL if there is none, and the array is as it was.
 * Powers of two are the counts at which it is full. */
static void *grown(void *at, size_t count, size_t size)
{
	if (count != 0 && (count & (count - 1)) != 0)
		return at;
	return realloc(at, (count == 0 ? 1 : count * 2) * size);
}

static enum rc row_room(struct ima_builder *b)
{
	size_t room = b->room == 0 ? ROWS_MIN : b->room * 2;
	size_t *rows;

	if (b->count < b->room)
		return RC_OK;
	rows = realloc(b->rows, room * sizeof *rows);
	if (rows == NULL)
		return RC_NOMEM;
	b->rows = rows;
	b->room = room;
	return RC_OK;
}

enum rc ima_builder_digest(struct ima_builder *builder, enum digest_kind kind, struct span name,
	enum kernel_hash hash, struct span digest)
{
	uint8_t head[ROW_HEAD_BYTES] = {
		(uint8_t)kind, (uint8_t)hash, (uint8_t)name.len, (uint8_t)(name.len >> 8)};
	struct blob *arena = &builder->arena;

	if (name.len == 0 || memchr(name.at, 0, name.len) != NULL || digest.len == 0 ||
		digest.len != kernel_hash_size(hash))
		return RC_MALFORMED;
	if (name.len > DIGEST_TABLE_NAME_MAX || builder->count == DIGEST_TABLE_ROWS_MAX)
		return RC_LIMIT;
	TRY(row_room(builder));
	TRY(blob_reserve(arena, sizeof head + name.len + digest.len));
	builder->rows[builder->count] = arena->len;
	TRY(blob_append(arena, SPAN(head)));
	TRY(blob_append(arena, name));
	TRY(blob_append(arena, digest));
	builder->count++;
	builder->counts[kind]++;
	builder->sorted = false;
	return RC_OK;
}

struct ima_builder_row ima_builder_row_at(const uint8_t *at)
{
	enum kernel_hash hash = (enum kernel_hash)at[1];
	size_t name = at[2] | (size_t)at[3] << 8;

	return (struct ima_builder_row){
		.kind = (enum digest_kind)at[0],
		.hash = hash,
		.name = span_of(at + ROW_HEAD_BYTES, name),
		.digest = span_of(at + ROW_HEAD_BYTES + name, kernel_hash_size(hash)),
	};
}

int ima_builder_names_order(const struct ima_builder_row *a, const struct ima_builder_row *b)
{
	size_t shorter = a->name.len < b->name.len ? a->name.len : b->name.len;
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	order = memcmp(a->name.at, b->name.at, shorter);
	return order != 0 ? order : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

int ima_builder_rows_order(const struct ima_builder_row *a, const struct ima_builder_row *b)
{
	int order = ima_builder_names_order(a, b);

	if (order != 0)
		return order;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return memcmp(a->digest.at, b->digest.at, a->digest.len);
}

static int places_order(const void *a, const void *b)
{
	struct ima_builder_row left = ima_builder_row_at(*(const uint8_t *const *)a);
	struct ima_builder_row right = ima_builder_row_at(*(const uint8_t *const *)b);

	return ima_builder_rows_order(&left, &right);
}

static void places_drop(const uint8_t ***places)
{
	free(*places);
}

enum rc ima_builder_settle(struct ima_builder *b)
{
	DROP(places_drop) const uint8_t **places = NULL;
	size_t kept = 0;

	if (b->sorted || b->count == 0)
		return RC_OK;
	places = malloc(b->count * sizeof *places);
	if (places == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < b->count; i++)
		places[i] = b->arena.at + b->rows[i];
	qsort(places, b->count, sizeof *places, places_order);
	memset(b->counts, 0, sizeof b->counts);
	for (size_t i = 0; i < b->count; i++) {
		if (i > 0 && places_order(&places[i - 1], &places[i]) == 0)
			continue;
		b->rows[kept++] = (size_t)(places[i] - b->arena.at);
		b->counts[places[i][0]]++;
	}
	b->count = kept;
	b->sorted = true;
	return RC_OK;
}

static bool is_there(const struct pattern_set *set, struct span text)
{
	for (size_t i = 0; i < set->count; i++)
		if (span_equal(pattern_set_text(set, i), text))
			return true;
	return false;
}

enum rc ima_builder_pattern(
	struct ima_builder *builder, enum ima_patterns list, struct span pattern, struct err *err)
{
	struct pattern_set *set = &builder->patterns[list];

	if (is_there(set, pattern))
		return RC_OK;
	return pattern_set_add(
		set, list == IMA_KEYLIME_EXCLUDES ? PATTERN_REGEX_START : PATTERN_GLOB, pattern, err);
}

enum rc ima_builder_drop_excluded(struct ima_builder *builder, size_t *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < builder->count; i++) {
		struct ima_builder_row row = ima_builder_row_at(builder->arena.at + builder->rows[i]);
		bool excluded = false;

		/* What could not be matched stays. */
		if (row.kind == DIGEST_OF_FILE &&
			(pattern_set_match(&builder->patterns[IMA_EXCLUDES], row.name, &excluded) != RC_OK ||
				!excluded) &&
			pattern_set_match(&builder->patterns[IMA_KEYLIME_EXCLUDES], row.name, &excluded) !=
				RC_OK)
			excluded = false;
		if (excluded)
			builder->counts[row.kind]--;
		else
			builder->rows[kept++] = builder->rows[i];
	}
	*out = builder->count - kept;
	builder->count = kept;
	return RC_OK;
}

enum rc ima_builder_key(
	struct ima_builder *builder, const char *name, struct span spki, const uint32_t *id, struct err *err)
{
	struct ima_builder_key key = {.has_id = id != NULL, .id = id != NULL ? *id : 0};
	struct ima_builder_key *keys;

	for (size_t i = 0; i < builder->key_count; i++) {
		const struct ima_builder_key *other = &builder->keys[i];

		if (strcmp(other->name, name) != 0)
			continue;
		if (span_equal(blob_span(&other->spki), spki) && other->has_id == key.has_id &&
			other->id == key.id)
			return RC_OK;
		return err_set(err, RC_EXISTS, "another key has the name %s", name);
	}
	if (builder->key_count == IMA_KEYS_MAX || strlen(name) > IMA_KEY_NAME_MAX ||
		spki.len > IMA_KEY_BYTES_MAX)
		return err_set(
			err, RC_LIMIT, "more than %d keys, or a key or its name is too long", IMA_KEYS_MAX);
	snprintf(key.name, sizeof key.name, "%s", name);
	keys = grown(builder->keys, builder->key_count, sizeof *keys);
	if (keys == NULL)
		return err_set(err, RC_NOMEM, "no memory for a key");
	builder->keys = keys;
	if (blob_append(&key.spki, spki) != RC_OK)
		return err_set(err, RC_NOMEM, "no memory for a key");
	keys[builder->key_count++] = key;
	return RC_OK;
}

static bool accepted_equal(const struct ima_builder_accepted *a, const struct ima_builder_accepted *b)
{
	for (size_t i = 0; i < COUNT(a->texts); i++)
		if (!span_equal(blob_span(&a->texts[i]), blob_span(&b->texts[i])))
			return false;
	return true;
}

enum rc ima_builder_accept(struct ima_builder *builder, const struct ima_accepted *accepted, struct err *err)
{
	const struct span texts[ACCEPTED_TEXTS] = {
		accepted->file, accepted->digest, accepted->reason, accepted->by, accepted->time};
	DROP(accepted_release) struct ima_builder_accepted copy = {0};
	struct ima_builder_accepted *all;
	struct policy_digest digest;

	if (accepted->file.len == 0 || policy_digest_parse(accepted->digest, &digest) != RC_OK)
		return err_set(err, RC_MALFORMED, "an exception without a file, or whose digest is none");
	for (size_t i = 0; i < ACCEPTED_TEXTS; i++)
		if (blob_append(&copy.texts[i], texts[i]) != RC_OK)
			return err_set(err, RC_NOMEM, "no memory for an exception");
	for (size_t i = 0; i < builder->accepted_count; i++)
		if (accepted_equal(&builder->accepted[i], &copy))
			return RC_OK;
	all = grown(builder->accepted, builder->accepted_count, sizeof *all);
	if (all == NULL)
		return err_set(err, RC_NOMEM, "no memory for an exception");
	builder->accepted = all;
	all[builder->accepted_count++] = TAKE(copy);
	return RC_OK;
}

/* In the order of name and target. */
static enum rc dm_insert(struct ima_builder *b, struct ima_builder_dm *dm)
{
	struct ima_builder_dm *all = grown(b->dm, b->dm_count, sizeof *all);
	size_t at = b->dm_count;

	if (all == NULL)
		return RC_NOMEM;
	b->dm = all;
	for (; at > 0; at--) {
		struct ima_builder_dm *before = &b->dm[at - 1];
		struct ima_builder_row keys[2] = {
			{.name = blob_span(&before->name)}, {.name = blob_span(&dm->name)}};
		int order = ima_builder_names_order(&keys[0], &keys[1]);

		if (order <= 0)
			break;
		b->dm[at] = *before;
	}
	b->dm[at] = TAKE(*dm);
	b->dm_count++;
	return RC_OK;
}

enum rc ima_builder_dm_rule(
	struct ima_builder *builder, struct span name, struct span target, struct err *err)
{
	DROP(pattern_set_release) struct pattern_set check = {0};
	DROP(dm_release) struct ima_builder_dm dm = {0};

	for (size_t i = 0; i < builder->dm_count; i++)
		if (span_equal(blob_span(&builder->dm[i].name), name) &&
			span_equal(blob_span(&builder->dm[i].target), target))
			return RC_OK;
	TRY(pattern_set_add(&check, PATTERN_GLOB, name, err));
	if (target.len > 0)
		TRY(pattern_set_add(&check, PATTERN_GLOB, target, err));
	if (blob_append(&dm.name, name) != RC_OK || blob_append(&dm.target, target) != RC_OK ||
		dm_insert(builder, &dm) != RC_OK)
		return err_set(err, RC_NOMEM, "no memory for a rule");
	return RC_OK;
}
